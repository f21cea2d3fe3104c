-- Who may judge what, and how a reviewer gets the next result to look at.
SET LOCAL ROLE pgswarm_owner;

-- Everybody who ever held this task.
CREATE FUNCTION pgswarm._holders(task bigint) RETURNS integer[]
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN ARRAY(
        SELECT s.agent
        FROM (SELECT a.session FROM pgswarm.attempt a WHERE a.task = _holders.task
              UNION ALL SELECT l.session FROM pgswarm.lease l WHERE l.task = _holders.task
              UNION ALL SELECT o.session FROM pgswarm.outcome o WHERE o.task = _holders.task
              UNION ALL SELECT b.session FROM pgswarm.submission b WHERE b.task = _holders.task) h
        JOIN pgswarm.session s ON s.id = h.session
        UNION SELECT b.agent FROM pgswarm.submission b WHERE b.task = _holders.task);
END
$$;

-- Whom a submission's author stands too near to: who held its task, the parent of it, its children and siblings.
CREATE FUNCTION pgswarm._too_near(task bigint) RETURNS integer[]
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    v_parent bigint := (SELECT t.parent FROM pgswarm.task t WHERE t.id = _too_near.task);
BEGIN
    RETURN ARRAY(
        SELECT DISTINCT h.agent
        FROM (SELECT _too_near.task AS id
              UNION SELECT v_parent WHERE v_parent IS NOT NULL
              UNION SELECT t.id FROM pgswarm.task t WHERE t.parent = _too_near.task
              UNION SELECT t.id FROM pgswarm.task t WHERE t.parent = v_parent
              UNION SELECT unnest(r.replicas) FROM pgswarm.redundant r WHERE r.task = _too_near.task) n,
             unnest(pgswarm._holders(n.id)) h (agent));
END
$$;

-- Who has judged this submission, or is about to.
CREATE FUNCTION pgswarm._judges(submission bigint, but bigint) RETURNS integer[]
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN ARRAY(
        SELECT v.agent FROM pgswarm.review v WHERE v.submission = _judges.submission
        UNION
        SELECT s.agent FROM pgswarm.review_task r JOIN pgswarm.lease l ON l.task = r.task JOIN pgswarm.session s ON s.id = l.session
        WHERE r.submission = _judges.submission AND r.task IS DISTINCT FROM but);
END
$$;

CREATE FUNCTION pgswarm._owner_of(agent pgswarm.agent) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT coalesce(agent.owner, CASE agent.role WHEN 'human' THEN agent.name END) $$;

-- A person is a family of one.
CREATE FUNCTION pgswarm._family_of(agent pgswarm.agent) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE agent.role WHEN 'human' THEN 'human:' || agent.name ELSE split_part(agent.model, '/', 1) END $$;

