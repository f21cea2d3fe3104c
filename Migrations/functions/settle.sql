-- Settle: how a hold ends by its holder's word. One outcome, at most once, by the current holder alone.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.settle(
    handles text[],
    verdicts text[] DEFAULT NULL,
    bodies jsonb[] DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (ord integer, handle text, code text, state text, message text, due_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pgswarm, pg_temp
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT * FROM pgswarm._settle(handles, verdicts, bodies);
    IF session IS NOT NULL THEN
        -- After the tasks: sessions come behind them in the lock order.
        PERFORM pgswarm._touch(pgswarm._live_session(session), pgswarm.clock());
    END IF;
END
$$;
COMMENT ON FUNCTION pgswarm.settle IS
    'Ends holds: complete (body: the result), fail (body: error, retry_in, dead, result) or release (body: note, delay). '
    'One row for each handle; a lost one is answered lost_claim, and its body is kept as a late result.';

CREATE FUNCTION pgswarm._settle(handles text[], verdicts text[], bodies jsonb[], quiet boolean DEFAULT false)
RETURNS TABLE (ord integer, handle text, code text, state text, message text, due_at timestamptz)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_count integer := coalesce(cardinality(handles), 0);
    v_one   record;
    v_gone  record;
BEGIN
    -- What is surely in order, because it is below the smallest limit that may be set, is not looked at closely.
    IF verdicts <@ ARRAY['complete'] IS FALSE OR pg_column_size(bodies) > 1024
        OR cardinality(verdicts) <> v_count OR cardinality(bodies) <> v_count
    THEN
        PERFORM pgswarm._check_settle(handles, verdicts, bodies);
    END IF;
    IF v_count = 1 THEN
        v_one := pgswarm._settle_one(handles[1], coalesce(verdicts[1], 'complete'), bodies[1]);
        ord := 1;
        handle := handles[1];
        code := v_one.code;
        state := v_one.state;
        message := v_one.message;
        due_at := v_one.due_at;
        RETURN NEXT;
        RETURN;
    END IF;
    PERFORM pgswarm._lock_settled(handles, verdicts);
    -- Nearly always all are completions by the current holder: then this statement is all there is. The fence is in
    -- its condition: epoch and claim id live in the locked row and change with every loss, so PostgreSQL looks at
    -- them again after a wait. What time decides (strict leases) can't be decided here, see _settle_one.
    WITH item AS MATERIALIZED (
        SELECT i.ord::integer AS ord, i.handle, i.body,
               split_part(i.handle, '.', 1)::bigint AS task,
               split_part(i.handle, '.', 2)::integer AS epoch,
               split_part(i.handle, '.', 3)::uuid AS claim_id
        FROM unnest(handles, bodies, verdicts) WITH ORDINALITY i (handle, body, verdict, ord)
        WHERE coalesce(i.verdict, 'complete') = 'complete' AND pgswarm._is_handle(i.handle)
        ORDER BY 4
    ), gone AS (
        DELETE FROM pgswarm.lease l
        USING item
        WHERE l.task = item.task AND l.epoch = item.epoch AND l.claim_id = item.claim_id AND NOT l.strict_lease
        RETURNING l.*, l.until < pgswarm.clock() AS late, item.ord, item.handle, item.body
    ), saved AS (
        INSERT INTO pgswarm.outcome (task, session, started_at, finished_at, queue, epoch, generation, attempts,
                                     failed, lost, late, state, claim_id, result)
        SELECT g.task, g.session, g.started_at, pgswarm.clock(), g.queue, g.epoch, g.generation, g.attempts + 1,
               g.failed, g.lost, g.late, 'done', g.claim_id, g.body
        FROM gone g
    ), noted AS (
        INSERT INTO pgswarm.event (at, session, queue, kind, tasks)
        SELECT pgswarm.clock(), g.session, g.queue, 'completed', array_agg(g.task)
        FROM gone g
        GROUP BY g.session, g.queue
    )
    SELECT array_agg(g.ord) AS ords, array_agg(g.handle) AS handles, array_agg(g.task) AS tasks,
           array_agg(g.late) AS late
    INTO v_gone
    FROM gone g;
    IF v_gone.ords IS NOT NULL THEN
        RETURN QUERY
        SELECT g.ord, g.handle, c.code, 'done', pgswarm._late_message(c.code), NULL::timestamptz
        FROM unnest(v_gone.ords, v_gone.handles, v_gone.late) g (ord, handle, late),
             LATERAL (SELECT CASE WHEN g.late THEN 'late' ELSE 'ok' END) c (code)
        WHERE g.late OR NOT quiet;
        PERFORM pgswarm._unblock(v_gone.tasks);
    END IF;
    IF cardinality(v_gone.ords) IS DISTINCT FROM v_count THEN
        RETURN QUERY SELECT * FROM pgswarm._settle_rest(handles, verdicts, bodies, v_gone.ords);
    END IF;
END
$$;

-- The items of a batch that the common statement left: one by one, in the order of their tasks' ids.
CREATE FUNCTION pgswarm._settle_rest(handles text[], verdicts text[], bodies jsonb[], settled integer[])
RETURNS TABLE (ord integer, handle text, code text, state text, message text, due_at timestamptz)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    r record;
BEGIN
    FOR r IN
        SELECT i.ord::integer AS ord, i.handle, coalesce(i.verdict, 'complete') AS verdict, i.body
        FROM unnest(handles, verdicts, bodies) WITH ORDINALITY i (handle, verdict, body, ord)
        WHERE NOT EXISTS (SELECT FROM unnest(settled) s (ord) WHERE s.ord = i.ord)
        ORDER BY CASE WHEN pgswarm._is_handle(i.handle) THEN split_part(i.handle, '.', 1)::bigint END, i.ord
    LOOP
        ord := r.ord;
        handle := r.handle;
        SELECT o.code, o.state, o.message, o.due_at INTO code, state, message, due_at
        FROM pgswarm._settle_one(r.handle, r.verdict, r.body) o;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Where more than the leases is written, or not in one statement, everything is locked first, in the order of ids.
CREATE FUNCTION pgswarm._lock_settled(handles text[], verdicts text[]) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_tasks bigint[] := ARRAY(SELECT split_part(h, '.', 1)::bigint FROM unnest(handles) h WHERE pgswarm._is_handle(h));
    v_task  bigint;
BEGIN
    IF verdicts <@ ARRAY['complete'] IS NOT FALSE
        AND NOT EXISTS (SELECT FROM pgswarm.dependency d WHERE d.on_task = ANY (v_tasks) AND NOT d.met)
    THEN
        RETURN;
    END IF;
    FOR v_task IN
        SELECT t.id FROM pgswarm.task t
        WHERE t.id = ANY (v_tasks || ARRAY(SELECT d.task FROM pgswarm.dependency d
                                           WHERE d.on_task = ANY (v_tasks) AND NOT d.met))
        ORDER BY t.id
    LOOP
        PERFORM pgswarm._hold_still(v_task);
    END LOOP;
END
$$;

CREATE FUNCTION pgswarm._check_settle(handles text[], verdicts text[], bodies jsonb[]) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_max integer;
    v_bad record;
BEGIN
    IF cardinality(verdicts) <> cardinality(handles) OR cardinality(bodies) <> cardinality(handles) THEN
        PERFORM pgswarm._refuse('invalid_argument', 'handles, verdicts and bodies differ in number',
            'give one verdict and one body (or null) for each handle');
    END IF;
    SELECT s.max_payload INTO v_max FROM pgswarm.setting s;
    IF (verdicts IS NULL OR verdicts <@ ARRAY['complete']) AND pg_column_size(bodies) <= v_max THEN
        RETURN;  -- all together are small enough: no need to look at each
    END IF;
    SELECT i.ord, i.verdict, pg_column_size(i.body) AS size INTO v_bad
    FROM unnest(verdicts, bodies) WITH ORDINALITY i (verdict, body, ord)
    WHERE i.verdict NOT IN ('complete', 'fail', 'release')
       OR pg_column_size(i.body) > v_max
       OR (i.verdict IN ('fail', 'release') AND NOT pgswarm._is_verdict_body(i.body))
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF v_bad.size > v_max THEN
        PERFORM pgswarm._refuse('too_large',
            format('item %s: the result has %s bytes, the limit is %s', v_bad.ord, v_bad.size, v_max),
            'store large results elsewhere and pass a reference to them');
    END IF;
    PERFORM pgswarm._refuse('invalid_argument',
        format('item %s: "%s" is no verdict, or its body is not of the right form', v_bad.ord, v_bad.verdict),
        'the verdicts are complete, fail and release; fail takes {"error": text, "retry_in": seconds, "dead": boolean}, '
        'release takes {"note": text, "delay": seconds}; seconds are 0 to 31536000');
END
$$;

CREATE FUNCTION pgswarm._is_verdict_body(body jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    RETURN body IS NULL OR (
        jsonb_typeof(body) = 'object'
        AND coalesce(jsonb_typeof(body -> 'dead'), 'null') IN ('boolean', 'null')
        AND (SELECT coalesce(bool_and(
                CASE jsonb_typeof(body -> n)
                    WHEN 'number' THEN (body ->> n)::numeric BETWEEN 0 AND 31536000
                    WHEN 'null' THEN true
                    ELSE body -> n IS NULL END), true)
             FROM unnest(ARRAY['retry_in', 'delay']) n));
END
$$;

-- One verdict that needs more than the common path.
CREATE FUNCTION pgswarm._settle_one(
    handle text, verdict text, body jsonb, OUT code text, OUT state text, OUT message text, OUT due_at timestamptz
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease;
    v_now   timestamptz;
BEGIN
    IF handle IS NULL OR NOT pgswarm._is_handle(handle) THEN
        code := 'invalid_handle';
        message := format('%L is not a handle', left(handle, 80));
        RETURN;
    END IF;
    IF verdict = 'complete' THEN
        DELETE FROM pgswarm.lease l
        WHERE l.task = split_part(handle, '.', 1)::bigint
          AND l.epoch = split_part(handle, '.', 2)::integer
          AND l.claim_id = split_part(handle, '.', 3)::uuid
          AND NOT l.strict_lease
        RETURNING * INTO v_lease;
        IF FOUND THEN
            v_now := pgswarm.clock();
            PERFORM pgswarm._finish(v_lease, body, v_now);
            code := CASE WHEN v_lease.until < v_now THEN 'late' ELSE 'ok' END;
            state := 'done';
            message := pgswarm._late_message(code);
            RETURN;
        END IF;
    END IF;
    SELECT * INTO v_lease FROM pgswarm.lease l
    WHERE l.task = split_part(handle, '.', 1)::bigint
      AND l.epoch = split_part(handle, '.', 2)::integer
      AND l.claim_id = split_part(handle, '.', 3)::uuid
    FOR UPDATE;
    -- The clock is read after the lock is held: the lease may have run out during the wait.
    v_now := pgswarm.clock();
    IF v_lease.task IS NULL OR (v_lease.strict_lease AND pgswarm._is_void(v_lease, v_now)) THEN
        SELECT b.code, b.state, b.message INTO code, state, message
        FROM pgswarm._settled_before(handle, verdict, body) b;
        RETURN;
    END IF;
    code := CASE WHEN v_lease.until < v_now THEN 'late' ELSE 'ok' END;
    message := pgswarm._late_message(code);
    SELECT a.state, a.due_at INTO state, due_at FROM pgswarm._apply(v_lease, verdict, body, v_now) a;
END
$$;

CREATE FUNCTION pgswarm._late_message(code text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE code WHEN 'late' THEN 'accepted after the end of the lease: nobody else had taken the task' END $$;

-- The outcome of a completed task, whose lease is gone already.
CREATE FUNCTION pgswarm._finish(lease pgswarm.lease, result jsonb, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO pgswarm.outcome (task, session, started_at, finished_at, queue, epoch, generation, attempts, failed,
                                 lost, late, state, claim_id, result)
    VALUES (lease.task, lease.session, lease.started_at, _finish.at, lease.queue, lease.epoch, lease.generation,
            lease.attempts + 1, lease.failed, lease.lost, lease.until < _finish.at, 'done', lease.claim_id,
            _finish.result);
    INSERT INTO pgswarm.event (at, session, queue, kind, tasks)
    VALUES (_finish.at, lease.session, lease.queue, 'completed', ARRAY[lease.task]);
    IF EXISTS (SELECT FROM pgswarm.dependency d WHERE d.on_task = lease.task AND NOT d.met) THEN
        PERFORM pgswarm._unblock(ARRAY[lease.task]);
    END IF;
END
$$;

-- Applies a verdict to a lease that is locked and current.
CREATE FUNCTION pgswarm._apply(lease pgswarm.lease, verdict text, body jsonb, at timestamptz)
RETURNS TABLE (state text, due_at timestamptz)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease := lease;
BEGIN
    CASE verdict
    WHEN 'complete' THEN
        DELETE FROM pgswarm.lease l WHERE l.task = lease.task;
        PERFORM pgswarm._finish(lease, body, at);
        state := 'done';
    WHEN 'release' THEN
        PERFORM pgswarm._end_attempt(lease, 'released', NULL, body ->> 'note', at);
        due_at := at + pgswarm._seconds((body ->> 'delay')::double precision);
        state := pgswarm._put_back(lease, due_at, 'released', at);
        PERFORM pgswarm._record('released', lease.queue, lease.session, NULL, ARRAY[lease.task],
            jsonb_strip_nulls(jsonb_build_object('note', left(body ->> 'note', 2000))), at);
    WHEN 'fail' THEN
        PERFORM pgswarm._end_attempt(lease, 'failed', coalesce(body ->> 'error', 'failed'), NULL, at);
        v_lease.attempts := lease.attempts + 1;
        v_lease.failed := lease.failed + 1;
        v_lease.lost := 0;
        due_at := pgswarm._retry_at(v_lease, body, at);
        IF due_at IS NULL THEN
            PERFORM pgswarm._bury(v_lease, coalesce(body ->> 'error', 'failed'), body -> 'result', at);
            state := 'dead';
        ELSE
            state := pgswarm._put_back(v_lease, due_at, 'retrying', at);
        END IF;
        PERFORM pgswarm._record(CASE state WHEN 'dead' THEN 'dead' ELSE 'failed' END, lease.queue, lease.session,
            NULL, ARRAY[lease.task], jsonb_build_object('error', left(body ->> 'error', 2000), 'attempt', v_lease.attempts), at);
    END CASE;
    RETURN NEXT;
END
$$;

-- When a failed task runs again; NULL: never. Full jitter over an exponential bound, so that failures that happened
-- together are not repeated together; on the wish of whoever said "retry after", jitter only adds.
-- https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
CREATE FUNCTION pgswarm._retry_at(lease pgswarm.lease, body jsonb, at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_queue pgswarm.queue;
    v_max   integer;
    v_wish  interval := pgswarm._seconds((body ->> 'retry_in')::double precision);
BEGIN
    SELECT * INTO v_queue FROM pgswarm.queue q WHERE q.id = lease.queue;
    SELECT coalesce(t.max_attempts, v_queue.max_attempts) INTO v_max FROM pgswarm.task t WHERE t.id = lease.task;
    IF lease.failed >= v_max OR coalesce((body ->> 'dead')::boolean, false) THEN
        RETURN NULL;
    END IF;
    IF v_wish IS NOT NULL THEN
        RETURN at + v_wish + random() * least(v_wish * 0.1, interval '30 seconds');
    END IF;
    RETURN at + random() * least(v_queue.retry_cap, v_queue.retry_base * power(2, least(lease.failed - 1, 20)));
END
$$;

-- A verdict under a handle that holds nothing: said before, or too late. The body of a too late one is kept aside for
-- the next holder and the operator to read, if the handle was once real; nothing is applied.
CREATE FUNCTION pgswarm._settled_before(handle text, verdict text, body jsonb)
RETURNS TABLE (code text, state text, message text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_task    bigint := split_part(handle, '.', 1)::bigint;
    v_epoch   integer := split_part(handle, '.', 2)::integer;
    v_claim   uuid := split_part(handle, '.', 3)::uuid;
    v_outcome pgswarm.outcome;
    v_attempt pgswarm.attempt;
    v_lease   pgswarm.lease;
BEGIN
    SELECT * INTO v_outcome FROM pgswarm.outcome o
    WHERE o.task = v_task AND o.claim_id = v_claim AND o.epoch = v_epoch AND o.state = 'done';
    IF FOUND THEN
        IF verdict = 'complete' AND v_outcome.result IS NOT DISTINCT FROM body THEN
            RETURN QUERY SELECT 'duplicate', v_outcome.state, 'this was settled before, in the same way';
        ELSE
            RETURN QUERY SELECT 'already_settled', v_outcome.state,
                format('task %s was completed under this handle with another result or verdict', v_task);
        END IF;
        RETURN;
    END IF;
    SELECT * INTO v_attempt FROM pgswarm.attempt t WHERE t.task = v_task AND t.epoch = v_epoch AND t.claim_id = v_claim;
    IF v_attempt.outcome IN ('failed', 'released') THEN
        IF v_attempt.outcome = (CASE verdict WHEN 'fail' THEN 'failed' WHEN 'release' THEN 'released' END) THEN
            RETURN QUERY SELECT 'duplicate', pgswarm._state(v_task),
                format('this hold had %s before; its first words stay', v_attempt.outcome);
        ELSE
            RETURN QUERY SELECT 'already_settled', pgswarm._state(v_task),
                format('this hold on task %s had ended: it was %s', v_task, v_attempt.outcome);
        END IF;
        RETURN;
    END IF;
    SELECT * INTO v_lease FROM pgswarm.lease l WHERE l.task = v_task AND l.epoch = v_epoch AND l.claim_id = v_claim;
    IF v_attempt.task IS NOT NULL OR v_lease.task IS NOT NULL THEN
        PERFORM pgswarm._keep_late(v_task, v_epoch, coalesce(v_attempt.session, v_lease.session), verdict, body,
            coalesce(v_attempt.error, 'the lease ran out'));
    END IF;
    RETURN QUERY SELECT 'lost_claim', pgswarm._state(v_task), pgswarm._lost_message(handle);
END
$$;

-- Keeps what a former holder brought: once for each hold and verdict, however often it is repeated.
CREATE FUNCTION pgswarm._keep_late(task bigint, epoch integer, session bigint, verb text, body jsonb, reason text)
RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO pgswarm.late_result (task, at, session, epoch, verb, reason, body)
    VALUES (_keep_late.task, pgswarm.clock(), _keep_late.session, _keep_late.epoch, _keep_late.verb,
            _keep_late.reason, _keep_late.body)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        PERFORM pgswarm._record('late_result', (SELECT t.queue FROM pgswarm.task t WHERE t.id = _keep_late.task), session,
            NULL, ARRAY[task], jsonb_build_object('verb', verb, 'epoch', epoch), pgswarm.clock());
    END IF;
END
$$;

-- The state of a task, not locked.
CREATE FUNCTION pgswarm._state(task bigint) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce(
        (SELECT 'running' FROM pgswarm.lease l WHERE l.task = _state.task),
        (SELECT w.state FROM pgswarm.waiting w WHERE w.task = _state.task),
        (SELECT 'ready' FROM pgswarm.task t JOIN pgswarm.ready r
            ON r.queue = t.queue AND r.priority = t.priority AND r.position = pgswarm._position(t) AND r.task = t.id
         WHERE t.id = _state.task),
        (SELECT o.state FROM pgswarm.outcome o WHERE o.task = _state.task AND o.retried_at IS NULL));
END
$$;
