-- Looking at reservations: what lies inside them, who holds what, and the settings of a namespace.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.reserve_check(
    namespace text, paths text[], handle text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (
    ord integer, path text, verdict text, holder text, task_id bigint, pattern text, mode text, until timestamptz
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_namespace pgswarm.reservation_namespace;
    v_lease     pgswarm.lease;
    v_own       pgswarm.reservation_hold;
    v_agent     integer;
    v_now       timestamptz := pgswarm.clock();
    v_glob      record;
    v_row       record;
    v_path      text;
BEGIN
    IF coalesce(cardinality(paths), 0) > 10000 THEN
        PERFORM pgswarm._refuse('too_large', format('%s paths in one call are too many', cardinality(paths)),
            'check at most 10000 at once');
    END IF;
    IF pgswarm._is_handle(handle) THEN
        v_lease := pgswarm._held(handle);
    ELSIF handle IS NOT NULL THEN
        v_own := pgswarm._reservation_held(handle, false);
        IF v_own.id IS NULL THEN
            PERFORM pgswarm._refuse_lost_reservation(handle);
        END IF;
    ELSE
        v_agent := pgswarm._actor_as(reserve_check.agent, reserve_check.session, 'worker', 'coordinator');
    END IF;
    v_namespace := pgswarm._namespace_made(namespace);
    ord := 0;
    FOREACH v_path IN ARRAY coalesce(paths, '{}') LOOP
        ord := ord + 1;
        -- Names as git has them: a path is no glob here, and may hold what no glob may.
        v_glob := pgswarm._normal_glob(pgswarm._escaped(rtrim(regexp_replace(v_path, '[[:cntrl:]]', '?', 'g'), '/')),
                                       v_namespace.case_sensitive);
        path := v_path;
        verdict := 'outside';
        holder := NULL;
        task_id := NULL;
        pattern := NULL;
        mode := NULL;
        until := NULL;
        FOR v_row IN
            SELECT x.pattern, x.mode, h.task, coalesce(h.until, (SELECT l.until FROM pgswarm.lease l WHERE l.task = h.task)) AS until,
                   h.id IS NOT DISTINCT FROM v_own.id OR h.agent IS NOT DISTINCT FROM v_agent
                       OR (h.task = v_lease.task AND h.task_epoch = v_lease.epoch AND h.claim_id = v_lease.claim_id) AS mine,
                   (SELECT a.name FROM pgswarm.agent a WHERE a.id = h.agent) AS holder
            FROM pgswarm.reservation x
            JOIN pgswarm.reservation_hold h ON h.id = x.hold
            WHERE x.namespace = v_namespace.id AND x.kind = 'path'
              AND pgswarm._resources_meet('path', x.pattern, x.head, x.tail, 'path', v_glob.normal, v_glob.head, v_glob.tail)
              AND pgswarm._is_valid(h, v_now)
            ORDER BY 5 DESC NULLS LAST, x.id
        LOOP
            IF v_row.mine THEN
                CONTINUE WHEN verdict = 'inside' AND v_row.mode <> 'exclusive';
                verdict := 'inside';
            ELSIF v_row.mode = 'intent' THEN
                CONTINUE;
            ELSE
                verdict := 'taken';
            END IF;
            holder := v_row.holder;
            task_id := v_row.task;
            pattern := v_row.pattern;
            mode := v_row.mode;
            until := v_row.until;
            EXIT WHEN verdict = 'taken' OR v_row.mode = 'exclusive';
        END LOOP;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION pgswarm.reserve_check IS
    'Where paths lie: inside what the handle, or without one the agent, has reserved; taken by somebody else; or outside.';

CREATE FUNCTION pgswarm.set_namespace(
    namespace text, settings jsonb, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor     integer := pgswarm._human_actor(set_namespace.agent, set_namespace.session);
    v_namespace pgswarm.reservation_namespace := pgswarm._namespace_made(namespace);
    v_name      text;
BEGIN
    IF jsonb_typeof(settings) IS DISTINCT FROM 'object' THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the settings are no JSON object', 'for example: {"case_sensitive": false}');
    END IF;
    SELECT k INTO v_name FROM jsonb_object_keys(settings) k WHERE k NOT IN ('case_sensitive', 'max_per_agent') LIMIT 1;
    IF FOUND THEN
        PERFORM pgswarm._refuse('invalid_argument', format('a namespace has no setting "%s"', left(v_name, 80)),
            'the settings are case_sensitive, max_per_agent');
    END IF;
    SELECT * INTO v_namespace FROM pgswarm.reservation_namespace n WHERE n.id = v_namespace.id FOR NO KEY UPDATE;
    PERFORM pgswarm._sweep_reservations(1000);
    IF (settings ->> 'case_sensitive')::boolean <> v_namespace.case_sensitive
        AND EXISTS (SELECT FROM pgswarm.reservation r WHERE r.namespace = v_namespace.id)
    THEN
        PERFORM pgswarm._refuse('wrong_state', format('there are reservations in "%s" under the present rule', namespace),
            'change the rule when nothing is reserved there');
    END IF;
    UPDATE pgswarm.reservation_namespace n
    SET case_sensitive = coalesce((settings ->> 'case_sensitive')::boolean, n.case_sensitive),
        max_per_agent = coalesce((settings ->> 'max_per_agent')::integer, n.max_per_agent)
    WHERE n.id = v_namespace.id RETURNING * INTO v_namespace;
    PERFORM pgswarm._record('namespace_set', NULL, NULL, v_actor, NULL,
        settings || jsonb_build_object('namespace', namespace), pgswarm.clock());
    RETURN jsonb_build_object('case_sensitive', v_namespace.case_sensitive, 'max_per_agent', v_namespace.max_per_agent);
EXCEPTION WHEN data_exception OR check_violation THEN
    PERFORM pgswarm._refuse('invalid_argument', format('these settings have a wrong value: %s', left(settings::text, 200)),
        'case_sensitive is true or false, max_per_agent 1 to 10000');
END
$$;
COMMENT ON FUNCTION pgswarm.set_namespace IS
    'Changes settings of a namespace and answers all of them: case_sensitive (only while nothing is reserved), max_per_agent.';

-- Called by the views, with the rights of whoever asks.
CREATE FUNCTION pgswarm._is_reserved(hold bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT pgswarm._is_valid(h, pgswarm.clock()) FROM pgswarm.reservation_hold h WHERE h.id = _is_reserved.hold);
END
$$;

CREATE FUNCTION pgswarm._in_line(waiter bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT pgswarm._is_waiting(w, pgswarm.clock()) FROM pgswarm.reservation_waiter w WHERE w.id = _in_line.waiter);
END
$$;

CREATE VIEW pgswarm.reservations AS
SELECT r.id, n.name AS namespace, r.kind, r.pattern, r.mode, a.name AS agent, h.task AS task_id, 'r' || h.id AS reservation,
       h.session AS session_id, r.epoch, r.taken_at, coalesce(h.until, l.until) AS until
FROM (SELECT x.* FROM pgswarm.reservation_hold x WHERE pgswarm._is_reserved(x.id) OFFSET 0) h
JOIN pgswarm.reservation r ON r.hold = h.id
JOIN pgswarm.reservation_namespace n ON n.id = h.namespace
LEFT JOIN pgswarm.agent a ON a.id = h.agent
LEFT JOIN pgswarm.lease l ON l.task = h.task;

CREATE VIEW pgswarm.reservation_line AS
SELECT w.id, n.name AS namespace, w.mode, w.kinds, w.patterns, a.name AS agent, w.task AS task_id, w.session_id, w.since
FROM (SELECT x.*, x.session AS session_id FROM pgswarm.reservation_waiter x WHERE pgswarm._in_line(x.id) OFFSET 0) w
JOIN pgswarm.reservation_namespace n ON n.id = w.namespace
LEFT JOIN pgswarm.agent a ON a.id = w.agent;
