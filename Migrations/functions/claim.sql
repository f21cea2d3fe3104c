-- Claim: ready rows become leases. The statement that picks rows locks them with SKIP LOCKED and deletes them by
-- their physical address, so that claimers never wait for one another and no row is descended to twice.
-- https://www.postgresql.org/docs/current/sql-select.html#SQL-FOR-UPDATE-SHARE
SET LOCAL ROLE pgswarm_owner;

-- Locks the next ready rows of a lane, passing over those that another claimer is taking.
--
-- The rows claimed since the last vacuum are still in the index, and a scan from its beginning walks over all of them;
-- an old snapshot anywhere in the database keeps them there for as long as it lives. So each connection remembers
-- where its last scan found the head (a setting of its session: it costs no table a row version, and is only a hint)
-- and begins there. What can stand before the head is a more urgent priority, which is looked at first, and what was
-- committed late or rolled back, which is found by the scans from the beginning: five a second, and whenever the short
-- way finds too little. Nothing returns to an old position, so the head only moves forward.
CREATE FUNCTION pgswarm._next(
    lane integer, count integer, at timestamptz, OUT "rows" tid[], OUT tasks bigint[]
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_name     text := 'pgswarm.head_' || translate(lane::text, '-', 'n');
    v_hint     text[] := string_to_array(nullif(current_setting(v_name, true), ''), ' ');
    v_priority smallint;
    v_position bigint;
BEGIN
    -- Between, and not only below: a clock that was set back must not keep the short way open.
    IF extract(epoch FROM at) BETWEEN v_hint[3]::double precision - 0.2 AND v_hint[3]::double precision
        AND NOT EXISTS (SELECT FROM pgswarm.ready r
                        WHERE r.lane = _next.lane AND r.priority < v_hint[1]::smallint)
    THEN
        SELECT array_agg(x.address), array_agg(x.task), (array_agg(x.position))[1] INTO "rows", tasks, v_position
        FROM (
            SELECT r.ctid AS address, r.task, r.position
            FROM pgswarm.ready r
            WHERE r.lane = _next.lane AND r.priority = v_hint[1]::smallint AND r.position >= v_hint[2]::bigint
            ORDER BY r.position
            LIMIT _next.count
            FOR UPDATE SKIP LOCKED
        ) x;
        IF cardinality("rows") = count THEN
            IF v_position > v_hint[2]::bigint + 256 THEN
                PERFORM set_config(v_name, v_hint[1] || ' ' || v_position || ' ' || v_hint[3], false);
            END IF;
            RETURN;
        END IF;
    END IF;
    SELECT array_agg(x.address), array_agg(x.task), (array_agg(x.priority))[1], (array_agg(x.position))[1]
    INTO "rows", tasks, v_priority, v_position
    FROM (
        SELECT r.ctid AS address, r.task, r.priority, r.position
        FROM pgswarm.ready r
        WHERE r.lane = _next.lane
        ORDER BY r.priority, r.position
        LIMIT _next.count
        FOR UPDATE SKIP LOCKED
    ) x;
    IF "rows" IS NOT NULL THEN
        PERFORM set_config(v_name, v_priority || ' ' || v_position || ' ' || (extract(epoch FROM at) + 0.2), false);
    END IF;
END
$$;

-- Claims from the queues in the order of the list: an earlier one is emptied first.
CREATE FUNCTION pgswarm._claim(session pgswarm.session, queues text[], count integer, lease interval)
RETURNS SETOF pgswarm.claimed
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_now   timestamptz := pgswarm.clock();
    v_left  integer := count;
    v_room  integer;
    v_next  record;
    v_one   pgswarm.claimed;
    v_ids   integer[] := '{}';
    v_gates integer[] := '{}';
    v_watched boolean;
    v_paused  boolean;
    v_governed boolean;
    v_queue pgswarm.queue;
    v_name  text;
BEGIN
    IF coalesce(cardinality(queues), 0) = 0 OR array_position(queues, NULL) IS NOT NULL
        OR count IS NULL OR count NOT BETWEEN 1 AND 10000
    THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a claim names at least one queue and asks for 1 to 10000 tasks',
            'for example: SELECT * FROM pgswarm.claim(ARRAY[''build''], count => 10)');
    END IF;
    SELECT s.paused_at IS NOT NULL, EXISTS (SELECT FROM pgswarm.breaker b WHERE b.watched), s.governed
    INTO v_paused, v_watched, v_governed
    FROM pgswarm.setting s;
    IF EXISTS (SELECT FROM pgswarm.pulse p WHERE p.next_at <= v_now) THEN
        PERFORM pgswarm._ride(v_now, session.id);
    END IF;
    IF cardinality(queues) > 1 THEN
        -- The rows that _running_room locks, in one order whatever the order of the list.
        PERFORM FROM pgswarm.queue q
        WHERE q.name = ANY (queues) AND q.max_running IS NOT NULL ORDER BY q.id FOR NO KEY UPDATE;
    END IF;
    FOREACH v_name IN ARRAY queues LOOP
        SELECT * INTO v_queue FROM pgswarm.queue q WHERE q.name = v_name;
        IF NOT FOUND THEN
            v_queue := pgswarm._queue_made(v_name);
        END IF;
        v_ids := v_ids || v_queue.id;
        IF v_queue.reviews_of IS NOT NULL THEN
            PERFORM pgswarm._refuse('not_allowed', format('queue "%s" holds reviews', v_name),
                'reviewers take them with: pgswarm review next');
        END IF;
        v_queue.governed := v_queue.governed OR v_governed;
        CONTINUE WHEN v_left <= 0 OR v_queue.paused_at IS NOT NULL OR session.draining OR v_paused;
        v_room := v_left;
        IF v_queue.max_running IS NOT NULL THEN
            v_room := least(v_room, pgswarm._running_room(v_queue.id));
            CONTINUE WHEN v_room <= 0;
        END IF;
        IF v_watched THEN
            v_gates := pgswarm._watched_for(session, v_queue);
        END IF;
        IF v_queue.governed OR cardinality(v_gates) > 0 OR (v_queue.lanes AND pgswarm._is_any_lane_open(v_queue.id, v_now)) THEN
            RETURN QUERY SELECT * FROM pgswarm._claim_gated(session, v_queue, v_gates, v_room, lease, v_now);
            GET DIAGNOSTICS v_room = ROW_COUNT;
            v_left := v_left - v_room;
            CONTINUE;
        END IF;
        v_next := pgswarm._next(v_queue.id, v_room, v_now);
        IF cardinality(v_next.tasks) IS DISTINCT FROM v_room AND pgswarm._promote(v_queue.id, 100, v_now) > 0 THEN
            -- Short of work: what has become due since the last round need not wait for the next one.
            v_next := pgswarm._next(v_queue.id, v_room, v_now);
        END IF;
        CONTINUE WHEN v_next.tasks IS NULL;
        v_left := v_left - cardinality(v_next.tasks);
        IF cardinality(v_next.tasks) = 1 THEN
            v_one := pgswarm._grant_one(session, v_queue, v_next."rows"[1], lease, v_now);
            RETURN NEXT v_one;
        ELSE
            RETURN QUERY SELECT * FROM pgswarm._grant_many(session, v_queue, v_next."rows", lease, v_now);
        END IF;
        INSERT INTO pgswarm.event (at, session, queue, kind, tasks)
        VALUES (v_now, session.id, v_queue.id, 'claimed', v_next.tasks);
        IF session.kind = 'bare' THEN
            PERFORM pgswarm._outlive(session.id, v_next.tasks);
        END IF;
    END LOOP;
    IF session.expires_at < v_now + session.ttl * 0.67 THEN
        PERFORM pgswarm._touch(session, v_now);
    END IF;
    IF session.queues IS DISTINCT FROM v_ids THEN
        UPDATE pgswarm.session s SET queues = v_ids WHERE s.id = session.id;
    END IF;
