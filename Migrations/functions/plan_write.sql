-- What becomes of each key when a plan is written, and then doing it.
SET LOCAL ROLE pgswarm_owner;

-- Options that can change where they stand; a change of any other, of the queue or of the payload makes another task.
CREATE FUNCTION pgswarm._plan_terms_only(options jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$ SELECT options - ARRAY['goal', 'criteria', 'size', 'paths', 'produces', 'consumes', 'review', 'estimate'] $$;

-- Decides for one key. state is that of the old task, which is held still.
CREATE FUNCTION pgswarm._plan_action(was pgswarm.plan_task, item pgswarm.plan_task, state text, cancel_running boolean) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_started boolean := state IN ('running', 'review')
        OR (state = 'parked' AND NOT EXISTS (SELECT FROM pgswarm.waiting w WHERE w.task = was.task AND w.reason = 'budget'));
BEGIN
    RETURN CASE
        WHEN was.task IS NULL THEN 'added'
        WHEN state = 'done' THEN CASE WHEN item.key IS NULL THEN 'detached' ELSE 'kept' END
        WHEN item.key IS NULL AND state IN ('dead', 'cancelled') THEN 'detached'
        WHEN v_started AND NOT cancel_running THEN 'refused'
        WHEN item.key IS NULL THEN 'removed'
        WHEN v_started OR state IN ('dead', 'cancelled') OR was.queue <> item.queue OR was.payload <> item.payload
             OR pgswarm._plan_terms_only(was.options) <> pgswarm._plan_terms_only(item.options) THEN 'replaced'
        ELSE 'changed' END;
END
$$;

-- Which parts differ, by name.
CREATE FUNCTION pgswarm._plan_changes(was pgswarm.plan_task, item pgswarm.plan_task) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    RETURN ARRAY(
        SELECT k FROM (
            SELECT DISTINCT coalesce(a.key, b.key) AS k
            FROM jsonb_each(was.options) a FULL JOIN jsonb_each(item.options) b ON b.key = a.key
            WHERE a.value IS DISTINCT FROM b.value
            UNION ALL SELECT 'queue' WHERE was.queue <> item.queue
            UNION ALL SELECT 'payload' WHERE was.payload <> item.payload
            UNION ALL SELECT 'after' WHERE was.after <> item.after) c
        ORDER BY 1);
END
$$;

-- Tasks that came of follow-ups are in the plan, though no file may name them: a file that does not is no reason to
-- take them away. What they waited for and is gone, they wait for no more.
CREATE FUNCTION pgswarm._kept_followups(plan integer, named text[]) RETURNS pgswarm.plan_task[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_kept pgswarm.plan_task[];
    v_keys text[];
BEGIN
    v_kept := ARRAY(
        SELECT x FROM pgswarm.plan_task x
        WHERE x.plan = _kept_followups.plan AND x.gone_in IS NULL AND x.key <> ALL (named)
          AND EXISTS (SELECT FROM pgswarm.followup f WHERE f.made = x.task) ORDER BY x.ord, x.key);
    v_keys := named || ARRAY(SELECT k.key FROM unnest(v_kept) k);
    FOR i IN 1..cardinality(v_kept) LOOP
        v_kept[i].after := (SELECT coalesce(jsonb_agg(e ORDER BY e ->> 'task'), '[]') FROM jsonb_array_elements(v_kept[i].after) e
                            WHERE e ->> 'task' = ANY (v_keys));
        v_kept[i].ord := cardinality(named) + i;
    END LOOP;
    RETURN v_kept;
END
$$;

-- The tasks that an edit holds still, in the order in which it does. A completion holds its task and then asks for those that
-- wait for it. After an edit these can be older than it, so ids are no order here: what is waited for comes first.
CREATE FUNCTION pgswarm._plan_locks(plan integer, items pgswarm.plan_task[]) RETURNS SETOF bigint
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH old AS MATERIALIZED (
        SELECT o.* FROM pgswarm.plan_task o WHERE o.plan = _plan_locks.plan AND o.gone_in IS NULL
    ), pair AS MATERIALIZED (
        SELECT o.task, o.after AS was_after, n.after
        FROM old o FULL JOIN unnest(items) n ON n.key = o.key
        WHERE (n.queue, n.payload, n.options, n.after) IS DISTINCT FROM (o.queue, o.payload, o.options, o.after)
    ), wanted AS (
        SELECT a.task FROM pair a WHERE a.task IS NOT NULL
        UNION
        SELECT o.task FROM pair a, jsonb_array_elements(coalesce(a.after, '[]') || coalesce(a.was_after, '[]')) e
        JOIN old o ON o.key = e ->> 'task'
    )
    SELECT w.task FROM wanted w LEFT JOIN pgswarm._plan_depths(_plan_locks.plan) d ON d.task = w.task
    ORDER BY d.level NULLS FIRST, w.task;
END
$$;

-- Holds them, and answers their states. Whoever completes several tasks holds all by their ids, which after an edit is
-- another order than this one: an edit gives way, soon enough that PostgreSQL takes nobody for deadlocked.
CREATE FUNCTION pgswarm._hold_plan_tasks(plan integer, items pgswarm.plan_task[]) RETURNS jsonb
LANGUAGE plpgsql SET lock_timeout = '400ms'
AS $$
#variable_conflict use_column
DECLARE
    v_states jsonb := '{}';
    v_on     bigint;
BEGIN
    FOR v_on IN SELECT * FROM pgswarm._plan_locks(plan, items) LOOP
        v_states := v_states || jsonb_build_object(v_on::text, pgswarm._hold_for_dependants(v_on));
    END LOOP;
    RETURN v_states;
END
$$;

-- How deep each task of a plan stands, as it was written last.
CREATE FUNCTION pgswarm._plan_depths(plan integer) RETURNS TABLE (task bigint, key text, level integer)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT o.task, o.key, l.level
    FROM (SELECT array_agg(x.key) AS keys FROM pgswarm.plan_task x WHERE x.plan = _plan_depths.plan AND x.gone_in IS NULL) k,
         (SELECT array_agg(e ->> 'task') AS up, array_agg(x.key) AS down
          FROM pgswarm.plan_task x, jsonb_array_elements(x.after) e WHERE x.plan = _plan_depths.plan AND x.gone_in IS NULL) e,
         pgswarm._plan_levels(k.keys, e.up, e.down) l
    JOIN pgswarm.plan_task o ON o.plan = _plan_depths.plan AND o.gone_in IS NULL AND o.key = l.key;
END
$$;

CREATE FUNCTION pgswarm._write_plan(
    plan pgswarm.plan, spec jsonb, cancel_running boolean, dry_run boolean, reason text, actor integer, seat bigint
) RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_limits jsonb := coalesce(nullif(spec -> 'limits', 'null'), '{}');
    v_policy jsonb := pgswarm._followup_policy('followups', spec -> 'followups');
    v_now    timestamptz := pgswarm.clock();
    v_items  pgswarm.plan_task[];
    v_levels jsonb;
    v_states jsonb := '{}';
    v_todo   jsonb := '[]';    -- one object a key that differs
    v_ids    jsonb;            -- key → task, as it will be
    v_new    integer := plan.version + 1;
    v_stuck  text;
    v_same   integer;
    v_differs boolean;
    v_similar jsonb := '[]';
BEGIN
    v_items := ARRAY(SELECT i FROM pgswarm._plan_items(spec, plan.id) i);
    v_items := v_items || pgswarm._kept_followups(plan.id, ARRAY(SELECT i.key FROM unnest(v_items) i));
    SELECT jsonb_object_agg(l.key, l.level) INTO v_levels FROM pgswarm._check_plan_order(v_items, v_limits) l;
    PERFORM pgswarm._check_plan_items(v_items, v_now);
    PERFORM pgswarm._queue_made(q.name) FROM (SELECT DISTINCT i.queue FROM unnest(v_items) i ORDER BY 1) q (name);

    -- What differs, and what that waits for, is held still.
    FOR i IN 1..20 LOOP
        BEGIN
            v_states := pgswarm._hold_plan_tasks(plan.id, v_items);
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            IF i = 20 THEN
                PERFORM pgswarm._refuse('held', format('tasks of plan "%s" are being written by others', plan.name),
                    'write it again; if that goes on, look for a transaction that stays open: pgswarm status');
            END IF;
        END;
    END LOOP;
    v_now := pgswarm.clock();

    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'key', d.key, 'action', d.action, 'was_task', d.old_task::text, 'was_state', d.old_state, 'ord', d.ord,
               'changes', d.changes, 'level', v_levels -> d.key) ORDER BY d.ord, d.key), '[]')
    INTO v_todo
    FROM (
        SELECT coalesce(n.key, o.key) AS key, o.task AS old_task, v_states ->> o.task::text AS old_state,
               coalesce(n.ord, 100000 + o.ord) AS ord,
               pgswarm._plan_action(o, n, v_states ->> o.task::text, cancel_running) AS action,
               CASE WHEN o.task IS NOT NULL AND n.key IS NOT NULL THEN pgswarm._plan_changes(o, n) END AS changes
        FROM (SELECT * FROM pgswarm.plan_task x WHERE x.plan = _write_plan.plan.id AND x.gone_in IS NULL) o
        FULL JOIN unnest(v_items) n ON n.key = o.key
        WHERE (n.queue, n.payload, n.options, n.after) IS DISTINCT FROM (o.queue, o.payload, o.options, o.after)
    ) d;
    SELECT format('tasks.%s: begun already: %s', min(t ->> 'key'),
                  string_agg(format('%s (task %s is %s)', t ->> 'key', t ->> 'was_task', t ->> 'was_state'), ', ')) INTO v_stuck
    FROM jsonb_array_elements(v_todo) t WHERE t ->> 'action' = 'refused' HAVING count(*) > 0;
    IF v_stuck IS NOT NULL AND NOT dry_run THEN
        PERFORM pgswarm._refuse('wrong_state', v_stuck,
            'wait until they have ended, or cancel them with this edit: cancel_running, --cancel-running');
    END IF;

    -- The task of every key, new ones numbered in the order in which they can run.
    SELECT jsonb_object_agg(i.key, coalesce(
        CASE WHEN t.action NOT IN ('added', 'replaced') THEN t.old END, o.task::text, n.id::text))
    INTO v_ids
    FROM unnest(v_items) i
    LEFT JOIN (SELECT x ->> 'key' AS key, x ->> 'action' AS action, x ->> 'was_task' AS old FROM jsonb_array_elements(v_todo) x) t
        ON t.key = i.key
    LEFT JOIN pgswarm.plan_task o ON o.plan = _write_plan.plan.id AND o.gone_in IS NULL AND o.key = i.key AND t.key IS NULL
    LEFT JOIN (
        SELECT y.key, nextval('pgswarm.task_id') AS id
        FROM (SELECT x ->> 'key' AS key FROM jsonb_array_elements(v_todo) x WHERE x ->> 'action' IN ('added', 'replaced')
              ORDER BY (x ->> 'level')::integer, (x ->> 'ord')::integer) y
    ) n ON n.key = i.key;
    v_todo := coalesce((SELECT jsonb_agg(x || jsonb_build_object('task', coalesce(v_ids ->> (x ->> 'key'), x ->> 'was_task'))
                                         ORDER BY x -> 'ord', x -> 'key')
                        FROM jsonb_array_elements(v_todo) x), '[]');
    v_same := cardinality(v_items) - (SELECT count(*) FROM jsonb_array_elements(v_todo) t
                                      WHERE t ->> 'action' NOT IN ('removed', 'detached')
                                        AND EXISTS (SELECT FROM unnest(v_items) i WHERE i.key = t ->> 'key'));
    v_differs := plan.version = 0 OR plan.goal IS DISTINCT FROM spec ->> 'goal' OR plan.limits <> v_limits
                 OR plan.followups <> v_policy
                 OR EXISTS (SELECT FROM jsonb_array_elements(v_todo) t WHERE t ->> 'action' NOT IN ('kept', 'refused'));
    IF v_differs THEN
        UPDATE pgswarm.plan x SET goal = spec ->> 'goal', limits = v_limits, followups = v_policy, version = v_new
        WHERE x.id = plan.id;
        PERFORM pgswarm._plan_carry_out(plan, v_new, v_items, v_todo, v_ids, actor, v_now);
        v_similar := pgswarm._similar_tasks(plan.id, ARRAY(
            SELECT (t ->> 'task')::bigint FROM jsonb_array_elements(v_todo) t WHERE t ->> 'action' IN ('added', 'replaced')));
        INSERT INTO pgswarm.plan_version (plan, version, at, agent, seat, reason, summary, spec)
        VALUES (plan.id, v_new, v_now, actor, seat, left(_write_plan.reason, 2000), jsonb_build_object(
            'items', (SELECT coalesce(jsonb_agg(t - ARRAY['ord', 'level']), '[]') FROM jsonb_array_elements(v_todo) t),
            'unchanged', v_same, 'similar', v_similar), _write_plan.spec - 'plan');
        PERFORM pgswarm._record(CASE plan.version WHEN 0 THEN 'plan_created' ELSE 'plan_changed' END, NULL, NULL, actor,
            ARRAY(SELECT (t ->> 'task')::bigint FROM jsonb_array_elements(v_todo) t ORDER BY 1),
            jsonb_strip_nulls(jsonb_build_object('plan', plan.name, 'version', v_new, 'reason', left(reason, 2000),
                'similar', nullif(jsonb_array_length(v_similar), 0))), v_now);
    END IF;
    RETURN jsonb_build_object(
        'plan', plan.name, 'version', plan.version + v_differs::integer, 'was', plan.version, 'changed', v_differs,
        'unchanged', v_same, 'similar', v_similar,
        'items', (SELECT coalesce(jsonb_agg(t - ARRAY['ord', 'level'] ORDER BY t -> 'ord'), '[]') FROM jsonb_array_elements(v_todo) t),
        'queues', (SELECT coalesce(jsonb_agg(DISTINCT i.queue), '[]') FROM unnest(v_items) i
                   WHERE EXISTS (SELECT FROM jsonb_array_elements(v_todo) t WHERE t ->> 'key' = i.key)));
