-- Why is this not running?
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.why(task bigint)
RETURNS TABLE (state text, reason text, message text, until timestamptz, detail jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET timezone = 'UTC'
AS $$
#variable_conflict use_column
DECLARE
    v_task    pgswarm.task;
    v_queue   pgswarm.queue;
    v_now     timestamptz := pgswarm.clock();
    r         record;
BEGIN
    SELECT * INTO v_task FROM pgswarm.task t WHERE t.id = why.task;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('there is no task %s', task),
            'see the tasks with: SELECT id, title FROM pgswarm.tasks, or pgswarm tasks');
    END IF;
    SELECT * INTO v_queue FROM pgswarm.queue q WHERE q.id = v_task.queue;
    state := pgswarm._state(task);
    CASE
    WHEN state = 'running' THEN
        SELECT a.name, l.until, l.started_at, l.epoch, l.progress_at INTO r
        FROM pgswarm.lease l JOIN pgswarm.session s ON s.id = l.session JOIN pgswarm.agent a ON a.id = s.agent
        WHERE l.task = why.task;
        reason := 'held';
        until := r.until;
        message := CASE
            WHEN r.until < v_now THEN format('it is held by %s, whose lease has run out and will be taken back', r.name)
            WHEN coalesce(r.progress_at, r.started_at) + v_queue.stall_after < v_now
                THEN format('it is held by %s, who has shown no progress since %s', r.name,
                            pgswarm._moment(coalesce(r.progress_at, r.started_at)))
            ELSE format('it is running: held by %s', r.name) END;
        detail := jsonb_build_object('agent', r.name, 'started_at', r.started_at, 'epoch', r.epoch);
    WHEN state IN ('done', 'dead', 'cancelled') THEN
        SELECT o.finished_at, o.error, o.attempts, o.ended_by INTO r
        FROM pgswarm.outcome o WHERE o.task = why.task AND o.retried_at IS NULL;
        reason := state;
        message := CASE state
            WHEN 'done' THEN 'it is done'
            WHEN 'dead' THEN format('it is dead after %s: %s', pgswarm._counted(r.attempts, 'attempt'), r.error)
            ELSE format('it was cancelled by %s%s', coalesce(r.ended_by, 'somebody'), coalesce(': ' || r.error, '')) END;
        detail := jsonb_build_object('finished_at', r.finished_at);
    WHEN state = 'ready' THEN
        SELECT y.reason, y.message, y.until, y.detail INTO reason, message, until, detail
        FROM pgswarm._why_ready(v_task, v_queue, v_now) y;
    ELSE
        SELECT y.reason, y.message, y.until, y.detail INTO reason, message, until, detail
        FROM pgswarm._why_waiting(v_task, v_queue) y;
    END CASE;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.why IS 'Why a task is not running, in a word (reason) and in a sentence (message).';

CREATE FUNCTION pgswarm._why_ready(task pgswarm.task, queue pgswarm.queue, at timestamptz)
RETURNS TABLE (reason text, message text, until timestamptz, detail jsonb)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_running bigint;
    v_workers bigint;
    v_ahead   bigint;
    v_shut    pgswarm.breaker;
