-- Claiming one named task, and finding one's own claims again.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.claim_task(
    task bigint,
    session uuid DEFAULT NULL,
    agent text DEFAULT NULL,
    lease interval DEFAULT NULL,
    request_id text DEFAULT NULL
) RETURNS SETOF pgswarm.claimed
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pgswarm, pg_temp
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_session pgswarm.session := pgswarm._claimer(claim_task.session, claim_task.agent);
    v_lease   interval := pgswarm._lease_length(claim_task.lease);
    v_answer  jsonb;
BEGIN
    IF claim_task.request_id IS NULL THEN
        RETURN QUERY SELECT * FROM pgswarm._claim_task(v_session, task, v_lease);
        RETURN;
    END IF;
    v_answer := pgswarm._begin_request(v_session.agent, 'claim', claim_task.request_id,
        jsonb_build_array(task, v_lease));
    IF v_answer IS NULL THEN
        SELECT jsonb_agg(to_jsonb(c) - 'payload') INTO v_answer FROM pgswarm._claim_task(v_session, task, v_lease) c;
        PERFORM pgswarm._end_request(v_session.agent, 'claim', claim_task.request_id, v_answer);
    END IF;
    RETURN QUERY SELECT * FROM pgswarm._claimed_again(v_answer);
END
$$;
COMMENT ON FUNCTION pgswarm.claim_task IS
    'Claims one task by its id. Who comes second is refused (held) and told who holds it and until when.';

CREATE FUNCTION pgswarm._claim_task(session pgswarm.session, task bigint, lease interval)
RETURNS SETOF pgswarm.claimed
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_state  text;
    v_holder record;
    v_why    record;
    v_now    timestamptz;
    v_queue  pgswarm.queue;
    v_gates  integer[];
    v_task   pgswarm.task;
    v_row    tid;
    v_one    pgswarm.claimed;
