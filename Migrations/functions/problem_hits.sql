-- Meeting a problem: every failed attempt looks for its entry, is counted once, and what spreads is contained once.
SET LOCAL ROLE pgswarm_owner;

-- Appends one meeting; nothing is locked, so that calls which end many attempts can't wait for one another here. A claim
-- meets a problem once, whether it reports it, fails with it, or both.
CREATE FUNCTION pgswarm._met(problem bigint, fingerprint text, lease pgswarm.lease, agent integer, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    IF lease.task IS NOT NULL AND EXISTS (
        SELECT FROM pgswarm.problem_hit h
        WHERE h.task = lease.task AND h.epoch = lease.epoch AND h.fingerprint = _met.fingerprint)
    THEN
        RETURN false;
    END IF;
    INSERT INTO pgswarm.problem_hit (at, task, problem, agent, queue, epoch, kind, fingerprint)
    VALUES (_met.at, lease.task, _met.problem, _met.agent, lease.queue, lease.epoch,
            coalesce((SELECT t.kind FROM pgswarm.task t WHERE t.id = lease.task), ''), _met.fingerprint);
    RETURN true;
END
$$;

-- Whether a signature tells one cause from another: "failed" or "exit status <number>" is what anything may say.
CREATE FUNCTION pgswarm._tells_cause(signature text) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    SELECT count(*) >= 2
    FROM regexp_split_to_table(pgswarm._without_marks(signature), '[^[:alpha:]]+') w
    WHERE length(w) > 2
      AND w <> ALL ('{the,command,process,task,job,step,error,errors,failed,failure,fails,exit,exited,exits,status,code,with,was,has,killed,signal,ended,terminated,unknown,internal,unexpected,exception}')
$$;

-- An attempt has failed with this error: finds or makes the entry, remembers that the task met it, and contains it when it
-- spreads. An error is looked for in the scope that is named like its queue, then in that of the whole swarm.
CREATE FUNCTION pgswarm._failed_with(lease pgswarm.lease, error text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_signature   text := pgswarm.error_signature(error);
    v_fingerprint text;
    v_agent       integer;
    v_problem     bigint;
    t             pgswarm.task;
BEGIN
    IF v_signature IS NULL OR NOT pgswarm._tells_cause(v_signature) THEN
        RETURN;
    END IF;
    v_fingerprint := pgswarm._fingerprint(v_signature);
    v_agent := (SELECT s.agent FROM pgswarm.session s WHERE s.id = lease.session);
    v_problem := (
        SELECT coalesce(p.duplicate_of, p.id) FROM pgswarm.problem p
        WHERE p.fingerprint = v_fingerprint
          AND p.scope IN ('swarm', (SELECT q.name FROM pgswarm.queue q WHERE q.id = lease.queue))
        ORDER BY p.scope = 'swarm' LIMIT 1);
    IF v_problem IS NULL THEN
        SELECT * INTO t FROM pgswarm.task x WHERE x.id = lease.task;
        v_problem := ((pgswarm._problem_made('swarm', 'failure', pgswarm._title_of(error), pgswarm._trimmed(left(error, 4000)), NULL,
            ARRAY(SELECT DISTINCT left(n, 128) FROM unnest(t.needs || t.kind) n WHERE n <> '' AND n !~ '[[:cntrl:]]' ORDER BY 1),
            v_agent, true, at)).problem).id;
    END IF;
    PERFORM pgswarm._met(v_problem, v_fingerprint, lease, v_agent, at);
    IF v_problem IS NOT NULL THEN
        PERFORM pgswarm._contain(v_problem, lease, at);
    END IF;
END
$$;

-- The same problem from several agents within a window is an epidemic: what they share is stopped, once in a window. That
-- is the breaker of the dependency that the error names or that is the task's only one; else the queue is paused. Rows that
-- somebody else has locked are left alone: the next failure, or the next round of upkeep, comes here again.
CREATE FUNCTION pgswarm._contain(problem bigint, lease pgswarm.lease, at timestamptz) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_set    pgswarm.setting;
    p        pgswarm.problem;
    v_queue  integer := lease.queue;
    v_task   bigint := lease.task;
    v_agents text[];
    v_need   text;
    q        pgswarm.queue;
BEGIN
    SELECT * INTO v_set FROM pgswarm.setting s;
    SELECT * INTO p FROM pgswarm.problem x WHERE x.id = _contain.problem;
    IF v_set.epidemic_agents IS NULL OR p.status IN ('closed', 'solved') OR p.contained_at > at - v_set.epidemic_window THEN
        RETURN false;
    END IF;
    v_agents := ARRAY(
        SELECT DISTINCT a.name
        FROM (SELECT h.agent FROM pgswarm.problem_hit h
              WHERE h.fingerprint = p.fingerprint AND h.at > _contain.at - v_set.epidemic_window AND h.task IS NOT NULL
              ORDER BY h.at DESC LIMIT 1000) x
        JOIN pgswarm.agent a ON a.id = x.agent ORDER BY 1);
    IF cardinality(v_agents) < v_set.epidemic_agents THEN
        RETURN false;
    END IF;
    IF v_task IS NULL THEN
        SELECT h.task, h.queue INTO v_task, v_queue FROM pgswarm.problem_hit h
        WHERE h.fingerprint = p.fingerprint AND h.task IS NOT NULL ORDER BY h.at DESC LIMIT 1;
    END IF;
    PERFORM FROM pgswarm.problem x
    WHERE x.id = p.id AND x.contained_at IS NOT DISTINCT FROM p.contained_at FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    v_need := (
        SELECT n FROM pgswarm.task t, unnest(t.needs) n
        WHERE t.id = v_task AND (cardinality(t.needs) = 1 OR strpos(lower(p.symptom), lower(n)) > 0)
        ORDER BY strpos(lower(p.symptom), lower(n)) = 0, n LIMIT 1);
    IF v_need IS NULL THEN
        SELECT * INTO q FROM pgswarm.queue x WHERE x.id = v_queue FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
        IF q.paused_at IS NULL THEN
            UPDATE pgswarm.queue x
            SET paused_at = _contain.at, paused_by = 'problem ' || p.id,
                paused_reason = format('problem %s met by %s: %s', p.id,
                                       pgswarm._counted(cardinality(v_agents), 'agent'), left(p.title, 200))
            WHERE x.id = q.id;
            PERFORM pgswarm._record('queue_paused', q.id, NULL, NULL, NULL,
                jsonb_build_object('reason', format('problem %s', p.id)), at);
        END IF;
    ELSE
        PERFORM pgswarm._open_breaker(v_need, format('problem %s met by %s: %s', p.id,
            pgswarm._counted(cardinality(v_agents), 'agent'), left(p.title, 200)), at);
    END IF;
    UPDATE pgswarm.problem x SET contained_at = _contain.at WHERE x.id = p.id;
    PERFORM pgswarm._record('epidemic', q.id, NULL, NULL, NULL, jsonb_strip_nulls(jsonb_build_object(
        'problem', p.id::text, 'title', p.title, 'agents', to_jsonb(v_agents[1:20]), 'breaker', v_need, 'queue', q.name)), at);
    RETURN true;
END
$$;

-- Adds up what was met, in bounded numbers.
CREATE FUNCTION pgswarm._fold_hits(batch integer, at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    r       record;
    v_count integer;
    v_last  timestamptz;
    v_all   integer := 0;
BEGIN
    UPDATE pgswarm.problem_hit h
    SET problem = (SELECT p.id FROM pgswarm.problem p WHERE p.fingerprint = h.fingerprint ORDER BY p.scope <> 'swarm' LIMIT 1)
    WHERE h.ctid = ANY (ARRAY(
        SELECT x.ctid FROM pgswarm.problem_hit x
        WHERE NOT x.folded AND x.problem IS NULL ORDER BY x.at LIMIT batch FOR UPDATE SKIP LOCKED));
    FOR r IN
        SELECT DISTINCT x.problem
        FROM (SELECT h.problem FROM pgswarm.problem_hit h WHERE NOT h.folded ORDER BY h.at LIMIT batch) x
        WHERE x.problem IS NOT NULL ORDER BY 1
    LOOP
        PERFORM FROM pgswarm.problem p WHERE p.id = r.problem FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        WITH folded AS (
            UPDATE pgswarm.problem_hit h SET folded = true
            WHERE NOT h.folded AND h.problem = r.problem
            RETURNING h.at
        )
        SELECT count(*), max(f.at) INTO v_count, v_last FROM folded f;
        UPDATE pgswarm.problem p SET occurrences = p.occurrences + v_count, seen_at = greatest(p.seen_at, v_last)
        WHERE p.id = r.problem;
        v_all := v_all + v_count;
        PERFORM pgswarm._contain(r.problem, NULL, at);
    END LOOP;
    -- What no entry was made for (an agent made too many) is not looked at for ever.
    UPDATE pgswarm.problem_hit h SET folded = true
    WHERE NOT h.folded AND h.problem IS NULL AND h.at < _fold_hits.at - interval '1 minute';
    RETURN v_all;
END
$$;
