-- Records: what is known of agents' work and of reviewers' verdicts. It raises risk, and it switches automatic acceptance
-- off; it never lets anything through.
SET LOCAL ROLE pgswarm_owner;

-- What remains of a count after a time: half after 30 days.
CREATE FUNCTION pgswarm._faded(count double precision, since timestamptz, at timestamptz) RETURNS double precision
LANGUAGE sql IMMUTABLE
AS $$ SELECT count * power(0.5, greatest(extract(epoch FROM at - since), 0) / 2592000) $$;

-- The engine tells every end of a hold on a governed task and every decision here.
CREATE FUNCTION pgswarm._count_record(agent integer, task bigint, fact text) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := pgswarm.clock();
BEGIN
    IF fact IN ('accepted', 'sent_back', 'rejected') THEN
        PERFORM pgswarm._end_reviews(task, 'its submission was decided', v_now);
    END IF;
    IF fact <> 'cancelled' AND NOT EXISTS (SELECT FROM pgswarm.canary c WHERE c.task = _count_record.task) THEN
        PERFORM pgswarm._add_to_record(agent, coalesce((SELECT t.kind FROM pgswarm.task t WHERE t.id = _count_record.task), ''), fact, v_now);
        IF fact IN ('accepted', 'rejected', 'tainted') THEN
            PERFORM pgswarm._tell_breaker(agent, task, fact, v_now);
        END IF;
    END IF;
    IF fact = 'tainted' THEN
        PERFORM pgswarm._calibrate(s.id, 'taint', false, coalesce((pgswarm._review_terms(s.task) ->> 'score')::integer, 4), v_now)
        FROM (SELECT x.* FROM pgswarm.submission x WHERE x.task = _count_record.task AND x.acceptance IS NOT NULL ORDER BY x.id DESC LIMIT 1) s;
    END IF;
    IF fact IN ('completed', 'failed', 'lost', 'released', 'cancelled') THEN
        PERFORM pgswarm._replica_ended(task, v_now);
    END IF;
END
$$;

