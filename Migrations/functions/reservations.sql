-- Reservations: take, extend, free. One taker at a time decides in a namespace, under the lock of its row; so a set is
-- granted whole or not at all, and two takers can not wait for each other. Order: tasks, sessions, namespace, holds.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.reserve_take(
    namespace text,
    patterns text[] DEFAULT '{}',
    mode text DEFAULT 'exclusive',
    resources text[] DEFAULT '{}',
    lease interval DEFAULT NULL,
    handle text DEFAULT NULL,
    ticket uuid DEFAULT NULL,
    request_id text DEFAULT NULL,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (
    ord integer, kind text, pattern text, granted boolean, blockers jsonb, warnings jsonb, reservation text,
    epoch bigint, fence bigint, until timestamptz, seconds double precision, place integer
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_length  interval := pgswarm._lease_length(reserve_take.lease);
    v_lease   pgswarm.lease;
    v_hold    pgswarm.reservation_hold;
    v_session pgswarm.session;
    v_answer  jsonb;
BEGIN
    IF reserve_take.mode IS NULL OR reserve_take.mode NOT IN ('exclusive', 'shared', 'intent') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a mode', left(reserve_take.mode, 80)),
            'it is exclusive, shared or intent');
    ELSIF coalesce(cardinality(patterns), 0) + coalesce(cardinality(resources), 0) = 0 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'nothing to reserve was named',
            'name paths, globs or resources, such as src/**/*.ts or port:8080');
    ELSIF coalesce(cardinality(patterns), 0) + coalesce(cardinality(resources), 0) > 1000 THEN
        PERFORM pgswarm._refuse('too_large',
            format('%s names in one call are too many', coalesce(cardinality(patterns), 0) + coalesce(cardinality(resources), 0)),
            'name at most 1000; a glob such as src/api/** stands for many files');
    END IF;
    IF pgswarm._is_handle(reserve_take.handle) THEN
        IF v_length IS NOT NULL THEN
            PERFORM pgswarm._refuse('invalid_argument', 'what is reserved under a task has no length of its own',
                'it lives by the task''s lease: renew the task to keep it longer');
        END IF;
        v_lease := pgswarm._reserving(reserve_take.handle);
        SELECT * INTO v_session FROM pgswarm.session s WHERE s.id = v_lease.session;
    ELSIF reserve_take.handle IS NOT NULL THEN
        v_hold := pgswarm._reservation_held(reserve_take.handle, false);
        IF v_hold.id IS NULL THEN
            PERFORM pgswarm._refuse_lost_reservation(reserve_take.handle);
        END IF;
        SELECT * INTO v_session FROM pgswarm.session s WHERE s.id = v_hold.session;
    ELSE
        v_session := pgswarm._claimer(reserve_take.session, reserve_take.agent);
    END IF;
    IF request_id IS NOT NULL THEN
        v_answer := pgswarm._begin_request(v_session.agent, 'reserve_take', request_id,
            jsonb_build_array(reserve_take.namespace, patterns, resources, reserve_take.mode, v_length, reserve_take.handle));
    END IF;
    IF v_answer IS NULL THEN
        SELECT jsonb_agg(to_jsonb(t)) INTO v_answer
        FROM pgswarm._reserve(reserve_take.namespace, patterns, resources, reserve_take.mode, v_length,
                              reserve_take.handle, ticket, v_lease, v_session) t;
        IF request_id IS NOT NULL THEN
            PERFORM pgswarm._end_request(v_session.agent, 'reserve_take', request_id,
                CASE WHEN (v_answer -> 0 ->> 'granted')::boolean THEN v_answer END);
        END IF;
    END IF;
    RETURN QUERY
    SELECT x.* FROM jsonb_to_recordset(v_answer) x (
        ord integer, kind text, pattern text, granted boolean, blockers jsonb, warnings jsonb, reservation text,
        epoch bigint, fence bigint, until timestamptz, seconds double precision, place integer)
    ORDER BY x.ord;
END
$$;
COMMENT ON FUNCTION pgswarm.reserve_take IS
    'Reserves globs of paths and other resources (kind:name), all of them or none. One row for each name: granted, or '
    'refused with what is in the way. Under a task''s handle it lives by that task''s lease; else for lease (default 15 '
    'minutes) under the handle answered. With a ticket, a random UUID, a refused caller stands in line: ask again with it.';