END
$$;

-- A bare caller beats by nothing but its calls: its session lives as long as its longest lease.
CREATE FUNCTION pgswarm._outlive(session bigint, tasks bigint[]) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    UPDATE pgswarm.session s
    SET expires_at = greatest(s.expires_at, (SELECT max(l.until) FROM pgswarm.lease l WHERE l.task = ANY (tasks)))
    WHERE s.id = _outlive.session;
END
$$;

-- How many more may run. The queue's row is written first: counting and claiming must be one step for this queue, also
-- for callers whose snapshot is older (a mere lock would let them count what they see). Only queues with a limit pay.
CREATE FUNCTION pgswarm._running_room(queue integer) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_max integer;
BEGIN
    UPDATE pgswarm.queue q SET max_running = q.max_running WHERE q.id = _running_room.queue
    RETURNING q.max_running INTO v_max;
    RETURN coalesce(v_max, 2147483647) - (SELECT count(*) FROM pgswarm.lease l WHERE l.queue = _running_room.queue);
END
$$;

CREATE FUNCTION pgswarm.claim(
    queues text[],
    count integer DEFAULT 1,
    session uuid DEFAULT NULL,
    agent text DEFAULT NULL,
    lease interval DEFAULT NULL,
    request_id text DEFAULT NULL
) RETURNS SETOF pgswarm.claimed
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pgswarm, pg_temp
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_session pgswarm.session := pgswarm._claimer(claim.session, claim.agent);
    v_lease   interval := pgswarm._lease_length(claim.lease);
    v_answer  jsonb;
