-- Gates: how many grants the breakers on the way of a claim let through. A closed breaker without limits costs a claim one
-- read; only a limited one (half-open, recovering, with a rate or permits) is locked.
SET LOCAL ROLE pgswarm_owner;

-- Room behind one breaker; NULL: no limit. From here to the end of the transaction nobody turns it.
CREATE FUNCTION pgswarm._room(breaker integer, at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b pgswarm.breaker;
BEGIN
    SELECT * INTO b FROM pgswarm.breaker x WHERE x.id = _room.breaker;
    IF pgswarm._is_free(b, at) THEN
        -- Once more under the lock. Turned in between: nothing this time.
        IF NOT pgswarm._hold_breaker(breaker) THEN
            RETURN 0;
        END IF;
        SELECT * INTO b FROM pgswarm.breaker x WHERE x.id = _room.breaker;
        RETURN CASE WHEN NOT pgswarm._is_free(b, at) THEN 0 END;
    END IF;
    IF pgswarm._lets_none(b, at) THEN
        RETURN 0;  -- the usual answer while it is open or a probe is out: not worth a row lock
    END IF;
    RETURN pgswarm._room_within(b.id, at);
END
$$;

-- Does it let nothing through at all, for the time being? A look without locks.
CREATE FUNCTION pgswarm._lets_none(breaker pgswarm.breaker, at timestamptz) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN CASE pgswarm._breaker_state(breaker, at)
        WHEN 'forced_open' THEN true
        WHEN 'open' THEN true
        WHEN 'forced_closed' THEN false
        WHEN 'off' THEN false
        ELSE coalesce(breaker.not_before > at, false)
             OR (breaker.state = 'half_open' AND pgswarm._permits(breaker.id, at) >= breaker.probes)
    END;
END
$$;

-- The same for a breaker that limits what it lets through: under its row lock, so that limits are exact. Who waits here
-- may hold other rows, and a call may come by several breakers in any order, so nobody waits long: who does not get the
-- lock is let through next time. That is shorter than what PostgreSQL takes for a deadlock.
CREATE FUNCTION pgswarm._room_within(breaker integer, at timestamptz) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '50ms'
AS $$
#variable_conflict use_column
DECLARE
    b      pgswarm.breaker;
    v_room double precision;
    v_live bigint;
BEGIN
    BEGIN
        SELECT * INTO b FROM pgswarm.breaker x WHERE x.id = _room_within.breaker FOR NO KEY UPDATE;
    EXCEPTION WHEN lock_not_available THEN
        RETURN 0;
    END;
    IF b.forced_until <= at THEN
        b.forced := NULL;
    END IF;
    IF b.forced IS NULL AND b.enabled AND b.state = 'open' THEN
        IF b.until > at THEN
            RETURN 0;
        END IF;
        b := pgswarm._half_open(b, at);
    END IF;
    v_live := pgswarm._permits(b.id, at);
    v_room := b.concurrency - v_live;
    IF b.forced IS NULL AND b.enabled AND b.state = 'half_open' THEN
        v_room := least(v_room, b.probes - v_live);
    ELSIF b.ramp_from IS NOT NULL THEN
        v_room := least(v_room, pgswarm._ramp_allows(b, at) - v_live);
    END IF;
    IF b.rate IS NOT NULL THEN
        v_room := least(v_room, floor(pgswarm._tokens(b, at)));
    END IF;
    RETURN greatest(v_room, 0);
END
$$;

-- Does it let everything through, as nearly always? No probe, no recovery, no rate, no permits.
CREATE FUNCTION pgswarm._is_free(breaker pgswarm.breaker, at timestamptz) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    RETURN breaker.concurrency IS NULL AND breaker.rate IS NULL
       AND CASE WHEN breaker.forced IS NOT NULL AND coalesce(breaker.forced_until > at, true)
                THEN breaker.forced = 'closed'
                ELSE breaker.ramp_from IS NULL
                     AND (NOT breaker.enabled
                          OR (breaker.state = 'closed' AND coalesce(breaker.not_before <= at, true))) END;
END
$$;

-- The end of the time that a breaker stays open: from now on, probes. Granters that have looked already hold the lock
-- shared and saw it open, so this turn needs it not alone.
CREATE FUNCTION pgswarm._half_open(breaker pgswarm.breaker, at timestamptz) RETURNS pgswarm.breaker
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b pgswarm.breaker;
BEGIN
    UPDATE pgswarm.breaker x
    SET state = 'half_open', version = x.version + 1, changed_at = _half_open.at, changed_by = NULL, until = NULL,
        successes = 0
    WHERE x.id = breaker.id
    RETURNING * INTO b;
    PERFORM pgswarm._record('breaker_half_open', NULL, NULL, NULL, NULL,
        jsonb_build_object('breaker', pgswarm._breaker_written(b.scope, b.name), 'version', b.version), at);
    RETURN b;
END
$$;

-- Is there a lane with something in it that may be let through? While all are shut a claim goes past them as if they were
-- not there. A look without locks: what opens in this moment is found by the next claim.
CREATE FUNCTION pgswarm._is_any_lane_open(queue integer, at timestamptz) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN EXISTS (
        SELECT FROM pgswarm.lane l
        WHERE l.queue = _is_any_lane_open.queue
          AND NOT EXISTS (
              SELECT FROM pgswarm.breaker b
              WHERE b.id = ANY (l.breakers) AND pgswarm._lets_none(b, at))
          AND EXISTS (SELECT FROM pgswarm.ready r WHERE r.lane = l.id));
END
$$;

-- The breakers that stand in the way of an agent and of a queue, whatever the tasks need. An agent with a suspicious kind
-- has its own among them, so that the claim looks at kinds too.
CREATE FUNCTION pgswarm._watched_for(session pgswarm.session, queue pgswarm.queue) RETURNS integer[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN ARRAY(
        SELECT b.id FROM pgswarm.breaker b
        WHERE b.watched AND CASE b.scope WHEN 'agent' THEN b.agent = session.agent
                                         WHEN 'queue' THEN b.name = queue.name END
        ORDER BY b.id);
END
$$;

-- Refuses for the sake of the first breaker that has no room.
CREATE FUNCTION pgswarm._refuse_gated(gates integer[], at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b pgswarm.breaker;
BEGIN
    SELECT * INTO b FROM pgswarm.breaker x WHERE x.id = ANY (gates) AND pgswarm._room(x.id, at) <= 0 ORDER BY x.id LIMIT 1;
    IF FOUND THEN
        PERFORM pgswarm._refuse('breaker_open', pgswarm._breaker_message(b, at),
            'ask again after ' || coalesce(pgswarm._moment(pgswarm._breaker_due(b, at)), 'it was reset: pgswarm breaker reset'));
    END IF;
END
$$;

-- A claim from a queue on whose way there are breakers: of its own, of the agent, of what its tasks need.
CREATE FUNCTION pgswarm._claim_gated(
    session pgswarm.session, queue pgswarm.queue, common integer[], room integer, lease interval, at timestamptz
) RETURNS SETOF pgswarm.claimed
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_left   integer := room;
    v_lane   record;
    v_rooms  jsonb;
    v_room   integer;
    v_next   record;
    v_kinds  text[];
    v_gates  integer[];
    v_tasks  bigint[];
    v_one    pgswarm.claimed;
BEGIN
    IF cardinality(common) > 0 THEN
        v_kinds := ARRAY(SELECT b.kind FROM pgswarm.breaker b
                         WHERE b.scope = 'kind' AND b.watched AND b.agent = session.agent AND pgswarm._room(b.id, at) <= 0);
    END IF;
    v_rooms := pgswarm._rooms(session, queue, common, at);
    v_left := least(v_left, (SELECT min((v_rooms ->> b::text)::integer) FROM unnest(common) b));
    IF v_left > 0 THEN
        PERFORM pgswarm._promote(queue.id, 100, at);
    END IF;
    FOR v_lane IN SELECT * FROM pgswarm._shares(session, queue, v_rooms, v_left) LOOP
        v_gates := common || v_lane.breakers;
        v_room := least(v_left, v_lane.share, (SELECT min((v_rooms ->> b::text)::integer) FROM unnest(v_gates) b));
        CONTINUE WHEN v_room <= 0;
        v_tasks := '{}';
        IF queue.governed OR v_lane.governed THEN
            FOR v_one IN
                SELECT * FROM pgswarm._claim_governed(session, queue, v_lane.lane, v_room, v_kinds, lease, at, v_gates)
            LOOP
                v_tasks := v_tasks || v_one.id;
                RETURN NEXT v_one;
            END LOOP;
        ELSE
            IF cardinality(v_kinds) > 0 THEN
                v_next := pgswarm._next_but(v_lane.lane, v_room, v_kinds);
            ELSE
                v_next := pgswarm._next(v_lane.lane, v_room, at);
            END IF;
            CONTINUE WHEN v_next.tasks IS NULL;
            v_tasks := v_next.tasks;
            IF cardinality(v_tasks) = 1 THEN
                v_one := pgswarm._grant_one(session, queue, v_next."rows"[1], lease, at, v_gates);
                RETURN NEXT v_one;
            ELSE
                RETURN QUERY SELECT * FROM pgswarm._grant_many(session, queue, v_next."rows", lease, at, v_gates);
            END IF;
        END IF;
        CONTINUE WHEN v_tasks = '{}';
        v_left := v_left - cardinality(v_tasks);
        IF cardinality(common) > 0 THEN
            PERFORM pgswarm._charge_kinds(session.agent, v_tasks, at);
        END IF;
        PERFORM pgswarm._charge(v_gates, v_tasks, at);
        SELECT coalesce(jsonb_object_agg(e.key, CASE WHEN e.key::integer = ANY (v_gates)
                                                     THEN e.value::integer - cardinality(v_tasks)
                                                     ELSE e.value::integer END), '{}')
        INTO v_rooms FROM jsonb_each_text(v_rooms) e;
        INSERT INTO pgswarm.event (at, session, queue, kind, tasks)
        VALUES (_claim_gated.at, session.id, queue.id, 'claimed', v_tasks);
        IF session.kind = 'bare' THEN
            PERFORM pgswarm._outlive(session.id, v_tasks);
        END IF;
    END LOOP;
END
$$;

-- The next rows of a lane but for some kinds of task. Reads past what it leaves: only an agent that has failed at these
-- kinds comes this way.
CREATE FUNCTION pgswarm._next_but(lane integer, count integer, kinds text[], OUT "rows" tid[], OUT tasks bigint[])
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    SELECT array_agg(x.address), array_agg(x.task) INTO "rows", tasks
    FROM (
        SELECT r.ctid AS address, r.task
        FROM pgswarm.ready r
        JOIN pgswarm.task t ON t.id = r.task
        WHERE r.lane = _next_but.lane AND (t.kind = ANY (_next_but.kinds)) IS NOT TRUE
        ORDER BY r.priority, r.position
        LIMIT _next_but.count
        FOR UPDATE OF r SKIP LOCKED
    ) x;
END
$$;

-- The room behind every breaker on the way of this claim that has one, looked at in one order.
CREATE FUNCTION pgswarm._rooms(session pgswarm.session, queue pgswarm.queue, common integer[], at timestamptz) RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_rooms jsonb := '{}';
    v_room  integer;
    v_id    integer;
BEGIN
    FOR v_id IN
        SELECT unnest(common)
        UNION
        SELECT unnest(l.breakers) FROM pgswarm.lane l
        WHERE queue.lanes AND l.queue = _rooms.queue.id
          AND EXISTS (SELECT FROM pgswarm.ready r WHERE r.lane = l.id)
        ORDER BY 1
    LOOP
        v_room := pgswarm._room(v_id, at);
        IF v_room IS NOT NULL THEN
            v_rooms := v_rooms || jsonb_build_object(v_id::text, v_room);
        END IF;
    END LOOP;
    RETURN v_rooms;
END
$$;

-- Which lanes a claim of so many tasks takes from, and how many from each: as if all open lanes were one line. With no
-- open lane beside the queue's own nothing needs to be compared.
CREATE FUNCTION pgswarm._shares(session pgswarm.session, queue pgswarm.queue, rooms jsonb, count integer)
RETURNS TABLE (lane integer, breakers integer[], governed boolean, share integer)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_open integer;
BEGIN
    IF count <= 0 THEN
        RETURN;
    END IF;
    SELECT count(*) INTO v_open FROM pgswarm.lane l
    WHERE _shares.queue.lanes AND l.queue = _shares.queue.id
      AND EXISTS (SELECT FROM pgswarm.ready r WHERE r.lane = l.id)
      AND NOT EXISTS (SELECT FROM unnest(l.breakers) b WHERE (rooms ->> b::text)::integer <= 0)
      AND (NOT l.governed OR pgswarm._fits(l, session));
    IF v_open = 0 THEN
        RETURN QUERY SELECT queue.id, '{}'::integer[], false, count;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT x.lane, x.breakers, x.governed, count(*)::integer
    FROM (
        SELECT o.lane, o.breakers, o.governed, r.priority, r.position
        FROM (
            SELECT _shares.queue.id AS lane, '{}'::integer[] AS breakers, false AS governed
            UNION ALL
            SELECT l.id, l.breakers, l.governed FROM pgswarm.lane l
            WHERE l.queue = _shares.queue.id
              AND NOT EXISTS (SELECT FROM unnest(l.breakers) b WHERE (rooms ->> b::text)::integer <= 0)
              AND (NOT l.governed OR pgswarm._fits(l, session))
        ) o
        CROSS JOIN LATERAL (
            SELECT y.priority, y.position FROM pgswarm.ready y
            WHERE y.lane = o.lane ORDER BY y.priority, y.position LIMIT _shares.count
        ) r
        ORDER BY r.priority, r.position
        LIMIT _shares.count
    ) x
    GROUP BY x.lane, x.breakers, x.governed
    ORDER BY min(x.priority), min(x.position);
END
$$;