BEGIN
    IF (SELECT s.paused_at IS NOT NULL FROM pgswarm.setting s) THEN
        RETURN QUERY SELECT 'paused', 'the whole swarm is paused' || coalesce(' by ' || s.paused_by, '')
            || coalesce(': ' || s.paused_reason, ''), NULL::timestamptz, jsonb_build_object('paused_at', s.paused_at)
        FROM pgswarm.setting s;
        RETURN;
    END IF;
    IF queue.paused_at IS NOT NULL THEN
        RETURN QUERY SELECT 'paused',
            format('queue "%s" is paused%s%s', queue.name, coalesce(' by ' || queue.paused_by, ''),
                   coalesce(': ' || queue.paused_reason, '')),
            NULL::timestamptz, jsonb_build_object('paused_at', queue.paused_at);
        RETURN;
    END IF;
    SELECT * INTO v_shut FROM pgswarm._shut_for(task.lane, at) LIMIT 1;
    IF v_shut.id IS NULL THEN
        SELECT * INTO v_shut FROM pgswarm.breaker b
        WHERE b.scope = 'queue' AND b.name = queue.name AND pgswarm._is_shut(b, at);
    END IF;
    IF v_shut.id IS NOT NULL THEN
        RETURN QUERY SELECT 'breaker', 'it waits, at no cost: ' || pgswarm._breaker_message(v_shut, at),
            coalesce(v_shut.forced_until, greatest(v_shut.until, v_shut.not_before)),
            jsonb_build_object('breaker', pgswarm._breaker_written(v_shut.scope, v_shut.name),
                               'state', pgswarm._breaker_state(v_shut, at));
        RETURN;
    END IF;
    SELECT count(*) INTO v_running FROM pgswarm.lease l WHERE l.queue = _why_ready.queue.id;
    IF v_running >= queue.max_running THEN
        RETURN QUERY SELECT 'max_running',
            format('queue "%s" runs %s, which is its limit', queue.name, pgswarm._counted(queue.max_running, 'task')),
            NULL::timestamptz, jsonb_build_object('running', v_running, 'max_running', queue.max_running);
        RETURN;
    END IF;
    SELECT count(*) INTO v_workers FROM pgswarm.session s
    WHERE s.kind = 'runtime' AND s.ended_at IS NULL AND s.expires_at > at
      AND s.queues @> ARRAY[_why_ready.queue.id];
    SELECT count(*) INTO v_ahead FROM (
        SELECT FROM pgswarm.ready r
        WHERE r.lane = pgswarm._lane(_why_ready.task)
          AND (r.priority, r.position) < (_why_ready.task.priority, pgswarm._position(_why_ready.task))
        LIMIT 100000) ahead;
    IF v_workers = 0 THEN
        RETURN QUERY SELECT 'no_worker',
            format('it is ready, but no live worker serves queue "%s"; start one: pgswarm work %s -- COMMAND',
                   queue.name, queue.name),
            NULL::timestamptz, jsonb_build_object('ahead', v_ahead);
        RETURN;
    END IF;
    RETURN QUERY SELECT u.reason, u.message, u.until, u.detail FROM pgswarm._why_unfit(task, at) u WHERE task.governed;
    IF FOUND THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT CASE WHEN v_ahead > 0 THEN 'behind' ELSE 'ready' END,
        CASE WHEN v_ahead > 0
             THEN format('it is ready, behind %s; the queue has %s', pgswarm._counted(v_ahead, 'other'),
                         pgswarm._counted(v_workers, 'worker'))
             ELSE 'it is ready and next in line' END,
        NULL::timestamptz, jsonb_build_object('ahead', v_ahead, 'workers', v_workers, 'running', v_running);
END
$$;

CREATE FUNCTION pgswarm._why_waiting(task pgswarm.task, queue pgswarm.queue)
RETURNS TABLE (reason text, message text, until timestamptz, detail jsonb)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    w    pgswarm.waiting;
    v_on jsonb;
    v_ended text;
BEGIN
    SELECT * INTO w FROM pgswarm.waiting x WHERE x.task = _why_waiting.task.id;
    IF w.state = 'blocked' THEN
        SELECT jsonb_agg(jsonb_build_object('id', d.on_task::text, 'state', d.state) ORDER BY d.on_task),
               string_agg(format('%s (%s)', d.on_task, d.state), ', ' ORDER BY d.on_task)
                   FILTER (WHERE d.state IN ('dead', 'cancelled'))
        INTO v_on, v_ended
        FROM (SELECT x.on_task, pgswarm._state(x.on_task) AS state FROM pgswarm.dependency x
              WHERE x.task = _why_waiting.task.id AND NOT x.met) d;
        RETURN QUERY SELECT
            CASE WHEN v_ended IS NULL THEN 'blocked' ELSE 'upstream_failed' END,
            CASE WHEN v_ended IS NULL
                THEN format('it waits for %s: %s', pgswarm._counted(w.unmet, 'other task'),
                            (SELECT string_agg(o ->> 'id', ', ') FROM jsonb_array_elements(v_on) o))
                ELSE format('it waits for tasks that ended without success: %s; retry them, or cancel this one', v_ended)
            END,
            NULL::timestamptz, jsonb_build_object('waits_for', v_on);
        RETURN;
    END IF;
    IF w.reason = 'question' THEN
        RETURN QUERY SELECT y.reason, y.message, y.until, y.detail FROM pgswarm._why_asked(w.task) y;
        RETURN;
    END IF;
    IF w.reason IN ('review', 'contract', 'plan_paused', 'budget', 'redundancy') THEN
        RETURN QUERY SELECT y.reason, y.message, y.until, y.detail FROM pgswarm._why_supervised(task, w) y;
        RETURN;
    END IF;
    IF w.state = 'parked' AND w.reason = 'problem' THEN
        RETURN QUERY SELECT y.reason, y.message, y.until, y.detail FROM pgswarm._why_parked(w.task) y;
        RETURN;
    END IF;
    RETURN QUERY SELECT
        CASE w.reason WHEN 'retrying' THEN 'retrying' WHEN 'lost' THEN 'retrying' WHEN 'paused' THEN 'paused'
                      ELSE w.state END,
        CASE w.reason
            WHEN 'paused' THEN 'it is paused' || coalesce((SELECT coalesce(' by ' || p.by, '') || coalesce(': ' || p.reason, '')
                FROM pgswarm.paused_task p WHERE p.task = w.task), '') || format('; let it go on with: pgswarm resume --task %s', w.task)
            WHEN 'retrying' THEN format('attempt %s failed; it is tried again at %s', w.attempts, pgswarm._moment(w.due))
            WHEN 'lost' THEN format('its lease was lost; it comes back at %s', pgswarm._moment(w.due))
            WHEN 'sent_back' THEN 'a review sent it back; it is about to be ready'
            ELSE format('it is %s%s', w.state, coalesce(' for ' || pgswarm._moment(w.due), '')) END,
        w.due, jsonb_build_object('attempts', w.attempts);
