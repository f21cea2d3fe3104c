-- Governed tasks in the engine: how they are claimed, completed and kept back. The verbs themselves know one question,
-- is it governed, and ask it of rows that they have read anyway.
SET LOCAL ROLE pgswarm_owner;

-- From now on every hold on a task of this queue is supervised.
CREATE FUNCTION pgswarm._govern_queue(queue integer) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    UPDATE pgswarm.queue q SET governed = true WHERE q.id = _govern_queue.queue AND NOT q.governed;
END
$$;

-- Why a governed task may not become claimable, in a word; NULL: it may.
CREATE FUNCTION pgswarm._held_by(task bigint) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN coalesce(pgswarm._plan_gate(task), pgswarm._contract_gate(task), pgswarm._redundancy_gate(task));
END
$$;

-- Of tasks that are about to be promoted: those with a gate before them stay.
CREATE FUNCTION pgswarm._hold_governed(tasks bigint[], at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    UPDATE pgswarm.waiting w SET state = 'held', reason = h.reason
    FROM pgswarm.task t, LATERAL (SELECT pgswarm._held_by(t.id) AS reason OFFSET 0) h
    WHERE w.task = ANY (tasks) AND w.state = 'scheduled' AND w.due <= _hold_governed.at
      AND t.id = w.task AND t.governed AND h.reason IS NOT NULL;
END
$$;

-- Takes tasks that have not started out of the way, because a gate has shut. What is blocked or set aside already is asked
-- when its time comes. Answers those that were taken.
CREATE FUNCTION pgswarm._hold_back(tasks bigint[], reason text, at timestamptz) RETURNS bigint[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_task bigint;
    v_held bigint[] := '{}';
BEGIN
    FOR v_task IN SELECT t.id FROM pgswarm.task t WHERE t.id = ANY (tasks) ORDER BY t.id LOOP
        CASE pgswarm._hold_still(v_task)
        WHEN 'ready' THEN
            PERFORM pgswarm._set_aside(v_task, 'held', reason, at);
        WHEN 'scheduled' THEN
            UPDATE pgswarm.waiting w SET state = 'held', reason = _hold_back.reason WHERE w.task = v_task;
        ELSE
            CONTINUE;
        END CASE;
        v_held := v_held || v_task;
    END LOOP;
    IF v_held <> '{}' THEN
        PERFORM pgswarm._record('held', t.queue, NULL, NULL, array_agg(t.id ORDER BY t.id),
            jsonb_build_object('reason', reason), at)
        FROM pgswarm.task t WHERE t.id = ANY (v_held) GROUP BY t.queue;
    END IF;
    RETURN v_held;
END
$$;

-- A gate has opened: tasks that it kept are asked again. What a person paused, or a problem or a question keeps, stays.
CREATE FUNCTION pgswarm._admit_again(tasks bigint[], at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_tasks bigint[];
    v_count integer;
BEGIN
    v_tasks := ARRAY(
        SELECT w.task FROM pgswarm.waiting w
        WHERE w.task = ANY (tasks) AND w.state IN ('held', 'parked') AND w.reason NOT IN ('paused', 'problem', 'question')
        ORDER BY w.task FOR UPDATE);
    IF v_tasks = '{}' THEN
        RETURN 0;
    END IF;
    UPDATE pgswarm.waiting w
    SET state = CASE WHEN h.reason IS NULL THEN 'scheduled' ELSE 'held' END, reason = coalesce(h.reason, 'admitted'),
        due = CASE WHEN h.reason IS NULL THEN coalesce(w.due, _admit_again.at) ELSE w.due END
    FROM unnest(v_tasks) x (task), LATERAL (SELECT pgswarm._held_by(x.task) AS reason OFFSET 0) h
    WHERE w.task = x.task;
    v_count := pgswarm._promote_these(v_tasks, at);
    PERFORM pgswarm._ring_for(v_tasks);
    RETURN v_count;
END
$$;

-- Rings the queues of these tasks. Only acts of supervision, which are rare, ring inside the transaction that works.
CREATE FUNCTION pgswarm._ring_for(tasks bigint[]) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    PERFORM pgswarm.ring(ARRAY(SELECT DISTINCT q.name FROM pgswarm.task t JOIN pgswarm.queue q ON q.id = t.queue
                               WHERE t.id = ANY (tasks)));
END
$$;

-- Claims from a lane where each task is asked: what a budget does not allow is parked, and the next one comes.
CREATE FUNCTION pgswarm._claim_governed(
    session pgswarm.session, queue pgswarm.queue, lane integer, room integer, kinds text[], lease interval, at timestamptz,
    gates integer[]
) RETURNS SETOF pgswarm.claimed
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lane   pgswarm.lane;
    v_left   integer := room;
    v_parked integer := 0;
    v_found  integer;
    v_next   record;
    v_one    pgswarm.claimed;
BEGIN
    SELECT * INTO v_lane FROM pgswarm.lane l WHERE l.id = _claim_governed.lane;
    WHILE v_left > 0 AND v_parked < 100 LOOP
        IF v_lane.apart OR v_lane.prefer IS NOT NULL THEN
            v_next := pgswarm._next_fit(session, v_lane, v_left, kinds, at);
        ELSIF cardinality(kinds) > 0 THEN
            v_next := pgswarm._next_but(lane, v_left, kinds);
        ELSE
            v_next := pgswarm._next(lane, v_left, at);
        END IF;
        EXIT WHEN v_next.tasks IS NULL;
        v_found := v_left;
        FOR i IN 1..cardinality(v_next.tasks) LOOP
            v_one := pgswarm._grant_governed(session, queue, v_next."rows"[i], lease, at, nullif(gates, '{}'));
            IF v_one.id IS NULL THEN
                v_parked := v_parked + 1;
            ELSE
                RETURN NEXT v_one;
                v_left := v_left - 1;
            END IF;
        END LOOP;
        EXIT WHEN v_found - v_left = cardinality(v_next.tasks);  -- none was parked: there is no gap to fill
    END LOOP;
END
$$;

-- Grants one governed task, or parks it where a budget is spent: then the answer is empty.
CREATE FUNCTION pgswarm._grant_governed(
    session pgswarm.session, queue pgswarm.queue, "row" tid, lease interval, at timestamptz, gates integer[]
) RETURNS pgswarm.claimed
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_ready   pgswarm.ready;
    v_task    pgswarm.task;
    v_lease   pgswarm.lease;
    v_one     pgswarm.claimed;
    v_refusal text;
BEGIN
    SELECT * INTO v_ready FROM pgswarm.ready WHERE ctid = _grant_governed."row";
    SELECT * INTO v_task FROM pgswarm.task t WHERE t.id = v_ready.task;
    v_refusal := pgswarm._budget_refusal(v_task, v_ready, session, coalesce(lease, v_task.lease, queue.lease), at);
    IF v_refusal IS NOT NULL THEN
        PERFORM pgswarm._set_aside(v_task.id, 'parked', 'budget', at);
        PERFORM pgswarm._record('parked', v_task.queue, session.id, NULL, ARRAY[v_task.id],
            jsonb_build_object('reason', 'budget', 'message', v_refusal), at);
        RETURN NULL;
    END IF;
    v_one := pgswarm._grant_one(session, queue, "row", lease, at, gates);
    SELECT * INTO v_lease FROM pgswarm.lease l WHERE l.task = v_one.id;
    v_one.brief := pgswarm._brief(v_task);
    PERFORM pgswarm._record_upstream(v_lease, session.agent, at);
    RETURN v_one;
END
$$;

-- Why a completion can not be taken: it stays with its holder, and what it brought is kept aside.
CREATE FUNCTION pgswarm._refuse_completion(lease pgswarm.lease, result jsonb, at timestamptz)
RETURNS TABLE (code text, message text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_refusal jsonb;
BEGIN
    v_refusal := coalesce(pgswarm._refused_output(lease.task, result), pgswarm._refused_role(lease));
    IF v_refusal IS NULL THEN
        message := pgswarm._open_findings(lease.task);
        IF message IS NOT NULL THEN
            code := 'wrong_state';
            RETURN NEXT;
        END IF;
        RETURN;
    END IF;
    code := v_refusal ->> 'code';
    message := v_refusal ->> 'message';
    INSERT INTO pgswarm.refused_result (task, epoch, at, code, message, body, hash)
    VALUES (lease.task, lease.epoch, _refuse_completion.at, code, message, result,
            sha256(convert_to(coalesce(result::text, ''), 'UTF8')))
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        PERFORM pgswarm._record('refused', lease.queue, lease.session, NULL, ARRAY[lease.task],
            jsonb_build_object('code', code, 'message', left(message, 2000)), at);
    END IF;
    RETURN NEXT;
END
$$;

-- A completion that can be taken: done, or in review. Answers the state.
CREATE FUNCTION pgswarm._complete_governed(lease pgswarm.lease, result jsonb, at timestamptz) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_submission pgswarm.submission;
BEGIN
    IF pgswarm._review_terms(lease.task) IS NULL THEN
        DELETE FROM pgswarm.lease l WHERE l.task = lease.task;
        PERFORM pgswarm._finish(lease, result, at);
        PERFORM pgswarm._end_governed(lease, 'completed', at);
        PERFORM pgswarm._taint_answered(lease.task, false, NULL, at);
        RETURN 'done';
    END IF;
    PERFORM pgswarm._end_attempt(lease, 'completed', NULL, NULL, at);
    INSERT INTO pgswarm.submission (task, at, started_at, session, agent, queue, epoch, generation, number, attempts, failed,
                                    lost, late, claim_id, result, digest, confidence)
    SELECT lease.task, _complete_governed.at, lease.started_at, lease.session, s.agent, lease.queue, lease.epoch,
           lease.generation,
           1 + (SELECT count(*) FROM pgswarm.submission b WHERE b.task = lease.task AND b.generation = lease.generation),
           lease.attempts + 1, lease.failed, lease.lost, lease.until < _complete_governed.at, lease.claim_id,
           _complete_governed.result, pgswarm._digest(lease.task, _complete_governed.result), lease.confidence
    FROM pgswarm.session s WHERE s.id = lease.session
    RETURNING * INTO v_submission;
    INSERT INTO pgswarm.waiting (task, since, queue, epoch, priority, generation, attempts, failed, lost, state, reason)
    VALUES (lease.task, _complete_governed.at, lease.queue, lease.epoch, lease.priority, lease.generation,
            lease.attempts + 1, lease.failed, lease.lost, 'review', 'review');
    PERFORM pgswarm._record('submitted', lease.queue, lease.session, NULL, ARRAY[lease.task],
        jsonb_build_object('submission', v_submission.id, 'number', v_submission.number), at);
    PERFORM pgswarm._unblock(ARRAY[lease.task], 'finished');
    PERFORM pgswarm._begin_review(v_submission, at);
    RETURN pgswarm._state(lease.task);
END
$$;

-- What verdicts are bound to: the result, what was made on the way, and the contracts it was made to.
CREATE FUNCTION pgswarm._digest(task bigint, result jsonb) RETURNS bytea
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN sha256(convert_to(jsonb_build_array(
        result, to_jsonb(pgswarm._artifact_hashes(task)),
        (SELECT to_jsonb(t.produces) FROM pgswarm.terms t WHERE t.task = _digest.task))::text, 'UTF8'));
END
$$;

-- Every end of a hold on a governed task comes by here, whatever the road.
CREATE FUNCTION pgswarm._end_governed(lease pgswarm.lease, outcome text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    PERFORM pgswarm._settle_budget(lease, outcome, at);
    PERFORM pgswarm._count_record((SELECT s.agent FROM pgswarm.session s WHERE s.id = lease.session), lease.task, outcome);
END
$$;
