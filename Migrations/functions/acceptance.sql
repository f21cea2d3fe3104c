-- Acceptance: how a submission stops waiting. Each of these decides an open submission, once.
SET LOCAL ROLE pgswarm_owner;

-- The submission, locked behind its task, if it is still to be decided.
CREATE FUNCTION pgswarm._open_submission(submission bigint) RETURNS pgswarm.submission
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    s pgswarm.submission;
BEGIN
    SELECT * INTO s FROM pgswarm.submission x WHERE x.id = _open_submission.submission;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('there is no submission %s', submission), 'see: SELECT * FROM pgswarm.submissions');
    END IF;
    PERFORM pgswarm._hold_still(s.task);
    SELECT * INTO s FROM pgswarm.submission x WHERE x.id = _open_submission.submission FOR UPDATE;
    IF s.state <> 'open' THEN
        PERFORM pgswarm._refuse('wrong_state', format('submission %s of task %s is %s', s.id, s.task, replace(s.state, '_', ' ')),
            'decide the newest submission of the task; see: pgswarm show ' || s.task);
    END IF;
    RETURN s;
END
$$;

CREATE FUNCTION pgswarm._decide(
    submission pgswarm.submission, state text, score integer, acceptance text, by integer, reason text, at timestamptz
) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    UPDATE pgswarm.submission s
    SET state = _decide.state, score = coalesce(_decide.score, s.score), acceptance = _decide.acceptance,
        decided_at = _decide.at, decided_by = _decide.by, reason = left(_decide.reason, 4000)
    WHERE s.id = submission.id;
    PERFORM pgswarm._record(state, submission.queue, NULL, by, ARRAY[submission.task], jsonb_strip_nulls(jsonb_build_object(
        'submission', submission.id, 'score', score, 'acceptance', acceptance, 'reason', left(reason, 2000))), at);
    PERFORM pgswarm._count_record(submission.agent, submission.task, state);
END
$$;

-- The result counts: the task is done, and what waits for it goes on.
CREATE FUNCTION pgswarm._accept(
    submission bigint, acceptance text, score integer, by integer, reason text, at timestamptz
) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    s       pgswarm.submission := pgswarm._open_submission(submission);
    v_after bigint[] := ARRAY(SELECT d.task FROM pgswarm.dependency d WHERE d.on_task = s.task AND NOT d.met);
BEGIN
    DELETE FROM pgswarm.waiting w WHERE w.task = s.task AND w.state = 'review';
    INSERT INTO pgswarm.outcome (task, session, started_at, finished_at, queue, epoch, generation, attempts, failed, lost,
                                 late, state, claim_id, result, submission, score, acceptance, ended_by)
    VALUES (s.task, s.session, s.started_at, _accept.at, s.queue, s.epoch, s.generation, s.attempts, s.failed, s.lost,
            s.late, 'done', s.claim_id, s.result, s.id, _accept.score, _accept.acceptance,
            (SELECT a.name FROM pgswarm.agent a WHERE a.id = _accept.by));
    PERFORM pgswarm._decide(s, 'accepted', score, acceptance, by, reason, at);
    PERFORM pgswarm._taint_answered(s.task, true, by, at);
    PERFORM pgswarm._unblock(ARRAY[s.task]);
    PERFORM pgswarm._ring_for(v_after);
END
$$;