CREATE FUNCTION pgswarm._add_to_record(agent integer, kind text, fact text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_model text := coalesce((SELECT a.model FROM pgswarm.agent a WHERE a.id = _add_to_record.agent), '');
BEGIN
    IF agent IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO pgswarm.agent_record AS r (agent, kind, model, at)
    VALUES (_add_to_record.agent, _add_to_record.kind, v_model, _add_to_record.at) ON CONFLICT DO NOTHING;
    UPDATE pgswarm.agent_record r
    SET at = greatest(r.at, _add_to_record.at),
        completed = pgswarm._faded(r.completed, r.at, _add_to_record.at) + (fact = 'completed')::integer,
        failed = pgswarm._faded(r.failed, r.at, _add_to_record.at) + (fact = 'failed')::integer,
        released = pgswarm._faded(r.released, r.at, _add_to_record.at) + (fact = 'released')::integer,
        lost = pgswarm._faded(r.lost, r.at, _add_to_record.at) + (fact = 'lost')::integer,
        accepted = pgswarm._faded(r.accepted, r.at, _add_to_record.at) + (fact = 'accepted')::integer,
        sent_back = pgswarm._faded(r.sent_back, r.at, _add_to_record.at) + (fact = 'sent_back')::integer,
        rejected = pgswarm._faded(r.rejected, r.at, _add_to_record.at) + (fact = 'rejected')::integer,
        tainted = pgswarm._faded(r.tainted, r.at, _add_to_record.at) + (fact = 'tainted')::integer,
        canary_right = pgswarm._faded(r.canary_right, r.at, _add_to_record.at) + (fact = 'canary_right')::integer,
        canary_wrong = pgswarm._faded(r.canary_wrong, r.at, _add_to_record.at) + (fact = 'canary_wrong')::integer
    WHERE r.agent = _add_to_record.agent AND r.kind = _add_to_record.kind AND r.model = v_model;
END
$$;

-- The record of an agent for a kind of task, on the model that it runs on now: another model begins anew.
CREATE FUNCTION pgswarm._records_of(agent integer, kind text)
RETURNS TABLE (accepted double precision, sent_back double precision, rejected double precision, tainted double precision, lost double precision)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := pgswarm.clock();
BEGIN
    RETURN QUERY
    SELECT pgswarm._faded(r.accepted, r.at, v_now), pgswarm._faded(r.sent_back, r.at, v_now), pgswarm._faded(r.rejected, r.at, v_now),
           pgswarm._faded(r.tainted, r.at, v_now), pgswarm._faded(r.lost, r.at, v_now)
    FROM pgswarm.agent_record r JOIN pgswarm.agent a ON a.id = r.agent
    WHERE r.agent = _records_of.agent AND r.kind = coalesce(_records_of.kind, '') AND r.model = coalesce(a.model, '');
END
$$;

-- A rejected or tainted result is a failure of its author to the author's breaker, where there are such breakers.
CREATE FUNCTION pgswarm._tell_breaker(agent integer, task bigint, fact text, at timestamptz) RETURNS void
LANGUAGE plpgsql SET lock_timeout = '200ms'
AS $$
#variable_conflict use_column
DECLARE
    v_name  text := (SELECT a.name FROM pgswarm.agent a WHERE a.id = _tell_breaker.agent);
    b       pgswarm.breaker;
    v_claim uuid;
BEGIN
    IF v_name IS NULL OR NOT EXISTS (SELECT FROM pgswarm.breaker x WHERE x.scope = 'agent' AND x.enabled
                                     AND (x.name = v_name OR (x.name = '*' AND fact <> 'accepted'))) THEN
        RETURN;
    END IF;
    IF fact <> 'accepted' THEN
        b := pgswarm._watched('agent', v_name);
    ELSE
        SELECT * INTO b FROM pgswarm.breaker x WHERE x.scope = 'agent' AND x.name = v_name;
    END IF;
    -- Of its own: the claim itself was counted when it was completed.
    v_claim := md5(format('%s of %s at %s', fact, task, at))::uuid;
    IF b.id IS NOT NULL THEN
        PERFORM pgswarm._feed(b.id, CASE fact WHEN 'accepted' THEN 'succeeded' ELSE 'failed' END, ARRAY[v_claim], ARRAY[agent],
            ARRAY[at], CASE WHEN fact <> 'accepted' THEN format('the result of task %s was %s', task, fact) END, at);
    END IF;
EXCEPTION WHEN lock_not_available THEN
    NULL;
END
$$;

-- What became of a submission tells what the verdicts on it were worth.
CREATE FUNCTION pgswarm._calibrate(submission bigint, source text, good boolean, threshold integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_queue integer := (SELECT s.queue FROM pgswarm.submission s WHERE s.id = _calibrate.submission);
BEGIN
    INSERT INTO pgswarm.calibration_fact (review, source, at, agent, queue, said_good, was_good)
    SELECT v.id, _calibrate.source, _calibrate.at, v.agent, v_queue, v.score >= threshold, good
    FROM pgswarm.review v WHERE v.submission = _calibrate.submission
    ON CONFLICT DO NOTHING;
    PERFORM pgswarm._check_floor(v_queue, at);
END
$$;

-- Of what the reviewers of a queue call good: which part was good in the end? Below the floor automatic acceptance
-- switches itself off; only a person switches it on again. Fewer than five facts say nothing.
CREATE FUNCTION pgswarm._check_floor(queue integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    p       pgswarm.review_policy;
    v_floor double precision;
    v_all   bigint;
    v_good  bigint;
    v_why   text;
BEGIN
    SELECT * INTO p FROM pgswarm.review_policy x WHERE x.queue = _check_floor.queue;
    IF NOT FOUND OR p.auto_off_at IS NOT NULL THEN
        RETURN;
    END IF;
    v_floor := (pgswarm._policy_defaults() || p.settings ->> 'floor')::double precision;
    SELECT count(*), count(*) FILTER (WHERE f.was_good) INTO v_all, v_good
    FROM (SELECT c.was_good FROM pgswarm.calibration_fact c
          WHERE c.queue = _check_floor.queue AND c.said_good AND c.at >= p.auto_since ORDER BY c.at DESC LIMIT 50) f;
    IF v_all < 5 OR v_good >= v_floor * v_all THEN
        RETURN;
    END IF;
    v_why := format('of the last %s that reviewers called good %s were', v_all, v_good);
    UPDATE pgswarm.review_policy x SET auto_off_at = _check_floor.at, auto_off_reason = v_why
    WHERE x.queue = _check_floor.queue AND x.auto_off_at IS NULL;
    PERFORM pgswarm._record('auto_acceptance_off', queue, NULL, NULL, NULL, jsonb_build_object('reason', v_why, 'floor', v_floor), at);
END
$$;
