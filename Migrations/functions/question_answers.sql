-- Answers: the first wins, later ones are kept, and every task that waited comes back with it.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.question_answer(
    id bigint, answer text, note text DEFAULT NULL, as_decision boolean DEFAULT false, resume boolean DEFAULT false,
    agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (code text, state text, message text, final_answer text, resumed integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor(question_answer.agent, question_answer.session);  -- sessions are locked before questions
    q       pgswarm.question;
    v_who   record;
    v_now   timestamptz;
    v_late  boolean;
BEGIN
    SELECT * INTO q FROM pgswarm.question x WHERE x.id = question_answer.id FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('there is no question %s', id), 'see the open ones with: pgswarm question list');
    END IF;
    v_who := pgswarm._answerer(q, v_actor, question_answer.agent, question_answer.session);
    v_now := pgswarm.clock();
    IF length(btrim(coalesce(answer, ''))) NOT BETWEEN 1 AND 4000 OR answer <> ALL (q.options) THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is no answer to question %s', left(coalesce(answer, ''), 80), id),
            coalesce('it is one of: ' || array_to_string(q.options, ', '), 'an answer has 1 to 4000 characters'));
    ELSIF length(note) > 4000 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a note has up to 4000 characters', 'shorten it');
    ELSIF q.state = 'withdrawn' THEN
        PERFORM pgswarm._refuse('wrong_state', format('question %s was withdrawn', id), 'nobody waits for an answer any more');
    END IF;
    v_late := q.state <> 'open';
    IF v_late AND EXISTS (SELECT FROM pgswarm.question_answer a
                          WHERE a.question = q.id AND a.agent = v_who.who AND a.answer = question_answer.answer) THEN
        code := CASE WHEN q.answer = question_answer.answer AND q.state = 'answered' THEN 'ok' ELSE 'late' END;  -- repeated
    ELSE
        INSERT INTO pgswarm.question_answer (question, at, agent, separated, answer, note, late)
        VALUES (q.id, v_now, v_who.who, v_who.separated, question_answer.answer, question_answer.note, v_late);
        code := CASE WHEN v_late THEN 'late' ELSE 'ok' END;
        IF NOT v_late THEN
            q := pgswarm._close_question(q, 'answered', answer, note, v_who.name, as_decision, v_now);
            IF q.decision THEN
                PERFORM pgswarm._log_answer(q, NULL, v_who.who, v_now);
            END IF;
        ELSE
            PERFORM pgswarm._record('question_answered_late', NULL, NULL, v_who.who, NULL,
                jsonb_build_object('question', q.id::text, 'state', q.state), v_now);
        END IF;
    END IF;
    resumed := (SELECT count(*) FROM pgswarm.question_waiter w
                WHERE w.question = q.id AND w.parked AND (w.ended = 'resumed' OR w.ended IS NULL));
    IF v_late AND resume THEN
        resumed := pgswarm._resume_denied(q, answer, v_who.name, v_now);
    END IF;
    state := q.state;
    final_answer := CASE WHEN v_late AND resume AND q.state = 'denied' THEN answer ELSE q.answer END;
    message := CASE WHEN code = 'ok' THEN format('question %s is answered', q.id)
        ELSE format('question %s was %s %s; this answer is kept beside it', q.id,
             CASE q.state WHEN 'answered' THEN 'answered by' WHEN 'defaulted' THEN 'given its default by' ELSE 'denied by' END,
             q.answered_by) END;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.question_answer IS
    'Answers a question: ok, or late when it has an answer already (kept and shown, not applied). as_decision: whoever asks the '
    'same later gets it at once. resume: tasks that a deadline had denied begin again with this answer. A person''s act, or of '
    'the present rung.';

