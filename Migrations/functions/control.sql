-- Control of a herd: pause, drain, stop and resume for a task, a queue, an agent or the whole swarm. Holders hear of it in
-- their next reply. A stop takes leases back, at no cost to the task; what is resumed comes back step by step.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.control(
    target text, action text, reason text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (changed boolean, taken_back integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(control.agent, control.session, 'coordinator');
    v_by    text := (SELECT a.name FROM pgswarm.agent a WHERE a.id = v_actor);
    v_what  text := split_part(target, ':', 1);
    v_name  text := substr(target, length(v_what) + 2);
    v_now   timestamptz := pgswarm.clock();
BEGIN
    IF action IS NULL OR action NOT IN ('pause', 'drain', 'stop', 'resume') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is no action', coalesce(action, '')),
            'it is pause, drain, stop or resume');
    END IF;
    taken_back := 0;
    CASE
    WHEN target = 'swarm' THEN
        changed := pgswarm._control_swarm(action, left(reason, 2000), v_by, v_now);
        IF action = 'stop' THEN
            taken_back := pgswarm._take_back(ARRAY(SELECT l.task FROM pgswarm.lease l), reason, v_actor);
        END IF;
    WHEN v_what = 'queue' AND action = 'resume' THEN
        changed := pgswarm.resume(v_name, agent, session);
        RETURN NEXT;
        RETURN;
    WHEN v_what = 'queue' THEN
        changed := pgswarm.pause(v_name, reason, agent, session);
        IF action = 'stop' THEN
            taken_back := pgswarm._take_back(ARRAY(
                SELECT l.task FROM pgswarm.lease l WHERE l.queue = (pgswarm._known_queue(v_name)).id), reason, v_actor);
        END IF;
    WHEN v_what = 'agent' THEN
        changed := pgswarm._control_agent(v_name, action, left(reason, 2000));
        IF action = 'stop' THEN
            taken_back := pgswarm._take_back(ARRAY(
                SELECT l.task FROM pgswarm.lease l JOIN pgswarm.session s ON s.id = l.session
                JOIN pgswarm.agent a ON a.id = s.agent WHERE a.name = v_name), reason, v_actor);
        END IF;
    WHEN v_what = 'task' AND v_name ~ '^[0-9]+$' AND length(v_name) <= 18 THEN
        SELECT c.changed, c.taken_back INTO changed, taken_back
        FROM pgswarm._control_task(v_name::bigint, action, left(reason, 2000), v_by, v_actor) c;
    ELSE
        PERFORM pgswarm._refuse('invalid_argument', format('%L is nothing that can be steered', left(target, 80)),
            'it is swarm, queue:NAME, agent:NAME or task:ID');
    END CASE;
    changed := changed OR taken_back > 0;
    IF changed THEN
        PERFORM pgswarm._record(CASE action WHEN 'pause' THEN 'paused' WHEN 'drain' THEN 'draining' WHEN 'stop' THEN 'stopped'
                                            ELSE 'resumed' END, NULL, NULL, v_actor, NULL,
            jsonb_strip_nulls(jsonb_build_object('target', target, 'reason', left(reason, 2000), 'taken_back', taken_back)), v_now);
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.control IS
    'Pauses, drains, stops or resumes swarm, queue:NAME, agent:NAME or task:ID. pause and drain let what is held end (holders '
    'hear which), stop takes it back at no cost.';

CREATE FUNCTION pgswarm._control_swarm(action text, reason text, by text, at timestamptz) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_queue pgswarm.queue;
BEGIN
    UPDATE pgswarm.setting s
    SET paused_at = CASE WHEN action <> 'resume' THEN coalesce(s.paused_at, _control_swarm.at) END,
        paused_how = nullif(action, 'resume'), paused_by = CASE WHEN action <> 'resume' THEN by END,
        paused_reason = CASE WHEN action <> 'resume' THEN reason END
    WHERE s.paused_how IS DISTINCT FROM nullif(action, 'resume');
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF action = 'resume' THEN
        FOR v_queue IN
            SELECT * FROM pgswarm.queue q WHERE q.paused_at IS NULL ORDER BY q.id
        LOOP
            PERFORM pgswarm._recover_queue(v_queue.name, at);
        END LOOP;
    END IF;
    RETURN true;
END
$$;

-- A queue that goes on lets eight run at once, and twice as many each second: everybody at once would be a herd.
CREATE FUNCTION pgswarm._recover_queue(name text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b pgswarm.breaker := pgswarm._watched('queue', name);
BEGIN
    UPDATE pgswarm.breaker x SET ramp_from = _recover_queue.at WHERE x.id = b.id AND x.ramp_step > '0';
END
$$;

CREATE FUNCTION pgswarm._control_agent(name text, action text, reason text) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_was pgswarm.agent;
BEGIN
    SELECT * INTO v_was FROM pgswarm.agent a WHERE a.name = _control_agent.name AND a.retired_at IS NULL;
    PERFORM pgswarm.drain(name, action <> 'resume');
    UPDATE pgswarm.agent a
    SET draining_how = CASE action WHEN 'resume' THEN 'drain' ELSE action END,
        draining_reason = CASE WHEN action <> 'resume' THEN coalesce(reason, a.draining_reason) END
    WHERE a.id = v_was.id;
    RETURN (v_was.draining_since IS NOT NULL) IS DISTINCT FROM (action <> 'resume')
        OR (action <> 'resume' AND (v_was.draining_how <> action OR reason IS DISTINCT FROM v_was.draining_reason));
END
$$;

CREATE FUNCTION pgswarm._control_task(
    task bigint, action text, reason text, by text, actor integer, OUT changed boolean, OUT taken_back integer
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_state text := pgswarm._hold_still(task);
    v_now   timestamptz := pgswarm.clock();
BEGIN
    taken_back := 0;
    IF action = 'resume' THEN
        DELETE FROM pgswarm.paused_task p WHERE p.task = _control_task.task;
        changed := FOUND;
        UPDATE pgswarm.waiting w SET state = 'scheduled', reason = 'scheduled', due = coalesce(greatest(w.due, v_now), v_now)
        WHERE w.task = _control_task.task AND w.state = 'held';
        PERFORM pgswarm._promote_one(task, v_now);
        RETURN;
    END IF;
    IF v_state IN ('done', 'dead', 'cancelled', 'blocked', 'review') THEN
        PERFORM pgswarm._refuse('wrong_state', format('task %s is %s', task, v_state),
            CASE v_state WHEN 'blocked' THEN 'it can not run before what it waits for is done; pause that instead, and this one then'
                         ELSE 'only what may still run can be paused' END);
    END IF;
    INSERT INTO pgswarm.paused_task (task, at, by, reason)
    VALUES (_control_task.task, v_now, _control_task.by, _control_task.reason)
    ON CONFLICT (task) DO UPDATE SET by = excluded.by, reason = excluded.reason
        WHERE pgswarm.paused_task.reason IS DISTINCT FROM excluded.reason AND excluded.reason IS NOT NULL;
    changed := FOUND;
    IF v_state = 'ready' THEN
        PERFORM pgswarm._set_aside(task, 'held', 'paused', v_now);
    ELSIF v_state = 'running' THEN
        IF action = 'stop' THEN
            taken_back := pgswarm._take_back(ARRAY[task], reason, actor);
        END IF;
    ELSE
        UPDATE pgswarm.waiting w SET state = 'held', reason = 'paused' WHERE w.task = _control_task.task;
    END IF;
END
$$;

-- Takes what is held back from its holders: no attempt is charged, and it returns scattered over some seconds.
CREATE FUNCTION pgswarm._take_back(tasks bigint[], reason text, actor integer) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease;
    v_now   timestamptz;
    v_count integer := 0;
BEGIN
    PERFORM FROM pgswarm.lease l WHERE l.task = ANY (tasks) ORDER BY l.task FOR UPDATE;
    FOR v_lease IN SELECT * FROM pgswarm.lease l WHERE l.task = ANY (tasks) ORDER BY l.task LOOP
        v_now := pgswarm.clock();
        PERFORM pgswarm._end_attempt(v_lease, 'lost', 'stopped' || coalesce(': ' || left(reason, 2000), ''), NULL, v_now);
        v_lease.epoch := v_lease.epoch + 1;  -- a loss: the old handle is void from now on
        PERFORM pgswarm._put_back(v_lease, v_now + random() * interval '5 seconds', 'stopped', v_now);
        PERFORM pgswarm._record('taken_back', v_lease.queue, v_lease.session, actor, ARRAY[v_lease.task],
            jsonb_strip_nulls(jsonb_build_object('reason', left(reason, 2000))), v_now);
        IF v_count < 1000 THEN
            PERFORM pg_notify('pgswarm', '!' || v_lease.task);  -- whoever listens asks at once
        END IF;
        v_count := v_count + 1;
    END LOOP;
    RETURN v_count;
END
$$;
