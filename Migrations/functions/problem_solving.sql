-- Solving: one at a time, by a lease; the others are told who it is.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.problem_begin(
    problem bigint, lease interval DEFAULT '30 minutes', agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (id bigint, handle text, until timestamptz, title text, waiting integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_length  interval := coalesce(pgswarm._lease_length(problem_begin.lease), interval '30 minutes');
    v_session pgswarm.session := pgswarm._claimer(problem_begin.session, problem_begin.agent);
    v_now     timestamptz;
    v_new     boolean;
    p         pgswarm.problem;
BEGIN
    -- The session before the problem, as everywhere; a bare one lives as long as its longest lease.
    IF v_session.kind = 'bare' THEN
        UPDATE pgswarm.session s SET expires_at = greatest(s.expires_at, pgswarm.clock() + v_length) WHERE s.id = v_session.id;
    ELSE
        PERFORM pgswarm._touch(v_session, pgswarm.clock());
    END IF;
    p := pgswarm._known_problem(problem_begin.problem, true);
    v_now := pgswarm.clock();
    IF p.status = 'closed' THEN
        PERFORM pgswarm._refuse('wrong_state', format('problem %s is closed as %s', p.id, p.resolution),
            coalesce('see the problem that it duplicates: ' || p.duplicate_of, 'if it is still there, open it again with: pgswarm problem close ' || p.id || ' --reopen'));
    END IF;
    v_new := NOT pgswarm._is_being_solved(p, v_now);
    IF NOT v_new AND p.solver <> v_session.id THEN
        PERFORM pgswarm._refuse('held', pgswarm._solver_message(p),
            'wait for the solution with: pgswarm problem wait HANDLE ' || p.id || ', work around it, or help the solver');
    END IF;
    UPDATE pgswarm.problem x
    SET status = 'solving', solver = v_session.id, solver_until = v_now + v_length,
        solver_since = CASE WHEN v_new THEN v_now ELSE x.solver_since END,
        solver_claim = CASE WHEN v_new THEN gen_random_uuid() ELSE x.solver_claim END,
        solver_epoch = CASE WHEN v_new THEN x.solver_epoch + 1 ELSE x.solver_epoch END
    WHERE x.id = p.id
    RETURNING * INTO p;
    IF v_new THEN
        PERFORM pgswarm._record('problem_solving', NULL, v_session.id, NULL, NULL,
            jsonb_build_object('problem', p.id::text, 'epoch', p.solver_epoch, 'until', pgswarm._moment(p.solver_until)), v_now);
    END IF;
    id := p.id;
    handle := pgswarm._solver_handle(p);
    until := p.solver_until;
    title := p.title;
    waiting := (SELECT count(*) FROM pgswarm.problem_waiter w WHERE w.problem = p.id);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.problem_begin IS
    'Takes the lease of the solver, or renews the caller''s own. Raises held with who solves it, since when and until when.';

CREATE FUNCTION pgswarm.problem_abandon(solver text, note text DEFAULT NULL)
RETURNS TABLE (id bigint, resumed integer, queues text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    p pgswarm.problem := pgswarm._solving(problem_abandon.solver);
BEGIN
    id := p.id;
    SELECT a.tasks, a.queues INTO resumed, queues
    FROM pgswarm._abandon(p, coalesce(nullif(left(problem_abandon.note, 2000), ''), 'given up'), pgswarm.clock()) a;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.problem_abandon IS
    'Gives the lease of the solver up. What waited comes back: ring its queues after the commit.';

-- Ends a solver's lease without a solution. The caller has locked the problem.
CREATE FUNCTION pgswarm._abandon(problem pgswarm.problem, reason text, at timestamptz, OUT tasks integer, OUT queues text[])
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    UPDATE pgswarm.problem x
    SET status = pgswarm._status_without_solver(x.id), solver = NULL, solver_claim = NULL, solver_since = NULL, solver_until = NULL
    WHERE x.id = problem.id;
    PERFORM pgswarm._record('problem_abandoned', NULL, problem.solver, NULL, NULL,
        jsonb_build_object('problem', problem.id::text, 'reason', reason), at);
    SELECT e.tasks, e.queues INTO tasks, queues FROM pgswarm._end_waits(problem.id, at) e;
END
$$;

-- Solved when there is a solution that nobody has refuted.
CREATE FUNCTION pgswarm._status_without_solver(problem bigint) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN CASE WHEN EXISTS (
        SELECT FROM pgswarm.solution s
        WHERE s.problem = _status_without_solver.problem AND s.status IN ('proposed', 'confirmed')) THEN 'solved' ELSE 'open' END;
END
$$;

CREATE FUNCTION pgswarm.problem_solve(
    problem bigint,
    solution text,
    evidence text,
    solver text DEFAULT NULL,
    supersedes bigint DEFAULT NULL,
    request_id text DEFAULT NULL,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (id bigint, solution_id bigint, status text, resumed integer, queues text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_text    text := pgswarm._problem_text('solution', problem_solve.solution, 16384);
    v_proof   text := pgswarm._problem_text('evidence', problem_solve.evidence, 16384);
    v_session pgswarm.session;
    v_actor   integer;
    v_answer  jsonb;
    v_now     timestamptz;
    p         pgswarm.problem;
    v_new     bigint;
BEGIN
    IF problem_solve.session IS NOT NULL THEN
        v_session := pgswarm._live_session(problem_solve.session);
        PERFORM pgswarm._require_session(v_session, 'worker', 'coordinator');
        v_actor := v_session.agent;
    ELSE
        v_actor := pgswarm._actor_as(problem_solve.agent, NULL, 'worker', 'coordinator');
        SELECT * INTO v_session FROM pgswarm.session s
        WHERE s.agent = v_actor AND s.login = session_user AND s.kind = 'bare' AND s.ended_at IS NULL;
    END IF;
    IF problem_solve.request_id IS NOT NULL THEN
        v_answer := pgswarm._begin_request(v_actor, 'problem_solve', problem_solve.request_id,
            jsonb_build_array(problem_solve.problem, problem_solve.solution, problem_solve.evidence, solver, supersedes));
        IF v_answer IS NOT NULL THEN
            RETURN QUERY SELECT * FROM jsonb_to_record(v_answer)
                AS a (id bigint, solution_id bigint, status text, resumed integer, queues text[]);
            RETURN;
        END IF;
    END IF;
    IF problem_solve.solver IS NOT NULL THEN
        p := pgswarm._solving(problem_solve.solver);
        IF p.id <> (pgswarm._known_problem(problem_solve.problem)).id THEN
            PERFORM pgswarm._refuse('invalid_handle', format('this handle is for problem %s, not for %s', p.id, problem_solve.problem),
                'pass the handle that problem_begin answered for this problem');
        END IF;
        IF v_actor <> (SELECT s.agent FROM pgswarm.session s WHERE s.id = p.solver) THEN
            PERFORM pgswarm._refuse('not_allowed', format('problem %s is being solved by another agent', p.id),
                'the handle is for the solver''s own sessions; tell the solver what you have found');
        END IF;
    ELSE
        p := pgswarm._known_problem(problem_solve.problem, true);
        IF pgswarm._is_being_solved(p, pgswarm.clock()) AND p.solver IS DISTINCT FROM v_session.id THEN
            PERFORM pgswarm._refuse('held', pgswarm._solver_message(p),
                'tell the solver what you have found, or wait until the lease ends');
        END IF;
    END IF;
    v_now := pgswarm.clock();
    IF p.status = 'closed' THEN
        PERFORM pgswarm._refuse('wrong_state', format('problem %s is closed as %s', p.id, p.resolution),
            coalesce('solve the problem that it duplicates: ' || p.duplicate_of, 'if it is still there, open it again with: pgswarm problem close ' || p.id || ' --reopen'));
    END IF;
    v_new := pgswarm._solution_added(p, v_text, v_proof, v_actor, NULL, supersedes, v_now);
    UPDATE pgswarm.problem x
    SET status = 'solved', solver = NULL, solver_claim = NULL, solver_since = NULL, solver_until = NULL
    WHERE x.id = p.id;
    SELECT e.tasks, e.queues INTO resumed, queues FROM pgswarm._end_waits(p.id, v_now) e;
    queues := queues || pgswarm._uncontained(p.id, v_actor, v_now);
    id := p.id;
    solution_id := v_new;
    status := 'solved';
    IF problem_solve.request_id IS NOT NULL THEN
        PERFORM pgswarm._end_request(v_actor, 'problem_solve', problem_solve.request_id, jsonb_build_object(
            'id', id, 'solution_id', solution_id, 'status', status, 'resumed', resumed, 'queues', queues));
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.problem_solve IS
    'Adds a solution with its evidence. Everything that waits for the problem becomes ready in the same transaction; ring the '
    'queues that are answered after the commit. supersedes: the solution that this one replaces.';

CREATE FUNCTION pgswarm._solution_added(
    problem pgswarm.problem, body text, evidence text, author integer, credit text, supersedes bigint, at timestamptz
) RETURNS bigint
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_id bigint;
BEGIN
    IF (SELECT count(*) FROM pgswarm.solution s WHERE s.problem = _solution_added.problem.id) >= 100 THEN
        PERFORM pgswarm._refuse('too_large', format('problem %s has 100 solutions already', problem.id),
            'confirm or flag those that are there, or replace one with: pgswarm problem supersede');
    END IF;
    INSERT INTO pgswarm.solution (problem, created_at, author, body, evidence, credit)
    VALUES (_solution_added.problem.id, _solution_added.at, _solution_added.author, _solution_added.body,
            _solution_added.evidence, _solution_added.credit)
    RETURNING id INTO v_id;
    IF supersedes IS NOT NULL THEN
        UPDATE pgswarm.solution s SET status = 'superseded', superseded_by = v_id
        WHERE s.id = supersedes AND s.problem = _solution_added.problem.id AND s.status <> 'superseded';
        IF NOT FOUND THEN
            PERFORM pgswarm._refuse('not_found', format('problem %s has no current solution %s', problem.id, supersedes),
                'see its solutions with: pgswarm problem show ' || problem.id);
        END IF;
    END IF;
    PERFORM pgswarm._record('problem_solved', NULL, NULL, author, NULL, jsonb_strip_nulls(jsonb_build_object(
        'problem', problem.id::text, 'solution', v_id::text, 'supersedes', supersedes::text)), at);
    RETURN v_id;
END
$$;

-- Lets queues go on that were paused on account of this problem. A row that somebody has locked is left to a human.
CREATE FUNCTION pgswarm._uncontained(problem bigint, actor integer, at timestamptz) RETURNS text[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    q       pgswarm.queue;
    v_names text[] := '{}';
BEGIN
    FOR q IN
        SELECT * FROM pgswarm.queue x WHERE x.paused_by = 'problem ' || problem ORDER BY x.id FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        UPDATE pgswarm.queue x SET paused_at = NULL, paused_by = NULL, paused_reason = NULL WHERE x.id = q.id;
        PERFORM pgswarm._recover_queue(q.name, at);
        PERFORM pgswarm._record('queue_resumed', q.id, NULL, actor, NULL, jsonb_build_object('problem', problem::text), at);
        v_names := v_names || q.name;
    END LOOP;
    RETURN v_names;
END
$$;
