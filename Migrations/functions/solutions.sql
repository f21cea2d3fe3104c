-- What others think of a solution, and the ends of problems without one.
SET LOCAL ROLE pgswarm_owner;

-- The solution that is meant: by its own number, or the best one of the problem with that number. Locked, its problem first.
CREATE FUNCTION pgswarm._known_solution(id bigint) RETURNS pgswarm.solution
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    s pgswarm.solution;
    p pgswarm.problem := pgswarm._known_problem(_known_solution.id, true);
BEGIN
    SELECT * INTO s FROM pgswarm.solution x
    WHERE x.problem = p.id AND (x.id = _known_solution.id OR p.id = _known_solution.id AND x.status IN ('proposed', 'confirmed'))
    ORDER BY x.status = 'confirmed' DESC, x.id DESC LIMIT 1;
    IF s.id IS NULL THEN
        PERFORM pgswarm._refuse('not_found', format('problem %s has no current solution', p.id),
            'see it with: pgswarm problem show ' || p.id);
    END IF;
    RETURN s;
END
$$;

CREATE FUNCTION pgswarm.problem_confirm(solution bigint, note text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL)
RETURNS TABLE (id bigint, solution_id bigint, status text, confirmations integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(problem_confirm.agent, problem_confirm.session, 'worker', 'coordinator');
    s       pgswarm.solution;
BEGIN
    PERFORM pgswarm._problem_text('note', problem_confirm.note, 2000, false);
    s := pgswarm._known_solution(problem_confirm.solution);
    IF s.author = v_actor THEN
        PERFORM pgswarm._refuse('not_allowed', format('solution %s is your own', s.id),
            'another agent that has tried it confirms it');
    END IF;
    IF s.status = 'superseded' THEN
        PERFORM pgswarm._refuse('wrong_state', format('solution %s was replaced by %s', s.id, s.superseded_by),
            'confirm that one: ' || s.superseded_by);
    END IF;
    PERFORM pgswarm._opinion(s, v_actor, 'confirmed', problem_confirm.note);
    RETURN QUERY SELECT s.problem, s.id, x.status, (SELECT count(*)::integer FROM pgswarm.solution_opinion o
                                                    WHERE o.solution = s.id AND o.verdict = 'confirmed')
                 FROM pgswarm.solution x WHERE x.id = s.id;
END
$$;
COMMENT ON FUNCTION pgswarm.problem_confirm IS
    'Another agent than the author says that a solution helped. Confirmed anew, it begins a new time before its decay.';

CREATE FUNCTION pgswarm.problem_flag(
    solution bigint, reason text, note text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (id bigint, solution_id bigint, status text, problem_status text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(problem_flag.agent, problem_flag.session, 'worker', 'coordinator');
    s       pgswarm.solution;
BEGIN
    IF reason IS NULL OR reason NOT IN ('stale', 'wrong', 'duplicate') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is no reason to flag a solution', coalesce(left(reason, 80), '')),
            'it is stale, wrong or duplicate');
    END IF;
    PERFORM pgswarm._problem_text('note', problem_flag.note, 2000, false);
    s := pgswarm._known_solution(problem_flag.solution);
    PERFORM pgswarm._opinion(s, v_actor, problem_flag.reason, problem_flag.note);
    RETURN QUERY SELECT s.problem, s.id, x.status, p.status
                 FROM pgswarm.solution x JOIN pgswarm.problem p ON p.id = x.problem WHERE x.id = s.id;
END
$$;
COMMENT ON FUNCTION pgswarm.problem_flag IS
    'Says that a solution is stale, wrong or a duplicate. It vanishes from what is found when as many agents flag as confirm '
    'it; the author''s own flag is enough.';

-- One agent's last word on a solution, and what follows from all of them. The caller has locked the problem.
CREATE FUNCTION pgswarm._opinion(solution pgswarm.solution, agent integer, verdict text, note text) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_now   timestamptz := pgswarm.clock();
    v_yes   integer;
    v_no    integer;
    v_state text;
BEGIN
    INSERT INTO pgswarm.solution_opinion (solution, agent, at, verdict, note)
    VALUES (_opinion.solution.id, _opinion.agent, v_now, _opinion.verdict, _opinion.note)
    ON CONFLICT (solution, agent) DO UPDATE SET at = excluded.at, verdict = excluded.verdict, note = excluded.note;
    SELECT count(*) FILTER (WHERE o.verdict = 'confirmed'),
           count(*) FILTER (WHERE o.verdict <> 'confirmed') + 1000 * count(*) FILTER (
               WHERE o.verdict <> 'confirmed' AND o.agent = _opinion.solution.author)
    INTO v_yes, v_no
    FROM pgswarm.solution_opinion o WHERE o.solution = _opinion.solution.id;
    v_state := CASE WHEN v_no > 0 AND v_no >= v_yes THEN 'flagged' WHEN v_yes > 0 THEN 'confirmed' ELSE 'proposed' END;
    UPDATE pgswarm.solution s
    SET status = CASE s.status WHEN 'superseded' THEN s.status ELSE v_state END,
        confirmed_at = CASE _opinion.verdict WHEN 'confirmed' THEN v_now ELSE s.confirmed_at END
    WHERE s.id = _opinion.solution.id;
    UPDATE pgswarm.problem p SET status = pgswarm._status_without_solver(p.id)
    WHERE p.id = _opinion.solution.problem AND p.status IN ('open', 'solved');
    PERFORM pgswarm._record(CASE verdict WHEN 'confirmed' THEN 'solution_confirmed' ELSE 'solution_flagged' END,
        NULL, NULL, agent, NULL, jsonb_strip_nulls(jsonb_build_object('problem', solution.problem::text,
        'solution', solution.id::text, 'reason', nullif(verdict, 'confirmed'), 'note', note)), v_now);
END
$$;

CREATE FUNCTION pgswarm.problem_supersede(
    old bigint, solution text, evidence text, solver text DEFAULT NULL, request_id text DEFAULT NULL, agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (id bigint, solution_id bigint, status text, resumed integer, queues text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    s pgswarm.solution;
BEGIN
    PERFORM pgswarm._actor_as(problem_supersede.agent, problem_supersede.session, 'worker', 'coordinator');
    SELECT * INTO s FROM pgswarm.solution x WHERE x.id = problem_supersede.old;
    IF s.id IS NULL THEN
        s := pgswarm._known_solution(problem_supersede.old);
    END IF;
    RETURN QUERY SELECT * FROM pgswarm.problem_solve(s.problem, problem_supersede.solution, problem_supersede.evidence,
        problem_supersede.solver, s.id, problem_supersede.request_id, problem_supersede.agent, problem_supersede.session);
END
$$;
COMMENT ON FUNCTION pgswarm.problem_supersede IS 'Replaces a solution by a better one; the old one stays readable behind it.';

CREATE FUNCTION pgswarm.problem_close(
    problem bigint, resolution text, duplicate_of bigint DEFAULT NULL, note text DEFAULT NULL, agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (id bigint, status text, resumed integer, queues text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(problem_close.agent, problem_close.session, 'coordinator');
    v_other bigint;
    v_now   timestamptz;
    p       pgswarm.problem;
BEGIN
    IF resolution IS NULL OR resolution NOT IN ('wontfix', 'duplicate', 'open') OR (resolution = 'duplicate') <> (duplicate_of IS NOT NULL) THEN
        PERFORM pgswarm._refuse('invalid_argument', format('a problem can not be closed as %L', coalesce(left(resolution, 80), '')),
            'close it as wontfix, or as duplicate with the number of the other; open takes that back');
    END IF;
    PERFORM pgswarm._problem_text('note', problem_close.note, 2000, false);
    IF duplicate_of IS NOT NULL THEN
        v_other := (SELECT coalesce(x.duplicate_of, x.id) FROM pgswarm._known_problem(problem_close.duplicate_of) x);
    END IF;
    p := pgswarm._known_problem(problem_close.problem, true);
    v_now := pgswarm.clock();
    IF v_other = p.id THEN
        PERFORM pgswarm._refuse('invalid_argument', format('problem %s can not be a duplicate of itself', p.id),
            'give the number of the entry that stays');
    END IF;
    IF pgswarm._is_being_solved(p, v_now) AND v_actor <> (SELECT s.agent FROM pgswarm.session s WHERE s.id = p.solver) THEN
        PERFORM pgswarm._refuse('held', pgswarm._solver_message(p), 'wait until the solver is done');
    END IF;
    UPDATE pgswarm.problem x
    SET status = CASE problem_close.resolution WHEN 'open' THEN pgswarm._status_without_solver(x.id) ELSE 'closed' END,
        resolution = nullif(problem_close.resolution, 'open'), duplicate_of = v_other,
        solver = NULL, solver_claim = NULL, solver_since = NULL, solver_until = NULL
    WHERE x.id = p.id RETURNING * INTO p;
    -- Who was sent to the closed entry as a duplicate goes on to the one that stays.
    UPDATE pgswarm.problem x SET duplicate_of = v_other WHERE x.duplicate_of = p.id AND v_other IS NOT NULL;
    PERFORM pgswarm._record(CASE p.status WHEN 'closed' THEN 'problem_closed' ELSE 'problem_reopened' END, NULL, NULL, v_actor,
        NULL, jsonb_strip_nulls(jsonb_build_object('problem', p.id::text, 'resolution', p.resolution,
        'duplicate_of', v_other::text, 'note', problem_close.note)), v_now);
    IF p.status <> 'open' THEN
        SELECT e.tasks, e.queues INTO resumed, queues FROM pgswarm._end_waits(p.id, v_now) e;
        queues := queues || pgswarm._uncontained(p.id, v_actor, v_now);
    END IF;
    id := p.id;
    status := p.status;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.problem_close IS
    'Closes a problem as wontfix or as the duplicate of another; open takes that back. What waited for it comes back.';
