-- Deadlines of questions, kept by the database's clock: whoever claims looks now and then, a coordinator looks more often.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._tend_questions(batch integer, at timestamptz) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    q       pgswarm.question;
    v_count integer := 0;
BEGIN
    FOR q IN
        SELECT * FROM pgswarm.question x
        WHERE x.state = 'open' AND x.deadline <= _tend_questions.at
        ORDER BY x.deadline LIMIT batch FOR UPDATE SKIP LOCKED
    LOOP
        v_count := v_count + 1;
        CASE
        WHEN q.on_deadline = 'default' THEN
            PERFORM pgswarm._close_question(q, 'defaulted', q.fallback, NULL, 'the deadline', false, at);
        WHEN q.on_deadline = 'deny' THEN
            PERFORM pgswarm._close_question(q, 'denied', NULL, NULL, 'the deadline', false, at);
        WHEN q.on_deadline = 'escalate' AND q.rung < cardinality(q.rungs) THEN
            UPDATE pgswarm.question x SET rung = q.rung + 1, deadline = _tend_questions.at + q.patience WHERE x.id = q.id
            RETURNING * INTO q;
            PERFORM pgswarm._record('question_escalated', NULL, NULL, NULL, NULL,
                jsonb_build_object('question', q.id::text, 'to', q.rungs[q.rung]), at);
            PERFORM pgswarm._tell_hook('question.escalated', q, at);
        ELSE
            -- It waits on, and is told once.
            UPDATE pgswarm.question x SET deadline = NULL, overdue_since = _tend_questions.at WHERE x.id = q.id
            RETURNING * INTO q;
            PERFORM pgswarm._record('question_overdue', NULL, NULL, NULL, NULL, jsonb_build_object('question', q.id::text), at);
            PERFORM pgswarm._tell_hook('question.overdue', q, at);
        END CASE;
    END LOOP;
    -- Waiters that somebody had locked when their question ended.
    FOR q IN
        SELECT * FROM pgswarm.question x WHERE x.loose ORDER BY x.id LIMIT batch FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        PERFORM pgswarm._end_question_waits(q, at);
    END LOOP;
    RETURN v_count >= batch;
END
$$;

-- What nobody looks at any more: questions long ended, unless they are decisions, and what the webhook was told of.
CREATE FUNCTION pgswarm._upkeep_questions(before timestamptz, batch integer) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_questions bigint[];
BEGIN
    v_questions := ARRAY(
        SELECT q.id FROM pgswarm.question q
        WHERE q.state <> 'open' AND NOT q.decision AND NOT q.loose AND q.answered_at < before
          -- A task that is still there may be shown its answer again.
          AND NOT EXISTS (SELECT FROM pgswarm.question_waiter w JOIN pgswarm.task t ON t.id = w.task WHERE w.question = q.id)
        ORDER BY q.answered_at LIMIT batch FOR UPDATE SKIP LOCKED);
    DELETE FROM pgswarm.question_waiter w WHERE w.question = ANY (v_questions);
    DELETE FROM pgswarm.question_answer a WHERE a.question = ANY (v_questions);
    DELETE FROM pgswarm.question q WHERE q.id = ANY (v_questions);
    DELETE FROM pgswarm.webhook_delivery d
    WHERE d.id = ANY (ARRAY(SELECT x.id FROM pgswarm.webhook_delivery x
                            WHERE x.state <> 'waiting' AND x.ended_at < before ORDER BY x.ended_at LIMIT batch));
END
$$;
