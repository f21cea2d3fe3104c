-- Enqueue: the caller's transaction decides whether the tasks exist.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.enqueue_many(
    queue text,
    payloads jsonb[],
    options jsonb DEFAULT NULL,
    "each" jsonb[] DEFAULT NULL,
    parent text DEFAULT NULL,
    agent text DEFAULT NULL,
    request_id text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (ord integer, id bigint, created boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pgswarm, pg_temp
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_actor   integer := pgswarm._actor_as(enqueue_many.agent, enqueue_many.session, 'worker', 'coordinator');
    v_options jsonb := nullif(options, 'null');
    v_plain   boolean;
    v_answer  jsonb;
BEGIN
    -- What is surely in order, because it is below the smallest limit that may be set, is not looked at closely.
    v_plain := cardinality(payloads) = 1 AND payloads[1] IS NOT NULL AND "each" IS NULL
               AND pg_column_size(payloads) <= 1024;
    IF v_plain IS NOT TRUE THEN
        PERFORM pgswarm._check_payloads(payloads, "each");
    END IF;
    IF jsonb_typeof(v_options) <> 'object' THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the options are no JSON object',
            'for example: {"priority": 5, "title": "build"}');
    END IF;
    IF v_plain AND parent IS NULL AND v_options IS NULL AND enqueue_many.request_id IS NULL THEN
        ord := 1;
        id := pgswarm._enqueue_plain(queue, v_actor, payloads[1]);
        created := true;
        RETURN NEXT;
        RETURN;
    END IF;
    IF enqueue_many.request_id IS NULL THEN
        RETURN QUERY SELECT * FROM pgswarm._enqueue(queue, v_actor, parent, payloads, v_options, "each");
        RETURN;
    END IF;
    v_answer := pgswarm._begin_request(v_actor, 'enqueue', enqueue_many.request_id,
        jsonb_build_array(queue, to_jsonb(payloads), v_options, to_jsonb("each"), parent));
    IF v_answer IS NULL THEN
        SELECT jsonb_agg(to_jsonb(e)) INTO v_answer
        FROM pgswarm._enqueue(queue, v_actor, parent, payloads, v_options, "each") e;
        PERFORM pgswarm._end_request(v_actor, 'enqueue', enqueue_many.request_id, v_answer);
    END IF;
    RETURN QUERY SELECT a.ord, a.id, a.created
    FROM jsonb_to_recordset(v_answer) a (ord integer, id bigint, created boolean) ORDER BY a.ord;
END
$$;
COMMENT ON FUNCTION pgswarm.enqueue_many IS
    'Enqueues a task for each payload, in the caller''s transaction, all or none. options holds for all, each[i] for '
    'one: title, kind, priority (lower first), at, delay, key, max_attempts, max_lost, lease, deadline (seconds), after, '
    'needs, trace. created is false where the key was known.';

