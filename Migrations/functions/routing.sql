-- Routing: who may have a task (capabilities) and who gets it first (preferences). Pull, not push: a preference ends by
-- itself, and a task never waits for somebody who is gone.
SET LOCAL ROLE pgswarm_owner;

-- What an agent says that it can do.
CREATE FUNCTION pgswarm._capabilities(agent integer) RETURNS text[]
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT ARRAY(SELECT jsonb_array_elements_text(coalesce(nullif(to_jsonb(a) -> 'capabilities', 'null'), '[]')))
            FROM pgswarm.agent a WHERE a.id = _capabilities.agent);
END
$$;

CREATE FUNCTION pgswarm._is_preferred(lane pgswarm.lane, agent integer) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN lane.prefer IS NULL OR (SELECT a.name = ANY (lane.prefer) FROM pgswarm.agent a WHERE a.id = _is_preferred.agent);
END
$$;

-- Is there anything in this lane for this session? A lane with nothing but what others come first for is passed over, so
-- that it takes no share of a claim.
CREATE FUNCTION pgswarm._fits(lane pgswarm.lane, session pgswarm.session) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz;
BEGIN
    IF lane.capabilities IS NOT NULL AND NOT pgswarm._capabilities(session.agent) @> lane.capabilities THEN
        RETURN false;
    END IF;
    IF pgswarm._is_preferred(lane, session.agent) AND NOT lane.apart THEN
        RETURN true;
    END IF;
    v_now := pgswarm.clock();
    RETURN EXISTS (SELECT FROM pgswarm.ready r WHERE r.lane = _fits.lane.id AND pgswarm._is_for(r.task, _fits.lane, session, v_now));
END
$$;

-- One task of a lane with preferences, or of a family that is kept apart.
CREATE FUNCTION pgswarm._is_for(task bigint, lane pgswarm.lane, session pgswarm.session, at timestamptz) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN (pgswarm._is_preferred(lane, session.agent)
            OR NOT EXISTS (SELECT FROM pgswarm.preference p WHERE p.task = _is_for.task AND p.until > _is_for.at))
       AND (NOT lane.apart OR pgswarm._apart_ok(task, session));
END
$$;

