-- Questions: an agent that is unsure asks. The task waits at no cost, other work goes on.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.question_ask(
    text text, options text[] DEFAULT NULL, fallback text DEFAULT NULL, deadline interval DEFAULT NULL,
    on_deadline text DEFAULT 'wait', rungs text[] DEFAULT '{human}', severity text DEFAULT 'normal',
    scope text DEFAULT 'task', topic text DEFAULT NULL, handle text DEFAULT NULL, checkpoint jsonb DEFAULT NULL,
    park boolean DEFAULT true, request_id text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (id bigint, created boolean, state text, answer text, task bigint, task_state text, waiters integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor  integer;
    v_answer jsonb;
BEGIN
    v_actor := CASE WHEN handle IS NULL THEN pgswarm._actor(question_ask.agent, question_ask.session)
                    ELSE pgswarm._asker_of(handle) END;
    IF question_ask.request_id IS NOT NULL THEN
        v_answer := pgswarm._begin_request(v_actor, 'question_ask', question_ask.request_id,
            jsonb_build_array(text, to_jsonb(options), fallback, deadline, on_deadline, to_jsonb(rungs), severity, scope,
                              topic, handle, checkpoint, park));
    END IF;
    IF v_answer IS NULL THEN
        PERFORM pgswarm._check_question(text, options, fallback, deadline, on_deadline, rungs, severity, scope, topic);
        v_answer := pgswarm._ask(v_actor, btrim(text), options, fallback, deadline, on_deadline, rungs, severity, scope,
                                 topic, handle, checkpoint, park);
        IF question_ask.request_id IS NOT NULL THEN
            PERFORM pgswarm._end_request(v_actor, 'question_ask', question_ask.request_id, v_answer);
        END IF;
    END IF;
    RETURN QUERY
    SELECT a.* FROM jsonb_to_record(v_answer) a
        (id bigint, created boolean, state text, answer text, task bigint, task_state text, waiters integer);
END
$$;
COMMENT ON FUNCTION pgswarm.question_ask IS
    'Asks people. Under a handle the task is parked at no cost (unless park is false) and comes back with the answer. The same '
    'question of others (text and options, or the topic; the plan; what happens at the deadline) is one question with more '
    'waiters, whose first deadline holds; an answer that was made a decision is given at once. At the deadline: wait, default '
    '(fallback), deny (the waiting tasks end) or escalate (the next of rungs).';

-- Whose handle it is. The lease itself is locked later; a repetition of a call that parked the task finds its hold ended.
CREATE FUNCTION pgswarm._asker_of(handle text) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_agent integer;
BEGIN
    PERFORM pgswarm._check_handle(handle);
    PERFORM pgswarm._check_holder(ARRAY[handle]);
    SELECT s.agent INTO v_agent
    FROM (
        SELECT l.session FROM pgswarm.lease l
        WHERE l.task = split_part(handle, '.', 1)::bigint AND l.claim_id = split_part(handle, '.', 3)::uuid
        UNION ALL
        SELECT t.session FROM pgswarm.attempt t
        WHERE t.task = split_part(handle, '.', 1)::bigint AND t.epoch = split_part(handle, '.', 2)::integer
          AND t.claim_id = split_part(handle, '.', 3)::uuid
    ) h
    JOIN pgswarm.session s ON s.id = h.session LIMIT 1;
    IF v_agent IS NULL THEN
        PERFORM pgswarm._refuse_lost(handle);
    END IF;
    RETURN v_agent;
END
$$;

CREATE FUNCTION pgswarm._check_question(
    text text, options text[], fallback text, deadline interval, on_deadline text, rungs text[], severity text, scope text,
    topic text
) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF length(btrim(coalesce(text, ''))) NOT BETWEEN 1 AND 4000 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a question has 1 to 4000 characters', 'ask one thing, in a sentence or two');
    ELSIF cardinality(options) NOT BETWEEN 1 AND 20 OR EXISTS (
        SELECT FROM unnest(options) o WHERE o IS NULL OR length(o) NOT BETWEEN 1 AND 200 OR o ~ '[[:cntrl:]]')
        OR cardinality(options) <> (SELECT count(DISTINCT o) FROM unnest(options) o)
    THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the options of a question are 1 to 20 different texts of up to 200 characters',
            'leave them out where any text is an answer');
    ELSIF fallback IS NOT NULL AND (length(fallback) NOT BETWEEN 1 AND 4000 OR fallback <> ALL (options)) THEN
        PERFORM pgswarm._refuse('invalid_argument', format('the fallback %L is no answer to this question', left(fallback, 80)),
            coalesce('it is one of: ' || array_to_string(options, ', '), 'it has 1 to 4000 characters'));
    ELSIF on_deadline IS NULL OR on_deadline NOT IN ('wait', 'default', 'deny', 'escalate') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is nothing to do at a deadline', coalesce(on_deadline, '')),
            'it is wait, default, deny or escalate');
    ELSIF deadline <= '0' OR deadline > interval '365 days' OR (deadline IS NULL AND on_deadline <> 'wait') THEN
        PERFORM pgswarm._refuse('invalid_argument',
            CASE WHEN deadline IS NULL THEN format('on_deadline %s needs a deadline', on_deadline)
                 ELSE format('a deadline in %s is out of range', deadline) END,
            'give a time above 0 and up to 365 days');
    ELSIF on_deadline = 'default' AND fallback IS NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', 'on_deadline default needs a fallback', 'say which answer is taken when nobody gives one');
    ELSIF coalesce(cardinality(rungs), 0) NOT BETWEEN 1 AND 3 OR EXISTS (
        SELECT FROM unnest(rungs) r WHERE r IS NULL OR length(r) NOT BETWEEN 1 AND 200 OR r ~ '[[:cntrl:]]')
        OR (on_deadline = 'escalate' AND cardinality(rungs) < 2)
    THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a question goes to 1 to 3 rungs, at least 2 where it escalates',
            'rungs are coordinator, human or names of agents, such as {coordinator,human}');
    ELSIF severity IS NULL OR severity NOT IN ('low', 'normal', 'high', 'blocking') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is no severity', coalesce(severity, '')), 'it is low, normal, high or blocking');
    ELSIF scope IS NULL OR scope NOT IN ('task', 'paths', 'plan') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is no scope', coalesce(scope, '')), 'it is task, paths or plan');
    ELSIF length(topic) NOT BETWEEN 1 AND 200 OR topic ~ '[[:cntrl:]]' THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a topic has 1 to 200 characters', 'it is what makes two questions the same');
    END IF;