-- Who may answer: a person always; the coordinator or an agent, while the question is on their rung. An agent that asked,
-- or waits, does not answer itself.
CREATE FUNCTION pgswarm._answerer(
    question pgswarm.question, actor integer, agent text, session uuid, OUT who integer, OUT name text, OUT separated boolean
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_agent pgswarm.agent;
    v_rung  text := question.rungs[question.rung];
BEGIN
    SELECT * INTO v_agent FROM pgswarm.agent a WHERE a.id = actor;
    name := v_agent.name;
    IF (CASE v_rung
           WHEN 'human' THEN false  -- whatever somebody calls himself
           WHEN 'coordinator' THEN v_agent.role = 'coordinator' OR (_answerer.session IS NOT NULL
               AND (pgswarm._live_session(_answerer.session)).role = 'coordinator')
           ELSE v_rung = v_agent.name END)
       AND actor <> question.asker
       AND NOT EXISTS (SELECT FROM pgswarm.question_waiter w WHERE w.question = question.id AND w.agent = actor)
    THEN
        who := actor;
        separated := false;
        RETURN;
    END IF;
    SELECT h.agent, h.separated INTO who, separated FROM pgswarm._human(_answerer.agent, _answerer.session) h;
END
$$;

-- Ends a question, and with it the waiting. The caller has locked it.
CREATE FUNCTION pgswarm._close_question(
    question pgswarm.question, state text, answer text, note text, by text, decision boolean, at timestamptz
) RETURNS pgswarm.question
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    q pgswarm.question;
BEGIN
    UPDATE pgswarm.question x
    SET state = _close_question.state, answer = _close_question.answer, note = _close_question.note,
        answered_at = _close_question.at, answered_by = _close_question.by, deadline = NULL, overdue_since = NULL,
        decision = coalesce(_close_question.decision, false)
    WHERE x.id = question.id
    RETURNING * INTO q;
    PERFORM pgswarm._record('question_' || q.state, NULL, NULL, NULL,
        (SELECT array_agg(w.task ORDER BY w.task) FROM pgswarm.question_waiter w WHERE w.question = q.id),
        jsonb_strip_nulls(jsonb_build_object('question', q.id::text, 'by', by)), at);
    PERFORM pgswarm._tell_hook('question.' || q.state, q, at);
    PERFORM pgswarm._end_question_waits(q, at);
    RETURN q;
END
$$;

-- Sends the waiting tasks back with the answer, in small steps, so that they don't come as a herd; of a denied question
-- they end. One that somebody has just locked is passed over: the question is loose, and upkeep comes back to it.
CREATE FUNCTION pgswarm._end_question_waits(question pgswarm.question, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_tasks bigint[];
    v_step  interval;
    v_task  bigint;
BEGIN
    v_tasks := ARRAY(
        SELECT w.task FROM pgswarm.waiting w
        WHERE w.task = ANY (ARRAY(SELECT x.task FROM pgswarm.question_waiter x
                                  WHERE x.question = question.id AND x.parked AND x.ended IS NULL))
          AND w.state = 'parked' AND w.reason = 'question'
        ORDER BY w.task FOR UPDATE SKIP LOCKED);
    IF question.state = 'denied' THEN
        FOREACH v_task IN ARRAY v_tasks LOOP
            PERFORM pgswarm._bury_denied(v_task, question, at);
        END LOOP;
    ELSIF v_tasks <> '{}' THEN
        v_step := least(interval '20 milliseconds', interval '900 milliseconds' / cardinality(v_tasks));
        UPDATE pgswarm.waiting w
        SET state = CASE WHEN p.task IS NULL THEN 'scheduled' ELSE 'held' END,
            reason = CASE WHEN p.task IS NULL THEN 'answered' ELSE 'paused' END,
            due = _end_question_waits.at + v_step * (x.ord - 1)
        FROM unnest(v_tasks) WITH ORDINALITY x (task, ord)
        LEFT JOIN pgswarm.paused_task p ON p.task = x.task
        WHERE w.task = x.task;
        PERFORM pgswarm._record('resumed', w.queue, NULL, NULL, array_agg(w.task ORDER BY w.due),
            jsonb_build_object('question', question.id::text), at)
        FROM pgswarm.waiting w WHERE w.task = ANY (v_tasks) GROUP BY w.queue;
        PERFORM pgswarm._promote_these(v_tasks, at);
        PERFORM pgswarm._ring_for(v_tasks);
    END IF;
    UPDATE pgswarm.question_waiter x
    SET ended = CASE WHEN NOT x.parked THEN 'resumed' WHEN x.task <> ALL (v_tasks) THEN 'gone'
                     WHEN question.state = 'denied' THEN 'denied' ELSE 'resumed' END
    WHERE x.question = question.id AND x.ended IS NULL
      AND (NOT x.parked OR x.task = ANY (v_tasks)
           -- What is parked for it no more, cancelled perhaps, waits for nothing.
           OR NOT EXISTS (SELECT FROM pgswarm.waiting w WHERE w.task = x.task AND w.state = 'parked' AND w.reason = 'question'));
    UPDATE pgswarm.question q SET loose = NOT q.loose
    WHERE q.id = question.id
      AND q.loose <> EXISTS (SELECT FROM pgswarm.question_waiter x WHERE x.question = q.id AND x.ended IS NULL);
END
$$;

-- A task whose question was denied ends, with the question as its cause.
CREATE FUNCTION pgswarm._bury_denied(task bigint, question pgswarm.question, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    w pgswarm.waiting;
BEGIN
    DELETE FROM pgswarm.waiting x WHERE x.task = _bury_denied.task RETURNING * INTO w;
    INSERT INTO pgswarm.outcome (task, finished_at, queue, epoch, generation, attempts, failed, lost, state, error)
    VALUES (w.task, _bury_denied.at, w.queue, w.epoch, w.generation, w.attempts, w.failed, w.lost, 'dead',
            format('question %s was denied: %s', question.id, left(question.text, 2000)));
    PERFORM pgswarm._record('dead', w.queue, NULL, NULL, ARRAY[w.task],
        jsonb_build_object('question', question.id::text), at);
    PERFORM pgswarm._upstream_ended(w.task, at);
END
$$;

-- A late yes after a denial, when its giver wants so: what ended by it begins again and brings the answer along.
CREATE FUNCTION pgswarm._resume_denied(question pgswarm.question, answer text, by text, at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_task  bigint;
    v_count integer := 0;
BEGIN
    IF question.state <> 'denied' THEN
        PERFORM pgswarm._refuse('wrong_state', format('question %s was not denied: it is %s', question.id, question.state),
            'only tasks that a denial has ended can be resumed');
    END IF;
    UPDATE pgswarm.question x
    SET state = 'answered', answer = _resume_denied.answer, answered_at = _resume_denied.at, answered_by = _resume_denied.by
    WHERE x.id = question.id;
    FOR v_task IN
        SELECT w.task FROM pgswarm.question_waiter w WHERE w.question = question.id AND w.ended = 'denied' ORDER BY 1
    LOOP
        IF pgswarm._hold_still(v_task) = 'dead' THEN
            PERFORM pgswarm._begin_again(v_task, NULL, at);
            UPDATE pgswarm.question_waiter w SET ended = 'resumed' WHERE w.question = question.id AND w.task = v_task;
            v_count := v_count + 1;
        END IF;
    END LOOP;
    RETURN v_count;
END
$$;

CREATE FUNCTION pgswarm.question_withdraw(
    id bigint, reason text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor(question_withdraw.agent, question_withdraw.session);
    q       pgswarm.question;
    v_now   timestamptz;
BEGIN
    SELECT * INTO q FROM pgswarm.question x WHERE x.id = question_withdraw.id FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('there is no question %s', id), 'see the open ones with: pgswarm question list');
    ELSIF q.state <> 'open' AND NOT q.decision THEN
        PERFORM pgswarm._refuse('wrong_state', format('question %s is %s', id, q.state), 'only an open question can be withdrawn');
    ELSIF q.decision OR v_actor <> q.asker OR EXISTS (
        SELECT FROM pgswarm.question_waiter w WHERE w.question = q.id AND w.agent <> v_actor AND w.ended IS NULL)
    THEN
        -- What others wait for as well is not the asker's to take away.
        PERFORM pgswarm._human_actor(question_withdraw.agent, question_withdraw.session);
    END IF;
    v_now := pgswarm.clock();
    IF q.decision THEN
        UPDATE pgswarm.question x SET decision = false WHERE x.id = q.id;
        IF NOT EXISTS (SELECT FROM pgswarm.decision d WHERE d.supersedes = q.logged) THEN
            PERFORM pgswarm._log_answer(q, q.logged, v_actor, v_now);
        END IF;
        PERFORM pgswarm._record('question_undecided', NULL, NULL, v_actor, NULL,
            jsonb_strip_nulls(jsonb_build_object('question', q.id::text, 'reason', left(reason, 4000))), v_now);
        RETURN 0;
    END IF;
    PERFORM pgswarm._close_question(q, 'withdrawn', NULL, left(reason, 4000),
        (SELECT a.name FROM pgswarm.agent a WHERE a.id = v_actor), false, v_now);
    RETURN (SELECT count(*) FROM pgswarm.question_waiter w WHERE w.question = q.id AND w.parked);
END
$$;
COMMENT ON FUNCTION pgswarm.question_withdraw IS
    'Takes a question back: a person''s act, or its asker''s while no other agent waits for it. What waits for it comes back '
    'without an answer. Of an answer that was made a decision, the decision is taken back: whoever asks the same later asks '
    'people again.';

-- What is decided by an answer stands in the log of decisions too, where every claim of the plan sees it; and so does
-- that it was taken back.
CREATE FUNCTION pgswarm._log_answer(question pgswarm.question, supersedes bigint, actor integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_id bigint;
BEGIN
    INSERT INTO pgswarm.decision (plan, at, agent, supersedes, decision, why)
    VALUES (coalesce(question.plan, 0), _log_answer.at, actor, _log_answer.supersedes,
            format(CASE WHEN supersedes IS NULL THEN '%s %s' ELSE 'no longer decided: %s %s' END,
                   left(question.text, 700), left(question.answer, 300)),
            left(format('question %s', question.id) || coalesce(': ' || question.note, ''), 1000))
    RETURNING id INTO v_id;
    UPDATE pgswarm.question q SET logged = v_id WHERE q.id = question.id;
    PERFORM pgswarm._record('decided', NULL, NULL, actor, NULL, jsonb_strip_nulls(jsonb_build_object(
        'decision', v_id::text, 'supersedes', supersedes::text, 'plan', question.plan, 'question', question.id::text)), at);
END
$$;

-- The brief of a task that is not governed: the answers to its questions, if it ever asked.
CREATE FUNCTION pgswarm._brief_asked(task bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('answers', a.answers) FROM (SELECT pgswarm._brief_answers(task) AS answers) a
            WHERE a.answers IS NOT NULL);
END
$$;

-- What was answered to a task, newest first: it comes with its next claim.
CREATE FUNCTION pgswarm._brief_answers(task bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SET timezone = 'UTC'  -- for the times in the JSON
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT jsonb_agg(
            jsonb_build_object('question', x.id::text, 'text', x.text, 'state', x.state, 'answer', x.answer,
                               'note', x.note, 'by', x.answered_by, 'at', x.answered_at)
            || coalesce((SELECT jsonb_build_object('late', jsonb_agg(
                                    jsonb_build_object('answer', l.answer, 'note', l.note, 'by', a.name, 'at', l.at) ORDER BY l.id))
                         FROM (SELECT * FROM pgswarm.question_answer l WHERE l.question = x.id AND l.late
                               ORDER BY l.id DESC LIMIT 5) l
                         JOIN pgswarm.agent a ON a.id = l.agent
                         HAVING count(*) > 0), '{}') ORDER BY x.id DESC)
        FROM (
            SELECT q.* FROM pgswarm.question_waiter w JOIN pgswarm.question q ON q.id = w.question
            WHERE w.task = _brief_answers.task AND q.state <> 'open' ORDER BY q.id DESC LIMIT 5
        ) x);
END
$$;