-- Why this agent may not judge this submission, in a word; NULL: it may. "But" is the review that it holds itself.
CREATE FUNCTION pgswarm._unfit_judge(agent pgswarm.agent, submission pgswarm.submission, "distinct" text, but bigint DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    v_line   integer[] := pgswarm._lineage(agent.id);
    v_judges integer[];
    v_author pgswarm.agent;
    v_mine   text;
BEGIN
    IF agent.role IS NULL OR agent.role NOT IN ('reviewer', 'human') THEN
        RETURN 'role';
    ELSIF v_line && pgswarm._holders(submission.task) THEN
        RETURN 'author';
    ELSIF v_line && pgswarm._too_near(submission.task) THEN
        RETURN 'related';
    END IF;
    v_judges := pgswarm._judges(submission.id, but);
    IF v_line && v_judges THEN
        RETURN 'reviewed';
    ELSIF "distinct" = 'agents' THEN
        RETURN NULL;
    END IF;
    SELECT * INTO v_author FROM pgswarm.agent a WHERE a.id = submission.agent;
    v_mine := CASE "distinct" WHEN 'owners' THEN pgswarm._owner_of(agent) ELSE pgswarm._family_of(agent) END;
    -- What is not known is not distinct.
    IF v_mine IS NULL OR EXISTS (
        SELECT FROM pgswarm.agent a
        WHERE a.id = ANY (v_judges || submission.agent)
          AND coalesce(CASE "distinct" WHEN 'owners' THEN pgswarm._owner_of(a) ELSE pgswarm._family_of(a) END, v_mine) = v_mine)
    THEN
        RETURN CASE "distinct" WHEN 'owners' THEN 'owner' ELSE 'family' END;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION pgswarm._reviewer_session(session uuid, agent text) RETURNS pgswarm.session
LANGUAGE plpgsql
AS $$
DECLARE
    v_session pgswarm.session;
BEGIN
    IF session IS NULL THEN
        PERFORM pgswarm._require_role(pgswarm._agent_id(agent), 'reviewer');
        v_session := pgswarm._bare_session(agent);
    ELSE
        v_session := pgswarm._live_session(session);
    END IF;
    PERFORM pgswarm._require_session(v_session, 'reviewer');
    PERFORM pgswarm._require_role(v_session.agent, 'reviewer');
    RETURN v_session;
END
$$;

CREATE FUNCTION pgswarm.review_next(
    queues text[] DEFAULT NULL,
    count integer DEFAULT 1,
    session uuid DEFAULT NULL,
    agent text DEFAULT NULL,
    lease interval DEFAULT NULL,
    request_id text DEFAULT NULL
) RETURNS TABLE (
    review bigint, handle text, epoch integer, lease_until timestamptz, lease_seconds double precision, task_id bigint,
    submission bigint, digest text, queue text, kind text, title text, payload jsonb, result jsonb, goal text, criteria jsonb,
    paths text[], contracts jsonb, artifacts jsonb, evidence jsonb, findings jsonb, round integer, rounds integer
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_session pgswarm.session := pgswarm._reviewer_session(review_next.session, review_next.agent);
    v_lease   interval := pgswarm._lease_length(review_next.lease);
    v_answer  jsonb;
    v_name    text;
BEGIN
    IF review_next.count IS NULL OR review_next.count NOT BETWEEN 1 AND 100 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%s reviews at once are out of range', coalesce(review_next.count::text, 'null')), 'ask for 1 to 100');
    END IF;
    FOREACH v_name IN ARRAY coalesce(queues, '{}') LOOP
        PERFORM pgswarm._known_queue(v_name);
    END LOOP;
    IF review_next.request_id IS NOT NULL THEN
        v_answer := pgswarm._begin_request(v_session.agent, 'review_next', review_next.request_id,
            jsonb_build_array(to_jsonb(queues), review_next.count, v_lease));
    END IF;
    IF v_answer IS NULL THEN
        v_answer := pgswarm._take_reviews(v_session, queues, review_next.count, v_lease);
        IF review_next.request_id IS NOT NULL THEN
            PERFORM pgswarm._end_request(v_session.agent, 'review_next', review_next.request_id, nullif(v_answer, '[]'));
        END IF;
    END IF;
    RETURN QUERY
    SELECT a.id, a.handle, a.epoch, a.lease_until, a.lease_seconds, s.task, s.id, encode(s.digest, 'hex'), q.name, t.kind, t.title,
           t.payload, s.result, m.goal, m.criteria, m.paths, pgswarm._brief_contracts(s.task), pgswarm._brief_artifacts(s.task),
           pgswarm._brief_evidence(s), pgswarm._earlier_findings(s.task), s.round::integer,
           (pgswarm._review_terms(s.task) ->> 'rounds')::integer
    FROM jsonb_to_recordset(v_answer) a (id bigint, handle text, epoch integer, lease_until timestamptz, lease_seconds double precision)
    JOIN pgswarm.review_task r ON r.task = a.id
    JOIN pgswarm.submission s ON s.id = r.submission
    JOIN pgswarm.task t ON t.id = s.task
    JOIN pgswarm.queue q ON q.id = s.queue
    LEFT JOIN pgswarm.terms m ON m.task = s.task
    ORDER BY a.id;
END
$$;
COMMENT ON FUNCTION pgswarm.review_next IS
    'Claims the next reviews that this reviewer may do, with all that is needed to judge: never of its own work or line, nor '
    'of tasks related to its own. For agents of role reviewer and people. Empty: see reviews_open for why.';

-- Locks and leases up to count reviews. Answers what the claim needs to be told again.
CREATE FUNCTION pgswarm._take_reviews(session pgswarm.session, queues text[], count integer, lease interval) RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_now    timestamptz := pgswarm.clock();
    v_agent  pgswarm.agent;
    v_queues integer[];
    v_queue  pgswarm.queue;
    v_answer jsonb := '[]';
    v_one    pgswarm.claimed;
    v_row    tid;
    s        pgswarm.submission;
    r        record;
BEGIN
    IF EXISTS (SELECT FROM pgswarm.pulse p WHERE p.next_at <= v_now) THEN
        PERFORM pgswarm._ride(v_now, session.id);
    END IF;
    IF session.draining OR (SELECT g.paused_at IS NOT NULL FROM pgswarm.setting g) THEN
        RETURN v_answer;
    END IF;
    v_queues := ARRAY(
        SELECT q.id FROM pgswarm.queue q JOIN pgswarm.queue o ON o.id = q.reviews_of
        WHERE q.paused_at IS NULL AND (queues IS NULL OR o.name = ANY (queues) OR q.name = ANY (queues)) ORDER BY q.id);
    PERFORM pgswarm._promote(q, 100, v_now) FROM unnest(v_queues) q;
    PERFORM pgswarm._restore_reviews(v_queues, v_now);
    SELECT * INTO v_agent FROM pgswarm.agent a WHERE a.id = session.agent;
    FOR r IN
        SELECT y.task, y.lane, y.priority, y.position, s.id AS submission, pgswarm._review_terms(s.task) ->> 'distinct' AS "distinct"
        FROM pgswarm.ready y
        JOIN pgswarm.review_task x ON x.task = y.task
        JOIN pgswarm.submission s ON s.id = x.submission AND s.state = 'open'
        WHERE y.lane = ANY (v_queues)
        ORDER BY y.priority, y.position
    LOOP
        EXIT WHEN jsonb_array_length(v_answer) >= count;
        SELECT * INTO s FROM pgswarm.submission x WHERE x.id = r.submission;
        CONTINUE WHEN pgswarm._unfit_judge(v_agent, s, coalesce(r."distinct", 'agents')) IS NOT NULL;
        SELECT y.ctid INTO v_row FROM pgswarm.ready y
        WHERE y.lane = r.lane AND y.priority = r.priority AND y.position = r.position AND y.task = r.task FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        -- One at a time for each submission, so that two reviews of it do not go to one line in the same moment. The
        -- update makes a transaction with an older view fail instead of going on.
        PERFORM FROM pgswarm.submission x WHERE x.id = s.id AND x.state = 'open' FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        UPDATE pgswarm.submission x SET round = x.round WHERE x.id = s.id;
        CONTINUE WHEN pgswarm._unfit_judge(v_agent, s, coalesce(r."distinct", 'agents')) IS NOT NULL;
        SELECT * INTO v_queue FROM pgswarm.queue q WHERE q.id = r.lane;
        v_queue.governed := true;  -- so that nobody completes it as a plain task
        v_one := pgswarm._grant_one(session, v_queue, v_row, lease, v_now);
        v_answer := v_answer || jsonb_build_object('id', v_one.id, 'handle', v_one.handle, 'epoch', v_one.epoch,
            'lease_until', v_one.lease_until, 'lease_seconds', v_one.lease_seconds);
        PERFORM pgswarm._record('claimed', v_queue.id, session.id, NULL, ARRAY[v_one.id], NULL, v_now);
        IF session.kind = 'bare' THEN
            PERFORM pgswarm._outlive(session.id, ARRAY[v_one.id]);
        END IF;
    END LOOP;
    PERFORM pgswarm._touch(session, v_now);
    IF session.queues IS DISTINCT FROM v_queues THEN
        UPDATE pgswarm.session x SET queues = v_queues WHERE x.id = session.id;
    END IF;
    RETURN v_answer;
END
$$;

-- A review that somebody cancelled or buried leaves its submission one short: another takes its place.
CREATE FUNCTION pgswarm._restore_reviews(queues integer[], at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    s pgswarm.submission;
BEGIN
    FOR s IN
        SELECT x.* FROM pgswarm.submission x JOIN pgswarm.queue q ON q.reviews_of = x.queue
        WHERE x.state = 'open' AND x.route = 'waiting' AND q.id = ANY (queues)
          AND x.needed > (SELECT count(*) FROM pgswarm.review v WHERE v.submission = x.id)
                       + (SELECT count(*) FROM pgswarm.review_task r WHERE r.submission = x.id
                          AND NOT EXISTS (SELECT FROM pgswarm.outcome o WHERE o.task = r.task AND o.retried_at IS NULL))
        ORDER BY x.id LIMIT 10 FOR NO KEY UPDATE OF x SKIP LOCKED
    LOOP
        PERFORM pgswarm._open_reviews(s, at);
    END LOOP;
END
$$;