-- The next rows of a lane that are for this session. It reads past those that are not: they are few, or their time is short.
CREATE FUNCTION pgswarm._next_fit(
    session pgswarm.session, lane pgswarm.lane, count integer, kinds text[], at timestamptz, OUT "rows" tid[], OUT tasks bigint[]
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    SELECT array_agg(x.address), array_agg(x.task) INTO "rows", tasks
    FROM (
        SELECT r.ctid AS address, r.task
        FROM pgswarm.ready r
        JOIN pgswarm.task t ON t.id = r.task
        WHERE r.lane = _next_fit.lane.id AND (t.kind = ANY (_next_fit.kinds)) IS NOT TRUE
          AND pgswarm._is_for(r.task, _next_fit.lane, session, _next_fit.at)
        ORDER BY r.priority, r.position
        LIMIT CASE WHEN _next_fit.lane.apart THEN 1 ELSE _next_fit.count END  -- two of one family in one claim would be one agent's
        FOR UPDATE OF r SKIP LOCKED
    ) x;
END
$$;

-- A claim of this very task.
CREATE FUNCTION pgswarm._refuse_unfit(session pgswarm.session, task pgswarm.task) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lane    pgswarm.lane;
    v_name    text;
    v_missing text[];
    v_until   timestamptz;
BEGIN
    SELECT * INTO v_lane FROM pgswarm.lane l WHERE l.id = task.lane;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    v_name := (SELECT a.name FROM pgswarm.agent a WHERE a.id = session.agent);
    v_missing := ARRAY(SELECT unnest(v_lane.capabilities) EXCEPT SELECT unnest(pgswarm._capabilities(session.agent)) ORDER BY 1);
    IF v_missing <> '{}' THEN
        PERFORM pgswarm._refuse('not_allowed', format('task %s asks for what %s can not do: %s', task.id, v_name,
            array_to_string(v_missing, ', ')), 'claim from the queue instead: it gives what fits');
    END IF;
    IF NOT pgswarm._is_preferred(v_lane, session.agent) THEN
        SELECT p.until INTO v_until FROM pgswarm.preference p WHERE p.task = _refuse_unfit.task.id AND p.until > pgswarm.clock();
        IF FOUND THEN
            PERFORM pgswarm._refuse('not_ready', format('task %s is for %s until %s', task.id, array_to_string(v_lane.prefer, ', '),
                pgswarm._moment(v_until)), 'ask again after that, or claim from the queue');
        END IF;
    END IF;
    IF v_lane.apart AND NOT pgswarm._apart_ok(task.id, session) THEN
        PERFORM pgswarm._refuse('not_allowed', format('task %s goes to another agent: this one has a task of the same family', task.id),
            'claim from the queue instead: it gives what fits');
    END IF;
END
$$;

-- A governed task is about to become claimable: the time of those it prefers begins, once. What comes back after an
-- attempt is for everybody.
CREATE FUNCTION pgswarm._prefer(task bigint, queue integer) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    m     pgswarm.terms;
    v_now timestamptz;
BEGIN
    SELECT * INTO m FROM pgswarm.terms x WHERE x.task = _prefer.task;
    IF m.prefer IS NULL OR EXISTS (SELECT FROM pgswarm.attempt a WHERE a.task = _prefer.task) THEN
        RETURN;
    END IF;
    v_now := pgswarm.clock();
    DELETE FROM pgswarm.preference p
    WHERE p.ctid = ANY (ARRAY(SELECT x.ctid FROM pgswarm.preference x WHERE x.until < v_now - interval '1 hour'
                              AND x.task <> _prefer.task LIMIT 10 FOR UPDATE SKIP LOCKED));
    INSERT INTO pgswarm.preference (task, queue, until)
    VALUES (_prefer.task, _prefer.queue, v_now + m.prefer_for)
    ON CONFLICT (task) DO UPDATE SET until = excluded.until, queue = excluded.queue;
END
$$;

-- When a preference in one of these queues ends next: who sleeps wants to be awake then.
CREATE FUNCTION pgswarm._preference_due(queues integer[], at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT min(n.until) FROM unnest(queues) q (id)
            CROSS JOIN LATERAL (SELECT p.until FROM pgswarm.preference p
                                WHERE p.queue = q.id AND p.until > _preference_due.at ORDER BY p.until LIMIT 1) n);
END
$$;

-- Why nobody takes a ready task, if that is so: no live worker can do it, or it still prefers somebody. Empty: no reason here.
CREATE FUNCTION pgswarm._why_unfit(task pgswarm.task, at timestamptz)
RETURNS TABLE (reason text, message text, until timestamptz, detail jsonb)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lane pgswarm.lane;
BEGIN
    SELECT * INTO v_lane FROM pgswarm.lane l WHERE l.id = task.lane AND l.governed;
    IF v_lane.capabilities IS NOT NULL AND NOT EXISTS (
        SELECT FROM pgswarm.session s
        WHERE s.kind = 'runtime' AND s.ended_at IS NULL AND s.expires_at > at AND s.queues @> ARRAY[task.queue]
          AND pgswarm._capabilities(s.agent) @> v_lane.capabilities)
    THEN
        reason := 'no_capable_worker';
        message := format('it is ready, but no live worker of its queue can do all that it asks for: %s',
            array_to_string(v_lane.capabilities, ', '));
        detail := jsonb_build_object('capabilities', to_jsonb(v_lane.capabilities));
        RETURN NEXT;
        RETURN;
    END IF;
    SELECT p.until INTO until FROM pgswarm.preference p WHERE p.task = _why_unfit.task.id AND p.until > _why_unfit.at;
    IF FOUND THEN
        reason := 'preferred';
        message := format('it is ready, and for %s alone until %s', array_to_string(v_lane.prefer, ', '), pgswarm._moment(until));
        detail := jsonb_build_object('prefer', to_jsonb(v_lane.prefer));
        RETURN NEXT;
    END IF;
END
$$;

-- Why an agent gets none of the ready tasks of a queue: all are for others. Answers a reason, or nothing.
CREATE FUNCTION pgswarm._why_unfit_queue(queue pgswarm.queue, agent integer, at timestamptz)
RETURNS TABLE (reason text, message text, until timestamptz)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_able boolean;
    v_asks text;
BEGIN
    IF NOT queue.lanes OR agent IS NULL OR EXISTS (
        SELECT FROM pgswarm.ready r WHERE r.lane = queue.id OR r.lane IN (
            SELECT l.id FROM pgswarm.lane l WHERE l.queue = _why_unfit_queue.queue.id AND NOT l.governed))
    THEN
        RETURN;
    END IF;
    SELECT bool_or(a.able), string_agg(DISTINCT array_to_string(a.capabilities, ', '), '; ') FILTER (WHERE NOT a.able),
           min(p.until)
    INTO v_able, v_asks, until
    FROM (SELECT l.id, l.capabilities, coalesce(pgswarm._capabilities(agent) @> l.capabilities, true) AS able,
                 pgswarm._is_preferred(l, agent) AS preferred, l.apart
          FROM pgswarm.lane l WHERE l.queue = _why_unfit_queue.queue.id AND l.governed) a
    JOIN pgswarm.ready r ON r.lane = a.id
    LEFT JOIN pgswarm.preference p ON p.task = r.task AND p.until > _why_unfit_queue.at AND NOT a.preferred AND a.able
    HAVING NOT bool_or(a.able AND p.task IS NULL AND NOT a.apart);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF NOT v_able THEN
        reason := 'unfit';
        message := format('queue "%s" has ready tasks, but they ask for what this agent can not do: %s', queue.name, left(v_asks, 500));
        until := NULL;
        RETURN NEXT;
    ELSIF until IS NOT NULL THEN
        reason := 'preferred';
        message := format('queue "%s" has ready tasks, but they are for others until %s', queue.name, pgswarm._moment(until));
        RETURN NEXT;
    END IF;
END
$$;