-- The task is to be done again, with what was found: it goes back to whoever claims it next.
CREATE FUNCTION pgswarm._send_back(submission bigint, by integer, reason text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    s pgswarm.submission := pgswarm._open_submission(submission);
BEGIN
    UPDATE pgswarm.waiting w
    SET state = CASE WHEN w.unmet > 0 THEN 'blocked' ELSE 'scheduled' END,
        reason = CASE WHEN w.unmet > 0 THEN 'dependencies' ELSE 'sent_back' END, due = _send_back.at
    WHERE w.task = s.task AND w.state = 'review';
    PERFORM pgswarm._decide(s, 'sent_back', NULL, NULL, by, reason, at);
    PERFORM pgswarm._promote_these(ARRAY[s.task], at);
    PERFORM pgswarm._ring_for(ARRAY[s.task]);
END
$$;

-- The task is given up.
CREATE FUNCTION pgswarm._reject(submission bigint, by integer, reason text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    s pgswarm.submission := pgswarm._open_submission(submission);
BEGIN
    DELETE FROM pgswarm.waiting w WHERE w.task = s.task AND w.state = 'review';
    INSERT INTO pgswarm.outcome (task, session, started_at, finished_at, queue, epoch, generation, attempts, failed, lost,
                                 late, state, result, submission, error, ended_by)
    VALUES (s.task, s.session, s.started_at, _reject.at, s.queue, s.epoch, s.generation, s.attempts, s.failed, s.lost,
            s.late, 'dead', s.result, s.id, 'rejected' || coalesce(': ' || left(_reject.reason, 4000), ''),
            (SELECT a.name FROM pgswarm.agent a WHERE a.id = _reject.by));
    PERFORM pgswarm._decide(s, 'rejected', NULL, NULL, by, reason, at);
    PERFORM pgswarm._upstream_ended(s.task, at);
END
$$;

-- A task that is done comes back as its next generation: to be done again (ready), or to be looked at again (review).
-- What waits for it and has not started waits again. Answers the generation.
CREATE FUNCTION pgswarm._reopen(task bigint, "to" text, by integer, reason text, at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    t       pgswarm.task;
    o       pgswarm.outcome;
    s       pgswarm.submission;
    v_state text := pgswarm._hold_still(task);
BEGIN
    IF v_state <> 'done' THEN
        PERFORM pgswarm._refuse('wrong_state', format('task %s is %s', task, v_state), 'only what is done can be reopened');
    END IF;
    SELECT * INTO t FROM pgswarm.task x WHERE x.id = _reopen.task;
    UPDATE pgswarm.outcome x SET retried_at = _reopen.at
    WHERE x.task = _reopen.task AND x.retried_at IS NULL
    RETURNING * INTO o;
    INSERT INTO pgswarm.waiting (task, due, since, queue, epoch, priority, generation, attempts, failed, lost, state, reason)
    VALUES (_reopen.task, CASE "to" WHEN 'ready' THEN _reopen.at END, _reopen.at, t.queue, o.epoch, t.priority,
            o.generation + 1, 0, 0, 0, CASE "to" WHEN 'review' THEN 'review' ELSE 'scheduled' END,
            CASE "to" WHEN 'review' THEN 'review' ELSE 'reopened' END);
    PERFORM pgswarm._record('reopened', t.queue, NULL, by, ARRAY[task],
        jsonb_strip_nulls(jsonb_build_object('generation', o.generation + 1, 'to', "to", 'reason', left(reason, 2000))), at);
    PERFORM pgswarm._block_again(task, "to", at);
    IF "to" = 'review' THEN
        INSERT INTO pgswarm.submission (task, at, started_at, session, agent, queue, epoch, generation, number, attempts,
                                        failed, lost, late, claim_id, result, digest, confidence)
        SELECT o.task, _reopen.at, o.started_at, o.session, e.agent, o.queue, o.epoch, o.generation + 1, 1, o.attempts,
               o.failed, o.lost, o.late, o.claim_id, o.result, pgswarm._digest(o.task, o.result),
               (SELECT b.confidence FROM pgswarm.submission b WHERE b.id = o.submission)
        FROM pgswarm.session e WHERE e.id = o.session
        RETURNING * INTO s;
        PERFORM pgswarm._review_when_met(s, at);
    ELSE
        PERFORM pgswarm._promote_these(ARRAY[task], at);
        PERFORM pgswarm._ring_for(ARRAY[task]);
    END IF;
    RETURN o.generation + 1;
END
$$;

-- A result is looked at again when all that it was built on stands again: before that a verdict would be on nothing.
CREATE FUNCTION pgswarm._review_when_met(submission pgswarm.submission, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_unmet integer;
BEGIN
    UPDATE pgswarm.dependency d SET met = false
    WHERE d.task = submission.task AND d.met AND NOT pgswarm._is_met(d, pgswarm._state(d.on_task));
    v_unmet := (SELECT count(*) FROM pgswarm.dependency d WHERE d.task = submission.task AND NOT d.met);
    UPDATE pgswarm.waiting w SET unmet = v_unmet WHERE w.task = submission.task;
    IF v_unmet = 0 THEN
        PERFORM pgswarm._begin_review(submission, at);
    END IF;
END
$$;

-- Takes back what a task's acceptance had allowed, where nobody has begun to use it.
CREATE FUNCTION pgswarm._block_again(task bigint, "to" text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_on    bigint;
    v_state text;
BEGIN
    FOR v_on IN
        SELECT d.task FROM pgswarm.dependency d
        WHERE d.on_task = _block_again.task AND d.met AND ("to" <> 'review' OR d.until <> 'finished')
        ORDER BY d.task
    LOOP
        v_state := pgswarm._hold_still(v_on);
        CONTINUE WHEN v_state NOT IN ('ready', 'scheduled', 'held', 'blocked', 'parked');
        UPDATE pgswarm.dependency d SET met = false WHERE d.task = v_on AND d.on_task = _block_again.task;
        IF v_state = 'ready' THEN
            PERFORM pgswarm._set_aside(v_on, 'held', 'upstream', at);
        END IF;
        UPDATE pgswarm.waiting w
        SET unmet = w.unmet + 1,
            state = CASE WHEN w.state = 'parked' OR w.reason = 'paused' THEN w.state ELSE 'blocked' END,
            reason = CASE WHEN w.state = 'parked' OR w.reason = 'paused' THEN w.reason ELSE 'dependencies' END
        WHERE w.task = v_on;
    END LOOP;
END
$$;
