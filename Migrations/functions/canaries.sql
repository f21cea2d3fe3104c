-- Canaries: submissions whose worth is known, planted among the others to measure reviewers. They look alike to
-- review_next, nothing waits for them, and they are no work: when the verdicts are in they are gone.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.canary_plant(
    queue text,
    payload jsonb,
    result jsonb,
    expected text,
    title text DEFAULT NULL,
    kind text DEFAULT NULL,
    goal text DEFAULT NULL,
    criteria jsonb DEFAULT NULL,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_person  record := pgswarm._human(canary_plant.agent, canary_plant.session);
    v_queue   pgswarm.queue;
    v_policy  jsonb;
    v_task    bigint;
    v_creator integer;
    v_session bigint;
    v_now     timestamptz;
    s         pgswarm.submission;
BEGIN
    IF expected IS NULL OR expected NOT IN ('good', 'bad') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is no expectation', left(expected, 80)), 'it is good or bad');
    ELSIF payload IS NULL OR result IS NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a canary has a payload and a result', 'make them like those of real tasks of the queue');
    END IF;
    PERFORM pgswarm._bounded('payload', payload);
    PERFORM pgswarm._bounded('result', result);
    PERFORM pgswarm._terms(1, jsonb_strip_nulls(jsonb_build_object('goal', goal, 'criteria', criteria)));
    v_queue := pgswarm._known_queue(queue);
    v_policy := pgswarm._policy(v_queue.id);
    IF v_policy ->> 'mode' IS DISTINCT FROM 'peers' THEN
        PERFORM pgswarm._refuse('wrong_state', format('queue "%s" has no reviewers', queue), 'set its policy first: pgswarm review policy QUEUE --mode peers');
    END IF;
    v_now := pgswarm.clock();
    v_task := nextval('pgswarm.task_id');
    -- Created by whoever creates the tasks of this queue.
    v_creator := coalesce((SELECT t.creator FROM pgswarm.submission x JOIN pgswarm.task t ON t.id = x.task WHERE x.queue = v_queue.id
                           ORDER BY x.id DESC LIMIT 1), v_person.agent);
    v_session := coalesce((SELECT e.id FROM pgswarm.session e WHERE e.token = canary_plant.session), 0);
    INSERT INTO pgswarm.task (id, created_at, queue, creator, priority, kind, title, payload, governed)
    VALUES (v_task, v_now, v_queue.id, v_creator, 0, canary_plant.kind, canary_plant.title, canary_plant.payload, true);
    INSERT INTO pgswarm.terms (task, goal, criteria) VALUES (v_task, canary_plant.goal, canary_plant.criteria);
    INSERT INTO pgswarm.waiting (task, since, queue, epoch, priority, generation, attempts, failed, lost, state, reason)
    VALUES (v_task, v_now, v_queue.id, 1, 0, 0, 1, 0, 0, 'review', 'review');
    INSERT INTO pgswarm.submission (task, at, started_at, session, agent, queue, epoch, generation, number, attempts, failed, lost, late,
                                    claim_id, result, digest, risk, needed, route)
    VALUES (v_task, v_now, v_now, v_session, v_person.agent, v_queue.id, 1, 0, 1, 1, 0, 0, false, gen_random_uuid(), canary_plant.result,
            pgswarm._digest(v_task, canary_plant.result), 'low', (v_policy ->> 'reviewers')::integer, 'waiting')
    RETURNING * INTO s;
    INSERT INTO pgswarm.canary (task, submission, queue, expected, planted_at, planted_by)
    VALUES (v_task, s.id, v_queue.id, canary_plant.expected, v_now, v_person.agent);
    PERFORM pgswarm._open_reviews(s, v_now);
    RETURN v_task;
END
$$;
COMMENT ON FUNCTION pgswarm.canary_plant IS
    'Plants a made submission among those that the reviewers of a queue get, with its known worth, good or bad. Answers the id '
    'of its task. It unblocks nothing and ends by itself; what the reviewers say counts in their calibration. For people.';

-- The verdicts are in: they are measured, and the canary is gone.
CREATE FUNCTION pgswarm._close_canary(submission pgswarm.submission, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    c       pgswarm.canary;
    v_score integer := coalesce((pgswarm._review_terms(submission.task) ->> 'score')::integer, 4);
BEGIN
    UPDATE pgswarm.canary x SET closed_at = _close_canary.at WHERE x.task = submission.task AND x.closed_at IS NULL RETURNING * INTO c;
    PERFORM pgswarm._add_to_record(v.agent, 'review', CASE WHEN (v.score >= v_score) = (c.expected = 'good') THEN 'canary_right' ELSE 'canary_wrong' END, at)
    FROM pgswarm.review v WHERE v.submission = _close_canary.submission.id;
    PERFORM pgswarm._calibrate(submission.id, 'canary', c.expected = 'good', v_score, at);
    PERFORM pgswarm._cancel(submission.task, 'it was a canary', NULL, at);
END
$$;

CREATE FUNCTION pgswarm.canary_list(agent text DEFAULT NULL, session uuid DEFAULT NULL)
RETURNS TABLE (task_id bigint, queue text, title text, expected text, planted_at timestamptz, planted_by text, closed_at timestamptz, verdicts jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM pgswarm._human(canary_list.agent, canary_list.session);
    RETURN QUERY
    SELECT c.task, q.name, t.title, c.expected, c.planted_at, a.name, c.closed_at,
           coalesce((SELECT jsonb_agg(jsonb_build_object('agent', b.name, 'score', v.score) ORDER BY v.id)
                     FROM pgswarm.review v JOIN pgswarm.agent b ON b.id = v.agent WHERE v.submission = c.submission), '[]')
    FROM pgswarm.canary c
    JOIN pgswarm.queue q ON q.id = c.queue
    JOIN pgswarm.agent a ON a.id = c.planted_by
    LEFT JOIN pgswarm.task t ON t.id = c.task
    ORDER BY c.task DESC;
END
$$;
COMMENT ON FUNCTION pgswarm.canary_list IS 'The planted submissions, with what reviewers said. For people.';
