-- How far a wrong result has come: the closure over what was really read, by version.
SET LOCAL ROLE pgswarm_owner;

-- Who reads and has read this version of a task's result, in the hold that counts: the one that runs, waits for review, or
-- brought the result. What an earlier hold of the same task had read went down with it. Tasks that keep no record of
-- their readings (they are not governed) have read what they waited for, if they began while it stood.
CREATE FUNCTION pgswarm._readers_of(task bigint, generation smallint) RETURNS TABLE (reader bigint, reader_generation smallint)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT DISTINCT r.reader, r.generation
    FROM pgswarm.reading r
    WHERE r.source = _readers_of.task AND r.source_generation = _readers_of.generation AND r.reader <> _readers_of.task
      AND (EXISTS (SELECT FROM pgswarm.lease l WHERE l.task = r.reader AND l.generation = r.generation AND l.epoch = r.epoch)
           OR EXISTS (SELECT FROM pgswarm.outcome o WHERE o.task = r.reader AND o.generation = r.generation AND o.epoch = r.epoch
                      AND o.retried_at IS NULL)
           OR EXISTS (SELECT FROM pgswarm.submission s WHERE s.task = r.reader AND s.generation = r.generation
                      AND s.epoch = r.epoch AND s.state = 'open'))
    UNION
    SELECT d.task, x.generation
    FROM pgswarm.dependency d
    JOIN pgswarm.task t ON t.id = d.task AND NOT t.governed
    JOIN pgswarm.outcome u ON u.task = d.on_task AND u.generation = _readers_of.generation
    JOIN LATERAL (
        SELECT l.generation, l.started_at FROM pgswarm.lease l WHERE l.task = d.task
        UNION ALL
        SELECT o.generation, o.started_at FROM pgswarm.outcome o WHERE o.task = d.task AND o.retried_at IS NULL
    ) x ON x.started_at >= u.finished_at AND coalesce(x.started_at < u.retried_at, true)
    WHERE d.on_task = _readers_of.task;
END
$$;

-- Every task that these have reached, with what is to be done about it. Cycles can't be in edges, but readings of artifacts
-- may well go round: each task is visited once, by the shortest way.
CREATE FUNCTION pgswarm._taint_plan(tasks bigint[], root text, running text)
RETURNS TABLE (task bigint, generation smallint, depth integer, via bigint, state text, action text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_seen bigint[] := '{}';
    v_next jsonb;
    v_far  integer := 0;
    r      record;
BEGIN
    v_next := (SELECT jsonb_agg(jsonb_build_array(o.task, o.generation, NULL) ORDER BY o.task)
               FROM pgswarm.outcome o WHERE o.task = ANY (tasks) AND o.retried_at IS NULL);
    WHILE v_next IS NOT NULL LOOP
        FOR r IN
            SELECT DISTINCT ON (1) (n ->> 0)::bigint AS id, (n ->> 1)::smallint AS version, (n ->> 2)::bigint AS via_task
            FROM jsonb_array_elements(v_next) n
            ORDER BY 1, 3
        LOOP
            CONTINUE WHEN r.id = ANY (v_seen);
            v_seen := v_seen || r.id;
            task := r.id;
            generation := r.version;
            depth := v_far;
            via := r.via_task;
            state := pgswarm._state(r.id);
            action := CASE
                WHEN v_far = 0 THEN root
                WHEN state = 'running' THEN running
                WHEN state = 'review' THEN 'review'
                WHEN state <> 'done' THEN 'none'
                WHEN EXISTS (SELECT FROM pgswarm.integration i WHERE i.task = r.id AND i.generation = r.version) THEN 'repair'
                ELSE 'review' END;
            RETURN NEXT;
        END LOOP;
        v_next := (SELECT jsonb_agg(jsonb_build_array(x.reader, x.reader_generation, n ->> 0))
                   FROM jsonb_array_elements(v_next) n,
                        pgswarm._readers_of((n ->> 0)::bigint, (n ->> 1)::smallint) x
                   WHERE x.reader <> ALL (v_seen));
        v_far := v_far + 1;
    END LOOP;
END
$$;

CREATE FUNCTION pgswarm.taint_preview(tasks bigint[], root text DEFAULT 'redo', running text DEFAULT 'stop')
RETURNS TABLE (
    task_id bigint, generation integer, depth integer, via bigint, queue text, title text, agent text, state text, action text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM pgswarm._check_taint(tasks, root, running);
    RETURN QUERY
    SELECT p.task, p.generation::integer, p.depth, p.via, t.queue, t.title, t.agent, p.state, p.action
    FROM pgswarm._taint_plan(tasks, root, running) p
    JOIN LATERAL (SELECT * FROM pgswarm.tasks x WHERE x.id = p.task OFFSET 0) t ON true
    ORDER BY p.depth, p.task;
END
$$;
COMMENT ON FUNCTION pgswarm.taint_preview IS
    'What taint_apply would reach and do, nearest first: the tasks themselves (depth 0) and all that read their results. '
    'Changes nothing.';

CREATE FUNCTION pgswarm._check_taint(tasks bigint[], root text, running text) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_task  bigint;
    v_state text;
BEGIN
    IF coalesce(cardinality(tasks), 0) NOT BETWEEN 1 AND 1000 OR array_position(tasks, NULL) IS NOT NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a taint begins at 1 to 1000 tasks', 'name the tasks whose results are wrong');
    END IF;
    IF root IS NULL OR root NOT IN ('redo', 'review') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is nothing to do with the tasks themselves', coalesce(root, '')),
            'it is redo (to be done again) or review (to be looked at again)');
    END IF;
    IF running IS NULL OR running NOT IN ('stop', 'signal') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is nothing to do with what runs', coalesce(running, '')),
            'it is stop (taken back from its holder) or signal (the holder is told)');
    END IF;
    FOREACH v_task IN ARRAY tasks LOOP
        IF NOT EXISTS (SELECT FROM pgswarm.task t WHERE t.id = v_task) THEN
            PERFORM pgswarm._refuse('not_found', format('there is no task %s', v_task), 'see the tasks with: pgswarm tasks');
        END IF;
        v_state := pgswarm._state(v_task);
        IF v_state IS DISTINCT FROM 'done' THEN
            PERFORM pgswarm._refuse('wrong_state', format('task %s is %s', v_task, v_state),
                CASE v_state WHEN 'review' THEN 'what waits for review is not accepted yet: send it back or reject it with pgswarm triage'
                             ELSE 'only what is done can be taken back; see: pgswarm tasks --state done' END);
        END IF;
    END LOOP;
END
$$;
