-- How a taint ends: the work was done or looked at again and accepted, or a person takes the risk and says why.
SET LOCAL ROLE pgswarm_owner;

-- A governed task is done: whatever taint was on it is answered, for it was done or looked at after the taint. A holder who
-- was only told may have gone on as before: that takes a review.
CREATE FUNCTION pgswarm._taint_answered(task bigint, reviewed boolean, by integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_taints bigint[];
BEGIN
    WITH answered AS (
        UPDATE pgswarm.taint_mark m
        SET cleared_at = _taint_answered.at, cleared_by = _taint_answered.by,
            cleared = CASE WHEN m.action = 'review' THEN 'verified' ELSE 'redone' END
        WHERE (m.task = _taint_answered.task OR m.repair = _taint_answered.task) AND m.cleared_at IS NULL
          AND (m.action <> 'signal' OR reviewed)
        RETURNING m.taint
    )
    SELECT array_agg(a.taint) INTO v_taints FROM answered a;
    IF v_taints IS NOT NULL THEN
        PERFORM pgswarm._record('taint_cleared', t.queue, NULL, by, ARRAY[t.id],
            jsonb_build_object('taints', to_jsonb(v_taints)), at)
        FROM pgswarm.task t WHERE t.id = _taint_answered.task;
    END IF;
END
$$;

CREATE FUNCTION pgswarm.taint_clear(
    taint bigint, tasks bigint[] DEFAULT NULL, reason text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (task_id bigint, code text, state text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._human_actor(taint_clear.agent, taint_clear.session);
    v_now   timestamptz;
    v_sub   bigint;
    m       pgswarm.taint_mark;
BEGIN
    IF length(btrim(coalesce(reason, ''))) = 0 OR length(reason) > 4000 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'waiving a taint needs a reason of 1 to 4000 characters',
            'say why the result can stand all the same');
    END IF;
    IF NOT EXISTS (SELECT FROM pgswarm.taint t WHERE t.id = taint_clear.taint) THEN
        PERFORM pgswarm._refuse('not_found', format('there is no taint %s', taint), 'see: pgswarm taint list');
    END IF;
    IF EXISTS (SELECT FROM unnest(tasks) x WHERE NOT EXISTS (
        SELECT FROM pgswarm.taint_mark k WHERE k.taint = taint_clear.taint AND k.task = x))
    THEN
        PERFORM pgswarm._refuse('not_found', format('taint %s did not reach all of these tasks', taint),
            'see: pgswarm taint list ' || taint);
    END IF;
    FOR m IN
        SELECT * FROM pgswarm.taint_mark k
        WHERE k.taint = taint_clear.taint AND (tasks IS NULL OR k.task = ANY (tasks)) ORDER BY k.task
    LOOP
        task_id := m.task;
        state := pgswarm._hold_still(m.task);
        v_now := pgswarm.clock();
        UPDATE pgswarm.taint_mark k
        SET cleared_at = v_now, cleared_by = v_actor, cleared = 'waived', note = taint_clear.reason
        WHERE k.taint = m.taint AND k.task = m.task AND k.cleared_at IS NULL;
        code := CASE WHEN FOUND THEN 'ok' ELSE 'already_cleared' END;
        -- What waits for nothing but this is accepted with it.
        IF code = 'ok' AND state = 'review' AND m.action = 'review' THEN
            v_sub := (SELECT s.id FROM pgswarm.submission s WHERE s.task = m.task AND s.state = 'open');
            PERFORM pgswarm._accept(v_sub, 'human', NULL, v_actor, 'taint waived: ' || reason, v_now);
            state := 'done';
        END IF;
        IF code = 'ok' THEN
            PERFORM pgswarm._record('taint_waived', t.queue, NULL, v_actor, ARRAY[m.task],
                jsonb_build_object('taint', m.taint, 'reason', left(reason, 2000)), v_now)
            FROM pgswarm.task t WHERE t.id = m.task;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION pgswarm.taint_clear IS
    'Waives a taint, of all its tasks or of some, with a reason: a human''s act. What had gone back to review for it is accepted.';

CREATE FUNCTION pgswarm.mark_integrated(
    task bigint, reference text, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(mark_integrated.agent, mark_integrated.session, 'coordinator');
    v_state text := pgswarm._hold_still(task);
BEGIN
    IF length(btrim(coalesce(reference, ''))) = 0 OR length(reference) > 1000 OR reference ~ '[[:cntrl:]]' THEN
        PERFORM pgswarm._refuse('invalid_argument', 'an integration needs a reference of 1 to 1000 characters',
            'say where the result went, such as git:main:1a2b3c4');
    END IF;
    IF v_state <> 'done' THEN
        PERFORM pgswarm._refuse('wrong_state', format('task %s is %s', task, v_state), 'only what is done can be integrated');
    END IF;
    INSERT INTO pgswarm.integration (task, generation, at, by, reference)
    SELECT o.task, o.generation, pgswarm.clock(), v_actor, mark_integrated.reference
    FROM pgswarm.outcome o WHERE o.task = mark_integrated.task AND o.retried_at IS NULL
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        PERFORM pgswarm._record('integrated', t.queue, NULL, v_actor, ARRAY[t.id],
            jsonb_build_object('reference', reference), pgswarm.clock())
        FROM pgswarm.task t WHERE t.id = mark_integrated.task;
        RETURN true;
    END IF;
    RETURN false;
END
$$;
COMMENT ON FUNCTION pgswarm.mark_integrated IS
    'Says that a result has become part of the product, and where. If it is tainted later, a task to repair it is enqueued.';

-- Each task that a taint reached. One that is not governed ends without a word to its taint: done again is done again.
CREATE VIEW pgswarm.tainted AS
SELECT m.taint AS taint_id, m.task AS task_id, q.name AS queue, b.title, m.generation::integer AS generation, m.depth, m.via,
       m.was, m.action, pgswarm._state_of(m.task) AS state, m.repair, t.reason,
       coalesce(m.cleared, CASE WHEN o.task IS NOT NULL THEN 'redone' END) AS cleared,
       coalesce(m.cleared_at, o.finished_at) AS cleared_at, a.name AS cleared_by, m.note
FROM pgswarm.taint_mark m
JOIN pgswarm.taint t ON t.id = m.taint
JOIN pgswarm.task b ON b.id = m.task
JOIN pgswarm.queue q ON q.id = b.queue
LEFT JOIN pgswarm.outcome o ON o.task = m.task AND o.retried_at IS NULL AND o.state = 'done' AND NOT b.governed
                            AND m.action IN ('redo', 'stop') AND o.finished_at > t.at
LEFT JOIN pgswarm.agent a ON a.id = m.cleared_by;

CREATE VIEW pgswarm.taints AS
SELECT t.id, t.kind, t.reason, t.at, a.name AS by, x.tasks, x.open
FROM pgswarm.taint t
LEFT JOIN pgswarm.agent a ON a.id = t.by
CROSS JOIN LATERAL (
    SELECT count(*) AS tasks, count(*) FILTER (WHERE m.cleared IS NULL AND m.action <> 'none') AS open
    FROM pgswarm.tainted m WHERE m.taint_id = t.id
) x;
