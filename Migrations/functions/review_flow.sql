-- The way of a submission: its reviews are opened, their verdicts decide where it goes.
SET LOCAL ROLE pgswarm_owner;

-- The queue that holds the reviews of a queue. Its name says so, where that name is free.
CREATE FUNCTION pgswarm._review_queue(queue pgswarm.queue) RETURNS pgswarm.queue
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_made pgswarm.queue;
    v_name text;
BEGIN
    LOOP
        SELECT * INTO v_made FROM pgswarm.queue q WHERE q.reviews_of = _review_queue.queue.id;
        IF FOUND THEN
            RETURN v_made;
        END IF;
        -- One at a time makes it: there is one for each queue.
        PERFORM FROM pgswarm.queue q WHERE q.id = _review_queue.queue.id FOR NO KEY UPDATE;
        PERFORM FROM pgswarm.queue q WHERE q.reviews_of = _review_queue.queue.id;
        CONTINUE WHEN FOUND;
        v_name := 'review:' || queue.name;
        IF length(v_name) > 128 OR EXISTS (SELECT FROM pgswarm.queue q WHERE q.name = v_name) THEN
            v_name := format('review:%s:%s', queue.id, left(queue.name, 100));
        END IF;
        INSERT INTO pgswarm.queue (name, reviews_of, max_attempts, max_lost, lease)
        VALUES (v_name, _review_queue.queue.id, 30000, 30000, _review_queue.queue.lease)
        ON CONFLICT DO NOTHING;
    END LOOP;
END
$$;

