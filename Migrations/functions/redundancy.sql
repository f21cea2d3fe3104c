-- Redundant execution: one task is done by several agents apart from each other, and what enough of them agree on is its
-- result. The task itself is never claimed: it waits for its replicas.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._check_redundancy(item integer, redundancy jsonb) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF redundancy IS NULL THEN
        RETURN;
    END IF;
    IF jsonb_typeof(redundancy) <> 'object' OR redundancy - ARRAY['agents', 'agree', 'normalise'] <> '{}'
        OR coalesce(redundancy ->> 'agents', '') !~ '^[2-9]$' OR coalesce(redundancy ->> 'agree', '') !~ '^[1-9]$'
        OR (redundancy ->> 'agree')::integer > (redundancy ->> 'agents')::integer
        OR (redundancy ? 'normalise' AND (jsonb_typeof(redundancy -> 'normalise') <> 'array'
            OR redundancy -> 'normalise' @? '$[*] ? (@.type() != "string")'))
    THEN
        PERFORM pgswarm._refuse('invalid_argument', format('item %s: %s is no redundancy', item, left(redundancy::text, 200)),
            'for example: {"agents": 3, "agree": 2, "normalise": ["took"]}: 2 to 9 agents, how many of them agree, and keys of the '
            'result that are not compared');
    END IF;
END
$$;

-- A task with replicas waits for them. When it is about to become claimable they are made.
CREATE FUNCTION pgswarm._redundancy_gate(task bigint) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    IF NOT EXISTS (SELECT FROM pgswarm.terms m WHERE m.task = _redundancy_gate.task AND m.redundancy IS NOT NULL AND m.replica_of IS NULL) THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM pgswarm.waiting w WHERE w.task = _redundancy_gate.task AND w.unmet = 0 AND w.state IN ('scheduled', 'held', 'parked')
               AND w.reason <> 'paused') THEN
        PERFORM pgswarm._replicate(task, pgswarm.clock());
    END IF;
    RETURN 'redundancy';
END
$$;

