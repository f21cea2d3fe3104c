-- What a task that was held before brings with its next claim.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._checkpoint(task bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT p.checkpoint FROM pgswarm.progress p
            WHERE p.task = _checkpoint.task AND p.checkpoint IS NOT NULL ORDER BY p.id DESC LIMIT 1);
END
$$;

-- The last ten attempts, oldest first, with what their holders said.
CREATE FUNCTION pgswarm._history(task bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SET timezone = 'UTC'  -- for the times in the JSON
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                   'attempt', h.number, 'epoch', h.epoch, 'agent', h.agent, 'outcome', h.outcome, 'error', h.error,
                   'note', coalesce(h.note, h.last_note), 'ended_at', h.ended_at)) ORDER BY h.epoch)
        FROM (
            SELECT t.number, t.epoch, a.name AS agent, t.outcome, left(t.error, 2000) AS error,
                   left(t.note, 2000) AS note, t.ended_at,
                   (SELECT left(p.note, 2000) FROM pgswarm.progress p
                    WHERE p.task = t.task AND p.epoch = t.epoch AND p.note IS NOT NULL
                    ORDER BY p.id DESC LIMIT 1) AS last_note
            FROM pgswarm.attempt t
            LEFT JOIN pgswarm.session s ON s.id = t.session
            LEFT JOIN pgswarm.agent a ON a.id = s.agent
            WHERE t.task = _history.task
            ORDER BY t.epoch DESC
            LIMIT 10
        ) h);
END
$$;

-- Effects that somebody meant to cause and never confirmed: they may have happened.
CREATE FUNCTION pgswarm._open_effects(task bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SET timezone = 'UTC'  -- for the times in the JSON
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT jsonb_agg(jsonb_build_object('key', e.key, 'detail', e.detail, 'epoch', e.epoch,
                                            'intended_at', e.intended_at) ORDER BY e.intended_at)
        FROM pgswarm.effect e
        WHERE e.task = _open_effects.task AND e.confirmed_at IS NULL);
END
$$;

CREATE FUNCTION pgswarm._late_results(task bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SET timezone = 'UTC'  -- for the times in the JSON
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT jsonb_agg(jsonb_build_object('epoch', l.epoch, 'verb', l.verb, 'body', l.body, 'at', l.at) ORDER BY l.id)
        FROM pgswarm.late_result l
        WHERE l.task = _late_results.task);
END
$$;
