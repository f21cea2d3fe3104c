-- A plan as it stands: each task with its state and what it waits for, in levels, and the way that decides when it ends.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.plan_show(name text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET timezone = 'UTC'
AS $$
#variable_conflict use_column
DECLARE
    p        pgswarm.plan;
    v_tasks  jsonb;
    v_levels jsonb;
BEGIN
    SELECT * INTO p FROM pgswarm.plan x WHERE x.name = plan_show.name;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('there is no plan "%s"', left(coalesce(name, ''), 128)),
            'see the plans with: SELECT * FROM pgswarm.plans, or pgswarm plan list');
    END IF;
    SELECT jsonb_object_agg(d.key, d.level) INTO v_levels FROM pgswarm._plan_depths(p.id) d;
    SELECT jsonb_agg(jsonb_build_object(
        'key', x.key, 'task', x.task::text, 'level', v_levels -> x.key, 'queue', x.queue, 'title', t.title, 'kind', t.kind, 'state', t.state,
        'reason', t.reason, 'agent', t.agent, 'attempts', t.attempts, 'score', t.score, 'started_at', t.started_at,
        'finished_at', t.finished_at, 'goal', m.goal, 'size', m.size, 'version', x.version,
        'seconds', coalesce((m.estimate ->> 'seconds')::double precision,
                            CASE m.size WHEN 'xs' THEN 300 WHEN 's' THEN 900 WHEN 'l' THEN 14400 WHEN 'xl' THEN 43200 ELSE 3600 END),
        'after', (SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                      'task', e ->> 'task', 'until', e -> 'until', 'min_score', e -> 'min_score', 'on_failure', e -> 'on_failure',
                      'met', coalesce(d.met, true))) ORDER BY e ->> 'task'), '[]')
                  FROM jsonb_array_elements(x.after) e
                  LEFT JOIN pgswarm.plan_task u ON u.plan = x.plan AND u.gone_in IS NULL AND u.key = e ->> 'task'
                  LEFT JOIN pgswarm.dependency d ON d.task = x.task AND d.on_task = u.task)
        ) ORDER BY (v_levels ->> x.key)::integer, x.ord)
    INTO v_tasks
    FROM pgswarm.plan_task x
    JOIN pgswarm.tasks t ON t.id = x.task
    JOIN pgswarm.terms m ON m.task = x.task
    WHERE x.plan = p.id AND x.gone_in IS NULL;
    RETURN (SELECT to_jsonb(v) - 'id' FROM pgswarm.plans v WHERE v.plan = p.name) || jsonb_build_object(
        'critical_path', pgswarm._critical_path(v_tasks), 'tasks', coalesce(v_tasks, '[]'),
        'proposed', (SELECT count(*) FROM pgswarm.followup f WHERE f.plan = p.id AND f.state = 'proposed'));
END
$$;
COMMENT ON FUNCTION pgswarm.plan_show IS
    'A plan with its tasks (state, level, edges), counts by state, and its critical path: the unfinished tasks that decide when it ends.';

-- The longest way through what is not done, by estimated seconds (else by size: xs 5 min, s 15 min, m 1 h, l 4 h, xl 12 h).
CREATE FUNCTION pgswarm._critical_path(tasks jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
#variable_conflict use_column
DECLARE
    v_cost jsonb := '{}';
    v_from jsonb := '{}';
    v_end  text;
    v_path jsonb := '[]';
    v_best record;
    t      jsonb;
BEGIN
    FOR t IN SELECT * FROM jsonb_array_elements(tasks) LOOP  -- in the order of levels
        CONTINUE WHEN t ->> 'state' IN ('done', 'cancelled');
        SELECT e ->> 'task' AS key, (v_cost ->> (e ->> 'task'))::double precision AS cost INTO v_best
        FROM jsonb_array_elements(t -> 'after') e WHERE v_cost ? (e ->> 'task') ORDER BY 2 DESC, 1 LIMIT 1;
        v_cost := v_cost || jsonb_build_object(t ->> 'key', (t ->> 'seconds')::double precision + coalesce(v_best.cost, 0));
        v_from := v_from || jsonb_build_object(t ->> 'key', v_best.key);
    END LOOP;
    SELECT e.key INTO v_end FROM jsonb_each_text(v_cost) e ORDER BY e.value::double precision DESC, e.key LIMIT 1;
    WHILE v_end IS NOT NULL LOOP
        v_path := jsonb_build_array(v_end) || v_path;
        v_end := v_from ->> v_end;
    END LOOP;
    RETURN v_path;
END
$$;