END
$$;

-- Why a task waits that supervision keeps.
CREATE FUNCTION pgswarm._why_supervised(task pgswarm.task, waiting pgswarm.waiting)
RETURNS TABLE (reason text, message text, until timestamptz, detail jsonb)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    IF waiting.reason = 'budget' THEN
        RETURN QUERY SELECT 'budget', b.message, NULL::timestamptz, b.detail FROM pgswarm._why_budget(task.id) b;
        RETURN;
    END IF;
    RETURN QUERY SELECT waiting.reason, CASE waiting.reason
        WHEN 'review' THEN CASE WHEN waiting.unmet > 0
            THEN format('its result is looked at again when %s it is built on are done again', pgswarm._counted(waiting.unmet, 'task'))
            ELSE 'its result waits for review' END || coalesce((
            SELECT format(' (%s since %s)', replace(s.route, '_', ' '), pgswarm._moment(s.at))
            FROM pgswarm.submission s WHERE s.task = _why_supervised.task.id AND s.state = 'open' AND s.route IS NOT NULL), '')
            || coalesce('; ' || pgswarm._why_unreviewed(task.id), '')
        WHEN 'contract' THEN coalesce(pgswarm._contract_gate_written(_why_supervised.task.id), 'its contracts are agreed: it is about to be ready')
        WHEN 'plan_paused' THEN 'its plan is paused' || coalesce((
            SELECT coalesce(' by ' || p.paused_by, '') || coalesce(': ' || p.paused_reason, '')
            FROM pgswarm.plan p WHERE p.id = _why_supervised.task.plan), '')
        ELSE 'it waits for the agents that do the same work apart' END, NULL::timestamptz, NULL::jsonb;
END
$$;

