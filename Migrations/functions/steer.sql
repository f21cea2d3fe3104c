-- Steering: cancel, retry, pause, resume, settings.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.cancel(
    tasks bigint[], reason text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (id bigint, code text, state text, was text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(cancel.agent, cancel.session, 'coordinator');
BEGIN
    FOR id IN SELECT DISTINCT i FROM unnest(tasks) i ORDER BY 1 LOOP
        IF NOT EXISTS (SELECT FROM pgswarm.task t WHERE t.id = cancel.id) THEN
            code := 'not_found';
            state := NULL;
            was := NULL;
        ELSE
            was := pgswarm._hold_still(id);
            IF was IN ('done', 'dead', 'cancelled') THEN
                code := CASE was WHEN 'cancelled' THEN 'already_cancelled' ELSE 'wrong_state' END;
                state := was;
            ELSE
                PERFORM pgswarm._cancel(id, cancel.reason, v_actor, pgswarm.clock());
                code := 'ok';
                state := 'cancelled';
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION pgswarm.cancel IS
    'Ends tasks for good. From its commit no completion takes effect; a holder hears of it at its next renewal.';

-- Cancels a task that the caller holds still.
CREATE FUNCTION pgswarm._cancel(task bigint, reason text, actor integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease;
    v_task  pgswarm.task;
    v_gone  pgswarm.outcome;  -- only the counters of the place it left
BEGIN
    DELETE FROM pgswarm.paused_task p WHERE p.task = _cancel.task;
    SELECT * INTO v_task FROM pgswarm.task t WHERE t.id = _cancel.task;
    SELECT * INTO v_lease FROM pgswarm.lease l WHERE l.task = _cancel.task;
    IF FOUND THEN
        -- Its holder asks at the next renewal; whoever listens asks at once. A ring in a transaction that works is
        -- dear (see wake.sql), but cancelling what runs is rare.
        PERFORM pg_notify('pgswarm', '!' || _cancel.task);
        PERFORM pgswarm._end_attempt(v_lease, 'cancelled', coalesce(reason, 'cancelled'), NULL, at);
        v_gone.epoch := v_lease.epoch + 1;
        v_gone.generation := v_lease.generation;
        v_gone.attempts := v_lease.attempts + 1;
        v_gone.failed := v_lease.failed;
        v_gone.lost := v_lease.lost;
    ELSE
        DELETE FROM pgswarm.waiting w WHERE w.task = _cancel.task
        RETURNING w.epoch, w.generation, w.attempts, w.failed, w.lost
        INTO v_gone.epoch, v_gone.generation, v_gone.attempts, v_gone.failed, v_gone.lost;
        IF NOT FOUND THEN
            DELETE FROM pgswarm.ready r
            WHERE r.lane = pgswarm._lane(v_task) AND r.priority = v_task.priority AND r.position = pgswarm._position(v_task)
            RETURNING r.epoch, r.generation, r.attempts, r.failed, r.lost
            INTO v_gone.epoch, v_gone.generation, v_gone.attempts, v_gone.failed, v_gone.lost;
        END IF;
    END IF;
    INSERT INTO pgswarm.outcome (task, session, started_at, finished_at, queue, epoch, generation, attempts, failed,
                                 lost, state, error, ended_by)
    VALUES (_cancel.task, v_lease.session, v_lease.started_at, _cancel.at, v_task.queue, v_gone.epoch,
            v_gone.generation, v_gone.attempts, v_gone.failed, v_gone.lost, 'cancelled', left(_cancel.reason, 2000),
            (SELECT a.name FROM pgswarm.agent a WHERE a.id = _cancel.actor));
    IF v_task.governed OR EXISTS (SELECT FROM pgswarm.queue q WHERE q.id = v_task.queue AND q.governed) THEN
        UPDATE pgswarm.submission s SET state = 'void', decided_at = _cancel.at, reason = 'cancelled'
        WHERE s.task = _cancel.task AND s.state = 'open';
        PERFORM pgswarm._end_reviews(task, 'its task was cancelled', at);
        PERFORM pgswarm._end_replicas(task, at);
        PERFORM pgswarm._replica_ended(task, at);
    END IF;
    PERFORM pgswarm._upstream_ended(task, at);
    PERFORM pgswarm._record('cancelled', v_task.queue, v_lease.session, actor, ARRAY[task],
        jsonb_strip_nulls(jsonb_build_object('reason', left(reason, 2000))), at);
END
$$;

CREATE FUNCTION pgswarm.retry(tasks bigint[], agent text DEFAULT NULL, session uuid DEFAULT NULL)
RETURNS TABLE (id bigint, code text, state text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(retry.agent, retry.session, 'coordinator');
BEGIN
    -- What they wait for is locked with them, all in one order.
    FOR id IN
        SELECT t.id FROM pgswarm.task t
        WHERE t.id = ANY (tasks || ARRAY(SELECT d.on_task FROM pgswarm.dependency d
                                         WHERE d.task = ANY (tasks) AND NOT d.met))
        ORDER BY t.id
    LOOP
        PERFORM pgswarm._hold_for_dependants(id);
    END LOOP;
    FOR id IN SELECT DISTINCT i FROM unnest(tasks) i ORDER BY 1 LOOP
        code := 'not_found';
        state := NULL;
        IF EXISTS (SELECT FROM pgswarm.task t WHERE t.id = retry.id) THEN
            state := pgswarm._hold_still(id);
            code := 'wrong_state';
            IF state IN ('dead', 'cancelled') THEN
                state := pgswarm._begin_again(id, v_actor, pgswarm.clock());
                code := 'ok';
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION pgswarm.retry IS
    'Gives dead or cancelled tasks a new generation with all their attempts. The epoch goes on growing.';

CREATE FUNCTION pgswarm._begin_again(task bigint, actor integer, at timestamptz) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_outcome pgswarm.outcome;
    v_task    pgswarm.task;
    v_unmet   integer := 0;
    v_on      pgswarm.dependency;
    v_state   text := 'ready';
    v_held    text;
BEGIN
    SELECT * INTO v_task FROM pgswarm.task t WHERE t.id = _begin_again.task;
    FOR v_on IN
        SELECT * FROM pgswarm.dependency d WHERE d.task = _begin_again.task AND NOT d.met ORDER BY d.on_task
    LOOP
        -- What it waits for must not end between this look and our commit, or nobody would count it.
        IF pgswarm._is_met(v_on, pgswarm._hold_still(v_on.on_task)) THEN
            UPDATE pgswarm.dependency d SET met = true WHERE d.task = _begin_again.task AND d.on_task = v_on.on_task;
        ELSE
            v_unmet := v_unmet + 1;
        END IF;
    END LOOP;
    UPDATE pgswarm.outcome o SET retried_at = _begin_again.at
    WHERE o.task = _begin_again.task AND o.retried_at IS NULL
    RETURNING * INTO v_outcome;
    v_held := CASE WHEN v_task.governed THEN pgswarm._held_by(task) END;
    IF v_unmet > 0 OR v_held IS NOT NULL THEN
        v_state := CASE WHEN v_unmet > 0 THEN 'blocked' ELSE 'held' END;
        INSERT INTO pgswarm.waiting (task, since, queue, epoch, unmet, priority, generation, attempts, failed, lost,
                                     state, reason)
        VALUES (_begin_again.task, _begin_again.at, v_task.queue, v_outcome.epoch, v_unmet, v_task.priority,
                v_outcome.generation + 1, 0, 0, 0, v_state, CASE WHEN v_unmet > 0 THEN 'dependencies' ELSE v_held END);
        IF v_state = 'held' AND v_held = 'redundancy' THEN
            PERFORM pgswarm._begin_redundancy(ARRAY[task], at);
        END IF;
    ELSE
        INSERT INTO pgswarm.ready (position, task, queue, epoch, priority, generation, attempts, failed, lost, lane)
        VALUES (nextval('pgswarm.task_id'), _begin_again.task, v_task.queue, v_outcome.epoch, v_task.priority,
                v_outcome.generation + 1, 0, 0, 0, pgswarm._lane(v_task));
    END IF;
    PERFORM pgswarm._record('retried', v_task.queue, NULL, actor, ARRAY[task],
        jsonb_build_object('generation', v_outcome.generation + 1, 'was', v_outcome.state), at);
    RETURN v_state;
END
$$;

CREATE FUNCTION pgswarm.pause(
    queue text, reason text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(pause.agent, pause.session, 'coordinator');
    v_queue pgswarm.queue := pgswarm._queue_made(pause.queue);
    v_now   timestamptz := pgswarm.clock();
BEGIN
    -- A pause takes over from one of the swarm's own making, which ends by itself; a new reason replaces the old one.
    UPDATE pgswarm.queue q
    SET paused_at = coalesce(q.paused_at, v_now), paused_reason = left(pause.reason, 2000),
        paused_by = (SELECT a.name FROM pgswarm.agent a WHERE a.id = v_actor)
    WHERE q.id = v_queue.id
      AND (q.paused_at IS NULL OR q.paused_by LIKE 'problem %' OR q.paused_reason <> left(pause.reason, 2000)
           OR (q.paused_reason IS NULL AND pause.reason IS NOT NULL));
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM pgswarm._record('queue_paused', v_queue.id, NULL, v_actor, NULL,
        jsonb_strip_nulls(jsonb_build_object('reason', left(pause.reason, 2000))), v_now);
    RETURN true;
END
$$;
COMMENT ON FUNCTION pgswarm.pause IS 'Stops new claims from a queue; what is held goes on. Durable until resume.';

CREATE FUNCTION pgswarm.resume(queue text, agent text DEFAULT NULL, session uuid DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(resume.agent, resume.session, 'coordinator');
    v_queue pgswarm.queue := pgswarm._known_queue(resume.queue);
BEGIN
    UPDATE pgswarm.queue q SET paused_at = NULL, paused_by = NULL, paused_reason = NULL
    WHERE q.id = v_queue.id AND q.paused_at IS NOT NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM pgswarm._recover_queue(v_queue.name, pgswarm.clock());
    PERFORM pgswarm._record('queue_resumed', v_queue.id, NULL, v_actor, NULL, NULL, pgswarm.clock());
    RETURN true;
END
$$;
COMMENT ON FUNCTION pgswarm.resume IS 'Lets a paused queue go on.';

CREATE FUNCTION pgswarm.set_queue(
    queue text, settings jsonb, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._human_actor(set_queue.agent, set_queue.session);
    v_queue pgswarm.queue := pgswarm._queue_made(set_queue.queue);
    v_known text[] := ARRAY['lease', 'max_attempts', 'max_lost', 'retry_base', 'retry_cap', 'strict_lease',
                            'backlog_limit', 'max_running', 'stall_after', 'stall_limit', 'retry_rate'];
    v_name  text;
    v_value text;
BEGIN
    IF jsonb_typeof(settings) IS DISTINCT FROM 'object' THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the settings are no JSON object', 'for example: {"max_running": 4}');
    END IF;
    FOR v_name, v_value IN SELECT s.key, s.value #>> '{}' FROM jsonb_each(settings) s ORDER BY 1 LOOP
        IF v_name <> ALL (v_known) THEN
            PERFORM pgswarm._refuse('invalid_argument', format('a queue has no setting "%s"', v_name),
                'the settings are ' || array_to_string(v_known, ', '));
        END IF;
        BEGIN
            IF v_value IS NULL THEN
                EXECUTE format('UPDATE pgswarm.queue SET %I = DEFAULT WHERE id = $1', v_name) USING v_queue.id;
            ELSIF v_name IN ('lease', 'retry_base', 'retry_cap', 'stall_after', 'stall_limit') THEN
                EXECUTE format('UPDATE pgswarm.queue SET %I = make_interval(secs => $2::double precision) WHERE id = $1',
                               v_name) USING v_queue.id, v_value;
            ELSIF v_name = 'strict_lease' THEN
                UPDATE pgswarm.queue q SET strict_lease = v_value::boolean WHERE q.id = v_queue.id;
            ELSE
                EXECUTE format('UPDATE pgswarm.queue SET %I = $2::integer WHERE id = $1', v_name)
                USING v_queue.id, v_value;
            END IF;
            -- A lease beyond what the swarm allows would count as granted by a wrong clock, and be void at once.
            PERFORM pgswarm._lease_length(q.lease) FROM pgswarm.queue q WHERE q.id = v_queue.id AND v_name = 'lease';
        EXCEPTION WHEN data_exception OR check_violation OR invalid_text_representation THEN
            PERFORM pgswarm._refuse('invalid_argument', format('%L is not a value for "%s"', v_value, v_name),
                'durations are seconds above 0, limits are positive whole numbers, strict_lease is true or false; null '
                'sets the default');
        END;
    END LOOP;
    PERFORM pgswarm._record('queue_set', v_queue.id, NULL, v_actor, NULL, settings, pgswarm.clock());
    RETURN pgswarm._queue_settings(v_queue.id);
END
$$;
COMMENT ON FUNCTION pgswarm.set_queue IS
    'Changes settings of a queue and answers all of them: lease, max_attempts, max_lost, retry_base, retry_cap, '
    'strict_lease, backlog_limit, max_running, stall_after, stall_limit (durations in seconds), retry_rate (a minute).';

CREATE FUNCTION pgswarm._queue_settings(queue integer) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT jsonb_build_object(
            'lease', extract(epoch FROM q.lease), 'max_attempts', q.max_attempts, 'max_lost', q.max_lost,
            'retry_base', extract(epoch FROM q.retry_base), 'retry_cap', extract(epoch FROM q.retry_cap),
            'strict_lease', q.strict_lease, 'backlog_limit', q.backlog_limit, 'max_running', q.max_running,
            'stall_after', extract(epoch FROM q.stall_after), 'stall_limit', extract(epoch FROM q.stall_limit),
            'retry_rate', q.retry_rate)
        FROM pgswarm.queue q WHERE q.id = _queue_settings.queue);
END
$$;
