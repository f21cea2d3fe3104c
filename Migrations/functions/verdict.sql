-- Verdict: what one word of a holder does to its task, and what becomes of a word that comes too late.
SET LOCAL ROLE pgswarm_owner;

-- One verdict, whatever it is and whether or not its hold still stands. What breakers and the problem log are to hear of
-- it is answered as ended: the caller tells them at its own end, see _tell.
CREATE FUNCTION pgswarm._settle_one(
    handle text, verdict text, body jsonb,
    OUT code text, OUT state text, OUT message text, OUT due_at timestamptz, OUT ended jsonb
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
          AND NOT l.strict_lease AND NOT l.governed
        RETURNING * INTO v_lease;
        IF FOUND THEN
            v_now := pgswarm.clock();
            PERFORM pgswarm._finish(v_lease, body, v_now);
            IF v_lease.gates IS NOT NULL THEN
                ended := pgswarm._ended(v_lease, 'completed', NULL, NULL);
            END IF;
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
    IF verdict = 'complete' AND v_lease.governed THEN
        SELECT r.code, r.message INTO code, message FROM pgswarm._refuse_completion(v_lease, body, v_now) r;
        IF code IS NOT NULL THEN
            state := 'running';  -- it stays with its holder, who can do better
            RETURN;
        END IF;
    END IF;
    code := CASE WHEN v_lease.until < v_now THEN 'late' ELSE 'ok' END;
    message := pgswarm._late_message(code);
    SELECT a.state, a.due_at INTO state, due_at FROM pgswarm._apply(v_lease, verdict, body, v_now) a;
    IF verdict = 'fail' THEN
        ended := pgswarm._ended(v_lease, 'failed', body, coalesce(body ->> 'error', 'failed'));
    ELSIF verdict = 'complete' AND v_lease.gates IS NOT NULL THEN
        ended := pgswarm._ended(v_lease, 'completed', jsonb_build_object('review', state = 'review'), NULL);
    END IF;
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
        IF lease.governed THEN
            state := pgswarm._complete_governed(lease, body, at);
        ELSE
            DELETE FROM pgswarm.lease l WHERE l.task = lease.task;
            PERFORM pgswarm._finish(lease, body, at);
            state := 'done';
        END IF;
    WHEN 'release' THEN
        PERFORM pgswarm._end_attempt(lease, 'released', NULL, body ->> 'note', at);
        due_at := at + pgswarm._seconds((body ->> 'delay')::double precision);
        state := pgswarm._put_back(lease, due_at, 'released', at);
        PERFORM pgswarm._record('released', lease.queue, lease.session, NULL, ARRAY[lease.task],
            jsonb_strip_nulls(jsonb_build_object('note', left(body ->> 'note', 2000))), at);
    WHEN 'fail' THEN
        PERFORM pgswarm._end_attempt(lease, 'failed', coalesce(body ->> 'error', 'failed'), NULL, at);
        IF lease.gates IS NOT NULL AND pgswarm._is_excused(lease, body) THEN
            state := pgswarm._put_back(lease, NULL, 'excused', at);
            PERFORM pgswarm._record('excused', lease.queue, lease.session, NULL, ARRAY[lease.task],
                jsonb_build_object('error', left(body ->> 'error', 2000)), at);
            RETURN NEXT;
            RETURN;
        END IF;
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
        v_wish := v_wish + random() * least(v_wish * 0.1, interval '30 seconds');
    ELSE
        v_wish := random() * least(v_queue.retry_cap, v_queue.retry_base * power(2, least(lease.failed - 1, 20)));
    END IF;
    IF v_queue.retry_rate IS NULL THEN
        RETURN at + v_wish;
    END IF;
    -- The budget of retries: each takes the next free place, so that a queue where everything fails is not kept busy
    -- by its failures. They wait; they are not dropped.
    UPDATE pgswarm.queue q
    SET retry_at = greatest(q.retry_at, at) + interval '1 minute' / q.retry_rate
    WHERE q.id = v_queue.id
    RETURNING * INTO v_queue;
    RETURN greatest(at + v_wish, v_queue.retry_at);
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
    IF v_attempt.outcome = 'completed' THEN
        IF verdict = 'complete' AND EXISTS (SELECT FROM pgswarm.submission s
            WHERE s.task = v_task AND s.claim_id = v_claim AND s.result IS NOT DISTINCT FROM body)
        THEN
            RETURN QUERY SELECT 'duplicate', pgswarm._state(v_task), 'this was settled before, in the same way';
        ELSE
            RETURN QUERY SELECT 'already_settled', pgswarm._state(v_task),
                format('task %s was completed under this handle with another result or verdict', v_task);
        END IF;
        RETURN;
    END IF;
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
            ON r.lane = pgswarm._lane(t) AND r.priority = t.priority AND r.position = pgswarm._position(t) AND r.task = t.id
         WHERE t.id = _state.task),
        (SELECT o.state FROM pgswarm.outcome o WHERE o.task = _state.task AND o.retried_at IS NULL));
END
$$;
