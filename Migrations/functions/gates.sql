-- Gates: how many grants the breakers on the way of a claim let through. A closed breaker without limits costs a claim one
-- read; only a limited one (half-open, recovering, with a rate or permits) is locked.
SET LOCAL ROLE pgswarm_owner;

-- Room behind one breaker; NULL: no limit. From here to the end of the transaction nobody turns it.
CREATE FUNCTION pgswarm._room(breaker integer, at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b      pgswarm.breaker;
    v_room double precision;
    v_live bigint;
BEGIN
    SELECT * INTO b FROM pgswarm.breaker x WHERE x.id = _room.breaker;
    IF pgswarm._is_free(b, at) THEN
        -- Once more under the lock. Turned in between: nothing this time, because whoever waits for the row's lock while
        -- holding this one could wait for a turner who waits for it.
        PERFORM pgswarm._breaker_lock(breaker, false);
        SELECT * INTO b FROM pgswarm.breaker x WHERE x.id = _room.breaker;
        RETURN CASE WHEN NOT pgswarm._is_free(b, at) THEN 0 END;
    END IF;
    IF b.forced_until <= at THEN
        b.forced := NULL;  -- the row is cleared by whoever changes it next
    END IF;
    IF b.forced = 'open' OR (b.forced IS NULL AND ((b.state = 'open' AND b.until > at) OR b.not_before > at)) THEN
        RETURN 0;
    END IF;
    IF b.forced IS NULL AND b.state = 'half_open' AND pgswarm._permits(b.id, at) >= b.probes THEN
        RETURN 0;  -- the usual answer while a probe is out: not worth a row lock
    END IF;
    SELECT * INTO b FROM pgswarm.breaker x WHERE x.id = _room.breaker FOR NO KEY UPDATE;
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
                ELSE NOT breaker.enabled
                     OR (breaker.state = 'closed' AND breaker.ramp_from IS NULL
                         AND coalesce(breaker.not_before <= at, true)) END;
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

-- Permits in force. One under a task is as good as the task's lease.
CREATE FUNCTION pgswarm._permits(breaker integer, at timestamptz) RETURNS bigint
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT count(*) FROM pgswarm.permit p
        WHERE p.breaker = _permits.breaker
          AND (p.until IS NULL OR p.until > at)
          AND CASE WHEN p.task IS NULL
                   THEN EXISTS (SELECT FROM pgswarm.session s
                                WHERE s.id = p.session AND s.ended_at IS NULL AND s.expires_at > at)
                   ELSE EXISTS (SELECT FROM pgswarm.lease l WHERE l.task = p.task AND l.claim_id = p.claim_id) END);
END
$$;

-- What a recovering breaker lets run at once: from the number of probes on, doubling in each step, without steps between
-- that would themselves be a herd.
CREATE FUNCTION pgswarm._ramp_allows(breaker pgswarm.breaker, at timestamptz) RETURNS double precision
LANGUAGE sql IMMUTABLE
AS $$
    SELECT floor(breaker.probes * power(2, least(extract(epoch FROM at - breaker.ramp_from)
                                                 / extract(epoch FROM breaker.ramp_step), 30)))
$$;

-- Tokens of the bucket at this moment.
CREATE FUNCTION pgswarm._tokens(breaker pgswarm.breaker, at timestamptz) RETURNS double precision
LANGUAGE sql IMMUTABLE
AS $$
    SELECT least(b.size, coalesce(breaker.tokens + extract(epoch FROM at - breaker.tokens_at) * breaker.rate, b.size))
    FROM (SELECT coalesce(breaker.burst, ceil(breaker.rate)) AS size) b
$$;

-- Books grants on the breakers that limit them.
CREATE FUNCTION pgswarm._charge(breakers integer[], tasks bigint[], at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b pgswarm.breaker;
BEGIN
    FOR b IN
        SELECT * FROM pgswarm.breaker x
        WHERE x.id = ANY (breakers)
          AND (x.state = 'half_open' OR x.ramp_from IS NOT NULL OR x.concurrency IS NOT NULL OR x.rate IS NOT NULL)
        ORDER BY x.id
    LOOP
        IF b.ramp_from + 10 * b.ramp_step < at THEN
            -- Let a thousand run at once and nothing happened: recovered.
            UPDATE pgswarm.breaker x SET ramp_from = NULL, openings = 0 WHERE x.id = b.id RETURNING * INTO b;
        END IF;
        IF b.rate IS NOT NULL THEN
            UPDATE pgswarm.breaker x
            SET tokens = pgswarm._tokens(x, at) - cardinality(tasks), tokens_at = at WHERE x.id = b.id;
        END IF;
        CONTINUE WHEN b.state <> 'half_open' AND b.ramp_from IS NULL AND b.concurrency IS NULL;
        DELETE FROM pgswarm.permit p
        WHERE p.breaker = b.id
          AND (p.until <= at OR (p.task IS NOT NULL AND NOT EXISTS (
                  SELECT FROM pgswarm.lease l WHERE l.task = p.task AND l.claim_id = p.claim_id)));
        INSERT INTO pgswarm.permit (breaker, claim_id, task, session, version, probe, given_at, until)
        SELECT b.id, l.claim_id, l.task, l.session, b.version, b.state = 'half_open', _charge.at,
               CASE b.state WHEN 'half_open' THEN _charge.at + b.probe_lease END
        FROM pgswarm.lease l WHERE l.task = ANY (tasks);
    END LOOP;
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
    session pgswarm.session, queue pgswarm.queue, room integer, lease interval, at timestamptz
) RETURNS SETOF pgswarm.claimed
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_common integer[] := array_remove(ARRAY[queue.breaker, session.breaker], NULL);
    v_left   integer := room;
    v_lane   record;
    v_rooms  jsonb;
    v_room   integer;
    v_next   record;
    v_kinds  text[];