BEGIN
    IF session.draining THEN
        PERFORM pgswarm._refuse('not_ready', format('task %s is not for this agent: it is draining and claims no more', task),
            'finish what it holds, or let it go on with: pgswarm agents drain NAME --off');
    END IF;
    IF (SELECT s.paused_at IS NOT NULL FROM pgswarm.setting s) THEN
        PERFORM pgswarm._refuse('not_ready', 'the whole swarm is paused' || coalesce(
            (SELECT ': ' || s.paused_reason FROM pgswarm.setting s), ''), 'wait for: pgswarm resume --swarm');
    END IF;
    v_state := pgswarm._hold_still(_claim_task.task);
    v_now := pgswarm.clock();
    IF v_state = 'running' AND pgswarm._lose_if_void(_claim_task.task, v_now) THEN
        v_state := pgswarm._hold_still(_claim_task.task);
        -- Its next holder is here already, so there is no herd to scatter.
        UPDATE pgswarm.waiting w SET due = v_now
        WHERE w.task = _claim_task.task AND w.state = 'scheduled' AND w.reason = 'lost';
    END IF;
    IF v_state = 'scheduled' AND pgswarm._promote_one(_claim_task.task, v_now) THEN
        v_state := 'ready';
    END IF;
    IF v_state = 'running' THEN
        SELECT a.name, l.until, l.started_at INTO v_holder
        FROM pgswarm.lease l
        JOIN pgswarm.session s ON s.id = l.session
        JOIN pgswarm.agent a ON a.id = s.agent
        WHERE l.task = _claim_task.task;
        PERFORM pgswarm._refuse('held',
            format('task %s is held by %s since %s until %s', task, v_holder.name,
                   pgswarm._moment(v_holder.started_at), pgswarm._moment(v_holder.until)),
            'claim another task, or ask again after ' || pgswarm._moment(v_holder.until));
    END IF;
    SELECT * INTO v_task FROM pgswarm.task t WHERE t.id = _claim_task.task;
    SELECT * INTO v_queue FROM pgswarm.queue q WHERE q.id = v_task.queue;
    IF v_queue.reviews_of IS NOT NULL THEN
        PERFORM pgswarm._refuse('not_allowed', format('task %s is a review', task),
            'reviewers take them with: pgswarm review next');
    END IF;
    v_gates := pgswarm._watched_for(session, v_queue)
               || (SELECT l.breakers FROM pgswarm.lane l WHERE l.id = v_task.lane);
    IF v_state <> 'ready' OR v_queue.paused_at IS NOT NULL
        OR (v_queue.max_running IS NOT NULL AND pgswarm._running_room(v_queue.id) <= 0)
        OR cardinality(v_gates) > 0 AND EXISTS (SELECT FROM unnest(v_gates) g WHERE pgswarm._room(g, v_now) <= 0)
    THEN
        IF v_state = 'ready' AND v_queue.paused_at IS NULL AND cardinality(v_gates) > 0 THEN
            PERFORM pgswarm._refuse_gated(v_gates, v_now);
        END IF;
        SELECT * INTO v_why FROM pgswarm.why(_claim_task.task);
        PERFORM pgswarm._refuse('not_ready', format('task %s is not claimable: %s', task, v_why.message),
            'claim from the queue instead: it gives what is ready');
    END IF;
    v_row := (SELECT r.ctid FROM pgswarm.ready r
              WHERE r.lane = pgswarm._lane(v_task) AND r.priority = v_task.priority AND r.position = pgswarm._position(v_task));
    v_queue.governed := v_queue.governed OR (SELECT s.governed FROM pgswarm.setting s);
    IF v_task.governed OR v_queue.governed THEN
        PERFORM pgswarm._refuse_unfit(session, v_task);
        v_one := pgswarm._grant_governed(session, v_queue, v_row, lease, v_now, nullif(v_gates, '{}'));
        IF v_one.id IS NULL THEN
            -- Refused, so that nothing changes: the next claim from the queue parks it.
            PERFORM pgswarm._refuse('budget_exhausted', format('task %s would go beyond a budget', task),
                'see which with: pgswarm budget show; raise it, or wait until something that runs gives its hold back');
        END IF;
    ELSE
        v_one := pgswarm._grant_one(session, v_queue, v_row, lease, v_now, nullif(v_gates, '{}'));
    END IF;
    RETURN NEXT v_one;
    IF cardinality(v_gates) > 0 THEN
        PERFORM pgswarm._charge(v_gates, ARRAY[task], v_now);
    END IF;
    PERFORM pgswarm._record('claimed', v_queue.id, session.id, NULL, ARRAY[task], NULL, v_now);
    IF session.kind = 'bare' THEN
        PERFORM pgswarm._outlive(session.id, ARRAY[task]);
    END IF;
    PERFORM pgswarm._touch(session, v_now);
END
$$;

CREATE FUNCTION pgswarm.held(session uuid) RETURNS SETOF pgswarm.claimed
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_session pgswarm.session := pgswarm._live_session(held.session);
    v_fence   bigint := pgswarm._fence_base();
BEGIN
    PERFORM pgswarm._require_session(v_session, 'worker', 'reviewer');
    RETURN QUERY
    SELECT l.task, pgswarm._handle(l.task, l.epoch, l.claim_id), l.epoch, v_fence | l.epoch, l.attempts + 1,
           coalesce(t.max_attempts, q.max_attempts)::integer, q.name, t.kind, t.title, t.payload, l.priority::integer,
           l.until, extract(epoch FROM l.until - pgswarm.clock())::double precision, l.deadline, t.created_at, t.trace, t.parent, t.needs,
           pgswarm._checkpoint(l.task), pgswarm._history(l.task), pgswarm._open_effects(l.task),
           pgswarm._late_results(l.task), pgswarm._known_problems(t, l.epoch),
           pgswarm._unread(v_session.agent, l.task), CASE WHEN l.governed THEN pgswarm._brief(t) END
    FROM pgswarm.lease l
    JOIN pgswarm.task t ON t.id = l.task
    JOIN pgswarm.queue q ON q.id = l.queue
    WHERE l.session = v_session.id
    ORDER BY l.task;
END
$$;
COMMENT ON FUNCTION pgswarm.held IS
    'Everything that a session holds: a runtime that lost the answer to a claim finds its tasks here.';