-- The task under which somebody reserves, locked. What time alone has made void is renewed by this sign of life.
CREATE FUNCTION pgswarm._reserving(handle text) RETURNS pgswarm.lease
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease := pgswarm._held(handle);
BEGIN
    IF pgswarm._is_void(v_lease, pgswarm.clock()) THEN
        PERFORM pgswarm._extend(v_lease, NULL);
        SELECT * INTO v_lease FROM pgswarm.lease l WHERE l.task = v_lease.task;
        IF pgswarm._is_void(v_lease, pgswarm.clock()) THEN
            PERFORM pgswarm._refuse('wrong_state',
                format('task %s may be given to somebody else: %s', v_lease.task, pgswarm._void_reason(v_lease, pgswarm.clock())),
                'report progress on it, then reserve');
        END IF;
    END IF;
    RETURN v_lease;
END
$$;

-- The decision. The caller is known, its task locked.
CREATE FUNCTION pgswarm._reserve(
    namespace text, patterns text[], resources text[], mode text, length interval, handle text, ticket uuid,
    lease pgswarm.lease, session pgswarm.session
) RETURNS TABLE (
    ord integer, kind text, pattern text, granted boolean, blockers jsonb, warnings jsonb, reservation text,
    epoch bigint, fence bigint, until timestamptz, seconds double precision, place integer
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_namespace pgswarm.reservation_namespace := pgswarm._namespace_made(namespace);
    v_length    interval := coalesce(length, least(interval '15 minutes', (SELECT s.max_lease FROM pgswarm.setting s)));
    v_hold      pgswarm.reservation_hold;
    v_kinds     text[];
    v_patterns  text[];
    v_heads     text[];
    v_tails     text[];
    v_found     jsonb[];
    v_granted   boolean;
    v_now       timestamptz;
BEGIN
    -- The session before the namespace. A bare one beats by nothing but its calls: it lives as long as what it holds.
    UPDATE pgswarm.session s
    SET expires_at = greatest(s.expires_at, pgswarm.clock() + CASE s.kind WHEN 'bare' THEN greatest(s.ttl, v_length) ELSE s.ttl END)
    WHERE s.id = session.id AND s.ended_at IS NULL
      AND s.expires_at < pgswarm.clock() + CASE s.kind WHEN 'bare' THEN greatest(s.ttl, v_length) ELSE s.ttl * 0.67 END;
    SELECT * INTO v_namespace FROM pgswarm.reservation_namespace n WHERE n.id = v_namespace.id FOR NO KEY UPDATE;
    v_now := pgswarm.clock();
    IF lease.task IS NOT NULL THEN
        SELECT * INTO v_hold FROM pgswarm.reservation_hold h
        WHERE h.task = lease.task AND h.task_epoch = lease.epoch AND h.namespace = v_namespace.id FOR UPDATE;
    ELSIF handle IS NOT NULL THEN
        v_hold := pgswarm._reservation_held(handle, true);
        IF v_hold.id IS NULL OR NOT EXISTS (SELECT FROM pgswarm.session s WHERE s.id = v_hold.session AND s.ended_at IS NULL) THEN
            PERFORM pgswarm._refuse_lost_reservation(handle);
        ELSIF v_hold.namespace <> v_namespace.id THEN
            PERFORM pgswarm._refuse('invalid_argument',
                format('reservation %s is in another namespace than "%s"', split_part(handle, '.', 1), namespace),
                'take it without this handle, or name the handle''s own namespace');
        END IF;
        v_length := coalesce(length, pgswarm._seconds(v_hold.seconds));
        UPDATE pgswarm.reservation_hold h
        SET until = CASE WHEN length IS NULL THEN greatest(h.until, v_now + v_length) ELSE v_now + length END,
            seconds = extract(epoch FROM v_length)
        WHERE h.id = v_hold.id RETURNING * INTO v_hold;
    END IF;
    SELECT array_agg(i.kind ORDER BY i.ord), array_agg(i.pattern ORDER BY i.ord), array_agg(i.head ORDER BY i.ord),
           array_agg(i.tail ORDER BY i.ord)
    INTO v_kinds, v_patterns, v_heads, v_tails
    FROM pgswarm._reservation_items(patterns, resources, v_namespace.case_sensitive) i;
    v_found := pgswarm._in_the_way(v_namespace.id, v_hold.id, ticket, mode, v_kinds, v_patterns, v_heads, v_tails, v_now);
    v_granted := NOT EXISTS (SELECT FROM unnest(v_found) f WHERE NOT (f ->> 'warning')::boolean);
    IF v_granted THEN
        v_namespace.epoch := pgswarm._grant_reservations(v_namespace, v_hold, v_length, lease, session, mode, v_kinds,
            v_patterns, v_heads, v_tails, v_now);
        SELECT * INTO v_hold FROM pgswarm.reservation_hold h
        WHERE h.namespace = v_namespace.id AND h.id = coalesce(v_hold.id, currval('pgswarm.reservation_hold_id_seq'));
        IF ticket IS NOT NULL THEN
            DELETE FROM pgswarm.reservation_waiter w WHERE w.ticket = _reserve.ticket;
        END IF;
    ELSIF ticket IS NOT NULL THEN
        place := pgswarm._stand_in_line(ticket, session.id, lease.task, session.agent, v_namespace.id, mode, v_kinds,
            v_patterns, v_heads, v_tails, v_now) + 1;
    END IF;
    PERFORM pgswarm._sweep_reservations(10);
    granted := v_granted;
    IF v_granted THEN
        reservation := CASE WHEN lease.task IS NULL THEN pgswarm._reservation_handle(v_hold) ELSE handle END;
        epoch := v_namespace.epoch;
        fence := pgswarm._fence_base() | v_namespace.epoch;
        until := coalesce(v_hold.until, lease.until);
        seconds := extract(epoch FROM until - v_now);
    END IF;
    FOR i IN 1..cardinality(v_kinds) LOOP
        ord := i;
        kind := v_kinds[i];
        pattern := v_patterns[i];
        blockers := coalesce((SELECT jsonb_agg(f - '{ord,warning}'::text[]) FROM unnest(v_found) f
                              WHERE (f ->> 'ord')::integer = i AND NOT (f ->> 'warning')::boolean), '[]');
        warnings := coalesce((SELECT jsonb_agg(f - '{ord,warning}'::text[]) FROM unnest(v_found) f
                              WHERE (f ->> 'ord')::integer = i AND (f ->> 'warning')::boolean), '[]');
        IF kind = 'path' AND '**' = ANY (string_to_array(pattern, '/')) AND pattern !~ '[^*/]' THEN
            warnings := warnings || jsonb_build_object('message', format('%s reserves everything in "%s"', pattern, namespace));
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Writes a grant down; answers its epoch.
CREATE FUNCTION pgswarm._grant_reservations(
    namespace pgswarm.reservation_namespace, hold pgswarm.reservation_hold, length interval, lease pgswarm.lease,
    session pgswarm.session, mode text, kinds text[], patterns text[], heads text[], tails text[], at timestamptz
) RETURNS bigint
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_epoch bigint;
    v_hold  bigint := hold.id;
    v_count bigint;
BEGIN
    UPDATE pgswarm.reservation_namespace n SET epoch = n.epoch + 1 WHERE n.id = namespace.id RETURNING n.epoch INTO v_epoch;
    IF v_hold IS NULL THEN
        INSERT INTO pgswarm.reservation_hold AS h
            (claim_id, until, taken_at, epoch, session, task, namespace, agent, task_epoch, seconds)
        VALUES (coalesce(lease.claim_id, gen_random_uuid()), CASE WHEN lease.task IS NULL THEN at + length END, at, v_epoch,
                session.id, lease.task, namespace.id, session.agent, lease.epoch,
                CASE WHEN lease.task IS NULL THEN extract(epoch FROM length) END)
        RETURNING h.id INTO v_hold;
    END IF;
    FOR i IN 1..cardinality(kinds) LOOP
        -- A stronger mode replaces a weaker one.
        INSERT INTO pgswarm.reservation AS r (hold, epoch, taken_at, namespace, mode, kind, pattern, head, tail)
        VALUES (v_hold, v_epoch, _grant_reservations.at, _grant_reservations.namespace.id, _grant_reservations.mode, kinds[i],
                patterns[i], heads[i], tails[i])
        ON CONFLICT ON CONSTRAINT reservation_once DO UPDATE SET mode = excluded.mode, epoch = excluded.epoch
        WHERE array_position('{intent,shared,exclusive}', r.mode) < array_position('{intent,shared,exclusive}', excluded.mode);
    END LOOP;
    SELECT count(*) INTO v_count
    FROM pgswarm.reservation_hold h JOIN pgswarm.reservation r ON r.hold = h.id
    WHERE h.namespace = namespace.id AND h.agent = session.agent;
    IF v_count > namespace.max_per_agent THEN
        -- What has ended doesn't count; it is looked for only now that it matters.
        SELECT count(*) INTO v_count
        FROM pgswarm.reservation_hold h JOIN pgswarm.reservation r ON r.hold = h.id
        WHERE h.namespace = namespace.id AND h.agent = session.agent AND (h.id = v_hold OR pgswarm._is_valid(h, at));
        IF v_count > namespace.max_per_agent THEN
            PERFORM pgswarm._refuse('too_large',
                format('%s reservations of one agent in "%s" are too many, the limit is %s', v_count, namespace.name,
                       namespace.max_per_agent),
                'free some, or name folders by globs such as src/api/**; an operator sets max_per_agent with '
                'pgswarm.set_namespace');
        END IF;
    END IF;
    PERFORM pgswarm._record('reserved', NULL, session.id, session.agent, CASE WHEN lease.task IS NOT NULL THEN ARRAY[lease.task] END,
        jsonb_build_object('namespace', namespace.name, 'mode', mode, 'epoch', v_epoch, 'patterns', (
            SELECT jsonb_agg(pgswarm._resource(i.kind, i.pattern)) FROM unnest(kinds[:50], patterns[:50]) i (kind, pattern))), at);
    RETURN v_epoch;
END
$$;

CREATE FUNCTION pgswarm.reserve_extend(handle text, lease interval DEFAULT NULL)
RETURNS TABLE (until timestamptz, seconds double precision, reservations integer, warnings jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_length interval := pgswarm._lease_length(reserve_extend.lease);
    v_lease  pgswarm.lease;
    v_hold   pgswarm.reservation_hold;
    v_now    timestamptz;
BEGIN
    IF pgswarm._is_handle(handle) THEN
        v_lease := pgswarm._held(handle);
        until := pgswarm._extend(v_lease, v_length);
        v_now := pgswarm.clock();
    ELSE
        v_hold := pgswarm._reservation_held(handle, false);
        -- Its session first, then the namespace, which keeps takers out, then itself.
        UPDATE pgswarm.session s
        SET expires_at = greatest(s.expires_at, pgswarm.clock() + CASE s.kind
                WHEN 'bare' THEN greatest(s.ttl, coalesce(v_length, pgswarm._seconds(v_hold.seconds))) ELSE s.ttl END)
        WHERE s.id = v_hold.session AND s.ended_at IS NULL;
        IF NOT FOUND THEN
            PERFORM pgswarm._refuse_lost_reservation(handle);
        END IF;
        PERFORM FROM pgswarm.reservation_namespace n WHERE n.id = v_hold.namespace FOR NO KEY UPDATE;
        v_hold := pgswarm._reservation_held(handle, true);
        IF v_hold.id IS NULL THEN
            PERFORM pgswarm._refuse_lost_reservation(handle);
        END IF;
        v_now := pgswarm.clock();
        UPDATE pgswarm.reservation_hold h
        SET until = CASE WHEN v_length IS NULL THEN greatest(h.until, v_now + pgswarm._seconds(h.seconds)) ELSE v_now + v_length END,
            seconds = coalesce(extract(epoch FROM v_length), h.seconds)
        WHERE h.id = v_hold.id
        RETURNING h.until INTO reserve_extend.until;
        PERFORM pgswarm._record('reservation_extended', NULL, v_hold.session, v_hold.agent, NULL,
            jsonb_build_object('reservation', 'r' || v_hold.id, 'until', until), v_now);
    END IF;
    seconds := extract(epoch FROM until - v_now);
    SELECT count(*) INTO reservations
    FROM pgswarm.reservation_hold h JOIN pgswarm.reservation r ON r.hold = h.id
    WHERE h.id = v_hold.id OR (h.task = v_lease.task AND h.task_epoch = v_lease.epoch);
    -- Who has meanwhile said that it means to touch the same.
    warnings := (
        SELECT coalesce(jsonb_agg(w.told), '[]')
        FROM (
            SELECT pgswarm._told(o, x, 0, true, v_now) - '{ord,warning}'::text[] AS told
            FROM pgswarm.reservation_hold h
            JOIN pgswarm.reservation r ON r.hold = h.id
            JOIN pgswarm.reservation x ON x.namespace = r.namespace AND x.kind = r.kind AND x.hold <> h.id
                 AND (x.mode = 'intent' OR r.mode = 'intent')
            JOIN pgswarm.reservation_hold o ON o.id = x.hold
            WHERE (h.id = v_hold.id OR (h.task = v_lease.task AND h.task_epoch = v_lease.epoch))
              AND pgswarm._resources_meet(x.kind, x.pattern, x.head, x.tail, r.kind, r.pattern, r.head, r.tail)
              AND pgswarm._is_valid(o, v_now)
            LIMIT 20) w);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.reserve_extend IS
    'Keeps a reservation, counted from now; a task''s handle renews the task. Raises lost_claim when it is gone.';

CREATE FUNCTION pgswarm.reserve_free(handle text, patterns text[] DEFAULT NULL, resources text[] DEFAULT NULL)
RETURNS TABLE (freed integer, remaining integer, namespaces text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_all   boolean := coalesce(cardinality(patterns), 0) + coalesce(cardinality(resources), 0) = 0;
    v_lease pgswarm.lease;
    v_own   pgswarm.reservation_hold;
    v_hold  pgswarm.reservation_hold;
    v_space pgswarm.reservation_namespace;
    v_names text[];
    v_count integer;
BEGIN
    freed := 0;
    remaining := 0;
    namespaces := '{}';
    IF pgswarm._is_handle(handle) THEN
        v_lease := pgswarm._held(handle);
    ELSE
        v_own := pgswarm._reservation_held(handle, false);
    END IF;
    FOR v_hold IN
        SELECT * FROM pgswarm.reservation_hold h
        WHERE h.id = v_own.id OR (h.task = v_lease.task AND h.task_epoch = v_lease.epoch AND h.claim_id = v_lease.claim_id)
        ORDER BY h.namespace
    LOOP
        SELECT * INTO v_space FROM pgswarm.reservation_namespace n WHERE n.id = v_hold.namespace FOR NO KEY UPDATE;
        -- Before what it covers, as a sweep does it.
        PERFORM FROM pgswarm.reservation_hold h WHERE h.id = v_hold.id FOR UPDATE;
        CONTINUE WHEN NOT FOUND;
        SELECT array_agg(pgswarm._resource(i.kind, i.pattern)) INTO v_names
        FROM pgswarm._reservation_items(patterns, resources, v_space.case_sensitive) i;
        DELETE FROM pgswarm.reservation r
        WHERE r.hold = v_hold.id AND (v_all OR pgswarm._resource(r.kind, r.pattern) = ANY (v_names));
        GET DIAGNOSTICS v_count = ROW_COUNT;
        CONTINUE WHEN v_count = 0;
        freed := freed + v_count;
        namespaces := namespaces || v_space.name;
        PERFORM pgswarm._record('reservation_freed', NULL, v_hold.session, v_hold.agent,
            CASE WHEN v_hold.task IS NOT NULL THEN ARRAY[v_hold.task] END,
            jsonb_strip_nulls(jsonb_build_object('namespace', v_space.name, 'reservation', 'r' || v_hold.id, 'count', v_count,
                'patterns', to_jsonb(v_names[:50]))), pgswarm.clock());
        SELECT count(*) INTO v_count FROM pgswarm.reservation r WHERE r.hold = v_hold.id;
        remaining := remaining + v_count;
        IF v_count = 0 THEN
            DELETE FROM pgswarm.reservation_hold h WHERE h.id = v_hold.id;
        END IF;
    END LOOP;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.reserve_free IS
    'Gives up what a handle holds, or only what is named, as it was named when taken. To free what is gone does nothing.';
