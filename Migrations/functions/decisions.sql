-- Decisions: what was settled, and why, so that nobody settles it again in another way. Append-only.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.decision_log(
    decision text,
    why text DEFAULT NULL,
    plan text DEFAULT NULL,
    task bigint DEFAULT NULL,
    paths text[] DEFAULT NULL,
    supersedes bigint DEFAULT NULL,
    handle text DEFAULT NULL,
    request_id text DEFAULT NULL,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_decision text := pgswarm._problem_text('decision', decision_log.decision, 4096);
    v_why      text := pgswarm._problem_text('reason', decision_log.why, 4096, false);
    v_paths    text[];
    v_quota    integer := (SELECT s.decision_quota FROM pgswarm.setting s);
    v_plan     integer;
    v_now      timestamptz;
    v_answer   jsonb;
    v_by       bigint;
    w          record;
    d          pgswarm.decision;
BEGIN
    IF cardinality(decision_log.paths) > 32 THEN
        PERFORM pgswarm._refuse('too_large', format('%s paths are too many', cardinality(decision_log.paths)), 'give up to 32');
    END IF;
    v_paths := ARRAY(SELECT (pgswarm._normal_glob(p, true)).normal FROM unnest(decision_log.paths) p);
    w := pgswarm._writer(decision_log.handle, decision_log.plan, decision_log.agent, decision_log.session);
    v_plan := coalesce(w.scope, 0);
    IF decision_log.request_id IS NOT NULL THEN
        v_answer := pgswarm._begin_request(w.actor, 'decision_log', decision_log.request_id,
            jsonb_build_array(v_decision, v_why, v_plan, decision_log.task, v_paths, decision_log.supersedes));
        IF v_answer IS NOT NULL THEN
            id := (v_answer ->> 'id')::bigint;
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;
    IF decision_log.task IS NOT NULL AND NOT EXISTS (SELECT FROM pgswarm.task t WHERE t.id = decision_log.task) THEN
        PERFORM pgswarm._refuse('not_found', format('there is no task %s', decision_log.task), 'leave it out, or name the task that it is about');
    END IF;
    IF decision_log.supersedes IS NOT NULL THEN
        SELECT * INTO d FROM pgswarm.decision x WHERE x.id = decision_log.supersedes FOR UPDATE;
        IF NOT FOUND THEN
            PERFORM pgswarm._refuse('not_found', format('there is no decision %s', decision_log.supersedes),
                'see: SELECT * FROM pgswarm.decisions, or pgswarm note log');
        END IF;
        SELECT x.id INTO v_by FROM pgswarm.decision x WHERE x.supersedes = d.id;
        IF FOUND THEN
            PERFORM pgswarm._refuse('wrong_state', format('decision %s was superseded by decision %s', d.id, v_by),
                'read that one, and supersede it if it is wrong');
        END IF;
        IF decision_log.plan IS NULL AND decision_log.handle IS NULL THEN
            v_plan := d.plan;
        ELSIF d.plan <> v_plan THEN
            PERFORM pgswarm._refuse('wrong_state', format('decision %s belongs to another plan', d.id),
                'supersede it in its own plan, or log a new one here');
        END IF;
    END IF;
    v_now := pgswarm.clock();
    IF (SELECT count(*) FROM pgswarm.decision x WHERE x.agent = w.actor AND x.at > v_now - interval '1 hour') >= v_quota THEN
        PERFORM pgswarm._refuse('too_large', 'this agent has logged as many decisions within an hour as it may',
            'log what others must keep to; passing thoughts belong into the scratchpad');
    END IF;
    INSERT INTO pgswarm.decision AS x (plan, task, at, supersedes, session, held, agent, epoch, paths, decision, why)
    VALUES (v_plan, decision_log.task, v_now, decision_log.supersedes, w.run, w.task, w.actor, w.epoch,
            nullif(v_paths, '{}'), v_decision, v_why)
    RETURNING x.id INTO id;
    PERFORM pgswarm._record('decided', w.queue, w.run, w.actor,
        nullif(array_remove(ARRAY[coalesce(decision_log.task, w.task)], NULL), '{}'),
        jsonb_strip_nulls(jsonb_build_object('decision', id::text, 'supersedes', decision_log.supersedes::text,
                                             'plan', nullif(v_plan, 0))), v_now);
    IF decision_log.request_id IS NOT NULL THEN
        PERFORM pgswarm._end_request(w.actor, 'decision_log', decision_log.request_id, jsonb_build_object('id', id));
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.decision_log IS
    'Logs a decision for a plan, a task or paths, for good. One that supersedes another keeps it, and takes its place in what '
    'claims show; each is superseded at most once.';

CREATE VIEW pgswarm.decisions AS
SELECT d.id, p.name AS plan, d.task AS task_id, d.paths, d.decision, d.why, a.name AS author, d.at AS decided_at, d.supersedes,
       (SELECT x.id FROM pgswarm.decision x WHERE x.supersedes = d.id) AS superseded_by, d.held AS author_task_id
FROM pgswarm.decision d
LEFT JOIN pgswarm.plan p ON p.id = d.plan
LEFT JOIN pgswarm.agent a ON a.id = d.agent;

CREATE VIEW pgswarm.notes AS
SELECT p.name AS plan, n.key, n.version, n.value, a.name AS author, n.task AS task_id, n.at AS written_at
FROM pgswarm.note n
LEFT JOIN pgswarm.plan p ON p.id = n.plan
LEFT JOIN pgswarm.agent a ON a.id = n.agent
WHERE n.value IS NOT NULL;

-- The decisions that a task must know: of its plan and of the swarm, about it, about its paths or about all.
CREATE FUNCTION pgswarm._brief_decisions(plan integer, task bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    v_paths text[] := (SELECT m.paths FROM pgswarm.terms m WHERE m.task = _brief_decisions.task);
BEGIN
    RETURN (
        SELECT jsonb_agg(x.item ORDER BY x.id DESC)
        FROM (SELECT y.item, y.id, row_number() OVER w AS ord, sum(octet_length(y.item::text) + 2) OVER w AS total
              FROM (SELECT d.id, jsonb_strip_nulls(jsonb_build_object(
                               'id', d.id::text, 'decision', left(d.decision, 300), 'why', left(d.why, 150),
                               'task', d.task::text, 'paths', to_jsonb(d.paths[1:4]))) AS item
                    FROM pgswarm.decision d
                    WHERE d.plan IN (0, coalesce(_brief_decisions.plan, 0))
                      AND (d.task IS NULL OR d.task = _brief_decisions.task)
                      AND (d.paths IS NULL OR v_paths IS NULL OR EXISTS (
                          SELECT FROM unnest(d.paths) a, unnest(v_paths) b WHERE pgswarm.globs_overlap(a, b, true)))
                      AND NOT EXISTS (SELECT FROM pgswarm.decision s WHERE s.supersedes = d.id)
                    ORDER BY d.id DESC LIMIT 5) y
              WINDOW w AS (ORDER BY y.id DESC)) x
        WHERE x.total <= 1024);
END
$$;