BEGIN
    IF session.breaker IS NOT NULL THEN
        v_kinds := ARRAY(SELECT b.kind FROM pgswarm.breaker b
                         WHERE b.scope = 'kind' AND b.agent = session.agent AND pgswarm._room(b.id, at) <= 0);
    END IF;
    v_rooms := pgswarm._rooms(session, queue, v_common, at);
    v_left := least(v_left, (SELECT min((v_rooms ->> b::text)::integer) FROM unnest(v_common) b));
    IF v_left > 0 THEN
        PERFORM pgswarm._promote(queue.id, 100, at);
    END IF;
    FOR v_lane IN SELECT * FROM pgswarm._shares(queue, v_rooms, v_left) LOOP
        v_room := least(v_left, v_lane.share,
            (SELECT min((v_rooms ->> b::text)::integer) FROM unnest(v_lane.breakers || v_common) b));
        CONTINUE WHEN v_room <= 0;
        IF cardinality(v_kinds) > 0 THEN
            v_next := pgswarm._next_but(v_lane.lane, v_room, v_kinds);
        ELSE
            v_next := pgswarm._next(v_lane.lane, v_room, at);
        END IF;
        CONTINUE WHEN v_next.tasks IS NULL;
        v_left := v_left - cardinality(v_next.tasks);
        RETURN QUERY SELECT * FROM pgswarm._grant_many(session, queue, v_next."rows", lease, at, v_common || v_lane.breakers);
        IF session.breaker IS NOT NULL THEN
            PERFORM pgswarm._charge_kinds(session.agent, v_next.tasks, at);
        END IF;
        PERFORM pgswarm._charge(v_common || v_lane.breakers, v_next.tasks, at);
        SELECT coalesce(jsonb_object_agg(e.key, CASE WHEN e.key::integer = ANY (v_lane.breakers || v_common)
                                                     THEN e.value::integer - cardinality(v_next.tasks)
                                                     ELSE e.value::integer END), '{}')
        INTO v_rooms FROM jsonb_each_text(v_rooms) e WHERE e.value IS NOT NULL;
        INSERT INTO pgswarm.event (at, session, queue, kind, tasks)
        VALUES (_claim_gated.at, session.id, queue.id, 'claimed', v_next.tasks);
        IF session.kind = 'bare' THEN
            PERFORM pgswarm._outlive(session.id, v_next.tasks);
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

-- The breakers of an agent with a kind of task want to know how its tasks of this kind end.
CREATE FUNCTION pgswarm._charge_kinds(agent integer, tasks bigint[], at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    r record;
BEGIN
    FOR r IN
        SELECT b.id, array_agg(t.id) AS tasks
        FROM pgswarm.breaker b
        JOIN pgswarm.task t ON t.id = ANY (_charge_kinds.tasks) AND t.kind = b.kind
        WHERE b.scope = 'kind' AND b.agent = _charge_kinds.agent
        GROUP BY b.id ORDER BY b.id
    LOOP
        UPDATE pgswarm.lease l SET gates = l.gates || r.id WHERE l.task = ANY (r.tasks);
        PERFORM pgswarm._charge(ARRAY[r.id], r.tasks, at);
    END LOOP;
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

-- Which lanes a claim of so many tasks takes from, and how many from each: as if all open lanes were one line. With one
-- open lane nothing needs to be compared.
CREATE FUNCTION pgswarm._shares(queue pgswarm.queue, rooms jsonb, count integer)
RETURNS TABLE (lane integer, breakers integer[], share integer)
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
      AND NOT EXISTS (SELECT FROM unnest(l.breakers) b WHERE (rooms ->> b::text)::integer <= 0);
    IF v_open = 0 THEN
        RETURN QUERY SELECT queue.id, '{}'::integer[], count;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT x.lane, x.breakers, count(*)::integer
    FROM (
        SELECT o.lane, o.breakers, r.priority, r.position
        FROM (
            SELECT _shares.queue.id AS lane, '{}'::integer[] AS breakers
            UNION ALL
            SELECT l.id, l.breakers FROM pgswarm.lane l
            WHERE l.queue = _shares.queue.id
              AND NOT EXISTS (SELECT FROM unnest(l.breakers) b WHERE (rooms ->> b::text)::integer <= 0)
        ) o
        CROSS JOIN LATERAL (
            SELECT y.priority, y.position FROM pgswarm.ready y
            WHERE y.lane = o.lane ORDER BY y.priority, y.position LIMIT _shares.count
        ) r
        ORDER BY r.priority, r.position
        LIMIT _shares.count
    ) x
    GROUP BY x.lane, x.breakers
    ORDER BY min(x.priority), min(x.position);
END
$$;
