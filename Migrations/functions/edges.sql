-- Edges: what a task waits for, and what becomes of it when that can not come.
SET LOCAL ROLE pgswarm_owner;

-- Is what this edge waits for a fact? The caller holds the upstream task still.
CREATE FUNCTION pgswarm._is_met(edge pgswarm.dependency, state text) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN CASE state
        WHEN 'done' THEN edge.min_score IS NULL
            OR coalesce((SELECT o.score >= edge.min_score FROM pgswarm.outcome o
                         WHERE o.task = edge.on_task AND o.retried_at IS NULL), false)
        WHEN 'review' THEN edge.until = 'finished'
        WHEN 'dead' THEN edge.on_failure = 'continue'
        WHEN 'cancelled' THEN edge.on_failure = 'continue'
        ELSE false END;
END
$$;

-- A task has ended without success. Dependants whose edge says so go on without it or are cancelled with it; the others
-- go on waiting: somebody may retry it.
CREATE FUNCTION pgswarm._upstream_ended(task bigint, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_on bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM pgswarm.dependency d
                   WHERE d.on_task = _upstream_ended.task AND NOT d.met AND d.on_failure <> 'wait') THEN
        RETURN;
    END IF;
    FOR v_on IN
        SELECT d.task FROM pgswarm.dependency d
        WHERE d.on_task = _upstream_ended.task AND NOT d.met AND d.on_failure = 'cancel' ORDER BY 1
    LOOP
        IF pgswarm._hold_still(v_on) NOT IN ('done', 'dead', 'cancelled') THEN
            PERFORM pgswarm._cancel(v_on, format('task %s, which it waits for, ended without success', task), NULL, at);
        END IF;
    END LOOP;
    PERFORM pgswarm._unblock(ARRAY[task], 'failed');
END
$$;
