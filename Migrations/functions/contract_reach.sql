-- Contracts: which tasks a change reaches, and what it does to each.
SET LOCAL ROLE pgswarm_owner;

-- The tasks that pin one of these versions, one row for each pin.
CREATE FUNCTION pgswarm._pinned(versions integer[])
RETURNS TABLE (task bigint, version integer, role text, state text, plan integer, waived boolean)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT p.task, p.version, p.role, pgswarm._state(p.task), p.plan,
           EXISTS (SELECT FROM pgswarm.contract_waiver w WHERE w.task = p.task AND w.version = p.version)
    FROM (
        SELECT t.task, v.id AS version, 'produces' AS role, t.plan
        FROM pgswarm.terms t CROSS JOIN LATERAL unnest(t.produces) v (id)
        WHERE t.produces && versions AND v.id = ANY (versions)
        UNION ALL
        SELECT t.task, v.id, 'consumes', t.plan
        FROM pgswarm.terms t CROSS JOIN LATERAL unnest(t.consumes) v (id)
        WHERE t.consumes && versions AND v.id = ANY (versions)
    ) p
    JOIN pgswarm.task k ON k.id = p.task
    ORDER BY p.task, p.role, p.version;
END
$$;

-- What a break of these versions does to each. What has ended otherwise is not concerned; what was made by a promise stays
-- what it was, only what was built on it is looked at again.
CREATE FUNCTION pgswarm._contract_reach(versions integer[])
RETURNS TABLE (task bigint, version integer, role text, state text, plan integer, effect text)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT p.task, p.version, p.role, p.state, p.plan,
           CASE WHEN p.waived THEN 'none'
                WHEN p.state IN ('running', 'review') THEN 'signal'
                WHEN p.state = 'done' THEN CASE p.role WHEN 'consumes' THEN 'taint' ELSE 'none' END
                ELSE 'hold' END
    FROM pgswarm._pinned(versions) p
    WHERE p.state NOT IN ('dead', 'cancelled');
END
$$;

CREATE FUNCTION pgswarm._reach_written(versions integer[]) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('task', r.task::text, 'role', r.role, 'pin', pgswarm._pin_written(r.version),
                   'state', r.state, 'effect', r.effect,
                   'plan', (SELECT p.name FROM pgswarm.plan p WHERE p.id = r.plan)) ORDER BY r.task, r.role, r.version), '[]')
        FROM pgswarm._contract_reach(versions) r);
END
$$;

-- The older versions that a breaking one leaves behind.
CREATE FUNCTION pgswarm._left_behind(version pgswarm.contract_version) RETURNS integer[]
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN ARRAY(
        SELECT v.id FROM pgswarm.contract_version v
        WHERE v.contract = (_left_behind.version).contract AND v.id <> (_left_behind.version).id
          AND pgswarm._comes_before(v, _left_behind.version) AND v.superseded_by IS NULL AND v.status <> 'withdrawn'
          AND NOT pgswarm._same_line(v, _left_behind.version)
        ORDER BY v.id);
END
$$;

-- A plan that is frozen allows no break of what its tasks were promised.
CREATE FUNCTION pgswarm._refuse_frozen(what text, versions integer[]) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    r record;
BEGIN
    SELECT p.name, count(DISTINCT x.task) AS n, min(x.task) AS task, min(pgswarm._pin_written(x.version)) AS pin INTO r
    FROM pgswarm._contract_reach(versions) x JOIN pgswarm.plan p ON p.id = x.plan
    WHERE pgswarm._is_plan_frozen(x.plan) AND x.effect <> 'none'
    GROUP BY p.name ORDER BY p.name LIMIT 1;
    IF FOUND THEN
        PERFORM pgswarm._refuse('contract_breaking',
            format('%s breaks what %s of plan "%s" are pinned to, and that plan is frozen (task %s: %s)', what,
                   pgswarm._counted(r.n, 'task'), r.name, r.task, r.pin),
            'wait until the plan is thawed, or change nothing that the old version promised');
    END IF;
END
$$;

-- Does what the list says, exactly: locks all of it, makes sure that nothing was added meanwhile, and then acts.
-- The tasks come before the contract in the order of locks; a task that pins anew has locked the contract's row to share,
-- so that after ours is written none can be added unseen.
CREATE FUNCTION pgswarm._lock_reach(contract integer, versions integer[]) RETURNS timestamptz
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_held  bigint[] := '{}';
    v_reach bigint[];
    v_task  bigint;
BEGIN
    FOR i IN 1..2 LOOP
        LOOP
            v_reach := ARRAY(SELECT DISTINCT p.task FROM pgswarm._pinned(versions) p ORDER BY 1);
            EXIT WHEN v_reach <@ v_held;
            FOREACH v_task IN ARRAY v_reach LOOP
                PERFORM pgswarm._hold_still(v_task);
            END LOOP;
            v_held := v_reach;
        END LOOP;
        UPDATE pgswarm.contract c SET changed_at = pgswarm.clock() WHERE c.id = _lock_reach.contract;
    END LOOP;
    RETURN pgswarm.clock();
END
$$;

CREATE FUNCTION pgswarm._break(
    contract integer, versions integer[], what text, session pgswarm.session, at timestamptz
) RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_reach  jsonb := pgswarm._reach_written(versions);
    v_reason text := left(what, 2000);
    v_tasks  bigint[];
    v_task   bigint;
    v_draft  pgswarm.message;
BEGIN
    v_tasks := ARRAY(SELECT DISTINCT (x ->> 'task')::bigint FROM jsonb_array_elements(v_reach) x WHERE x ->> 'effect' = 'hold' ORDER BY 1);
    PERFORM pgswarm._hold_back(v_tasks, 'contract', at);
    v_tasks := ARRAY(SELECT DISTINCT (x ->> 'task')::bigint FROM jsonb_array_elements(v_reach) x WHERE x ->> 'effect' = 'taint' ORDER BY 1);
    PERFORM pgswarm._taint(v_tasks, v_reason, 'contract', session.agent, at);
    FOR v_task IN SELECT DISTINCT (x ->> 'task')::bigint FROM jsonb_array_elements(v_reach) x WHERE x ->> 'effect' = 'signal' ORDER BY 1 LOOP
        PERFORM pgswarm._tell_holder(v_task, v_reason, at);
        IF (SELECT x ->> 'state' FROM jsonb_array_elements(v_reach) x WHERE (x ->> 'task')::bigint = v_task LIMIT 1) = 'running' THEN
            v_draft.session := session.id;
            v_draft.sender := session.agent;
            v_draft.kind := 'contract';
            v_draft.subject := left(what, 200);
            v_draft.urgent := true;
            v_draft.body := jsonb_build_object('reason', v_reason, 'pins', (
                SELECT jsonb_agg(x -> 'pin') FROM jsonb_array_elements(v_reach) x WHERE (x ->> 'task')::bigint = v_task));
            v_draft.bytes := octet_length(v_draft.body::text) + octet_length(v_draft.subject);
            PERFORM FROM pgswarm._send(v_draft, ARRAY['task:' || v_task], NULL, NULL, NULL);
        END IF;
    END LOOP;
    RETURN v_reach;
END
$$;
