-- Taint: taking back what was accepted, with all that was built on it, in one transaction.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.taint_apply(
    tasks bigint[], reason text, root text DEFAULT 'redo', running text DEFAULT 'stop', kind text DEFAULT 'rejected',
    request_id text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (taint_id bigint, task_id bigint, depth integer, via bigint, was text, action text, state text, repair bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor  integer := pgswarm._human_actor(taint_apply.agent, taint_apply.session);
    v_answer jsonb;
BEGIN
    IF length(btrim(coalesce(reason, ''))) = 0 OR length(reason) > 4000 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a taint needs a reason of 1 to 4000 characters',
            'say what is wrong: whoever has to redo the work will read it');
    END IF;
    IF kind IS NULL OR kind NOT IN ('rejected', 'contract', 'agent') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is no kind of taint', coalesce(kind, '')),
            'it is rejected, contract or agent');
    END IF;
    IF taint_apply.request_id IS NOT NULL THEN
        v_answer := pgswarm._begin_request(v_actor, 'taint', taint_apply.request_id,
            jsonb_build_array(to_jsonb(tasks), reason, root, running, kind));
    END IF;
    IF v_answer IS NULL THEN
        PERFORM pgswarm._check_taint(tasks, root, running);
        v_answer := to_jsonb(pgswarm._apply_taint(tasks, reason, kind, root, running, v_actor));
        IF taint_apply.request_id IS NOT NULL THEN
            PERFORM pgswarm._end_request(v_actor, 'taint', taint_apply.request_id, v_answer);
        END IF;
    END IF;
    RETURN QUERY
    SELECT m.taint, m.task, m.depth, m.via, m.was, m.action, pgswarm._state(m.task), m.repair
    FROM pgswarm.taint_mark m WHERE m.taint = (v_answer #>> '{}')::bigint ORDER BY m.depth, m.task;
END
$$;
COMMENT ON FUNCTION pgswarm.taint_apply IS
    'Takes accepted results back: the tasks are done again (root redo) or reviewed again, what read them is stopped or told '
    '(running), reviewed again, or gets a task that repairs it where it was integrated. A human''s act.';

CREATE FUNCTION pgswarm._apply_taint(
    tasks bigint[], reason text, kind text, root text, running text, actor integer
) RETURNS bigint
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_taint bigint;
    v_now   timestamptz;
    v_task  bigint;
    v_held  bigint[] := '{}';
    v_reach bigint[];
    m       pgswarm.taint_mark;
BEGIN
    -- The reach may grow until all of it is locked: what begins to read in between is looked for again.
    LOOP
        v_reach := ARRAY(SELECT p.task FROM pgswarm._taint_plan(tasks, root, running) p ORDER BY 1);
        EXIT WHEN v_reach <@ v_held;
        FOREACH v_task IN ARRAY v_reach LOOP
            PERFORM pgswarm._hold_still(v_task);
        END LOOP;
        v_held := v_reach;
    END LOOP;
    PERFORM pgswarm._check_taint(tasks, root, running);  -- once more, now that nothing moves
    v_now := pgswarm.clock();
    INSERT INTO pgswarm.taint (at, by, kind, reason) VALUES (v_now, actor, _apply_taint.kind, _apply_taint.reason)
    RETURNING id INTO v_taint;
    INSERT INTO pgswarm.taint_mark (taint, task, generation, depth, via, was, action)
    SELECT v_taint, p.task, p.generation, p.depth, p.via, p.state, p.action
    FROM pgswarm._taint_plan(tasks, root, running) p;
    PERFORM pgswarm._record('tainted', NULL, NULL, actor, array_agg(x.task ORDER BY x.depth, x.task),
        jsonb_build_object('taint', v_taint, 'kind', kind, 'reason', left(reason, 2000)), v_now)
    FROM pgswarm.taint_mark x WHERE x.taint = v_taint;
    -- What runs first: then it is among what has not started when that is made to wait again.
    FOR m IN SELECT * FROM pgswarm.taint_mark x WHERE x.taint = v_taint ORDER BY x.action <> 'stop', x.depth, x.task LOOP
        PERFORM pgswarm._act_on(m, reason, actor, v_now);
    END LOOP;
    RETURN v_taint;
END
$$;

CREATE FUNCTION pgswarm._act_on(mark pgswarm.taint_mark, reason text, actor integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_reason text := left(format('taint %s%s: %s', mark.taint, coalesce(' by way of task ' || mark.via, ''), reason), 4000);
    v_repair bigint;
BEGIN
    CASE mark.action
    WHEN 'redo' THEN
        PERFORM pgswarm._reopen(mark.task, 'ready', actor, v_reason, at);
    WHEN 'review' THEN
        IF mark.was = 'review' THEN
            PERFORM pgswarm._review_again(mark.task, v_reason, at);
        ELSE
            PERFORM pgswarm._reopen(mark.task, 'review', actor, v_reason, at);
        END IF;
    WHEN 'stop' THEN
        PERFORM pgswarm._take_back(ARRAY[mark.task], v_reason, actor);
    WHEN 'signal' THEN
        PERFORM pgswarm._tell_holder(mark.task, v_reason, at);
    WHEN 'repair' THEN
        v_repair := pgswarm._enqueue_repair(mark, v_reason, actor, at);
        UPDATE pgswarm.taint_mark m SET repair = v_repair WHERE m.taint = mark.taint AND m.task = mark.task;
    ELSE
        NULL;
    END CASE;
    PERFORM pgswarm._count_record(
        (SELECT s.agent FROM pgswarm.outcome o JOIN pgswarm.session s ON s.id = o.session
         WHERE o.task = mark.task AND o.generation = mark.generation), mark.task, 'tainted')
    WHERE mark.depth = 0;
END
$$;

-- Verdicts that were given on what a result was built on before do not count for it any more: it is submitted anew.
CREATE FUNCTION pgswarm._review_again(task bigint, reason text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    s pgswarm.submission;
BEGIN
    UPDATE pgswarm.submission x SET state = 'void', decided_at = _review_again.at, reason = _review_again.reason
    WHERE x.task = _review_again.task AND x.state = 'open'
    RETURNING * INTO s;
    INSERT INTO pgswarm.submission (task, at, started_at, session, agent, queue, epoch, generation, number, attempts, failed,
                                    lost, late, claim_id, result, digest, confidence)
    VALUES (s.task, _review_again.at, s.started_at, s.session, s.agent, s.queue, s.epoch, s.generation, s.number + 1,
            s.attempts, s.failed, s.lost, s.late, s.claim_id, s.result, s.digest, s.confidence)
    RETURNING * INTO s;
    PERFORM pgswarm._review_when_met(s, at);
END
$$;

-- The holder goes on, and is told: an event, a ring, and an urgent message to the task.
CREATE FUNCTION pgswarm._tell_holder(task bigint, reason text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_notify('pgswarm', '!' || task);
    PERFORM pgswarm._record('signalled', t.queue, NULL, NULL, ARRAY[t.id],
        jsonb_build_object('reason', left(reason, 2000)), at)
    FROM pgswarm.task t WHERE t.id = _tell_holder.task;
END
$$;

-- What is part of the product stays there until somebody takes it out: that is work like any other.
CREATE FUNCTION pgswarm._enqueue_repair(mark pgswarm.taint_mark, reason text, actor integer, at timestamptz) RETURNS bigint
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    t pgswarm.task;
BEGIN
    SELECT * INTO t FROM pgswarm.task x WHERE x.id = mark.task;
    RETURN (
        SELECT e.id FROM pgswarm._enqueue(
            (SELECT q.name FROM pgswarm.queue q WHERE q.id = t.queue), actor, NULL,
            ARRAY[jsonb_build_object('repairs', t.id::text, 'taint', mark.taint::text, 'reason', reason, 'reference',
                (SELECT i.reference FROM pgswarm.integration i WHERE i.task = t.id AND i.generation = mark.generation))],
            jsonb_build_object('kind', 'repair', 'title', left('repair: ' || coalesce(t.title, 'task ' || t.id), 500),
                'goal', left(format('Task %s was integrated and is wrong now. %s', t.id, reason), 4000),
                'key', format('taint:%s:%s', mark.taint, t.id)), NULL) e);
END
$$;

-- For others that take tasks back (a contract that breaks): exactly these, and what they do next follows their own road.
CREATE FUNCTION pgswarm._taint(tasks bigint[], reason text, kind text, actor integer, at timestamptz) RETURNS bigint
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_taint bigint;
    m       pgswarm.taint_mark;
BEGIN
    IF coalesce(cardinality(tasks), 0) = 0 THEN
        RETURN NULL;
    END IF;
    INSERT INTO pgswarm.taint (at, by, kind, reason) VALUES (_taint.at, actor, _taint.kind, _taint.reason)
    RETURNING id INTO v_taint;
    INSERT INTO pgswarm.taint_mark (taint, task, generation, depth, was, action)
    SELECT v_taint, o.task, o.generation, 0, 'done',
           CASE WHEN EXISTS (SELECT FROM pgswarm.integration i WHERE i.task = o.task AND i.generation = o.generation)
                THEN 'repair' ELSE 'review' END
    FROM pgswarm.outcome o WHERE o.task = ANY (tasks) AND o.retried_at IS NULL AND o.state = 'done';
    PERFORM pgswarm._record('tainted', NULL, NULL, actor, tasks,
        jsonb_build_object('taint', v_taint, 'kind', kind, 'reason', left(reason, 2000)), at);
    FOR m IN SELECT * FROM pgswarm.taint_mark x WHERE x.taint = v_taint ORDER BY x.task LOOP
        PERFORM pgswarm._act_on(m, reason, actor, at);
    END LOOP;
    RETURN v_taint;
END
$$;
