-- Brief: what a governed task brings with its claim, so that its holder needs no second call to begin.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._brief(task pgswarm.task) RETURNS jsonb
LANGUAGE plpgsql SET timezone = 'UTC'  -- for the times in the JSON
AS $$
#variable_conflict use_column
DECLARE
    m pgswarm.terms;
BEGIN
    SELECT * INTO m FROM pgswarm.terms t WHERE t.task = _brief.task.id;
    RETURN (
        SELECT jsonb_object_agg(b.key, b.value)
        FROM (VALUES
            ('plan', (SELECT to_jsonb(p.name) FROM pgswarm.plan p WHERE p.id = m.plan)),
            ('key', to_jsonb(m.key)),
            ('goal', to_jsonb(m.goal)),
            ('criteria', m.criteria),
            ('size', to_jsonb(m.size)),
            ('paths', to_jsonb(m.paths)),
            ('upstream', pgswarm._brief_upstream(task.id)),
            ('contracts', pgswarm._brief_contracts(task.id)),
            ('artifacts', pgswarm._brief_artifacts(task.id)),
            ('findings', pgswarm._brief_findings(task.id)),
            ('notes', pgswarm._brief_notes(m.plan)),
            ('decisions', pgswarm._brief_decisions(m.plan, task.id)),
            ('answers', pgswarm._brief_answers(task.id)),
            ('budget', pgswarm._brief_budget(task.id))
        ) b (key, value)
        WHERE b.value IS NOT NULL);
END
$$;

-- What the tasks before it brought. Large results are named, not carried.
CREATE FUNCTION pgswarm._brief_upstream(task bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT jsonb_agg(jsonb_build_object('id', u.source::text, 'key', m.key, 'queue', q.name, 'title', t.title,
                                            'state', u.state, 'score', u.score)
                         || CASE WHEN pg_column_size(u.result) > 16384 THEN jsonb_build_object('result_too_large', true)
                                 ELSE jsonb_build_object('result', u.result) END ORDER BY u.source)
        FROM pgswarm._upstream_of(task) u
        JOIN pgswarm.task t ON t.id = u.source
        JOIN pgswarm.queue q ON q.id = t.queue
        LEFT JOIN pgswarm.terms m ON m.task = u.source);
END
$$;

-- The results that a task builds on, as they stand: accepted ones, and those still in review that it did not want to wait for.
CREATE FUNCTION pgswarm._upstream_of(task bigint)
RETURNS TABLE (source bigint, generation smallint, submission bigint, state text, score smallint, result jsonb)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT o.task, o.generation, o.submission, o.state, o.score, o.result
    FROM pgswarm.dependency d
    JOIN pgswarm.outcome o ON o.task = d.on_task AND o.retried_at IS NULL AND o.state = 'done'
    WHERE d.task = _upstream_of.task
    UNION ALL
    SELECT s.task, s.generation, s.id, 'review', NULL, s.result
    FROM pgswarm.dependency d
    JOIN pgswarm.submission s ON s.task = d.on_task AND s.state = 'open'
    WHERE d.task = _upstream_of.task AND d.until = 'finished';
END
$$;

-- That a hold was given these results is a fact that taint follows later.
CREATE FUNCTION pgswarm._record_upstream(lease pgswarm.lease, agent integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO pgswarm.reading (source, source_generation, reader, generation, epoch, agent, submission, at)
    SELECT u.source, u.generation, lease.task, lease.generation, lease.epoch, _record_upstream.agent, u.submission,
           _record_upstream.at
    FROM pgswarm._upstream_of(lease.task) u;
END
$$;