-- Those of these tasks that wait for replicas get them, if they have none that live.
CREATE FUNCTION pgswarm._begin_redundancy(tasks bigint[], at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    PERFORM pgswarm._replicate(w.task, at)
    FROM (SELECT x.task FROM pgswarm.waiting x WHERE x.task = ANY (tasks) AND x.state = 'held' AND x.reason = 'redundancy' ORDER BY x.task) w;
END
$$;

CREATE FUNCTION pgswarm._replicate(task bigint, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    t       pgswarm.task;
    m       pgswarm.terms;
    v_ids   bigint[];
    v_round integer;
BEGIN
    SELECT coalesce(max(r.round), 0) + 1 INTO v_round FROM pgswarm.redundant r WHERE r.task = _replicate.task
    HAVING NOT coalesce(bool_or(r.closed_at IS NULL), false);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO t FROM pgswarm.task x WHERE x.id = _replicate.task;
    SELECT * INTO m FROM pgswarm.terms x WHERE x.task = _replicate.task;
    v_ids := ARRAY(SELECT nextval('pgswarm.task_id') FROM generate_series(1, (m.redundancy ->> 'agents')::integer));
    t.lane := pgswarm._lane_for(t.queue, t.needs, true, m.capabilities, NULL, true);
    INSERT INTO pgswarm.redundant (task, round, replicas, opened_at) VALUES (t.id, v_round, v_ids, _replicate.at);
    INSERT INTO pgswarm.task (id, created_at, parent, queue, creator, max_attempts, max_lost, priority, lease, deadline, kind, title,
                              trace, needs, payload, lane, plan, governed)
    SELECT n.id, _replicate.at, t.parent, t.queue, t.creator, t.max_attempts, t.max_lost, t.priority, t.lease, t.deadline, t.kind, t.title,
           t.trace, t.needs, t.payload, t.lane, t.plan, true
    FROM unnest(v_ids) n (id);
    INSERT INTO pgswarm.terms (task, plan, goal, criteria, size, paths, produces, consumes, estimate, capabilities, replica_of)
    SELECT n.id, m.plan, m.goal, m.criteria, m.size, m.paths, m.produces, m.consumes, m.estimate, m.capabilities, t.id
    FROM unnest(v_ids) n (id);
    -- What it builds on, they build on.
    INSERT INTO pgswarm.dependency (task, on_task, met, until, min_score, on_failure)
    SELECT n.id, d.on_task, true, d.until, d.min_score, d.on_failure
    FROM unnest(v_ids) n (id), pgswarm.dependency d WHERE d.task = t.id AND d.met;
    INSERT INTO pgswarm.ready (position, task, queue, epoch, priority, generation, attempts, failed, lost, lane)
    SELECT n.id, n.id, t.queue, 0, t.priority, 0, 0, 0, 0, t.lane FROM unnest(v_ids) n (id);
    PERFORM pgswarm._record('enqueued', t.queue, NULL, t.creator, v_ids, jsonb_build_object('replicas_of', t.id), at);
    PERFORM pgswarm._ring_for(v_ids);
END
$$;

-- May this session have a replica: nobody of its agent's line has had another of the family. One claimer at a time looks
-- at a family; who comes in between is told of it by its next claim.
CREATE FUNCTION pgswarm._apart_ok(task bigint, session pgswarm.session) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_replicas bigint[];
BEGIN
    SELECT r.replicas INTO v_replicas
    FROM pgswarm.terms m JOIN pgswarm.redundant r ON r.task = m.replica_of AND r.replicas @> ARRAY[_apart_ok.task]
    WHERE m.task = _apart_ok.task FOR UPDATE OF r SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NOT EXISTS (SELECT FROM pgswarm.terms m WHERE m.task = _apart_ok.task AND m.replica_of IS NOT NULL);
    END IF;
    RETURN NOT pgswarm._lineage(session.agent) && ARRAY(
        SELECT h.agent FROM unnest(v_replicas) n (id), unnest(pgswarm._holders(n.id)) h (agent) WHERE n.id <> _apart_ok.task);
END
$$;

CREATE FUNCTION pgswarm._normalised(result jsonb, ignored jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE WHEN jsonb_typeof(result) = 'object'
                THEN result - ARRAY(SELECT jsonb_array_elements_text(coalesce(ignored, '[]'))) ELSE coalesce(result, 'null') END
$$;

-- A replica has ended, one way or another: do enough agree, or can enough no longer?
CREATE FUNCTION pgswarm._replica_ended(task bigint, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    r        pgswarm.redundant;
    v_how    jsonb;
    v_best   record;
    v_living bigint;
BEGIN
    SELECT x.* INTO r FROM pgswarm.terms m JOIN pgswarm.redundant x ON x.task = m.replica_of AND x.replicas @> ARRAY[_replica_ended.task]
    WHERE m.task = _replica_ended.task AND x.closed_at IS NULL FOR UPDATE OF x;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT m.redundancy INTO v_how FROM pgswarm.terms m WHERE m.task = r.task;
    SELECT count(*) AS n, min(o.task) AS first, array_agg(o.task ORDER BY o.task) AS tasks INTO v_best
    FROM pgswarm.outcome o
    WHERE o.task = ANY (r.replicas) AND o.retried_at IS NULL AND o.state = 'done'
    GROUP BY pgswarm._normalised(o.result, v_how -> 'normalise') ORDER BY 1 DESC, 2 LIMIT 1;
    v_living := (SELECT count(*) FROM unnest(r.replicas) n (id)
                 WHERE NOT EXISTS (SELECT FROM pgswarm.outcome o WHERE o.task = n.id AND o.retried_at IS NULL));
    IF coalesce(v_best.n, 0) >= (v_how ->> 'agree')::integer THEN
        PERFORM pgswarm._close_redundancy(r, v_best.tasks, true, at);
    ELSIF coalesce(v_best.n, 0) + v_living < (v_how ->> 'agree')::integer THEN
        PERFORM pgswarm._close_redundancy(r, v_best.tasks, false, at);
    END IF;
END
$$;

-- The task gets the result that was agreed on; without agreement a person looks at what came nearest. The others stop.
-- Nobody is waited for here: this holds a replica, which comes behind its task in the order of locks. What somebody else
-- holds at this moment is found again by upkeep.
CREATE FUNCTION pgswarm._close_redundancy(redundant pgswarm.redundant, agreeing bigint[], agreed boolean, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    w        pgswarm.waiting;
    o        pgswarm.outcome;
    s        pgswarm.submission;
    v_agent  integer;
    v_policy jsonb := pgswarm._review_terms(redundant.task);
    v_why    text := format('%s of %s agree', coalesce(cardinality(agreeing), 0), pgswarm._counted(cardinality(redundant.replicas), 'agent'));
    v_other  bigint;
BEGIN
    SELECT * INTO w FROM pgswarm.waiting x WHERE x.task = redundant.task AND x.state = 'held' AND x.reason = 'redundancy' FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE pgswarm.redundant x SET closed_at = _close_redundancy.at, agreed = coalesce(cardinality(agreeing), 0)
    WHERE x.task = redundant.task AND x.round = redundant.round;
    SELECT * INTO o FROM pgswarm.outcome x WHERE x.task = agreeing[1] AND x.retried_at IS NULL;
    v_agent := (SELECT e.agent FROM pgswarm.session e WHERE e.id = o.session);
    IF o.task IS NULL OR (agreed AND v_policy IS NULL) THEN
        DELETE FROM pgswarm.waiting x WHERE x.task = w.task;
        INSERT INTO pgswarm.outcome (task, session, started_at, finished_at, queue, epoch, generation, attempts, failed, lost, late, state,
                                     claim_id, result, error)
        VALUES (w.task, o.session, o.started_at, _close_redundancy.at, w.queue, w.epoch, w.generation, w.attempts, w.failed, w.lost,
                coalesce(o.late, false), CASE WHEN agreed THEN 'done' ELSE 'dead' END, o.claim_id, o.result,
                CASE WHEN NOT agreed THEN 'none of its agents brought a result' END);
        PERFORM pgswarm._record(CASE WHEN agreed THEN 'completed' ELSE 'dead' END, w.queue, o.session, NULL, ARRAY[w.task],
            jsonb_build_object('reason', v_why), at);
    ELSE
        UPDATE pgswarm.waiting x SET state = 'review', reason = 'review', since = _close_redundancy.at WHERE x.task = w.task;
        INSERT INTO pgswarm.submission (task, at, started_at, session, agent, queue, epoch, generation, number, attempts, failed, lost, late,
                                        claim_id, result, digest, route, reason)
        VALUES (w.task, _close_redundancy.at, o.started_at, o.session, v_agent, w.queue, w.epoch, w.generation,
                1 + (SELECT count(*) FROM pgswarm.submission b WHERE b.task = w.task AND b.generation = w.generation),
                w.attempts, w.failed, w.lost, o.late, o.claim_id, o.result, pgswarm._digest(w.task, o.result), 'attention', v_why)
        RETURNING * INTO s;
        PERFORM pgswarm._record('submitted', w.queue, o.session, NULL, ARRAY[w.task],
            jsonb_build_object('submission', s.id, 'number', s.number, 'reason', v_why), at);
        IF agreed THEN
            PERFORM pgswarm._begin_review(s, at);
        ELSE
            UPDATE pgswarm.submission x SET (risk, risk_reasons) = (SELECT k.level, k.reasons FROM pgswarm._risk(s) k) WHERE x.id = s.id;
            PERFORM pgswarm._record('routed', w.queue, NULL, NULL, ARRAY[w.task],
                jsonb_build_object('submission', s.id, 'route', 'attention', 'reason', v_why), at);
        END IF;
    END IF;
    -- What taint is to follow.
    INSERT INTO pgswarm.reading (source, source_generation, reader, generation, epoch, agent, at)
    SELECT x.task, x.generation, w.task, w.generation, w.epoch, v_agent, _close_redundancy.at
    FROM pgswarm.outcome x WHERE x.task = ANY (agreeing) AND x.retried_at IS NULL;
    FOREACH v_other IN ARRAY redundant.replicas LOOP
        IF pgswarm._is_free_to_cancel(v_other) THEN
            PERFORM pgswarm._cancel(v_other, 'the others agree: it is not needed', NULL, at);
        END IF;
    END LOOP;
    IF o.task IS NULL THEN
        PERFORM pgswarm._upstream_ended(w.task, at);
    ELSE
        PERFORM pgswarm._unblock(ARRAY[w.task], CASE WHEN s.id IS NULL THEN 'accepted' ELSE 'finished' END);
    END IF;
END
$$;

-- Locks a task that has not ended, unless somebody else has it.
CREATE FUNCTION pgswarm._is_free_to_cancel(task bigint) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    PERFORM FROM pgswarm.lease l WHERE l.task = _is_free_to_cancel.task FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        RETURN true;
    END IF;
    PERFORM FROM pgswarm.waiting w WHERE w.task = _is_free_to_cancel.task FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        RETURN true;
    END IF;
    PERFORM FROM pgswarm.task t JOIN pgswarm.ready r ON r.lane = pgswarm._lane(t) AND r.priority = t.priority AND r.position = pgswarm._position(t)
        AND r.task = t.id WHERE t.id = _is_free_to_cancel.task FOR UPDATE OF r SKIP LOCKED;
    RETURN FOUND;
END
$$;

-- Upkeep: families that could not be closed at once, and what belongs to tasks that retention has removed.
CREATE FUNCTION pgswarm._upkeep_reviews(batch integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_table text;
BEGIN
    PERFORM pgswarm._replica_ended(r.replicas[1], at)
    FROM (SELECT x.replicas FROM pgswarm.redundant x WHERE x.closed_at IS NULL ORDER BY x.task LIMIT batch) r;
    -- Of a task that was cancelled meanwhile.
    PERFORM pgswarm._end_replicas(r.task, at)
    FROM (SELECT x.task FROM pgswarm.redundant x WHERE x.closed_at IS NULL AND NOT EXISTS (
              SELECT FROM pgswarm.waiting w WHERE w.task = x.task) ORDER BY x.task LIMIT batch) r;
    FOREACH v_table IN ARRAY ARRAY['review:subject', 'finding:subject', 'evidence:task', 'review_task:subject', 'audit:task', 'canary:task', 'redundant:task'] LOOP
        EXECUTE format('DELETE FROM pgswarm.%1$I x WHERE x.ctid = ANY (ARRAY(SELECT y.ctid FROM pgswarm.%1$I y WHERE NOT EXISTS '
                       '(SELECT FROM pgswarm.task t WHERE t.id = y.%2$I) LIMIT %3$s))',
                       split_part(v_table, ':', 1), split_part(v_table, ':', 2), batch);
    END LOOP;
END
$$;

-- The task of a family was cancelled: so are its replicas. The caller holds the task.
CREATE FUNCTION pgswarm._end_replicas(task bigint, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_replicas bigint[];
    v_other    bigint;
BEGIN
    UPDATE pgswarm.redundant r SET closed_at = _end_replicas.at WHERE r.task = _end_replicas.task AND r.closed_at IS NULL
    RETURNING r.replicas INTO v_replicas;
    FOREACH v_other IN ARRAY coalesce(v_replicas, '{}') LOOP
        IF pgswarm._is_free_to_cancel(v_other) THEN
            PERFORM pgswarm._cancel(v_other, 'its task was cancelled', NULL, at);
        END IF;
    END LOOP;
END
$$;
