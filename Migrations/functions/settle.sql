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
DECLARE
    v_session pgswarm.session;
BEGIN
    IF NOT pg_has_role(session_user, 'pgswarm_worker', 'MEMBER') THEN
        PERFORM pgswarm._only_reviews(handles);
    END IF;
    IF session IS NOT NULL THEN
        v_session := pgswarm._live_session(session);
        IF v_session.role IN ('coordinator', 'reviewer') THEN
            PERFORM pgswarm._check_holding(v_session, handles);
        END IF;
    END IF;
    RETURN QUERY SELECT * FROM pgswarm._settle(handles, verdicts, bodies);
    IF session IS NOT NULL THEN
        -- After the tasks: sessions come behind them in the lock order.
        PERFORM pgswarm._touch(v_session, pgswarm.clock());
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
        IF v_one.ended IS NOT NULL THEN
            PERFORM pgswarm._tell(v_one.ended, pgswarm.clock());
        END IF;
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
        WHERE l.task = item.task AND l.epoch = item.epoch AND l.claim_id = item.claim_id
          AND NOT l.strict_lease AND NOT l.governed
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
           array_agg(g.late) AS late,
           jsonb_agg(jsonb_build_object('how', 'completed', 'gates', g.gates, 'claim_id', g.claim_id,
                                        'began', g.started_at)) FILTER (WHERE g.gates IS NOT NULL) AS ended
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
        FOR v_one IN SELECT * FROM pgswarm._settle_rest(handles, verdicts, bodies, v_gone.ords) LOOP
            ord := v_one.ord;
            handle := v_one.handle;
            code := v_one.code;
            state := v_one.state;
            message := v_one.message;
            due_at := v_one.due_at;
            v_gone.ended := coalesce(v_gone.ended, '[]') || coalesce(v_one.ended, '[]');
            RETURN NEXT;
        END LOOP;
    END IF;
    IF v_gone.ended <> '[]' THEN
        PERFORM pgswarm._tell(v_gone.ended, pgswarm.clock());
    END IF;
END
$$;

-- The items of a batch that the common statement left: one by one, in the order of their tasks' ids.
CREATE FUNCTION pgswarm._settle_rest(handles text[], verdicts text[], bodies jsonb[], settled integer[])
RETURNS TABLE (
    ord integer, handle text, code text, state text, message text, due_at timestamptz, ended jsonb
)
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
        SELECT o.code, o.state, o.message, o.due_at, o.ended INTO code, state, message, due_at, ended
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
    SELECT i.ord, i.body ->> 'cause' AS cause INTO v_bad
    FROM unnest(handles, bodies, verdicts) WITH ORDINALITY i (handle, body, verdict, ord)
    WHERE i.verdict = 'fail' AND jsonb_typeof(i.body) = 'object' AND i.body ->> 'cause' <> 'task' AND pgswarm._is_handle(i.handle)
      AND EXISTS (SELECT FROM pgswarm.task t
                  WHERE t.id = split_part(i.handle, '.', 1)::bigint AND (i.body ->> 'cause' = ANY (t.needs)) IS NOT TRUE)
    LIMIT 1;
    IF FOUND THEN
        PERFORM pgswarm._refuse('invalid_argument', format('item %s: its task does not need %L', v_bad.ord, left(v_bad.cause, 200)),
            'a cause is one of the task''s needs by name, or task when none was to blame');
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
        'the verdicts are complete, fail and release; fail takes {"error": text, "retry_in": seconds, "dead": boolean, "cause": name}, '
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
        AND coalesce(jsonb_typeof(body -> 'cause'), 'null') IN ('string', 'null')
        AND (SELECT coalesce(bool_and(
                CASE jsonb_typeof(body -> n)
                    WHEN 'number' THEN (body ->> n)::numeric BETWEEN 0 AND 31536000
                    WHEN 'null' THEN true
                    ELSE body -> n IS NULL END), true)
             FROM unnest(ARRAY['retry_in', 'delay']) n));
END
$$;
