-- What a handle holds, whether it is still valid, and what stands in a taker's way.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._reservation_handle(hold pgswarm.reservation_hold) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT 'r' || hold.id::text || '.' || hold.epoch::text || '.' || replace(hold.claim_id::text, '-', '') $$;

CREATE FUNCTION pgswarm._is_reservation_handle(handle text) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$ SELECT handle LIKE 'r%' AND pgswarm._is_handle(substr(handle, 2)) $$;

-- The hold behind a handle of its own, locked if asked for. Nothing when it is gone: freed, or ran out and was taken over.
CREATE FUNCTION pgswarm._reservation_held(handle text, locked boolean) RETURNS pgswarm.reservation_hold
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_hold pgswarm.reservation_hold;
BEGIN
    IF handle IS NULL OR NOT pgswarm._is_reservation_handle(handle) THEN
        PERFORM pgswarm._refuse('invalid_handle', format('%L is not the handle of a task or of a reservation', left(handle, 80)),
            'pass the handle exactly as claim or reserve take answered it');
    END IF;
    IF locked THEN
        PERFORM FROM pgswarm.reservation_hold h WHERE h.id = split_part(substr(handle, 2), '.', 1)::bigint FOR UPDATE;
    END IF;
    SELECT * INTO v_hold FROM pgswarm.reservation_hold h
    WHERE h.id = split_part(substr(handle, 2), '.', 1)::bigint
      AND h.epoch = split_part(handle, '.', 2)::bigint
      AND h.claim_id = split_part(handle, '.', 3)::uuid
      AND h.task IS NULL;
    RETURN v_hold;
END
$$;

