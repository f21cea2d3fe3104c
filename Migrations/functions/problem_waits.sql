-- Waiting for a solution: tasks are parked on their problem, at no cost, and come back with its solution or without.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.park_on_problem(handle text, problem bigint, "for" interval DEFAULT NULL, note text DEFAULT NULL)
RETURNS TABLE (task bigint, state text, solver text, solver_until timestamptz, until timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease;
    v_most  interval := (SELECT s.problem_wait FROM pgswarm.setting s);
    v_now   timestamptz;
    p       pgswarm.problem;
BEGIN
    IF park_on_problem."for" <= '0' OR park_on_problem."for" > interval '30 days' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('a wait of %s is out of range', park_on_problem."for"),
            'give a time above 0 and up to 30 days; after it the task comes back in any case');
    END IF;
    v_lease := pgswarm._held(park_on_problem.handle);
    -- Locked, so that the solution either is there already or finds this task waiting.
    p := pgswarm._known_problem(park_on_problem.problem, true);
    v_now := pgswarm.clock();
    task := v_lease.task;
    PERFORM pgswarm._end_attempt(v_lease, 'released', NULL,
        coalesce(left(park_on_problem.note, 2000), format('waits for problem %s', p.id)), v_now);
    PERFORM pgswarm._met(p.id, p.fingerprint, v_lease,
        (SELECT s.agent FROM pgswarm.session s WHERE s.id = v_lease.session), v_now);
    IF p.status IN ('solved', 'closed') THEN
        state := pgswarm._put_back(v_lease, NULL, 'released', v_now);
    ELSE
        state := 'parked';
        until := v_now + coalesce(park_on_problem."for", v_most);
        INSERT INTO pgswarm.waiting (task, since, queue, epoch, priority, generation, attempts, failed, lost, state, reason)
        VALUES (v_lease.task, v_now, v_lease.queue, v_lease.epoch, v_lease.priority, v_lease.generation,
                v_lease.attempts, v_lease.failed, v_lease.lost, 'parked', 'problem');
        INSERT INTO pgswarm.problem_waiter (task, problem, until) VALUES (v_lease.task, p.id, until)
        ON CONFLICT (task) DO UPDATE SET problem = excluded.problem, until = excluded.until;
        IF pgswarm._is_being_solved(p, v_now) THEN
            SELECT a.name, p.solver_until INTO solver, solver_until
            FROM pgswarm.session s JOIN pgswarm.agent a ON a.id = s.agent WHERE s.id = p.solver;
        END IF;
    END IF;
    PERFORM pgswarm._record('released', v_lease.queue, v_lease.session, NULL, ARRAY[v_lease.task],
        jsonb_build_object('problem', p.id::text, 'state', state), v_now);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.park_on_problem IS
    'Ends a hold without costing an attempt: the task waits until the problem is solved, its solver gives up or vanishes, or '
    'the time is over. A problem that is solved already makes it ready at once.';

