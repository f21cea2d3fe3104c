-- Claim: ready rows become leases. The statement that picks rows locks them with SKIP LOCKED and deletes them by
-- their physical address, so that claimers never wait for one another and no row is descended to twice.
-- https://www.postgresql.org/docs/current/sql-select.html#SQL-FOR-UPDATE-SHARE
SET LOCAL ROLE pgswarm_owner;

CREATE TYPE pgswarm.claimed AS (
    id             bigint,
    handle         text,
    epoch          integer,
    fence          bigint,
    attempt        integer,
    max_attempts   integer,
    queue          text,
    kind           text,
    title          text,
    payload        jsonb,
    priority       integer,
    lease_until    timestamptz,
    lease_seconds  double precision,
    deadline       timestamptz,
    created_at     timestamptz,
    trace          text,
    parent         bigint,
    needs          text[],
    checkpoint     jsonb,
    history        jsonb,
    effects        jsonb,
    late_results   jsonb
);

-- The fence for the outside world only grows for a task, over a failover too: a promoted standby that lost the last
-- grants counts epochs again, but under a higher timeline. The name of the current WAL file tells the timeline from
-- the moment of promotion; pg_control_checkpoint() would tell the old one until the next checkpoint.
CREATE FUNCTION pgswarm._fence_base() RETURNS bigint
LANGUAGE sql VOLATILE
AS $$ SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint << 32 $$;

-- Turns ready rows that this transaction has locked into leases of a session. The caller writes the event.
CREATE FUNCTION pgswarm._grant_many(
    session pgswarm.session, queue pgswarm.queue, "rows" tid[], lease interval, at timestamptz
) RETURNS SETOF pgswarm.claimed
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_fence bigint := pgswarm._fence_base();
BEGIN
    RETURN QUERY
    WITH taken AS (
        DELETE FROM pgswarm.ready
        WHERE ctid = ANY (_grant_many."rows")
        RETURNING *
    ), body AS MATERIALIZED (
        SELECT r.task, r.position, r.priority, r.epoch + 1 AS epoch, r.generation, r.attempts, r.failed, r.lost,
               t.kind, t.title, t.payload, t.created_at, t.trace, t.parent, t.needs,
               coalesce(t.max_attempts, _grant_many.queue.max_attempts) AS max_attempts,
               _grant_many.at + t.deadline AS deadline,
               coalesce(_grant_many.lease, t.lease, _grant_many.queue.lease) AS length,
               -- One for each, so that no mix-up of two handles makes a third.
               gen_random_uuid() AS claim_id
        FROM taken r
        JOIN pgswarm.task t ON t.id = r.task
    ), granted AS (
        INSERT INTO pgswarm.lease (task, session, claim_id, until, started_at, deadline, queue, epoch, priority,
                                   generation, attempts, failed, lost, seconds, strict_lease)
        SELECT b.task, _grant_many.session.id, b.claim_id, least(_grant_many.at + b.length, b.deadline),
               _grant_many.at, b.deadline, _grant_many.queue.id, b.epoch, b.priority, b.generation, b.attempts,
               b.failed, b.lost, extract(epoch FROM b.length), _grant_many.queue.strict_lease
        FROM body b
    )
    SELECT b.task, pgswarm._handle(b.task, b.epoch, b.claim_id), b.epoch, v_fence | b.epoch, b.attempts + 1,
           b.max_attempts::integer, _grant_many.queue.name, b.kind, b.title, b.payload, b.priority::integer,
           least(_grant_many.at + b.length, b.deadline),
           extract(epoch FROM least(_grant_many.at + b.length, b.deadline) - _grant_many.at)::double precision,
           b.deadline, b.created_at, b.trace, b.parent, b.needs,
           -- A task that was never granted before has no past to look for.
           CASE WHEN b.epoch > 1 THEN pgswarm._checkpoint(b.task) END,
           CASE WHEN b.epoch > 1 THEN pgswarm._history(b.task) END,
           CASE WHEN b.epoch > 1 THEN pgswarm._open_effects(b.task) END,
           CASE WHEN b.epoch > 1 THEN pgswarm._late_results(b.task) END
    FROM body b
    ORDER BY b.priority, b.position;
END
$$;

-- The same for one row. Setting up the one large statement costs as much as its work on a dozen rows.
CREATE FUNCTION pgswarm._grant_one(
    session pgswarm.session, queue pgswarm.queue, "row" tid, lease interval, at timestamptz
) RETURNS pgswarm.claimed
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_ready   pgswarm.ready;
    v_task    pgswarm.task;
    v_claim   uuid := gen_random_uuid();
    v_length  interval;
    v_claimed pgswarm.claimed;