BEGIN
    IF claim.request_id IS NULL THEN
        RETURN QUERY SELECT * FROM pgswarm._claim(v_session, queues, count, v_lease);
        RETURN;
    END IF;
    v_answer := pgswarm._begin_request(v_session.agent, 'claim', claim.request_id,
        jsonb_build_array(to_jsonb(queues), count, v_lease));
    IF v_answer IS NULL THEN
        SELECT jsonb_agg(to_jsonb(c) - 'payload') INTO v_answer
        FROM pgswarm._claim(v_session, queues, count, v_lease) c;
        PERFORM pgswarm._end_request(v_session.agent, 'claim', claim.request_id, v_answer);
    END IF;
    RETURN QUERY SELECT * FROM pgswarm._claimed_again(v_answer);
END
$$;

CREATE FUNCTION pgswarm.claim(
    queue text,
    count integer DEFAULT 1,
    session uuid DEFAULT NULL,
    agent text DEFAULT NULL,
    lease interval DEFAULT NULL,
    request_id text DEFAULT NULL
) RETURNS SETOF pgswarm.claimed
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT * FROM pgswarm.claim(
        ARRAY[claim.queue], claim.count, claim.session, claim.agent, claim.lease, claim.request_id);
END
$$;
COMMENT ON FUNCTION pgswarm.claim(text[], integer, uuid, text, interval, text) IS
    'Claims up to count tasks, from the queues in the order given. A repeated request id gets the same tasks again.';

-- Who claims: a session, or the bare session of an agent. Only what may execute gets here.
CREATE FUNCTION pgswarm._claimer(session uuid, agent text) RETURNS pgswarm.session
LANGUAGE plpgsql
AS $$
DECLARE
    v_session pgswarm.session;
BEGIN
    IF session IS NULL THEN
        v_session := pgswarm._bare_session(agent);
    ELSE
        v_session := pgswarm._live_session(session);
    END IF;
    IF v_session.role IN ('coordinator', 'reviewer') THEN
        PERFORM pgswarm._require_session(v_session, 'worker');
    ELSIF v_session.seated AND pgswarm._is_coordinating(v_session.agent, pgswarm.clock()) THEN
        PERFORM pgswarm._refuse('not_allowed', 'this agent coordinates, so it can not execute as well',
            'execute as another agent (--agent NAME), or end its coordinating session first');
    END IF;
    RETURN v_session;
END
$$;

-- The rows of an answer given before. Payloads are not stored twice.
CREATE FUNCTION pgswarm._claimed_again(answer jsonb) RETURNS SETOF pgswarm.claimed
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.*
    FROM jsonb_array_elements(answer) WITH ORDINALITY a (item, ord)
    JOIN pgswarm.task t ON t.id = (a.item ->> 'id')::bigint
    CROSS JOIN LATERAL jsonb_populate_record(NULL::pgswarm.claimed,
                                             a.item || jsonb_build_object('payload', t.payload)) c
    ORDER BY a.ord;
END
$$;
