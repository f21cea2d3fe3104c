-- What a plan says, read and checked. Every refusal names the item: "tasks.build: …", so that a door can point at its line.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._refuse_item(path text, message text, hint text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pgswarm._refuse('invalid_argument', path || ': ' || message, hint);
END
$$;

-- The first key of an object that nobody knows.
CREATE FUNCTION pgswarm._check_keys(path text, object jsonb, known text[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_key text;
BEGIN
    IF jsonb_typeof(object) IS DISTINCT FROM 'object' THEN
        PERFORM pgswarm._refuse_item(path, 'it is no object', 'its keys are ' || array_to_string(known, ', '));
    END IF;
    SELECT k INTO v_key FROM jsonb_object_keys(object) k WHERE k <> ALL (known) ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        PERFORM pgswarm._refuse_item(path || '.' || left(v_key, 100), 'there is no such key',
            'the keys are ' || array_to_string(known, ', '));
    END IF;
END
$$;

CREATE FUNCTION pgswarm._plan_task_keys() RETURNS text[]
LANGUAGE sql IMMUTABLE
AS $$
    SELECT ARRAY['goal', 'title', 'criteria', 'queue', 'kind', 'payload', 'priority', 'capabilities', 'prefer',
                 'prefer_for', 'produces', 'consumes', 'contract', 'paths', 'size', 'estimate', 'budget', 'review',
                 'redundancy', 'needs', 'lease', 'deadline', 'max_attempts', 'max_lost', 'at', 'delay', 'trace', 'after']
$$;

-- The heads of a plan: goal, limits, policy of follow-ups.
CREATE FUNCTION pgswarm._check_plan_head(spec jsonb) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_name  text;
    v_most  integer;
BEGIN
    PERFORM pgswarm._check_keys('plan', spec,
        ARRAY['plan', 'goal', 'limits', 'followups', 'defaults', 'contracts', 'tasks']);
    IF jsonb_typeof(spec -> 'goal') IS DISTINCT FROM 'string' OR length(btrim(spec ->> 'goal')) NOT BETWEEN 1 AND 4000 THEN
        PERFORM pgswarm._refuse_item('goal', 'a plan has a goal', 'say in a sentence what is there when all is done');
    END IF;
    IF spec -> 'limits' <> 'null' THEN
        PERFORM pgswarm._check_keys('limits', spec -> 'limits', ARRAY['depth', 'fan_out', 'tasks']);
        FOR v_name, v_most IN VALUES ('depth', 20), ('fan_out', 50), ('tasks', 1000) LOOP
            IF coalesce(spec -> 'limits' ->> v_name, '1') !~ '^[0-9]{1,6}$'
                OR (spec -> 'limits' ->> v_name)::integer NOT BETWEEN 1 AND v_most
            THEN
                PERFORM pgswarm._refuse_item('limits.' || v_name,
                    format('%s is out of range', left(spec -> 'limits' ->> v_name, 40)), format('choose 1 to %s', v_most));
            END IF;
        END LOOP;
    END IF;
    PERFORM pgswarm._followup_policy('followups', spec -> 'followups');
    IF coalesce(spec -> 'defaults', 'null') <> 'null' THEN
        PERFORM pgswarm._check_keys('defaults', spec -> 'defaults',
            array_remove(array_remove(array_remove(pgswarm._plan_task_keys(), 'goal'), 'title'), 'after'));
    END IF;
    IF jsonb_typeof(coalesce(spec -> 'contracts', '[]')) NOT IN ('array', 'null') THEN
        PERFORM pgswarm._refuse_item('contracts', 'they are no list', 'give a list of objects with name, version and body');
    END IF;
END
$$;

-- A limit of a plan: its own or the widest.
CREATE FUNCTION pgswarm._plan_limit(limits jsonb, name text) RETURNS integer
LANGUAGE sql IMMUTABLE
AS $$ SELECT coalesce((limits ->> name)::integer, CASE name WHEN 'depth' THEN 20 WHEN 'fan_out' THEN 50 ELSE 1000 END) $$;

-- The items of a plan, defaults applied, as enqueue wants them. The rows have no task yet.
CREATE FUNCTION pgswarm._plan_items(spec jsonb, plan integer) RETURNS SETOF pgswarm.plan_task
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_item  pgswarm.plan_task;
    v_own   jsonb;
    v_all   jsonb;
    v_path  text;
    v_seen  jsonb := '{}';
    v_list  boolean := jsonb_typeof(spec -> 'tasks') = 'array';
BEGIN
    IF coalesce(jsonb_typeof(spec -> 'tasks'), 'null') NOT IN ('object', 'array') OR spec -> 'tasks' IN ('{}', '[]') THEN
        PERFORM pgswarm._refuse_item('tasks', 'a plan has tasks', 'give an object: a key for each task, and what it is');
    END IF;
    v_item.plan := _plan_items.plan;
    FOR v_item.ord, v_item.key, v_own IN
        SELECT x.n, x.key, x.item
        FROM (SELECT o.n, o.key, o.value AS item
              FROM jsonb_each(CASE WHEN v_list THEN '{}' ELSE spec -> 'tasks' END) WITH ORDINALITY o (key, value, n)
              UNION ALL
              SELECT a.n, a.value ->> 'key', CASE jsonb_typeof(a.value) WHEN 'object' THEN a.value - 'key' END
              FROM jsonb_array_elements(CASE WHEN v_list THEN spec -> 'tasks' ELSE '[]' END) WITH ORDINALITY a (value, n)) x
        ORDER BY x.n
    LOOP
        v_path := 'tasks.' || coalesce(left(v_item.key, 100), v_item.ord::text);
        IF v_item.key IS NULL OR v_item.key !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$' THEN
            PERFORM pgswarm._refuse_item(v_path, format('%L is no key of a task', left(v_item.key, 100)),
                'a key has 1 to 100 letters, digits and the characters . _ - and begins with a letter or digit');
        END IF;
        IF v_seen ? v_item.key THEN
            PERFORM pgswarm._refuse_item(v_path, 'this key is there twice', 'give each task a key of its own');
        END IF;
        v_seen := v_seen || jsonb_build_object(v_item.key, true);
        PERFORM pgswarm._check_keys(v_path, v_own, pgswarm._plan_task_keys());
        v_all := pgswarm._without_nulls(coalesce(nullif(spec -> 'defaults', 'null'), '{}') || v_own);
        v_all := pgswarm._with_contract(v_path, v_own, v_all);
        IF jsonb_typeof(v_all -> 'goal') IS DISTINCT FROM 'string' OR btrim(v_all ->> 'goal') = '' THEN
            PERFORM pgswarm._refuse_item(v_path, 'it has no goal', 'goal: say in a sentence what is there when it is done');
        END IF;
        IF jsonb_typeof(v_all -> 'criteria') = 'string' THEN
            v_all := v_all || jsonb_build_object('criteria', jsonb_build_array(v_all -> 'criteria'));
        END IF;
        IF jsonb_typeof(v_all -> 'criteria') IS DISTINCT FROM 'array' OR v_all -> 'criteria' = '[]'
            OR v_all -> 'criteria' @? '$[*] ? (@.type() != "string" || @ == "")'
        THEN
            PERFORM pgswarm._refuse_item(v_path, 'it has no criteria',
                'criteria: a list of sentences by which others can tell that it is done');
        END IF;
        v_item.queue := v_all ->> 'queue';
        IF v_item.queue IS NULL OR v_item.queue !~ '^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$' THEN
            PERFORM pgswarm._refuse_item(v_path || CASE WHEN v_item.queue IS NULL THEN '' ELSE '.queue' END,
                CASE WHEN v_item.queue IS NULL THEN 'it has no queue' ELSE format('%L is no name of a queue', left(v_item.queue, 128)) END,
                'queue: the queue whose workers are to do it; once for all under defaults');
        END IF;
        IF v_all ?& ARRAY['estimate', 'budget'] THEN
            PERFORM pgswarm._refuse_item(v_path || '.budget', 'it has an estimate too', 'give one: they mean the same');
        END IF;
        IF v_all ? 'budget' THEN
            v_all := v_all || jsonb_build_object('estimate', v_all -> 'budget');
        END IF;
        v_item.payload := coalesce(v_all -> 'payload', '{}');
        v_item.after := pgswarm._plan_edges(v_path || '.after', v_all -> 'after');
        v_item.options := jsonb_build_object('title', v_item.key)
                          || (v_all - ARRAY['queue', 'payload', 'after', 'contract', 'budget']);
        RETURN NEXT v_item;
    END LOOP;
END
$$;

-- Without members that are null; what is inside them stays.
CREATE FUNCTION pgswarm._without_nulls(object jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$ SELECT coalesce(jsonb_object_agg(e.key, e.value) FILTER (WHERE e.value <> 'null'), '{}') FROM jsonb_each(object) e $$;

-- Each task says what its result is held to, or that it is nothing.
CREATE FUNCTION pgswarm._with_contract(path text, own jsonb, "all" jsonb) RETURNS jsonb
LANGUAGE plpgsql
AS $$
DECLARE
    v_name text;
BEGIN
    IF "all" ? 'contract' AND "all" ->> 'contract' <> 'none' THEN
        PERFORM pgswarm._refuse_item(path || '.contract', format('%L is not known here', left("all" ->> 'contract', 100)),
            'contract: none says that there is none; name contracts under produces and consumes');
    END IF;
    FOREACH v_name IN ARRAY ARRAY['produces', 'consumes'] LOOP
        IF jsonb_typeof("all" -> v_name) = 'string' THEN
            "all" := "all" || jsonb_build_object(v_name, jsonb_build_array("all" -> v_name));
        END IF;
    END LOOP;
    IF coalesce("all" -> 'produces', '[]') = '[]' THEN
        IF NOT "all" ? 'contract' THEN
            PERFORM pgswarm._refuse_item(path, 'it names no contract for its result',
                'produces: [name@version], or contract: none');
        END IF;
    ELSIF own ?& ARRAY['contract', 'produces'] THEN
        PERFORM pgswarm._refuse_item(path || '.contract', 'it produces something too', 'give produces or contract: none');
    END IF;
    RETURN "all";
END
$$;

-- Edges by key, in one form and order, so that two can be compared.
CREATE FUNCTION pgswarm._plan_edges(path text, after jsonb) RETURNS jsonb
LANGUAGE plpgsql
AS $$
DECLARE
    v_edge jsonb;
    v_all  jsonb := '[]';
    v_seen text[] := '{}';
BEGIN
    after := CASE jsonb_typeof(after) WHEN 'string' THEN jsonb_build_array(after) WHEN 'object' THEN jsonb_build_array(after)
                                      ELSE coalesce(nullif(after, 'null'), '[]') END;
    IF jsonb_typeof(after) <> 'array' OR jsonb_array_length(after) > 1000 THEN
        PERFORM pgswarm._refuse_item(path, 'it is no list', 'a list of keys, or of objects such as {task: key, until: finished}');
    END IF;
    FOR v_edge IN SELECT * FROM jsonb_array_elements(after) LOOP
        IF jsonb_typeof(v_edge) <> 'object' THEN
            v_edge := jsonb_build_object('task', v_edge);
        END IF;
        PERFORM pgswarm._check_keys(path, v_edge, ARRAY['task', 'until', 'min_score', 'on_failure']);
        v_edge := jsonb_strip_nulls(v_edge);
        IF jsonb_typeof(v_edge -> 'task') IS DISTINCT FROM 'string' AND jsonb_typeof(v_edge -> 'task') IS DISTINCT FROM 'number' THEN
            PERFORM pgswarm._refuse_item(path, 'an edge names no task', 'task: the key of a task of this plan');
        END IF;
        v_edge := v_edge || jsonb_build_object('task', v_edge ->> 'task');
        IF coalesce(v_edge ->> 'until', 'accepted') NOT IN ('finished', 'accepted')
            OR coalesce(v_edge ->> 'on_failure', 'wait') NOT IN ('wait', 'cancel', 'continue')
            OR coalesce(v_edge ->> 'min_score', '1') !~ '^[1-5]$'
            OR (v_edge ->> 'until' = 'finished' AND v_edge ? 'min_score')
        THEN
            PERFORM pgswarm._refuse_item(path, format('%s is no edge', left(v_edge::text, 200)),
                'until is finished or accepted, min_score is 1 to 5 (of an accepted result), on_failure is wait, cancel or continue');
        END IF;
        IF v_edge ->> 'task' = ANY (v_seen) THEN
            PERFORM pgswarm._refuse_item(path, format('"%s" is there twice', v_edge ->> 'task'), 'name each task once');
        END IF;
        v_seen := v_seen || (v_edge ->> 'task');
        v_edge := CASE WHEN v_edge ->> 'until' = 'accepted' THEN v_edge - 'until' ELSE v_edge END;
        v_edge := CASE WHEN v_edge ->> 'on_failure' = 'wait' THEN v_edge - 'on_failure' ELSE v_edge END;
        v_all := v_all || v_edge;
    END LOOP;
    RETURN coalesce((SELECT jsonb_agg(e ORDER BY e ->> 'task') FROM jsonb_array_elements(v_all) e), '[]');
END
$$;