BEGIN
    DELETE FROM pgswarm.ready WHERE ctid = _grant_one."row" RETURNING * INTO v_ready;
    SELECT * INTO v_task FROM pgswarm.task t WHERE t.id = v_ready.task;
    v_length := coalesce(_grant_one.lease, v_task.lease, _grant_one.queue.lease);
    SELECT v_task.id, pgswarm._handle(v_task.id, v_ready.epoch + 1, v_claim), v_ready.epoch + 1,
           pgswarm._fence_base() | (v_ready.epoch + 1), v_ready.attempts + 1,
           coalesce(v_task.max_attempts, _grant_one.queue.max_attempts), _grant_one.queue.name, v_task.kind,
           v_task.title, v_task.payload, v_ready.priority,
           _grant_one.at + least(v_length, v_task.deadline), extract(epoch FROM least(v_length, v_task.deadline)),
           _grant_one.at + v_task.deadline, v_task.created_at, v_task.trace, v_task.parent, v_task.needs
    INTO v_claimed.id, v_claimed.handle, v_claimed.epoch,
         v_claimed.fence, v_claimed.attempt,
         v_claimed.max_attempts, v_claimed.queue, v_claimed.kind,
         v_claimed.title, v_claimed.payload, v_claimed.priority,
         v_claimed.lease_until, v_claimed.lease_seconds,
         v_claimed.deadline, v_claimed.created_at, v_claimed.trace, v_claimed.parent, v_claimed.needs;
    INSERT INTO pgswarm.lease (task, session, claim_id, until, started_at, deadline, queue, epoch, priority,
                               generation, attempts, failed, lost, seconds, strict_lease)
    VALUES (v_task.id, _grant_one.session.id, v_claim, v_claimed.lease_until, _grant_one.at, v_claimed.deadline,
            _grant_one.queue.id, v_claimed.epoch, v_ready.priority, v_ready.generation, v_ready.attempts,
            v_ready.failed, v_ready.lost, extract(epoch FROM v_length), _grant_one.queue.strict_lease);
    IF v_claimed.epoch > 1 THEN
        v_claimed.checkpoint := pgswarm._checkpoint(v_task.id);
        v_claimed.history := pgswarm._history(v_task.id);
        v_claimed.effects := pgswarm._open_effects(v_task.id);
        v_claimed.late_results := pgswarm._late_results(v_task.id);
    END IF;
    RETURN v_claimed;
END
$$;

-- Locks the next ready rows of a queue, passing over those that another claimer is taking.
--
-- The rows claimed since the last vacuum are still in the index, and a scan from its beginning walks over all of them;
-- an old snapshot anywhere in the database keeps them there for as long as it lives. So each connection remembers
-- where its last scan found the head (a setting of its session: it costs no table a row version, and is only a hint)
-- and begins there. What can stand before the head is a more urgent priority, which is looked at first, and what was
-- committed late or rolled back, which is found by the scans from the beginning: five a second, and whenever the short
-- way finds too little. Nothing returns to an old position, so the head only moves forward.
CREATE FUNCTION pgswarm._next(
    queue integer, count integer, at timestamptz, OUT "rows" tid[], OUT tasks bigint[]
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_name     text := 'pgswarm.head_' || queue;
    v_hint     text[] := string_to_array(nullif(current_setting(v_name, true), ''), ' ');
    v_priority smallint;
    v_position bigint;
BEGIN
    -- Between, and not only below: a clock that was set back must not keep the short way open.
    IF extract(epoch FROM at) BETWEEN v_hint[3]::double precision - 0.2 AND v_hint[3]::double precision
        AND NOT EXISTS (SELECT FROM pgswarm.ready r
                        WHERE r.queue = _next.queue AND r.priority < v_hint[1]::smallint)
    THEN
        SELECT array_agg(x.address), array_agg(x.task), (array_agg(x.position))[1] INTO "rows", tasks, v_position
        FROM (
            SELECT r.ctid AS address, r.task, r.position
            FROM pgswarm.ready r
            WHERE r.queue = _next.queue AND r.priority = v_hint[1]::smallint AND r.position >= v_hint[2]::bigint
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
        WHERE r.queue = _next.queue
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
    v_queue pgswarm.queue;
    v_name  text;
BEGIN
    IF coalesce(cardinality(queues), 0) = 0 OR array_position(queues, NULL) IS NOT NULL
        OR count IS NULL OR count NOT BETWEEN 1 AND 10000
    THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a claim names at least one queue and asks for 1 to 10000 tasks',
            'for example: SELECT * FROM pgswarm.claim(ARRAY[''build''], count => 10)');
    END IF;
    IF EXISTS (SELECT FROM pgswarm.pulse p WHERE p.next_at <= v_now) THEN
        PERFORM pgswarm._ride(v_now);
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
        CONTINUE WHEN v_left <= 0 OR v_queue.paused_at IS NOT NULL OR session.draining;
        v_room := v_left;
        IF v_queue.max_running IS NOT NULL THEN
            v_room := least(v_room, pgswarm._running_room(v_queue.id));
            CONTINUE WHEN v_room <= 0;
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
        RETURN pgswarm._bare_session(agent);
    END IF;
    v_session := pgswarm._live_session(session);
    IF v_session.kind = 'coordinator' THEN
        PERFORM pgswarm._refuse('not_allowed', 'a coordinator can not claim tasks',
            'plan and steer here; open a session of kind runtime, as another agent, to execute');
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