-- Sends the tasks that wait for a problem back, in small steps within a second, so that they don't come as a herd. A task
-- that somebody has just locked, to cancel it perhaps, is passed over: upkeep finds it. Answers their queues.
CREATE FUNCTION pgswarm._end_wait(tasks bigint[], at timestamptz) RETURNS text[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_tasks  bigint[];
    v_queues text[];
    v_step   interval;
BEGIN
    v_tasks := ARRAY(
        SELECT w.task FROM pgswarm.waiting w
        WHERE w.task = ANY (tasks) AND w.state = 'parked' AND w.reason = 'problem'
        ORDER BY w.task FOR UPDATE SKIP LOCKED);
    -- What is parked no more (cancelled, perhaps) waits for nothing.
    DELETE FROM pgswarm.problem_waiter x
    WHERE x.task = ANY (tasks)
      AND (x.task = ANY (v_tasks)
           OR NOT EXISTS (SELECT FROM pgswarm.waiting w WHERE w.task = x.task AND w.state = 'parked' AND w.reason = 'problem'));
    IF cardinality(v_tasks) = 0 THEN
        RETURN '{}';
    END IF;
    v_step := least(interval '20 milliseconds', interval '900 milliseconds' / cardinality(v_tasks));
    UPDATE pgswarm.waiting w
    SET state = 'scheduled', reason = 'problem', due = at + v_step * (x.ord - 1)
    FROM unnest(v_tasks) WITH ORDINALITY x (task, ord) WHERE w.task = x.task;
    v_queues := ARRAY(SELECT DISTINCT q.name FROM pgswarm.waiting w JOIN pgswarm.queue q ON q.id = w.queue
                      WHERE w.task = ANY (v_tasks) ORDER BY 1);
    PERFORM pgswarm._record('resumed', w.queue, NULL, NULL, array_agg(w.task ORDER BY w.due), NULL, at)
    FROM pgswarm.waiting w WHERE w.task = ANY (v_tasks) GROUP BY w.queue;
    PERFORM pgswarm._promote_these(v_tasks, at);
    RETURN v_queues;
END
$$;

-- Everything that waits for one problem.
CREATE FUNCTION pgswarm._end_waits(problem bigint, at timestamptz, OUT tasks integer, OUT queues text[])
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_tasks bigint[] := ARRAY(SELECT w.task FROM pgswarm.problem_waiter w WHERE w.problem = _end_waits.problem ORDER BY 1);
BEGIN
    queues := pgswarm._end_wait(v_tasks, at);
    tasks := cardinality(v_tasks)
             - (SELECT count(*) FROM pgswarm.problem_waiter w WHERE w.problem = _end_waits.problem AND w.task = ANY (v_tasks));
END
$$;

-- A round of upkeep: counts added up, leases of solvers that vanished ended, waits ended that have no reason any more.
CREATE FUNCTION pgswarm._tend_problems(batch integer, at timestamptz) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    p       pgswarm.problem;
    v_tasks bigint[];
    v_hits  integer := 0;
BEGIN
    IF pg_sequence_last_value('pgswarm.problem_id') IS NULL THEN
        RETURN false;
    END IF;
    IF EXISTS (SELECT FROM pgswarm.problem_hit h WHERE NOT h.folded) THEN
        v_hits := pgswarm._fold_hits(batch, at);
    END IF;
    FOR p IN
        SELECT * FROM pgswarm.problem x
        WHERE x.status = 'solving' AND NOT pgswarm._is_being_solved(x, _tend_problems.at)
        ORDER BY x.id LIMIT batch FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        CONTINUE WHEN pgswarm._is_being_solved(p, at);
        PERFORM pgswarm._abandon(p, 'the solver''s lease ran out', at);
    END LOOP;
    v_tasks := ARRAY(
        SELECT w.task FROM pgswarm.problem_waiter w JOIN pgswarm.problem x ON x.id = w.problem
        WHERE w.until <= _tend_problems.at OR x.status IN ('solved', 'closed')
        ORDER BY w.task LIMIT batch);
    IF cardinality(v_tasks) > 0 THEN
        PERFORM pgswarm._end_wait(v_tasks, at);
    END IF;
    RETURN v_hits >= batch OR cardinality(v_tasks) >= batch;
END
$$;

-- Upkeep that may take longer: the words that searches weigh by, and what is past its time.
CREATE FUNCTION pgswarm._upkeep_problems(batch integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_last bigint := pg_sequence_last_value('pgswarm.problem_id');
BEGIN
    IF v_last IS NULL THEN
        RETURN;
    END IF;
    PERFORM pgswarm._tend_problems(batch, at);
    IF v_last > 500 AND v_last > (SELECT s.entries * 1.2 FROM pgswarm.problem_sample s) THEN
        PERFORM pgswarm._sample_words();
    END IF;
    DELETE FROM pgswarm.problem_hit h
    WHERE h.ctid = ANY (ARRAY(
        SELECT x.ctid FROM pgswarm.problem_hit x
        WHERE x.at < _upkeep_problems.at - greatest(interval '7 days', (SELECT s.epidemic_window FROM pgswarm.setting s))
          AND x.folded LIMIT batch));
    -- Tasks are numbered as they come and are removed when they are old: what is before the first of them is gone.
    DELETE FROM pgswarm.problem_shown s
    WHERE s.ctid = ANY (ARRAY(
        SELECT x.ctid FROM pgswarm.problem_shown x
        WHERE x.task < (SELECT min(t.id) FROM pgswarm.task t) ORDER BY x.task LIMIT batch));
END
$$;

-- Why a parked task is not running.
CREATE FUNCTION pgswarm._why_parked(task bigint)
RETURNS TABLE (reason text, message text, until timestamptz, detail jsonb)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT 'problem',
           format('it waits until problem %s (%s) is solved, at most until %s; %s', p.id, p.title, pgswarm._moment(w.until),
                  CASE WHEN pgswarm._is_being_solved(p, pgswarm.clock())
                       THEN (SELECT a.name || ' is solving it' FROM pgswarm.session s JOIN pgswarm.agent a ON a.id = s.agent WHERE s.id = p.solver)
                       ELSE 'nobody is solving it: pgswarm problem solve ' || p.id END),
           w.until, jsonb_build_object('problem', p.id::text, 'status', p.status)
    FROM pgswarm.problem_waiter w JOIN pgswarm.problem p ON p.id = w.problem WHERE w.task = _why_parked.task;
END
$$;

CREATE FUNCTION pgswarm.problem_set(settings jsonb, agent text DEFAULT NULL, session uuid DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._human_actor(problem_set.agent, problem_set.session);
    v_known text[] := ARRAY['epidemic_agents', 'epidemic_window', 'problem_decay', 'problem_wait', 'problem_quota'];
    v_name  text;
    v_value text;
BEGIN
    IF jsonb_typeof(settings) IS DISTINCT FROM 'object' THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the settings are no JSON object', 'for example: {"epidemic_agents": null}');
    END IF;
    FOR v_name, v_value IN SELECT s.key, s.value #>> '{}' FROM jsonb_each(settings) s ORDER BY 1 LOOP
        IF v_name <> ALL (v_known) THEN
            PERFORM pgswarm._refuse('invalid_argument', format('the problem log has no setting "%s"', left(v_name, 80)),
                'the settings are ' || array_to_string(v_known, ', '));
        END IF;
        BEGIN
            IF v_name IN ('epidemic_agents', 'problem_quota') THEN
                EXECUTE format('UPDATE pgswarm.setting SET %I = $1::integer', v_name) USING v_value;
            ELSE
                EXECUTE format('UPDATE pgswarm.setting SET %I = make_interval(secs => $1::double precision)', v_name) USING v_value;
            END IF;
        EXCEPTION WHEN data_exception OR check_violation OR not_null_violation THEN
            PERFORM pgswarm._refuse('invalid_argument', format('%L is not a value for "%s"', left(v_value, 80), v_name),
                'durations are seconds above 0, problem_quota is above 0, epidemic_agents 2 or more, or null for no containment');
        END;
    END LOOP;
    PERFORM pgswarm._record('problems_set', NULL, NULL, v_actor, NULL, settings, pgswarm.clock());
    RETURN (
        SELECT jsonb_build_object(
            'epidemic_agents', s.epidemic_agents, 'epidemic_window', extract(epoch FROM s.epidemic_window),
            'problem_decay', extract(epoch FROM s.problem_decay), 'problem_wait', extract(epoch FROM s.problem_wait),
            'problem_quota', s.problem_quota)
        FROM pgswarm.setting s);
END
$$;
COMMENT ON FUNCTION pgswarm.problem_set IS
    'Changes settings of the problem log and answers all: epidemic_agents (null: no containment), epidemic_window, '
    'problem_decay, problem_wait (seconds), problem_quota (new entries of an agent in an hour).';