END
$$;

-- Questions that are the same in this sense are one: blanks and case don't matter.
CREATE FUNCTION pgswarm._question_hash(text text, options text[], topic text, plan integer) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    RETURN sha256(convert_to(CASE WHEN topic IS NOT NULL THEN jsonb_build_array(plan, lower(topic))
        ELSE jsonb_build_array(plan, lower(regexp_replace(btrim(text), '\s+', ' ', 'g')),
                               (SELECT jsonb_agg(o ORDER BY o) FROM unnest(options) o)) END::text, 'UTF8'));
END
$$;

CREATE FUNCTION pgswarm._ask(
    actor integer, text text, options text[], fallback text, patience interval, on_deadline text, rungs text[],
    severity text, scope text, topic text, handle text, checkpoint jsonb, park boolean
) RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease   pgswarm.lease;
    v_plan    integer;
    v_hash    bytea;
    v_now     timestamptz;
    v_created boolean := false;
    v_state   text;
    q         pgswarm.question;
BEGIN
    IF handle IS NOT NULL THEN
        v_lease := pgswarm._held(handle);
        v_plan := (SELECT t.plan FROM pgswarm.task t WHERE t.id = v_lease.task);
    END IF;
    v_hash := pgswarm._question_hash(text, options, topic, v_plan);
    v_now := pgswarm.clock();
    SELECT * INTO q FROM pgswarm.question x WHERE x.hash = v_hash AND x.decision ORDER BY x.id DESC LIMIT 1;
    WHILE q.id IS NULL LOOP
        -- Locked, so that the answer either is there already or finds this task waiting.
        SELECT * INTO q FROM pgswarm.question x
        WHERE x.hash = v_hash AND x.on_deadline = _ask.on_deadline
          AND CASE WHEN x.on_deadline = 'default' THEN x.fallback ELSE '' END
              = CASE WHEN _ask.on_deadline = 'default' THEN _ask.fallback ELSE '' END
          AND x.state = 'open'
        FOR UPDATE;
        EXIT WHEN FOUND;
        PERFORM pgswarm._limit_questions(actor, v_now);
        INSERT INTO pgswarm.question (at, asker, plan, scope, topic, hash, text, options, fallback, severity, on_deadline,
                                      patience, deadline, rungs)
        VALUES (v_now, actor, v_plan, _ask.scope, _ask.topic, v_hash, _ask.text, _ask.options, _ask.fallback,
                _ask.severity, _ask.on_deadline, _ask.patience, v_now + _ask.patience, _ask.rungs)
        ON CONFLICT DO NOTHING
        RETURNING * INTO q;
        v_created := q.id IS NOT NULL;
    END LOOP;
    IF v_created THEN
        PERFORM pgswarm._record('question_asked', NULL, NULL, actor, CASE WHEN v_lease.task IS NOT NULL THEN ARRAY[v_lease.task] END,
            jsonb_build_object('question', q.id::text, 'severity', severity), v_now);
        PERFORM pgswarm._tell_hook('question.asked', q, v_now);
    END IF;
    IF v_lease.task IS NOT NULL THEN
        v_state := pgswarm._wait_for_answer(v_lease, q, actor, park, checkpoint, v_now);
    END IF;
    RETURN jsonb_build_object('id', q.id, 'created', v_created, 'state', q.state, 'answer', q.answer, 'task', v_lease.task,
        'task_state', v_state,
        'waiters', (SELECT count(*) FROM pgswarm.question_waiter w WHERE w.question = q.id AND w.ended IS NULL));
