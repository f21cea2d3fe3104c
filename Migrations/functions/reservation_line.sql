-- What stands in a taker's way, and the line of those who wait: first come, first served, among those who want the same.
SET LOCAL ROLE pgswarm_owner;

-- What is in the way of a taker, and what it ought to know: reservations of others, and those in line before it. At
-- most 100 of them are told. A hold that is no longer valid is cleared away on the way.
CREATE FUNCTION pgswarm._in_the_way(
    namespace integer, own bigint, ticket uuid, mode text, kinds text[], patterns text[], heads text[], tails text[],
    at timestamptz
) RETURNS jsonb[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_found jsonb[] := '{}';
    v_row   record;
    v_other pgswarm.reservation;
    v_hold  pgswarm.reservation_hold;
    v_valid bigint[] := '{}';
    v_gone  bigint[] := '{}';
BEGIN
    FOR v_row IN
        SELECT x AS other, i.ord
        FROM unnest(kinds, patterns, heads, tails) WITH ORDINALITY i (kind, pattern, head, tail, ord)
        JOIN pgswarm.reservation x ON x.namespace = _in_the_way.namespace AND x.kind = i.kind
        WHERE x.hold IS DISTINCT FROM own
          AND pgswarm._resources_meet(x.kind, x.pattern, x.head, x.tail, i.kind, i.pattern, i.head, i.tail)
        ORDER BY i.ord, x.id
    LOOP
        v_other := v_row.other;
        CONTINUE WHEN v_other.hold = ANY (v_gone);
        EXIT WHEN cardinality(v_found) >= 100;
        IF v_hold.id IS DISTINCT FROM v_other.hold THEN
            SELECT * INTO v_hold FROM pgswarm.reservation_hold h WHERE h.id = v_other.hold;
        END IF;
        IF NOT v_other.hold = ANY (v_valid) AND NOT pgswarm._is_valid(v_hold, at) THEN
            IF NOT pgswarm._modes_conflict(mode, v_other.mode) THEN
                CONTINUE;
            ELSIF pgswarm._supersede(v_hold, at) THEN
                v_gone := v_gone || v_hold.id;
                CONTINUE;
            END IF;
        END IF;
        v_valid := v_valid || v_hold.id;
        -- Two who only read need not know of each other.
        CONTINUE WHEN mode = 'shared' AND v_other.mode = 'shared';
        v_found := v_found || pgswarm._told(v_hold, v_other, v_row.ord, NOT pgswarm._modes_conflict(mode, v_other.mode), at);
    END LOOP;
    IF mode <> 'intent' THEN
        v_found := v_found || pgswarm._before_in_line(namespace, own, ticket, mode, kinds, patterns, heads, tails, at);
    END IF;
    RETURN v_found;
END
$$;

CREATE FUNCTION pgswarm._told(
    hold pgswarm.reservation_hold, other pgswarm.reservation, ord bigint, warning boolean, at timestamptz
) RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN jsonb_build_object(
        'ord', ord, 'warning', warning, 'waiting', false,
        'agent', (SELECT a.name FROM pgswarm.agent a WHERE a.id = hold.agent),
        'task_id', hold.task::text, 'kind', other.kind, 'pattern', other.pattern, 'mode', other.mode,
        'until', pgswarm._moment(coalesce(hold.until, (SELECT l.until FROM pgswarm.lease l WHERE l.task = hold.task))));
END
$$;

-- Those who came earlier and want what this taker wants. Who waits for something that the taker itself holds can not
-- be waited for: each would wait for the other.
CREATE FUNCTION pgswarm._before_in_line(
    namespace integer, own bigint, ticket uuid, mode text, kinds text[], patterns text[], heads text[], tails text[],
    at timestamptz
) RETURNS jsonb[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce(ARRAY(
        SELECT jsonb_build_object(
            'ord', i.ord, 'warning', false, 'waiting', true,
            'agent', (SELECT a.name FROM pgswarm.agent a WHERE a.id = w.agent),
            'task_id', w.task::text, 'kind', y.kind, 'pattern', y.pattern, 'mode', w.mode, 'until', NULL)
        FROM pgswarm.reservation_waiter w
        CROSS JOIN LATERAL unnest(w.kinds, w.patterns, w.heads, w.tails) y (kind, pattern, head, tail)
        JOIN unnest(_before_in_line.kinds, _before_in_line.patterns, _before_in_line.heads, _before_in_line.tails)
             WITH ORDINALITY i (kind, pattern, head, tail, ord)
          ON pgswarm._resources_meet(y.kind, y.pattern, y.head, y.tail, i.kind, i.pattern, i.head, i.tail)
        WHERE w.namespace = _before_in_line.namespace
          AND w.id < coalesce((SELECT m.id FROM pgswarm.reservation_waiter m WHERE m.ticket = _before_in_line.ticket),
                              9223372036854775807)
          AND pgswarm._modes_conflict(w.mode, _before_in_line.mode)
          AND pgswarm._is_waiting(w, _before_in_line.at)
          AND NOT EXISTS (
              SELECT FROM pgswarm.reservation x
              CROSS JOIN LATERAL unnest(w.kinds, w.patterns, w.heads, w.tails) z (kind, pattern, head, tail)
              WHERE x.hold = _before_in_line.own AND pgswarm._modes_conflict(x.mode, w.mode)
                AND pgswarm._resources_meet(x.kind, x.pattern, x.head, x.tail, z.kind, z.pattern, z.head, z.tail))
        ORDER BY w.id, i.ord
        LIMIT 20), '{}');
END
$$;

-- A waiter looks once a second; one that has not looked for so long has gone away, and holds up nobody any more.
CREATE FUNCTION pgswarm._is_waiting(waiter pgswarm.reservation_waiter, at timestamptz) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN waiter.seen_at >= at - interval '10 seconds'
       AND EXISTS (SELECT FROM pgswarm.session s WHERE s.id = waiter.session AND s.ended_at IS NULL);
END
$$;

-- Takes or keeps a place in line. Answers how many stand before it.
CREATE FUNCTION pgswarm._stand_in_line(
    ticket uuid, session bigint, task bigint, agent integer, namespace integer, mode text,
    kinds text[], patterns text[], heads text[], tails text[], at timestamptz
) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_waiter pgswarm.reservation_waiter;
BEGIN
    UPDATE pgswarm.reservation_waiter w SET seen_at = _stand_in_line.at
    WHERE w.ticket = _stand_in_line.ticket RETURNING * INTO v_waiter;
    IF NOT FOUND THEN
        INSERT INTO pgswarm.reservation_waiter
            (ticket, since, seen_at, session, task, namespace, agent, mode, kinds, patterns, heads, tails)
        VALUES (_stand_in_line.ticket, _stand_in_line.at, _stand_in_line.at, _stand_in_line.session,
                _stand_in_line.task, _stand_in_line.namespace, _stand_in_line.agent, _stand_in_line.mode,
                _stand_in_line.kinds, _stand_in_line.patterns, _stand_in_line.heads, _stand_in_line.tails)
        RETURNING * INTO v_waiter;
    ELSIF v_waiter.namespace <> namespace OR v_waiter.mode <> mode OR v_waiter.agent <> agent
        OR v_waiter.kinds <> kinds OR v_waiter.patterns <> patterns
    THEN
        PERFORM pgswarm._refuse('request_mismatch', 'this ticket stands in line for another request',
            'a ticket belongs to one request; choose a new one, a random UUID, for a new request');
    END IF;
    RETURN (SELECT count(*) FROM pgswarm.reservation_waiter w
            WHERE w.namespace = _stand_in_line.namespace AND w.id < v_waiter.id
              AND pgswarm._is_waiting(w, _stand_in_line.at));
END
$$;

CREATE FUNCTION pgswarm.reserve_leave(ticket uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    DELETE FROM pgswarm.reservation_waiter w WHERE w.ticket = reserve_leave.ticket;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION pgswarm.reserve_leave IS 'Gives a place in line up. Answers whether there was one.';

CREATE FUNCTION pgswarm.reserve_ring(namespace text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := pgswarm.clock();
BEGIN
    IF NOT EXISTS (
        SELECT FROM pgswarm.reservation_waiter w
        JOIN pgswarm.reservation_namespace n ON n.id = w.namespace
        WHERE n.name = reserve_ring.namespace AND pgswarm._is_waiting(w, v_now))
    THEN
        RETURN false;
    END IF;
    PERFORM pg_notify('pgswarm', '#' || namespace);  -- no queue's name begins like this
    RETURN true;
END
$$;
COMMENT ON FUNCTION pgswarm.reserve_ring IS
    'After a commit that freed something: wakes those who wait in a namespace. Answers whether anybody does.';
