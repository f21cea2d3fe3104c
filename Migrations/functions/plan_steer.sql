-- Steering a whole plan: frozen, nobody changes it; paused, nobody begins anything of it.
SET LOCAL ROLE pgswarm_owner;

-- Asked before a task becomes claimable. Its terms are there before its body is.
CREATE FUNCTION pgswarm._plan_gate(task bigint) RETURNS text
LANGUAGE sql STABLE
AS $$
    SELECT 'plan_paused' FROM pgswarm.terms m JOIN pgswarm.plan p ON p.id = m.plan
    WHERE m.task = _plan_gate.task AND p.paused_at IS NOT NULL
$$;

CREATE FUNCTION pgswarm._is_plan_frozen(plan integer) RETURNS boolean
LANGUAGE sql STABLE
AS $$ SELECT EXISTS (SELECT FROM pgswarm.plan p WHERE p.id = _is_plan_frozen.plan AND p.frozen_at IS NOT NULL) $$;

CREATE FUNCTION pgswarm._known_plan(name text) RETURNS pgswarm.plan
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    p pgswarm.plan;
BEGIN
    SELECT * INTO p FROM pgswarm.plan x WHERE x.name = _known_plan.name FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('there is no plan "%s"', left(coalesce(name, ''), 128)),
            'see the plans with: pgswarm plan list');
    END IF;
    RETURN p;
END
$$;

CREATE FUNCTION pgswarm.plan_freeze(
    name text, reason text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(plan_freeze.agent, plan_freeze.session, 'coordinator');
    p       pgswarm.plan := pgswarm._known_plan(name);
    v_now   timestamptz := pgswarm.clock();
BEGIN
    IF p.frozen_at IS NOT NULL THEN
        RETURN false;
    END IF;
    UPDATE pgswarm.plan x
    SET frozen_at = v_now, frozen_by = (SELECT a.name FROM pgswarm.agent a WHERE a.id = v_actor), frozen_reason = left(plan_freeze.reason, 2000)
    WHERE x.id = p.id;
    PERFORM pgswarm._record('plan_frozen', NULL, NULL, v_actor, NULL,
        jsonb_strip_nulls(jsonb_build_object('plan', p.name, 'version', p.version, 'reason', left(plan_freeze.reason, 2000))), v_now);
    RETURN true;
END
$$;
COMMENT ON FUNCTION pgswarm.plan_freeze IS 'From now on nobody changes the plan, and no contract that it uses is broken. Work goes on.';

CREATE FUNCTION pgswarm.plan_unfreeze(name text, reason text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(plan_unfreeze.agent, plan_unfreeze.session, 'coordinator');
    p       pgswarm.plan := pgswarm._known_plan(name);
BEGIN
    IF p.frozen_at IS NULL THEN
        RETURN false;
    END IF;
    UPDATE pgswarm.plan x SET frozen_at = NULL, frozen_by = NULL, frozen_reason = NULL WHERE x.id = p.id;
    PERFORM pgswarm._record('plan_unfrozen', NULL, NULL, v_actor, NULL,
        jsonb_strip_nulls(jsonb_build_object('plan', p.name, 'version', p.version, 'reason', left(plan_unfreeze.reason, 2000))), pgswarm.clock());
    RETURN true;
END
$$;
COMMENT ON FUNCTION pgswarm.plan_unfreeze IS 'Lets a frozen plan be changed again.';

-- The mark is on the plan's row before the tasks are locked one by one: what becomes ready meanwhile either sees it, or is
-- found ready when its turn comes.
CREATE FUNCTION pgswarm.plan_pause(
    name text, reason text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(plan_pause.agent, plan_pause.session, 'coordinator');
    p       pgswarm.plan := pgswarm._known_plan(name);
    v_now   timestamptz := pgswarm.clock();
    v_held  bigint[];
BEGIN
    UPDATE pgswarm.plan x
    SET paused_at = coalesce(x.paused_at, v_now), paused_by = (SELECT a.name FROM pgswarm.agent a WHERE a.id = v_actor),
        paused_reason = left(plan_pause.reason, 2000)
    WHERE x.id = p.id;
    FOR i IN 1..20 LOOP
        BEGIN
            v_held := pgswarm._hold_plan_back(p.id, v_now);
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            IF i = 20 THEN
                PERFORM pgswarm._refuse('held', format('tasks of plan "%s" are being written by others', p.name),
                    'pause it again; if that goes on, look for a transaction that stays open: pgswarm status');
            END IF;
        END;
    END LOOP;
    IF p.paused_at IS NULL OR p.paused_reason IS DISTINCT FROM left(plan_pause.reason, 2000) THEN
        PERFORM pgswarm._record('plan_paused', NULL, NULL, v_actor, NULL,
            jsonb_strip_nulls(jsonb_build_object('plan', p.name, 'reason', left(plan_pause.reason, 2000))), v_now);
    END IF;
    RETURN cardinality(v_held);
END
$$;
COMMENT ON FUNCTION pgswarm.plan_pause IS
    'Nothing more of the plan begins; what runs goes on. Answers how many ready tasks were taken out of the way.';

-- Level by level, because a completion holds its task and then asks for those that wait for it; and it gives way, as an edit
-- does (see _hold_plan_tasks).
CREATE FUNCTION pgswarm._hold_plan_back(plan integer, at timestamptz) RETURNS bigint[]
LANGUAGE plpgsql SET lock_timeout = '400ms'
AS $$
#variable_conflict use_column
DECLARE
    v_tasks bigint[];
    v_held  bigint[] := '{}';
BEGIN
    FOR v_tasks IN
        SELECT array_agg(m.task)
        FROM pgswarm.terms m LEFT JOIN pgswarm._plan_depths(_hold_plan_back.plan) d ON d.task = m.task
        WHERE m.plan = _hold_plan_back.plan
          AND NOT EXISTS (SELECT FROM pgswarm.outcome o WHERE o.task = m.task AND o.retried_at IS NULL)
        GROUP BY d.level ORDER BY d.level NULLS FIRST
    LOOP
        v_held := v_held || pgswarm._hold_back(v_tasks, 'plan_paused', at);
    END LOOP;
    RETURN v_held;
END
$$;

CREATE FUNCTION pgswarm.plan_resume(name text, agent text DEFAULT NULL, session uuid DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(plan_resume.agent, plan_resume.session, 'coordinator');
    p       pgswarm.plan := pgswarm._known_plan(name);
    v_now   timestamptz := pgswarm.clock();
BEGIN
    IF p.paused_at IS NULL THEN
        RETURN 0;
    END IF;
    UPDATE pgswarm.plan x SET paused_at = NULL, paused_by = NULL, paused_reason = NULL WHERE x.id = p.id;
    PERFORM pgswarm._record('plan_resumed', NULL, NULL, v_actor, NULL, jsonb_build_object('plan', p.name), v_now);
    RETURN pgswarm._admit_again(ARRAY(
        SELECT w.task FROM pgswarm.terms m JOIN pgswarm.waiting w ON w.task = m.task
        WHERE m.plan = p.id AND w.state = 'held' AND w.reason = 'plan_paused' ORDER BY 1), v_now);
END
$$;
COMMENT ON FUNCTION pgswarm.plan_resume IS 'Lets a paused plan go on. Answers how many tasks became ready.';