CREATE FUNCTION pgswarm.why_empty(queues text[], session uuid DEFAULT NULL, agent text DEFAULT NULL)
RETURNS TABLE (queue text, reason text, message text, retry_at timestamptz, ready bigint, scheduled bigint,
               blocked bigint, running bigint, held bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET timezone = 'UTC'
AS $$
#variable_conflict use_column
DECLARE
    v_queue    pgswarm.queue;
    v_agent    integer := (
        SELECT a.id FROM pgswarm.agent a
        WHERE CASE WHEN session IS NULL THEN a.name = coalesce(why_empty.agent, session_user)
                   ELSE a.id = (SELECT s.agent FROM pgswarm.session s WHERE s.token = why_empty.session) END);
    v_draining boolean := EXISTS (SELECT FROM pgswarm.agent a WHERE a.id = v_agent AND a.draining_since IS NOT NULL);
    v_now      timestamptz := pgswarm.clock();
    v_shut     pgswarm.breaker;
    v_unfit    record;
    v_swarm    pgswarm.setting;
    v_held     boolean;
BEGIN
    SELECT * INTO v_swarm FROM pgswarm.setting;
    FOREACH queue IN ARRAY coalesce(queues, '{}') LOOP
        SELECT * INTO v_queue FROM pgswarm.queue q WHERE q.name = why_empty.queue;
        SELECT count(*) FILTER (WHERE NOT seen.shut), count(*) FILTER (WHERE seen.shut) INTO ready, held
        FROM (SELECT r.lane < 0 AND EXISTS (SELECT FROM pgswarm._shut_lane x WHERE x.lane = r.lane) AS shut
              FROM pgswarm.ready r WHERE r.lane = ANY (pgswarm._lanes(v_queue)) LIMIT 100000) seen;
        v_shut := NULL;
        IF ready + held > 0 THEN
            SELECT * INTO v_shut FROM pgswarm._shut_claimer(v_queue, v_agent, v_now);
        END IF;
        SELECT * INTO v_unfit FROM pgswarm._why_unfit_queue(v_queue, v_agent, v_now) u WHERE ready > 0;
        SELECT count(*) FILTER (WHERE w.state = 'scheduled'), count(*) FILTER (WHERE w.state <> 'scheduled'),
               min(w.due) FILTER (WHERE w.state = 'scheduled'), coalesce(bool_or(w.state IN ('held', 'parked')), false)
        INTO scheduled, blocked, retry_at, v_held
        FROM pgswarm.waiting w WHERE w.queue = v_queue.id;
        SELECT count(*) INTO running FROM pgswarm.lease l WHERE l.queue = v_queue.id;
        reason := CASE
            WHEN v_draining THEN 'draining'
            WHEN v_queue.paused_at IS NOT NULL OR v_swarm.paused_at IS NOT NULL THEN 'paused'
            WHEN ready > 0 AND running >= v_queue.max_running THEN 'max_running'
            WHEN v_shut.id IS NOT NULL THEN CASE v_shut.scope WHEN 'agent' THEN 'agent_breaker' ELSE 'breaker' END
            WHEN v_unfit.reason IS NOT NULL THEN v_unfit.reason
            WHEN ready > 0 THEN 'taken'
            WHEN scheduled > 0 THEN 'scheduled'
            WHEN running > 0 THEN 'all_running'
            WHEN blocked > 0 THEN 'blocked'
            ELSE 'empty' END;
        message := CASE reason
            WHEN 'draining' THEN (
                SELECT CASE a.draining_how WHEN 'pause' THEN 'this agent is paused and gets no more'
                                           WHEN 'stop' THEN 'this agent was stopped and gets no more'
                                           ELSE 'this agent is draining: it finishes what it holds and gets no more' END
                       || coalesce(': ' || a.draining_reason, '')
                FROM pgswarm.agent a WHERE a.id = v_agent)
            WHEN 'paused' THEN CASE WHEN v_swarm.paused_at IS NOT NULL
                THEN 'the whole swarm is paused' || coalesce(': ' || v_swarm.paused_reason, '')
                ELSE format('queue "%s" is paused%s', queue, coalesce(': ' || v_queue.paused_reason, '')) END
            WHEN 'max_running' THEN format('queue "%s" runs %s, which is its limit', queue, pgswarm._counted(v_queue.max_running, 'task'))
            WHEN 'agent_breaker' THEN format('this agent gets no more for now: %s', pgswarm._breaker_message(v_shut, v_now))
            WHEN 'breaker' THEN format('queue "%s" has %s: %s', queue, pgswarm._counted(ready + held, 'waiting task'), pgswarm._breaker_message(v_shut, v_now))
            WHEN 'unfit' THEN v_unfit.message
            WHEN 'preferred' THEN v_unfit.message
            WHEN 'taken' THEN format('queue "%s" has %s, which others are claiming', queue, pgswarm._counted(ready, 'ready task'))
            WHEN 'scheduled' THEN format('queue "%s" has %s, the next is due at %s', queue,
                pgswarm._counted(scheduled, 'scheduled task'), pgswarm._moment(retry_at))
            WHEN 'all_running' THEN format('queue "%s" has nothing ready; %s running', queue,
                CASE running WHEN 1 THEN '1 task is' ELSE running || ' tasks are' END)
            WHEN 'blocked' THEN format('queue "%s" has nothing ready; %s', queue,
                CASE blocked WHEN 1 THEN '1 task waits' ELSE blocked || ' tasks wait' END
                || CASE WHEN v_held THEN ' (some are paused or wait for a solution)' ELSE ' for others' END)
            ELSE format('queue "%s" is empty', queue) END;
        IF reason IN ('paused', 'draining') THEN
            retry_at := NULL;  -- nobody knows when that ends
        END IF;
        IF reason = 'preferred' THEN
            retry_at := least(retry_at, v_unfit.until);
        END IF;
        IF v_shut.id IS NOT NULL AND reason IN ('breaker', 'agent_breaker') THEN
            retry_at := least(retry_at, pgswarm._breaker_due(v_shut, v_now));
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION pgswarm.why_empty IS 'Why a claim from these queues, by this session or agent, found nothing, and when to come back.';