END
$$;

-- A person is not to be the victim of a herd: so many open questions an agent may have, and ask in an hour.
CREATE FUNCTION pgswarm._limit_questions(actor integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_open integer;
    v_hour integer;
BEGIN
    SELECT count(*) FILTER (WHERE x.state = 'open'), count(*) FILTER (WHERE x.at > _limit_questions.at - interval '1 hour')
    INTO v_open, v_hour
    FROM pgswarm.question x WHERE x.asker = actor AND (x.state = 'open' OR x.at > _limit_questions.at - interval '1 hour');
    IF v_open >= 20 OR v_hour >= 60 THEN
        PERFORM pgswarm._refuse('too_large',
            format('this agent has %s open and asked %s within the hour', pgswarm._counted(v_open, 'question'), v_hour),
            'people answer at most 20 at a time and 60 an hour of one agent: decide the small things by yourself');
    END IF;
END
$$;

-- The task lets go of its holder and waits, or only notes that it wants to know. Answers its state.
CREATE FUNCTION pgswarm._wait_for_answer(
    lease pgswarm.lease, question pgswarm.question, actor integer, park boolean, checkpoint jsonb, at timestamptz
) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_parks boolean := coalesce(park, true) AND question.state = 'open';
BEGIN
    -- It was cancelled and begun again, perhaps: what it waited for in its earlier life no longer moves it.
    UPDATE pgswarm.question_waiter x SET ended = 'gone'
    WHERE x.task = lease.task AND x.question <> question.id AND x.parked AND x.ended IS NULL;
    IF checkpoint IS NOT NULL THEN
        INSERT INTO pgswarm.progress (task, at, session, epoch, checkpoint)
        VALUES (lease.task, _wait_for_answer.at, lease.session, lease.epoch, pgswarm._bounded('checkpoint', checkpoint));
    END IF;
    INSERT INTO pgswarm.question_waiter (question, task, at, agent, parked, ended)
    VALUES (question.id, lease.task, _wait_for_answer.at, actor, v_parks, CASE WHEN question.state <> 'open' THEN 'resumed' END)
    ON CONFLICT (question, task) DO UPDATE SET parked = excluded.parked, ended = excluded.ended;
    IF NOT v_parks THEN
        RETURN 'running';
    END IF;
    PERFORM pgswarm._end_attempt(lease, 'released', NULL, format('asked question %s: %s', question.id, left(question.text, 500)), at);
    INSERT INTO pgswarm.waiting (task, since, queue, epoch, priority, generation, attempts, failed, lost, state, reason)
    VALUES (lease.task, _wait_for_answer.at, lease.queue, lease.epoch, lease.priority, lease.generation, lease.attempts,
            lease.failed, lease.lost, 'parked', 'question');
    PERFORM pgswarm._record('parked', lease.queue, lease.session, NULL, ARRAY[lease.task],
        jsonb_build_object('reason', 'question', 'question', question.id::text), at);
    RETURN 'parked';
END
$$;
