-- Follow-ups: work that workers find while they work. They propose it; a coordinator, a person or a policy makes it work.
-- Whoever decides holds the row of the plan (or of the queue, for tasks of no plan) first, so the rows here need no locks.
SET LOCAL ROLE pgswarm_owner;

-- "review", "auto", "off", or an object: who decides, how many at most, how deep follow-ups may have follow-ups.
CREATE FUNCTION pgswarm._followup_policy(path text, value jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    IF coalesce(value, 'null') = 'null' THEN
        RETURN '{}';
    END IF;
    IF jsonb_typeof(value) = 'string' THEN
        value := jsonb_build_object('policy', value);
    END IF;
    PERFORM pgswarm._check_keys(path, value, ARRAY['policy', 'max', 'depth']);
    IF coalesce(value ->> 'policy', 'review') NOT IN ('review', 'auto', 'off')
        OR coalesce(value ->> 'max', '1') !~ '^[0-9]{1,4}$' OR coalesce(value ->> 'depth', '1') !~ '^([1-9]|10)$'
    THEN
        PERFORM pgswarm._refuse_item(path, format('%s is no policy', left(value::text, 200)),
            'it is review, auto or off, or an object: {policy: auto, max: 20, depth: 2} with max to 9999 and depth 1 to 10');
    END IF;
    RETURN value;
END
$$;

CREATE FUNCTION pgswarm.set_followups(queue text, policy jsonb, agent text DEFAULT NULL, session uuid DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor  integer := pgswarm._human_actor(set_followups.agent, set_followups.session);
    v_queue  pgswarm.queue := pgswarm._queue_made(set_followups.queue);
    v_policy jsonb := pgswarm._followup_policy('policy', policy);
BEGIN
    UPDATE pgswarm.queue q SET followups = v_policy WHERE q.id = v_queue.id;
    PERFORM pgswarm._record('queue_set', v_queue.id, NULL, v_actor, NULL, jsonb_build_object('followups', v_policy), pgswarm.clock());
    RETURN v_policy;
END
$$;
COMMENT ON FUNCTION pgswarm.set_followups IS
    'What becomes of follow-ups from tasks of this queue that belong to no plan: review, auto or off, with max and depth.';

-- Two drafts are the same if the words of their titles and goals and their payloads are.
CREATE FUNCTION pgswarm._followup_hash(draft jsonb) RETURNS bytea
LANGUAGE sql IMMUTABLE
AS $$
    SELECT sha256(convert_to(jsonb_build_array(
        array_to_string(regexp_split_to_array(btrim(regexp_replace(lower(
            coalesce(draft ->> 'title', draft ->> 'goal')), '[^[:alnum:]]+', ' ', 'g')), ' +'), ' '),
        coalesce(draft -> 'payload', '{}'))::text, 'UTF8'))
$$;

CREATE FUNCTION pgswarm.propose(handle text, drafts jsonb[], why text DEFAULT NULL)
RETURNS TABLE (ord integer, id bigint, state text, created boolean, task bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_count  integer := coalesce(cardinality(drafts), 0);
    v_task   pgswarm.task;
    v_plan   pgswarm.plan;
    v_queue  pgswarm.queue;
    v_lease  pgswarm.lease;
    v_policy jsonb;
    v_agent  integer;
    v_depth  integer;
    v_now    timestamptz;
    v_fresh  bigint[] := '{}';
    f        pgswarm.followup;
BEGIN
    PERFORM pgswarm._check_handle(handle);
    IF v_count NOT BETWEEN 1 AND 20 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%s drafts in one call', v_count), 'propose 1 to 20 follow-ups');
    END IF;
    FOR i IN 1..v_count LOOP
        PERFORM pgswarm._check_draft(format('drafts[%s]', i), drafts[i]);
    END LOOP;
    SELECT * INTO v_task FROM pgswarm.task t WHERE t.id = split_part(propose.handle, '.', 1)::bigint;
    -- Only a policy that makes tasks at once needs these rows, and then before the task's own.
    IF v_task.plan IS NOT NULL THEN
        SELECT * INTO v_plan FROM pgswarm.plan p WHERE p.id = v_task.plan;
        IF v_plan.followups ->> 'policy' = 'auto' THEN
            SELECT * INTO v_plan FROM pgswarm.plan p WHERE p.id = v_task.plan FOR UPDATE;
        END IF;
    ELSE
        SELECT * INTO v_queue FROM pgswarm.queue q WHERE q.id = v_task.queue;
        IF v_queue.followups ->> 'policy' = 'auto' THEN
            SELECT * INTO v_queue FROM pgswarm.queue q WHERE q.id = v_task.queue FOR NO KEY UPDATE;
        END IF;
    END IF;
    v_lease := pgswarm._held(handle);
    v_policy := coalesce(v_plan.followups, v_queue.followups);
    v_now := pgswarm.clock();
    v_agent := (SELECT s.agent FROM pgswarm.session s WHERE s.id = v_lease.session);
    v_depth := 1 + coalesce((SELECT x.depth FROM pgswarm.followup x WHERE x.made = v_lease.task), 0);
    IF v_policy ->> 'policy' = 'off' THEN
        PERFORM pgswarm._refuse('not_allowed', CASE WHEN v_plan.id IS NULL THEN format('queue "%s" takes no follow-ups', v_queue.name)
            ELSE format('plan "%s" takes no follow-ups', v_plan.name) END, 'say it in the result, or send a message to the coordinator');
    END IF;
    IF v_depth > coalesce((v_policy ->> 'depth')::integer, 3) THEN
        PERFORM pgswarm._refuse('not_allowed', format('task %s is a follow-up itself, %s deep, which is the limit', v_lease.task, v_depth - 1),
            'say it in the result, or send a message to the coordinator');
    END IF;
    FOR i IN 1..v_count LOOP
        ord := i;
        task := NULL;
        f := pgswarm._same_followup(v_task, drafts[i]);
        created := f.id IS NULL;
        IF created THEN
            INSERT INTO pgswarm.followup (at, task, epoch, agent, plan, queue, depth, why, draft, hash)
            VALUES (v_now, v_lease.task, v_lease.epoch, v_agent, v_task.plan, v_task.queue, v_depth, left(propose.why, 4000), drafts[i],
                    pgswarm._followup_hash(drafts[i]))
            ON CONFLICT DO NOTHING RETURNING * INTO f;
            created := FOUND;
        END IF;
        IF created THEN
            v_fresh := v_fresh || f.id;
        ELSE
            IF f.id IS NULL THEN
                f := pgswarm._same_followup(v_task, drafts[i]);
            END IF;
            UPDATE pgswarm.followup x SET times = x.times + 1
            WHERE x.ctid = (SELECT y.ctid FROM pgswarm.followup y WHERE y.id = f.id FOR UPDATE SKIP LOCKED);  -- only told, never waited for
        END IF;
        id := f.id;
        state := f.state;
        task := f.made;
        RETURN NEXT;
    END LOOP;
    IF v_fresh = '{}' THEN
        RETURN;
    END IF;
    IF (SELECT count(*) FROM pgswarm.followup x WHERE x.task = v_lease.task) > 20 THEN
        PERFORM pgswarm._refuse('too_large', format('task %s would have more than 20 follow-ups', v_lease.task),
            'propose the few that matter; one task can be the plan of many');
    END IF;
    IF (SELECT count(*) FROM pgswarm.followup x WHERE x.plan IS NOT DISTINCT FROM v_task.plan
        AND (v_task.plan IS NOT NULL OR x.queue = v_task.queue) AND x.state <> 'declined') > coalesce((v_policy ->> 'max')::integer, 200)
    THEN
        PERFORM pgswarm._refuse('too_large', format('%s has as many follow-ups as it takes: %s',
            coalesce(format('plan "%s"', v_plan.name), format('queue "%s"', v_queue.name)), coalesce(v_policy ->> 'max', '200')),
            'say it in the result; a coordinator can decline some, or raise the limit');
    END IF;
    PERFORM pgswarm._record('followups_proposed', v_task.queue, v_lease.session, NULL, ARRAY[v_lease.task],
        jsonb_strip_nulls(jsonb_build_object('followups', v_fresh, 'plan', v_plan.name, 'why', left(propose.why, 500))), v_now);
    IF v_policy ->> 'policy' = 'auto' AND v_plan.frozen_at IS NULL THEN
        PERFORM pgswarm._accept_by_policy(v_fresh, v_agent, v_now);
    END IF;
END
$$;
COMMENT ON FUNCTION pgswarm.propose IS
    'Proposes follow-ups of a task that is held. The same draft twice is one. They become tasks when a coordinator or the '
    'policy of the plan (or queue) accepts them.';

-- What was proposed before in the same plan, or for tasks of the same queue without one.
CREATE FUNCTION pgswarm._same_followup(task pgswarm.task, draft jsonb) RETURNS pgswarm.followup
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    f pgswarm.followup;
BEGIN
    IF _same_followup.task.plan IS NULL THEN
        SELECT * INTO f FROM pgswarm.followup x
        WHERE x.plan IS NULL AND x.queue = _same_followup.task.queue AND x.hash = pgswarm._followup_hash(_same_followup.draft);
    ELSE
        SELECT * INTO f FROM pgswarm.followup x WHERE x.plan = _same_followup.task.plan AND x.hash = pgswarm._followup_hash(_same_followup.draft);
    END IF;
    RETURN f;
END
$$;

CREATE FUNCTION pgswarm._check_draft(path text, draft jsonb) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pgswarm._check_keys(path, draft, pgswarm._plan_task_keys() || ARRAY['key']);
    PERFORM pgswarm._bounded(path, draft);
    IF NOT coalesce(length(btrim(draft ->> 'title')) > 0 OR length(btrim(draft ->> 'goal')) > 0, false) THEN
        PERFORM pgswarm._refuse_item(path, 'it has no goal', 'goal: say in a sentence what is there when it is done');
    END IF;
END
$$;

-- What a policy accepts, it may not be able to make (limits, unknown names): then it stays a proposal, with the reason.
CREATE FUNCTION pgswarm._accept_by_policy(ids bigint[], agent integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_id bigint;
BEGIN
    FOREACH v_id IN ARRAY ids LOOP
        BEGIN
            PERFORM pgswarm._accept_followups(ARRAY[v_id], '{}', NULL, agent, 0, at);
            UPDATE pgswarm.followup f SET decided_by = NULL WHERE f.id = v_id;
        EXCEPTION WHEN OTHERS THEN
            IF SQLSTATE NOT LIKE 'PS%' THEN
                RAISE;
            END IF;
            UPDATE pgswarm.followup f SET reason = left('the policy could not accept it: ' || SQLERRM, 2000) WHERE f.id = v_id;
        END;
    END LOOP;
END
$$;

-- A draft as an item of a plan: what it leaves open is filled in.
CREATE FUNCTION pgswarm._followup_item(f pgswarm.followup, edits jsonb) RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_item jsonb := f.draft || coalesce(edits, '{}');
    v_key  text := v_item ->> 'key';
BEGIN
    IF v_key IS NULL OR EXISTS (SELECT FROM pgswarm.plan_task x WHERE x.plan = f.plan AND x.gone_in IS NULL AND x.key = v_key) THEN
        v_key := 'followup-' || f.id;
    END IF;
    v_item := jsonb_build_object(
        'goal', v_item -> 'title', 'criteria', jsonb_build_array('the goal is met, and the result says how that was checked'),
        'queue', (SELECT q.name FROM pgswarm.queue q WHERE q.id = f.queue),
        'after', (SELECT coalesce(jsonb_agg(x.key), '[]') FROM pgswarm.plan_task x WHERE x.task = f.task AND x.gone_in IS NULL))
        || v_item || jsonb_build_object('key', v_key);
    RETURN CASE WHEN v_item ?| ARRAY['produces', 'contract'] THEN v_item ELSE v_item || '{"contract": "none"}' END;
END
$$;

-- Makes tasks of proposals that the caller may decide: of one plan, whose row it holds, or of one queue without a plan.
CREATE FUNCTION pgswarm._accept_followups(ids bigint[], edits jsonb, reason text, actor integer, seat bigint, at timestamptz)
RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    f       pgswarm.followup;
    v_plan  pgswarm.plan;
    v_spec  jsonb;
    v_items jsonb := '[]';
    v_item  jsonb;
    v_made  bigint;
BEGIN
    FOR f IN SELECT * FROM pgswarm.followup x WHERE x.id = ANY (ids) ORDER BY x.id LOOP
        v_item := pgswarm._followup_item(f, CASE WHEN edits ? f.id::text THEN edits -> f.id::text ELSE edits END);
        v_items := v_items || v_item;
        IF f.plan IS NULL THEN
            PERFORM pgswarm._check_keys('edits', v_item, pgswarm._plan_task_keys() || ARRAY['key']);
            SELECT e.id INTO v_made FROM pgswarm._enqueue_each(
                pgswarm._queue_made(v_item ->> 'queue'), actor, NULL, ARRAY[nextval('pgswarm.task_id')],
                ARRAY[coalesce(v_item -> 'payload', '{}')],
                (v_item - ARRAY['key', 'queue', 'payload', 'contract', 'budget', 'after'])
                || jsonb_build_object('after', CASE WHEN f.draft || coalesce(edits, '{}') ? 'after' THEN v_item -> 'after'
                                                    ELSE jsonb_build_array(f.task) END)
                || CASE WHEN v_item ? 'budget' THEN jsonb_build_object('estimate', v_item -> 'budget') ELSE '{}' END, NULL, at) e;
            UPDATE pgswarm.followup x SET made = v_made WHERE x.id = f.id;
        END IF;
    END LOOP;
    IF f.plan IS NOT NULL THEN
        SELECT * INTO v_plan FROM pgswarm.plan p WHERE p.id = f.plan;
        SELECT v.spec INTO v_spec FROM pgswarm.plan_version v WHERE v.plan = v_plan.id AND v.version = v_plan.version;
        v_spec := v_spec || jsonb_build_object('tasks', CASE jsonb_typeof(v_spec -> 'tasks')
            WHEN 'array' THEN (v_spec -> 'tasks') || v_items
            ELSE (v_spec -> 'tasks') || (SELECT jsonb_object_agg(i ->> 'key', i - 'key') FROM jsonb_array_elements(v_items) i) END);
        PERFORM pgswarm._write_plan(v_plan, v_spec, false, false,
            coalesce(reason, 'follow-ups ' || array_to_string(ids, ', ')), actor, seat);
        UPDATE pgswarm.followup x SET made = p.task
        FROM pgswarm.plan_task p, unnest(ids) WITH ORDINALITY n (id, ord)
        WHERE x.id = n.id AND p.plan = v_plan.id AND p.gone_in IS NULL AND p.key = v_items -> (n.ord::integer - 1) ->> 'key';
    END IF;
    UPDATE pgswarm.followup x
    SET state = 'accepted', decided_at = _accept_followups.at, decided_by = _accept_followups.actor, reason = left(_accept_followups.reason, 2000)
    WHERE x.id = ANY (ids);
    PERFORM pgswarm._record('followups_accepted', f.queue, NULL, actor,
        ARRAY(SELECT x.made FROM pgswarm.followup x WHERE x.id = ANY (ids) ORDER BY 1), jsonb_build_object('followups', ids), at);
    PERFORM pgswarm._ring_for(ARRAY(SELECT x.made FROM pgswarm.followup x WHERE x.id = ANY (ids)));
END
$$;