END
$$;

-- Does what was decided: new tasks first, so that edges can go over to them, then what goes, then what changes in place.
CREATE FUNCTION pgswarm._plan_carry_out(
    plan pgswarm.plan, version integer, items pgswarm.plan_task[], todo jsonb, ids jsonb, actor integer, at timestamptz
) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_gone bigint[] := ARRAY(SELECT (t ->> 'was_task')::bigint FROM jsonb_array_elements(todo) t
                             WHERE t ->> 'action' IN ('replaced', 'removed', 'detached') ORDER BY 1);
    v_bad  record;
    r      record;
BEGIN
    -- Names are free for their successors.
    UPDATE pgswarm.terms m SET key = NULL WHERE m.task = ANY (v_gone);
    DELETE FROM pgswarm.task_key k USING pgswarm.task t WHERE t.id = ANY (v_gone) AND k.task = t.id AND k.queue = t.queue AND k.key = t.key;
    UPDATE pgswarm.plan_task x
    SET gone_in = _plan_carry_out.version, gone_as = CASE t ->> 'action' WHEN 'replaced' THEN 'replaced' ELSE 'removed' END,
        successor = CASE t ->> 'action' WHEN 'replaced' THEN (t ->> 'task')::bigint END
    FROM jsonb_array_elements(todo) t
    WHERE x.task = (t ->> 'was_task')::bigint AND t ->> 'action' IN ('replaced', 'removed', 'detached');
    FOR r IN
        SELECT i.queue, array_agg((t ->> 'task')::bigint ORDER BY (t ->> 'task')::bigint) AS tasks,
               array_agg(i.payload ORDER BY (t ->> 'task')::bigint) AS payloads,
               array_agg(i.key ORDER BY (t ->> 'task')::bigint) AS keys,
               array_agg(i.options || jsonb_build_object('key', format('plan:%s:%s', plan.name, i.key),
                                                         'after', pgswarm._edges_by_id(i.after, ids)) ORDER BY (t ->> 'task')::bigint) AS options
        FROM jsonb_array_elements(todo) t JOIN unnest(items) i ON i.key = t ->> 'key'
        WHERE t ->> 'action' IN ('added', 'replaced')
        GROUP BY (t ->> 'level')::integer, i.queue ORDER BY (t ->> 'level')::integer, i.queue
    LOOP
        SELECT e.id, r.keys[e.ord] AS key INTO v_bad
        FROM pgswarm._enqueue_each(pgswarm._known_queue(r.queue), actor, NULL, r.tasks, r.payloads, NULL, r.options, at, plan.id, r.keys) e
        WHERE NOT e.created LIMIT 1;
        IF FOUND THEN
            PERFORM pgswarm._refuse('request_mismatch', format('tasks.%s: task %s of queue "%s" has the key of this item', v_bad.key,
                v_bad.id, r.queue), 'keys that begin with "plan:" are for plans; choose another key for the item');
        END IF;
    END LOOP;
    INSERT INTO pgswarm.plan_task (plan, key, task, ord, version, queue, payload, options, after)
    SELECT plan.id, i.key, (t ->> 'task')::bigint, i.ord, _plan_carry_out.version, i.queue, i.payload, i.options, i.after
    FROM jsonb_array_elements(todo) t JOIN unnest(items) i ON i.key = t ->> 'key'
    WHERE t ->> 'action' IN ('added', 'replaced');
    -- What waited for the old waits for the new, before the end of the old can cancel it.
    UPDATE pgswarm.dependency d SET on_task = (t ->> 'task')::bigint
    FROM jsonb_array_elements(todo) t
    WHERE t ->> 'action' = 'replaced' AND d.on_task = (t ->> 'was_task')::bigint AND NOT d.met;
    FOR r IN
        SELECT (t ->> 'was_task')::bigint AS task, t ->> 'action' AS action FROM jsonb_array_elements(todo) t
        WHERE t ->> 'action' IN ('replaced', 'removed') AND t ->> 'was_state' NOT IN ('done', 'dead', 'cancelled') ORDER BY 1
    LOOP
        PERFORM pgswarm._cancel(r.task, format(CASE r.action WHEN 'replaced' THEN 'replaced in version %s of plan %s'
                                                             ELSE 'not in version %s of plan %s' END, version, plan.name), actor, at);
    END LOOP;
    FOR r IN
        SELECT i.*, t -> 'changes' AS changes, t ->> 'task' AS id FROM jsonb_array_elements(todo) t JOIN unnest(items) i ON i.key = t ->> 'key'
        WHERE t ->> 'action' = 'changed' ORDER BY (t ->> 'task')::bigint
    LOOP
        PERFORM pgswarm._plan_change(r.id::bigint, r.options, r.changes, pgswarm._edges_by_id(r.after, ids), at);
        UPDATE pgswarm.plan_task x
        SET version = _plan_carry_out.version, options = r.options, after = r.after
        WHERE x.task = r.id::bigint;
    END LOOP;
    UPDATE pgswarm.plan_task x SET ord = i.ord
    FROM unnest(items) i WHERE x.plan = _plan_carry_out.plan.id AND x.gone_in IS NULL AND x.key = i.key AND x.ord <> i.ord;