CREATE FUNCTION pgswarm._refuse_lost_reservation(handle text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pgswarm._refuse('lost_claim',
        format('reservation %s is no longer yours: it was freed, or ran out and was taken over', split_part(handle, '.', 1)),
        'stop writing to what it covered, and take it again');
END
$$;

-- Is this hold valid? Under a task it is while that hold of the task is; else by its own time and its session's, with
-- the same grace after a start of the server as leases have.
CREATE FUNCTION pgswarm._is_valid(hold pgswarm.reservation_hold, at timestamptz) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease   pgswarm.lease;
    v_session pgswarm.session;
    v_grace   timestamptz;
BEGIN
    IF hold.task IS NOT NULL THEN
        SELECT * INTO v_lease FROM pgswarm.lease l
        WHERE l.task = hold.task AND l.epoch = hold.task_epoch AND l.claim_id = hold.claim_id;
        RETURN FOUND AND NOT pgswarm._is_void(v_lease, at);
    END IF;
    SELECT * INTO v_session FROM pgswarm.session s WHERE s.id = hold.session;
    IF NOT FOUND OR v_session.ended_at IS NOT NULL THEN
        RETURN false;
    END IF;
    v_grace := pg_postmaster_start_time() + least(v_session.ttl, pgswarm._seconds(hold.seconds));
    RETURN greatest(hold.until, v_grace) >= at AND greatest(v_session.expires_at, v_grace) >= at
       AND hold.until <= at + (SELECT s.max_lease FROM pgswarm.setting s) + interval '1 minute';
END
$$;

-- Clears a hold that is not valid out of the way: afterwards its handle is refused. A task whose lease is void is taken
-- back first, as a sweep would do it, so that its holder can not revive what another is about to get. Never waits: the
-- caller has locked a namespace, and tasks are locked before it. Answers whether the way is clear.
CREATE FUNCTION pgswarm._supersede(hold pgswarm.reservation_hold, at timestamptz) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease;
BEGIN
    IF hold.task IS NOT NULL THEN
        SELECT * INTO v_lease FROM pgswarm.lease l
        WHERE l.task = hold.task AND l.epoch = hold.task_epoch AND l.claim_id = hold.claim_id
        FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            IF NOT pgswarm._is_void(v_lease, at) THEN
                RETURN false;
            END IF;
            PERFORM pgswarm._lose(v_lease, pgswarm._void_reason(v_lease, at), at);
        ELSIF EXISTS (SELECT FROM pgswarm.lease l
                      WHERE l.task = hold.task AND l.epoch = hold.task_epoch AND l.claim_id = hold.claim_id) THEN
            RETURN false;  -- renewed, settled or swept at this very moment
        END IF;
    END IF;
    PERFORM FROM pgswarm.reservation_hold h WHERE h.id = hold.id FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NOT EXISTS (SELECT FROM pgswarm.reservation_hold h WHERE h.id = hold.id);
    END IF;
    PERFORM pgswarm._forget(hold, 'reservation_lost', at);
    RETURN true;
END
$$;

-- Removes a hold with all that it covers. The end of a task is an event of its own, and enough.
CREATE FUNCTION pgswarm._forget(hold pgswarm.reservation_hold, event text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    IF hold.task IS NULL THEN
        PERFORM pgswarm._record(event, NULL, hold.session, hold.agent, NULL, jsonb_build_object(
            'namespace', (SELECT n.name FROM pgswarm.reservation_namespace n WHERE n.id = hold.namespace),
            'reservation', 'r' || hold.id,
            'patterns', (SELECT jsonb_agg(pgswarm._resource(x.kind, x.pattern) ORDER BY x.id)
                         FROM (SELECT * FROM pgswarm.reservation r WHERE r.hold = hold.id ORDER BY r.id LIMIT 50) x)), at);
    END IF;
    DELETE FROM pgswarm.reservation_hold h WHERE h.id = hold.id;
END
$$;

-- How a resource is written: paths as they are, others behind their kind.
CREATE FUNCTION pgswarm._resource(kind text, pattern text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE kind WHEN 'path' THEN pattern ELSE kind || ':' || pattern END $$;

CREATE FUNCTION pgswarm._modes_conflict(a text, b text) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$ SELECT a <> 'intent' AND b <> 'intent' AND (a = 'exclusive' OR b = 'exclusive') $$;

-- Do two resources of one namespace meet? The cheap questions first: all paths of a glob begin and end alike.
CREATE FUNCTION pgswarm._resources_meet(
    a_kind text, a_pattern text, a_head text, a_tail text, b_kind text, b_pattern text, b_head text, b_tail text
) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    SELECT a_kind = b_kind AND CASE WHEN a_kind <> 'path' THEN a_pattern = b_pattern
           ELSE (starts_with(a_head, b_head) OR starts_with(b_head, a_head))
                AND (starts_with(a_tail, b_tail) OR starts_with(b_tail, a_tail))
                AND pgswarm._globs_meet(a_pattern, b_pattern) END
$$;

-- A namespace comes into being when its name is first used.
CREATE FUNCTION pgswarm._namespace_made(name text) RETURNS pgswarm.reservation_namespace
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_namespace pgswarm.reservation_namespace;
BEGIN
    SELECT * INTO v_namespace FROM pgswarm.reservation_namespace n WHERE n.name = _namespace_made.name;
    IF FOUND THEN
        RETURN v_namespace;
    END IF;
    IF name IS NULL OR name !~ '^[A-Za-z0-9][A-Za-z0-9._:/-]*$' OR length(name) > 128 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a namespace', left(name, 200)),
            'a name has 1 to 128 letters, digits and the characters . _ : / - and begins with a letter or digit');
    END IF;
    INSERT INTO pgswarm.reservation_namespace (name, created_at) VALUES (_namespace_made.name, pgswarm.clock())
    ON CONFLICT DO NOTHING;
    SELECT * INTO v_namespace FROM pgswarm.reservation_namespace n WHERE n.name = _namespace_made.name;
    RETURN v_namespace;
END
$$;

-- What a caller names, in its normal form.
CREATE FUNCTION pgswarm._reservation_items(patterns text[], resources text[], case_sensitive boolean)
RETURNS TABLE (ord integer, kind text, pattern text, head text, tail text)
LANGUAGE plpgsql
AS $$
DECLARE
    v_text text;
    v_glob record;
BEGIN
    ord := 0;
    FOREACH v_text IN ARRAY coalesce(patterns, '{}') LOOP
        v_glob := pgswarm._normal_glob(v_text, case_sensitive);
        ord := ord + 1;
        kind := 'path';
        pattern := v_glob.normal;
        head := v_glob.head;
        tail := v_glob.tail;
        RETURN NEXT;
    END LOOP;
    FOREACH v_text IN ARRAY coalesce(resources, '{}') LOOP
        kind := lower(split_part(v_text, ':', 1));
        pattern := btrim(substr(v_text, length(kind) + 2));
        IF v_text IS NULL OR strpos(v_text, ':') = 0 OR kind !~ '^[a-z][a-z0-9_-]*$' OR length(kind) > 64
            OR length(pattern) NOT BETWEEN 1 AND 500 OR pattern ~ '[[:cntrl:]]'
        THEN
            PERFORM pgswarm._refuse('invalid_argument', format('%L is not a resource', left(v_text, 80)),
                'write its kind and its name, such as port:8080 or environment:staging');
        END IF;
        ord := ord + 1;
        head := '';
        tail := '';
        IF kind = 'path' THEN
            v_glob := pgswarm._normal_glob(pattern, case_sensitive);
            pattern := v_glob.normal;
            head := v_glob.head;
            tail := v_glob.tail;
        ELSE
            pattern := pgswarm._folded(pattern, case_sensitive);
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Removes holds that can not come back, in bounded numbers. Valid ones are told from others without them: this only
-- tidies up.
CREATE FUNCTION pgswarm._sweep_reservations(batch integer) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_hold  pgswarm.reservation_hold;
    v_count integer := 0;
    v_now   timestamptz := pgswarm.clock();
BEGIN
    FOR v_hold IN
        SELECT h.* FROM pgswarm.reservation_hold h
        WHERE CASE WHEN h.task IS NULL
                   THEN (h.until < v_now OR EXISTS (SELECT FROM pgswarm.session s
                                                    WHERE s.id = h.session AND (s.ended_at IS NOT NULL OR s.expires_at < v_now)))
                        AND NOT pgswarm._is_valid(h, v_now)
                   ELSE NOT EXISTS (SELECT FROM pgswarm.lease l
                                    WHERE l.task = h.task AND l.epoch = h.task_epoch AND l.claim_id = h.claim_id) END
        ORDER BY h.id LIMIT batch FOR UPDATE SKIP LOCKED
    LOOP
        -- Once more, now that it is locked: an extension may have come before.
        CONTINUE WHEN pgswarm._is_valid(v_hold, v_now);
        PERFORM pgswarm._forget(v_hold, 'reservation_lost', v_now);
        v_count := v_count + 1;
    END LOOP;
    DELETE FROM pgswarm.reservation_waiter w
    WHERE w.id = ANY (ARRAY(
        SELECT x.id FROM pgswarm.reservation_waiter x
        WHERE NOT pgswarm._is_waiting(x, v_now) ORDER BY x.id LIMIT batch FOR UPDATE SKIP LOCKED));
    RETURN v_count;
END
$$;
