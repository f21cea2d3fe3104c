-- Questions as people see them.
SET LOCAL ROLE pgswarm_owner;

-- How many living tasks wait behind these, themselves included. Called by the view, so with its owner's rights.
CREATE FUNCTION pgswarm._waiting_behind(tasks bigint[]) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        WITH RECURSIVE behind (task) AS (
            SELECT unnest(tasks)
            UNION
            SELECT d.task FROM behind b JOIN pgswarm.dependency d ON d.on_task = b.task AND NOT d.met
        )
        SELECT count(*) FROM behind b JOIN pgswarm.waiting w ON w.task = b.task);
END
$$;

CREATE VIEW pgswarm.questions AS
SELECT q.id, q.state, q.severity, q.text, q.options, q.fallback, q.topic, q.scope, p.name AS plan, a.name AS asker,
       q.rungs[q.rung] AS rung, q.on_deadline, q.deadline, q.overdue_since, q.answer, q.note, q.answered_by, q.answered_at,
       q.decision, w.tasks, coalesce(cardinality(w.tasks), 0) AS waiters,
       CASE WHEN q.state = 'open' THEN pgswarm._waiting_behind(w.tasks) ELSE 0 END AS blocks,
       (SELECT count(*) FROM pgswarm.question_answer x WHERE x.question = q.id AND x.late) AS late_answers, q.at
FROM pgswarm.question q
LEFT JOIN pgswarm.plan p ON p.id = q.plan
LEFT JOIN pgswarm.agent a ON a.id = q.asker
LEFT JOIN LATERAL (SELECT array_agg(x.task ORDER BY x.task) AS tasks FROM pgswarm.question_waiter x WHERE x.question = q.id) w ON true;

CREATE VIEW pgswarm.question_answers AS
SELECT x.question AS question_id, x.at, a.name AS by, x.separated, x.answer, x.note, x.late
FROM pgswarm.question_answer x
LEFT JOIN pgswarm.agent a ON a.id = x.agent;

-- Why a task is parked with a question.
CREATE FUNCTION pgswarm._why_asked(task bigint) RETURNS TABLE (reason text, message text, until timestamptz, detail jsonb)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT 'question',
           format('it waits for an answer to question %s since %s: %s; answer it with: pgswarm question answer %s ANSWER%s', q.id,
                  pgswarm._moment(w.at), left(q.text, 200), q.id,
                  coalesce(' (' || array_to_string(q.options, ', ') || ')', '')),
           q.deadline, jsonb_build_object('question', q.id::text, 'on_deadline', q.on_deadline)
    FROM pgswarm.question_waiter w JOIN pgswarm.question q ON q.id = w.question
    WHERE w.task = _why_asked.task AND w.parked AND w.ended IS NULL
    ORDER BY q.id DESC LIMIT 1;
END
$$;