CREATE FUNCTION pgswarm._check_payloads(payloads jsonb[], "each" jsonb[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_count   integer := coalesce(cardinality(payloads), 0);
    v_setting pgswarm.setting;
    v_bad     integer;
BEGIN
    SELECT * INTO v_setting FROM pgswarm.setting;
    IF v_count > v_setting.max_batch THEN
        PERFORM pgswarm._refuse('too_large',
            format('%s tasks in one call, the limit is %s', v_count, v_setting.max_batch),
            'enqueue them in several calls, in one transaction where they belong together');
    END IF;
    IF cardinality("each") <> v_count THEN
        PERFORM pgswarm._refuse('invalid_argument',
            format('%s payloads but options for %s', v_count, cardinality("each")),
            'give one object or null for each payload');
    END IF;
    IF pg_column_size(payloads) <= v_setting.max_payload AND array_position(payloads, NULL) IS NULL THEN
        RETURN;  -- all together are small enough: no need to look at each
    END IF;
    v_bad := (SELECT p.n FROM unnest(payloads) WITH ORDINALITY p (body, n)
              WHERE p.body IS NULL OR pg_column_size(p.body) > v_setting.max_payload LIMIT 1);
    IF v_bad IS NULL THEN
        RETURN;
    END IF;
    IF payloads[v_bad] IS NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', format('item %s: the payload is missing', v_bad),
            'a payload is a JSON value; the JSON null is one, the SQL NULL is none');
    END IF;
    PERFORM pgswarm._refuse('too_large',
        format('item %s: the payload has %s bytes, the limit is %s', v_bad, pg_column_size(payloads[v_bad]),
               v_setting.max_payload),
        'store large data elsewhere and pass a reference to it');
END
$$;

CREATE FUNCTION pgswarm._enqueue(
    queue text, actor integer, parent text, payloads jsonb[], options jsonb, "each" jsonb[]
) RETURNS TABLE (ord integer, id bigint, created boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_count integer := coalesce(cardinality(payloads), 0);
    v_queue pgswarm.queue := pgswarm._queue_made(_enqueue.queue);
    v_ids   bigint[];
    v_parent bigint;
BEGIN
    IF v_count = 0 THEN
        RETURN;
    END IF;
    v_ids := ARRAY(SELECT nextval('pgswarm.task_id') FROM generate_series(1, v_count));
    IF "each" IS NULL AND NOT coalesce(options ?| ARRAY['key', 'after'], false) AND NOT pgswarm._has_terms(options)
    THEN
        IF parent IS NOT NULL THEN
            v_parent := (pgswarm._held(parent)).task;
        END IF;
        PERFORM pgswarm._check_backlog(v_queue, v_count);
        PERFORM pgswarm._enqueue_alike(v_queue, actor, v_parent, v_ids, payloads, options, pgswarm.clock());
        RETURN QUERY SELECT n.ord::integer, n.id, true FROM unnest(v_ids) WITH ORDINALITY n (id, ord);
    ELSE
        RETURN QUERY SELECT e.ord, e.id, e.created
        FROM pgswarm._enqueue_each(v_queue, actor, parent, v_ids, payloads, options, "each", pgswarm.clock()) e;
    END IF;
END
$$;

-- One task without options, in the fewest and smallest statements: many callers have no batches.
CREATE FUNCTION pgswarm._enqueue_plain(queue text, actor integer, payload jsonb) RETURNS bigint
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_queue pgswarm.queue := pgswarm._queue_made(_enqueue_plain.queue);
    v_id    bigint := nextval('pgswarm.task_id');
    v_now   timestamptz;
BEGIN
    IF v_queue.backlog_limit IS NOT NULL OR v_queue.reviews_of IS NOT NULL THEN
        PERFORM pgswarm._check_backlog(v_queue, 1);
    END IF;
    v_now := pgswarm.clock();
    INSERT INTO pgswarm.task (id, created_at, queue, creator, priority, payload)
    VALUES (v_id, v_now, v_queue.id, _enqueue_plain.actor, 0, _enqueue_plain.payload);
    INSERT INTO pgswarm.ready (position, task, queue, epoch, priority, generation, attempts, failed, lost, lane)
    VALUES (v_id, v_id, v_queue.id, 0, 0, 0, 0, 0, 0, v_queue.id);
    INSERT INTO pgswarm.event (at, queue, agent, kind, tasks)
    VALUES (v_now, v_queue.id, _enqueue_plain.actor, 'enqueued', ARRAY[v_id]);
    RETURN v_id;
END
$$;

-- Tasks alike but for the payload: a handful of statements, whatever the number.
CREATE FUNCTION pgswarm._enqueue_alike(
    queue pgswarm.queue, actor integer, parent bigint, ids bigint[], payloads jsonb[], options jsonb, at timestamptz
) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_task pgswarm.task;
BEGIN
    v_task.priority := 0;
    IF options <> '{}' THEN
        v_task := pgswarm._draft(1, options, at);
        v_task.lane := pgswarm._lane_for(queue.id, v_task.needs);
    END IF;
    INSERT INTO pgswarm.task (id, created_at, due_at, parent, queue, creator, max_attempts, max_lost, priority, lease,
                              deadline, kind, title, trace, needs, payload, lane)
    SELECT n.id, _enqueue_alike.at, v_task.due_at, _enqueue_alike.parent, _enqueue_alike.queue.id,
           _enqueue_alike.actor, v_task.max_attempts, v_task.max_lost, v_task.priority, v_task.lease,
           v_task.deadline, v_task.kind, v_task.title, v_task.trace, v_task.needs, n.payload, v_task.lane
    FROM unnest(ids, payloads) n (id, payload);
    IF v_task.due_at > at THEN
        INSERT INTO pgswarm.waiting (task, due, since, queue, epoch, priority, generation, attempts, failed, lost,
                                     state, reason)
        SELECT n.id, v_task.due_at, _enqueue_alike.at, _enqueue_alike.queue.id, 0, v_task.priority, 0, 0, 0, 0,
               'scheduled', 'scheduled'
        FROM unnest(ids) n (id);
    ELSE
        INSERT INTO pgswarm.ready (position, task, queue, epoch, priority, generation, attempts, failed, lost, lane)
        SELECT n.id, n.id, _enqueue_alike.queue.id, 0, v_task.priority, 0, 0, 0, 0,
               coalesce(v_task.lane, _enqueue_alike.queue.id)
        FROM unnest(ids) n (id);
    END IF;
    INSERT INTO pgswarm.event (at, queue, agent, kind, tasks)
    VALUES (_enqueue_alike.at, _enqueue_alike.queue.id, _enqueue_alike.actor, 'enqueued', _enqueue_alike.ids);
END
$$;

-- Tasks that differ in more than their payload.
CREATE FUNCTION pgswarm._enqueue_each(
    queue pgswarm.queue, actor integer, parent text, ids bigint[], payloads jsonb[], options jsonb, "each" jsonb[],
    at timestamptz, plan integer DEFAULT NULL, keys text[] DEFAULT NULL
) RETURNS TABLE (ord integer, id bigint, created boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_all     jsonb[];           -- each item's own options over the shared ones
    v_ids     bigint[] := ids;
    v_states  jsonb := '{}';     -- of the tasks that items wait for
    v_task    pgswarm.task;
    v_terms   pgswarm.terms;
    v_unmet   integer;
    v_held    text;
    v_on      bigint;
    v_edge    pgswarm.dependency;
    v_tasks   pgswarm.task[];
    v_ready   pgswarm.ready[];
    v_waiting pgswarm.waiting[];
    v_made    bigint[];
    v_edges   pgswarm.dependency[] := '{}';
    v_parent  bigint;
    v_bad     integer;
    r         record;
BEGIN
    SELECT array_agg(coalesce(_enqueue_each.options, '{}') || coalesce(_enqueue_each."each"[n], '{}') ORDER BY n)
    INTO v_all FROM generate_series(1, cardinality(ids)) n;
    v_bad := (SELECT n FROM unnest(v_all) WITH ORDINALITY a (o, n) WHERE jsonb_typeof(o) <> 'object'
              OR jsonb_typeof(coalesce(o -> 'after', '[]')) NOT IN ('array', 'null') LIMIT 1);
    IF v_bad IS NOT NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', format('item %s: its options are no object, or "after" is no list', v_bad),
            'options are a JSON object; "after" is an array of task ids');
    END IF;

    -- Rows that several calls may want are locked in one order: the parent and upstream tasks by id, then keys by name.
    IF parent IS NOT NULL THEN
        PERFORM pgswarm._check_handle(parent);
        v_parent := split_part(parent, '.', 1)::bigint;
    END IF;
    FOR v_on IN
        SELECT (pgswarm._edge(a.value)).on_task
        FROM unnest(v_all) o (options), jsonb_array_elements(nullif(o.options -> 'after', 'null')) a
        UNION
        SELECT v_parent WHERE v_parent IS NOT NULL
        ORDER BY 1
    LOOP
        IF v_on = v_parent THEN
            PERFORM pgswarm._held(parent);
        END IF;
        v_states := v_states || jsonb_build_object(v_on::text, pgswarm._hold_for_dependants(v_on));
    END LOOP;
    FOR r IN
        SELECT n.ord, o.options ->> 'key' AS key, sha256(convert_to(
                   jsonb_build_array(_enqueue_each.payloads[n.ord], o.options - 'trace')::text, 'UTF8')) AS hash
        FROM unnest(v_all) WITH ORDINALITY o (options, ord), LATERAL (SELECT o.ord::integer) n (ord)
        WHERE o.options ? 'key' AND length(o.options ->> 'key') BETWEEN 1 AND 500
        ORDER BY 2, 1
    LOOP
        v_ids[r.ord] := pgswarm._take_key(_enqueue_each.queue, r.key, ids[r.ord], r.hash);
    END LOOP;

    PERFORM pgswarm._check_backlog(queue,
        (SELECT count(*)::integer FROM unnest(v_ids, ids) n (taken, own) WHERE n.taken = n.own));

    FOR i IN 1..cardinality(ids) LOOP
        v_task := pgswarm._draft(i, v_all[i], at);   -- also for a known key: a bad item is bad whenever it comes
        ord := i;
        id := v_ids[i];
        created := v_ids[i] = ids[i];
        v_task.governed := plan IS NOT NULL OR pgswarm._has_terms(v_all[i]);
        IF v_task.governed THEN
            v_terms := pgswarm._terms(i, v_all[i]);
        END IF;
        RETURN NEXT;
        CONTINUE WHEN NOT created;
        v_task.id := id;
        v_task.created_at := at;
        v_task.parent := v_parent;
        v_task.queue := queue.id;
        v_task.creator := actor;
        v_task.payload := payloads[i];
        v_task.plan := plan;
        v_held := NULL;
        IF v_task.governed THEN
            v_terms.task := id;
            v_terms.plan := plan;
            v_terms.key := keys[i];
            v_task.lane := pgswarm._lane_for(queue.id, v_task.needs, true, v_terms.capabilities, v_terms.prefer);
            INSERT INTO pgswarm.terms SELECT v_terms.*;
            v_held := pgswarm._held_by(id);
        ELSE
            v_task.lane := pgswarm._lane_for(queue.id, v_task.needs);
        END IF;
        v_tasks := v_tasks || v_task;
        v_made := v_made || id;
        v_unmet := 0;
        FOR v_edge IN
            SELECT DISTINCT ON (e.on_task) e.*
            FROM jsonb_array_elements(nullif(v_all[i] -> 'after', 'null')) a, pgswarm._edge(a.value) e
        LOOP
            v_edge.task := id;
            v_edge.met := pgswarm._is_met(v_edge, v_states ->> v_edge.on_task::text);
            v_edges := v_edges || v_edge;
            v_unmet := v_unmet + CASE WHEN v_edge.met THEN 0 ELSE 1 END;
        END LOOP;
        IF v_unmet > 0 THEN
            v_waiting := v_waiting || ROW(id, v_task.due_at, at, queue.id, 0, v_unmet, v_task.priority, 0, 0, 0, 0,
                'blocked', 'dependencies')::pgswarm.waiting;
        ELSIF v_held IS NOT NULL THEN
            v_waiting := v_waiting || ROW(id, v_task.due_at, at, queue.id, 0, 0, v_task.priority, 0, 0, 0, 0,
                'held', v_held)::pgswarm.waiting;
        ELSIF v_task.due_at > at THEN
            v_waiting := v_waiting || ROW(id, v_task.due_at, at, queue.id, 0, 0, v_task.priority, 0, 0, 0, 0,
                'scheduled', 'scheduled')::pgswarm.waiting;
        ELSE
            IF v_task.governed THEN
                PERFORM pgswarm._prefer(id, queue.id);
            END IF;
            v_ready := v_ready || ROW(id, id, queue.id, 0, v_task.priority, 0, 0, 0, 0, pgswarm._lane(v_task))::pgswarm.ready;
        END IF;
    END LOOP;

    INSERT INTO pgswarm.task SELECT * FROM unnest(v_tasks);
    INSERT INTO pgswarm.dependency SELECT * FROM unnest(v_edges);
    INSERT INTO pgswarm.waiting SELECT * FROM unnest(v_waiting);
    INSERT INTO pgswarm.ready SELECT * FROM unnest(v_ready);
    IF v_made IS NOT NULL THEN
        INSERT INTO pgswarm.event (at, queue, agent, kind, tasks)
        VALUES (_enqueue_each.at, _enqueue_each.queue.id, _enqueue_each.actor, 'enqueued', v_made);
        PERFORM pgswarm._begin_redundancy(v_made, at);
    END IF;
END
$$;

CREATE FUNCTION pgswarm.enqueue(
    queue text,
    payload jsonb DEFAULT '{}',
    title text DEFAULT NULL,
    kind text DEFAULT NULL,
    priority integer DEFAULT NULL,
    at timestamptz DEFAULT NULL,
    delay interval DEFAULT NULL,
    key text DEFAULT NULL,
    max_attempts integer DEFAULT NULL,
    lease interval DEFAULT NULL,
    deadline interval DEFAULT NULL,
    after bigint[] DEFAULT NULL,
    needs text[] DEFAULT NULL,
    trace text DEFAULT NULL,
    parent text DEFAULT NULL,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT e.id
        FROM pgswarm.enqueue_many(
            enqueue.queue,
            ARRAY[enqueue.payload],
            jsonb_strip_nulls(jsonb_build_object(
                'title', enqueue.title, 'kind', enqueue.kind, 'priority', enqueue.priority, 'at', enqueue.at,
                'delay', extract(epoch FROM enqueue.delay), 'key', enqueue.key,
                'max_attempts', enqueue.max_attempts, 'lease', extract(epoch FROM enqueue.lease),
                'deadline', extract(epoch FROM enqueue.deadline), 'after', to_jsonb(enqueue.after),
                'needs', to_jsonb(enqueue.needs), 'trace', enqueue.trace)),
            parent => enqueue.parent, agent => enqueue.agent, session => enqueue.session) e);
END
$$;
COMMENT ON FUNCTION pgswarm.enqueue IS
    'Enqueues one task in the caller''s transaction and answers its id; with a known key, the id of the task that has it.';
