-- What people decide: submissions that wait for them, those accepted without them, and what was done.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.review_decide(
    task bigint,
    decision text,
    digest text,
    reason text DEFAULT NULL,
    score integer DEFAULT NULL,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (submission bigint, decided text, state text, separated boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_person record := pgswarm._human(review_decide.agent, review_decide.session);
    v_now    timestamptz;
    v_state  text;
    v_policy jsonb;
    v_audit  boolean := false;
    s        pgswarm.submission;
BEGIN
    IF decision IS NULL OR decision NOT IN ('accept', 'send_back', 'reject') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is no decision', left(decision, 80)), 'it is accept, send_back or reject');
    ELSIF decision <> 'accept' AND coalesce(trim(reason), '') = '' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('to %s a result needs a reason', replace(decision, '_', ' ')), 'say what is wrong: whoever does it again reads it');
    ELSIF score NOT BETWEEN 1 AND 5 OR (score IS NOT NULL AND decision <> 'accept') THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a score of 1 to 5 goes with an acceptance', 'leave it out, or give 1 to 5');
    END IF;
    v_state := pgswarm._hold_still(task);
    SELECT * INTO s FROM pgswarm.submission x WHERE x.task = review_decide.task AND x.state = 'open' FOR UPDATE;
    IF NOT FOUND THEN
        SELECT x.* INTO s FROM pgswarm.audit a JOIN pgswarm.submission x ON x.id = a.submission
        WHERE a.task = review_decide.task AND a.decided_at IS NULL AND v_state = 'done';
        v_audit := FOUND;
    END IF;
    v_now := pgswarm.clock();
    IF s.id IS NULL OR EXISTS (SELECT FROM pgswarm.canary c WHERE c.task = s.task) THEN
        PERFORM pgswarm._refuse('wrong_state', format('task %s is %s and waits for no decision', task, v_state), 'see what does with: SELECT * FROM pgswarm.triage');
    ELSIF lower(review_decide.digest) IS DISTINCT FROM encode(s.digest, 'hex') THEN
        PERFORM pgswarm._refuse('conflict', format('task %s has changed: this is not the digest of what waits for a decision', task),
            'look at it again, and give its digest: ' || encode(s.digest, 'hex'));
    ELSIF decision = 'accept' AND NOT v_audit AND pgswarm._digest(s.task, s.result) <> s.digest THEN
        PERFORM pgswarm._refuse('conflict', format('what belongs to submission %s has changed since it was handed in', s.id),
            'send it back: only what was handed in can be accepted');
    END IF;
    v_policy := coalesce(pgswarm._review_terms(s.task), pgswarm._policy_defaults());
    PERFORM pgswarm._calibrate(s.id, CASE WHEN v_audit THEN 'audit' ELSE 'human' END, decision = 'accept', (v_policy ->> 'score')::integer, v_now);
    IF decision = 'send_back' THEN
        -- So that it is answered like what a reviewer found.
        INSERT INTO pgswarm.finding (review, submission, subject, at, severity, claim)
        VALUES (0, s.id, s.task, v_now, 'major', left(review_decide.reason, 8000));
    END IF;
    IF v_audit THEN
        UPDATE pgswarm.audit a SET decided_at = v_now, decided_by = v_person.agent, decision = review_decide.decision WHERE a.submission = s.id;
        PERFORM pgswarm._record('audited', s.queue, NULL, v_person.agent, ARRAY[s.task], jsonb_strip_nulls(jsonb_build_object(
            'submission', s.id, 'decision', decision, 'reason', left(reason, 2000), 'separated', v_person.separated)), v_now);
        IF decision <> 'accept' THEN
            -- What was built on it meanwhile is taken back with it.
            PERFORM pgswarm._apply_taint(ARRAY[s.task], reason, 'rejected', CASE decision WHEN 'reject' THEN 'review' ELSE 'redo' END, 'stop', v_person.agent);
            IF decision = 'reject' THEN
                PERFORM pgswarm._reject((SELECT x.id FROM pgswarm.submission x WHERE x.task = s.task AND x.state = 'open'), v_person.agent, reason, v_now);
            END IF;
        END IF;
    ELSE
        CASE decision
        WHEN 'accept' THEN PERFORM pgswarm._accept(s.id, 'human', coalesce(review_decide.score, s.score), v_person.agent, reason, v_now);
        WHEN 'send_back' THEN PERFORM pgswarm._send_back(s.id, v_person.agent, reason, v_now);
        ELSE PERFORM pgswarm._reject(s.id, v_person.agent, reason, v_now);
        END CASE;
        UPDATE pgswarm.submission x SET separated = v_person.separated WHERE x.id = s.id;
    END IF;
    submission := s.id;
    decided := decision;
    state := pgswarm._state(task);
    separated := v_person.separated;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.review_decide IS
    'A person accepts, sends back or rejects what waits for a decision, as triage shows it: the digest shown is given back. '
    'separated says whether it was shown that no agent did this.';

CREATE FUNCTION pgswarm.reopen(
    task bigint, "to" text DEFAULT 'ready', reason text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_person record := pgswarm._human(reopen.agent, reopen.session);
BEGIN
    IF "to" IS NULL OR "to" NOT IN ('ready', 'review') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is no place to reopen a task to', left("to", 80)), 'it is ready (done again) or review (looked at again)');
    ELSIF coalesce(trim(reason), '') = '' THEN
        PERFORM pgswarm._refuse('invalid_argument', 'reopening needs a reason', 'say why; it stays in the history');
    END IF;
    RETURN pgswarm._reopen(task, "to", v_person.agent, reason, pgswarm.clock());
END
$$;
COMMENT ON FUNCTION pgswarm.reopen IS
    'A person takes a task back that is done: ready, to be done again, or review, to be looked at again. Answers its generation. '
    'What waits for it and has not started waits again; what has begun is not touched.';