-- A result was handed in. The caller holds its task.
CREATE FUNCTION pgswarm._begin_review(submission pgswarm.submission, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    s        pgswarm.submission;
    v_policy jsonb := coalesce(pgswarm._review_terms(submission.task), pgswarm._policy_defaults() || '{"mode": "human"}');
    v_risk   record;
BEGIN
    PERFORM pgswarm._end_reviews(submission.task, 'a newer submission takes its place', at);
    v_risk := pgswarm._risk(submission);
    UPDATE pgswarm.submission x
    SET risk = v_risk.level, risk_reasons = v_risk.reasons,
        needed = CASE v_policy ->> 'mode' WHEN 'peers' THEN (v_policy ->> 'reviewers')::integer ELSE 0 END,
        round = least(1 + (SELECT count(*) FROM pgswarm.submission b
                           WHERE b.task = x.task AND b.generation = x.generation AND b.state = 'sent_back'), 30000),
        route = CASE v_policy ->> 'mode' WHEN 'peers' THEN 'waiting' ELSE 'attention' END
    WHERE x.id = submission.id
    RETURNING * INTO s;
    IF s.needed > 0 THEN
        PERFORM pgswarm._open_reviews(s, at);
    ELSE
        PERFORM pgswarm._record('routed', s.queue, NULL, NULL, ARRAY[s.task],
            jsonb_build_object('submission', s.id, 'route', s.route, 'risk', s.risk), at);
    END IF;
END
$$;

-- As many reviews as are still wanted: of a submission that begins, or that has lost one to a cancellation.
CREATE FUNCTION pgswarm._open_reviews(submission pgswarm.submission, at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    t       pgswarm.task;
    v_queue pgswarm.queue;
    v_count integer := submission.needed
        - (SELECT count(*) FROM pgswarm.review v WHERE v.submission = _open_reviews.submission.id)
        - (SELECT count(*) FROM pgswarm.review_task r WHERE r.submission = _open_reviews.submission.id
           AND NOT EXISTS (SELECT FROM pgswarm.outcome o WHERE o.task = r.task AND o.retried_at IS NULL));
    v_ids   bigint[];
BEGIN
    IF v_count <= 0 THEN
        RETURN 0;
    END IF;
    SELECT q.* INTO v_queue FROM pgswarm.queue q WHERE q.id = submission.queue;
    v_queue := pgswarm._review_queue(v_queue);
    SELECT * INTO t FROM pgswarm.task x WHERE x.id = submission.task;
    v_ids := ARRAY(SELECT nextval('pgswarm.task_id') FROM generate_series(1, v_count));
    INSERT INTO pgswarm.task (id, created_at, queue, creator, max_attempts, max_lost, priority, kind, title, payload)
    SELECT n.id, _open_reviews.at, v_queue.id, t.creator, 30000, 30000, t.priority, 'review',
           left('review of ' || coalesce(t.title, 'task ' || t.id), 500),
           jsonb_build_object('task', t.id::text, 'submission', submission.id::text, 'digest', encode(submission.digest, 'hex'))
    FROM unnest(v_ids) n (id);
    INSERT INTO pgswarm.review_task (task, submission, subject) SELECT n.id, submission.id, t.id FROM unnest(v_ids) n (id);
    INSERT INTO pgswarm.ready (position, task, queue, epoch, priority, generation, attempts, failed, lost, lane)
    SELECT n.id, n.id, v_queue.id, 0, t.priority, 0, 0, 0, 0, v_queue.id FROM unnest(v_ids) n (id);
    PERFORM pgswarm._record('enqueued', v_queue.id, NULL, t.creator, v_ids, NULL, at);
    PERFORM pgswarm._ring_for(v_ids);
    RETURN v_count;
END
$$;

-- Reviews that nobody needs any more. The caller holds their subject.
CREATE FUNCTION pgswarm._end_reviews(subject bigint, reason text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_task bigint;
BEGIN
    FOR v_task IN
        SELECT r.task FROM pgswarm.submission s JOIN pgswarm.review_task r ON r.submission = s.id
        WHERE s.task = _end_reviews.subject
          AND NOT EXISTS (SELECT FROM pgswarm.outcome o WHERE o.task = r.task AND o.retried_at IS NULL)
        ORDER BY r.task
    LOOP
        IF pgswarm._hold_still(v_task) NOT IN ('done', 'dead', 'cancelled') THEN
            PERFORM pgswarm._cancel(v_task, reason, NULL, at);
        END IF;
    END LOOP;
END
$$;

-- Asks the route, and takes it. The caller holds the task and the submission, which is open.
CREATE FUNCTION pgswarm._route(submission bigint, at timestamptz) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    s        pgswarm.submission;
    v_policy jsonb;
    v_scores integer[];
    v_proof  record;
    v_route  text;
    v_why    text;
BEGIN
    SELECT * INTO s FROM pgswarm.submission x WHERE x.id = _route.submission;
    v_policy := coalesce(pgswarm._review_terms(s.task), pgswarm._policy_defaults() || '{"mode": "human"}');
    v_scores := ARRAY(SELECT v.score FROM pgswarm.review v WHERE v.submission = s.id ORDER BY v.id);
    v_proof := pgswarm._proof(s);
    v_route := pgswarm.review_route(v_scores, s.needed, s.round, s.risk, v_proof.tier, v_proof.fresh, v_proof.green, v_policy);
    -- Written also where nothing changes: of two verdicts at once the later one must see the earlier.
    UPDATE pgswarm.submission x SET route = v_route, score = (SELECT min(n) FROM unnest(v_scores) n) WHERE x.id = s.id
    RETURNING * INTO s;
    IF EXISTS (SELECT FROM pgswarm.canary c WHERE c.task = s.task) THEN
        IF v_route <> 'waiting' THEN
            PERFORM pgswarm._close_canary(s, at);
        END IF;
        RETURN v_route;
    END IF;
    v_why := format('%s of %s', array_to_string(v_scores, ', '), pgswarm._counted(cardinality(v_scores), 'reviewer'));
    CASE v_route
    WHEN 'waiting' THEN
        RETURN v_route;
    WHEN 'automatic', 'reviewed' THEN
        PERFORM pgswarm._accept(s.id, v_route, s.score, NULL, v_why, at);
        IF random() < (v_policy ->> 'audit_rate')::double precision THEN
            INSERT INTO pgswarm.audit (submission, task, queue, at) VALUES (s.id, s.task, s.queue, _route.at);
        END IF;
    WHEN 'fix_loop' THEN
        PERFORM pgswarm._send_back(s.id, NULL, CASE WHEN s.score >= (v_policy ->> 'score')::integer
            THEN format('evidence of tier %s is wanted, and newer than the last change; see: pgswarm evidence add', v_policy ->> 'min_evidence')
            ELSE v_why END, at);
    ELSE
        PERFORM pgswarm._record('routed', s.queue, NULL, NULL, ARRAY[s.task],
            jsonb_build_object('submission', s.id, 'route', v_route, 'score', s.score, 'risk', s.risk), at);
    END CASE;
    RETURN v_route;
END
$$;