END
$$;

CREATE FUNCTION pgswarm._edges_by_id(after jsonb, ids jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
    SELECT coalesce(jsonb_agg(e || jsonb_build_object('task', ids ->> (e ->> 'task'))), '[]') FROM jsonb_array_elements(after) e
$$;

-- Changes the terms and edges of a task that has not started, which the caller holds still with all that it waits for.
CREATE FUNCTION pgswarm._plan_change(task bigint, options jsonb, changes jsonb, after jsonb, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    m        pgswarm.terms;
    v_edges  pgswarm.dependency[] := '{}';
    v_edge   pgswarm.dependency;
    v_value  jsonb;
    v_unmet  integer;
    v_held   text;
BEGIN
    IF changes - 'after' <> '[]' THEN
        m := pgswarm._terms(0, options);
        UPDATE pgswarm.terms t
        SET goal = m.goal, criteria = m.criteria, size = m.size, paths = m.paths, produces = m.produces,
            consumes = m.consumes, review = m.review, estimate = m.estimate
        WHERE t.task = _plan_change.task;
    END IF;
    IF changes ? 'after' THEN
        FOR v_value IN SELECT * FROM jsonb_array_elements(after) LOOP
            v_edge := pgswarm._edge(v_value);
            v_edge.task := _plan_change.task;
            v_edge.met := pgswarm._is_met(v_edge, pgswarm._hold_for_dependants(v_edge.on_task));
            v_edges := v_edges || v_edge;
        END LOOP;
        DELETE FROM pgswarm.dependency d WHERE d.task = _plan_change.task;
        INSERT INTO pgswarm.dependency SELECT * FROM unnest(v_edges);
        v_unmet := (SELECT count(*) FROM unnest(v_edges) e WHERE NOT e.met);
        IF v_unmet > 0 AND pgswarm._hold_still(task) = 'ready' THEN
            PERFORM pgswarm._set_aside(task, 'held', 'upstream', at);
        END IF;
        UPDATE pgswarm.waiting w
        SET unmet = v_unmet,
            state = CASE WHEN v_unmet > 0 THEN 'blocked' WHEN w.state = 'blocked' THEN 'scheduled' ELSE w.state END,
            reason = CASE WHEN v_unmet > 0 THEN 'dependencies' WHEN w.state = 'blocked' THEN 'scheduled' ELSE w.reason END,
            due = CASE WHEN v_unmet = 0 AND w.state = 'blocked' THEN coalesce(w.due, _plan_change.at) ELSE w.due END
        WHERE w.task = _plan_change.task;
        PERFORM pgswarm._promote_one(task, at);
    END IF;
    IF changes ?| ARRAY['produces', 'consumes'] THEN
        v_held := pgswarm._held_by(task);
        IF v_held IS NOT NULL THEN
            PERFORM pgswarm._hold_back(ARRAY[task], v_held, at);
        ELSE
            PERFORM pgswarm._admit_again(ARRAY[task], at);
        END IF;
    END IF;
END
$$;
