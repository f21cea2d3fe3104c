-- What becomes of results: the policy of a queue, what a task asks for instead, and the route that follows from both.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._policy_defaults() RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
    SELECT '{"mode": "peers", "reviewers": 1, "score": 4, "rounds": 3, "distinct": "agents", "min_evidence": 0, "accept": "human",
             "auto_accept": false, "auto_score": 5, "auto_risk": "low", "auto_evidence": 3, "audit_rate": 0.1, "floor": 0.8}'::jsonb
$$;

-- Is this a value for a setting of a policy?
CREATE FUNCTION pgswarm._is_policy_value(name text, value jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_text text := value #>> '{}';
BEGIN
    CASE name
    WHEN 'mode' THEN RETURN v_text IN ('none', 'peers', 'human');
    WHEN 'distinct' THEN RETURN v_text IN ('agents', 'owners', 'families');
    WHEN 'accept' THEN RETURN v_text IN ('human', 'reviewed');
    WHEN 'auto_risk' THEN RETURN v_text IN ('low', 'medium', 'high');
    WHEN 'auto_accept' THEN RETURN jsonb_typeof(value) = 'boolean';
    WHEN 'audit_rate', 'floor' THEN RETURN jsonb_typeof(value) = 'number' AND value::numeric BETWEEN 0 AND 1;
    ELSE
        RETURN jsonb_typeof(value) = 'number' AND value::numeric % 1 = 0 AND CASE name
            WHEN 'reviewers' THEN value::numeric BETWEEN 1 AND 9
            WHEN 'score' THEN value::numeric BETWEEN 3 AND 5
            WHEN 'rounds' THEN value::numeric BETWEEN 1 AND 20
            WHEN 'min_evidence' THEN value::numeric BETWEEN 0 AND 4
            WHEN 'auto_score' THEN value::numeric BETWEEN 4 AND 5
            WHEN 'auto_evidence' THEN value::numeric BETWEEN 2 AND 4
            ELSE false END;
    END CASE;
END
$$;

CREATE FUNCTION pgswarm._check_policy(subject text, settings jsonb) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_name  text;
    v_value jsonb;
BEGIN
    IF jsonb_typeof(settings) IS DISTINCT FROM 'object' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%s: %s is no policy', subject, coalesce(left(settings::text, 80), 'null')),
            'give "none", "peers", "human" or an object, for example {"mode": "peers", "reviewers": 2}');
    END IF;
    FOR v_name, v_value IN SELECT s.key, s.value FROM jsonb_each(settings) s ORDER BY 1 LOOP
        IF NOT pgswarm._policy_defaults() ? v_name THEN
            PERFORM pgswarm._refuse('invalid_argument', format('%s: a review policy has no setting "%s"', subject, left(v_name, 80)),
                'the settings are mode, reviewers, score, rounds, distinct, min_evidence, accept, auto_accept, auto_score, '
                'auto_risk, auto_evidence, audit_rate and floor');
        ELSIF pgswarm._is_policy_value(v_name, v_value) IS NOT TRUE THEN
            PERFORM pgswarm._refuse('invalid_argument', format('%s: %s is not a value for "%s"', subject, left(v_value::text, 80), v_name),
                'mode is none, peers or human; reviewers 1 to 9; score 3 to 5; rounds 1 to 20; distinct agents, owners or '
                'families; min_evidence 0 to 4; accept human or reviewed; auto_accept true or false; auto_score 4 or 5; '
                'auto_risk low, medium or high; auto_evidence 2 to 4; audit_rate and floor 0 to 1');
        END IF;
    END LOOP;
END
$$;

-- The option "review" of a task: a mode, or what differs from the policy of its queue.
CREATE FUNCTION pgswarm._check_review_terms(item integer, review jsonb) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF review IS NOT NULL THEN
        PERFORM pgswarm._check_policy(format('item %s', item), pgswarm._policy_of(review));
    END IF;
END
$$;

CREATE FUNCTION pgswarm._policy_of(review jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE jsonb_typeof(review) WHEN 'string' THEN jsonb_build_object('mode', review) ELSE review END $$;

-- Of two values the one that lets less through.
CREATE FUNCTION pgswarm._stricter(name text, a jsonb, b jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_order text[] := CASE name
        WHEN 'mode' THEN '{none,peers,human}' WHEN 'distinct' THEN '{agents,owners,families}' WHEN 'accept' THEN '{reviewed,human}'
        WHEN 'auto_risk' THEN '{high,medium,low}' WHEN 'auto_accept' THEN '{true,false}' END;
BEGIN
    IF v_order IS NOT NULL THEN
        RETURN CASE WHEN array_position(v_order, b #>> '{}') > array_position(v_order, a #>> '{}') THEN b ELSE a END;
    END IF;
    RETURN CASE WHEN (b::numeric > a::numeric) = (name <> 'rounds') THEN b ELSE a END;
END
$$;

-- What review a task's result needs, with every setting; NULL: none. What a worker enqueues may ask for more than its
-- queue does, never for less: or it could enqueue its way around the gate.
CREATE FUNCTION pgswarm._review_terms(task bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    v_queue  pgswarm.review_policy;
    v_own    jsonb;
    v_policy jsonb;
    v_role   text;
    v_copy   boolean;
BEGIN
    SELECT pgswarm._policy_of(m.review), m.replica_of IS NOT NULL INTO v_own, v_copy FROM pgswarm.terms m WHERE m.task = _review_terms.task;
    IF v_copy THEN
        RETURN NULL;  -- one of several: what they agree on is reviewed
    END IF;
    SELECT p.* INTO v_queue FROM pgswarm.task t JOIN pgswarm.review_policy p ON p.queue = t.queue WHERE t.id = _review_terms.task;
    IF v_own IS NULL AND v_queue.queue IS NULL THEN
        RETURN NULL;
    END IF;
    v_policy := pgswarm._policy_defaults() || coalesce(v_queue.settings, '{}');
    IF v_own IS NOT NULL THEN
        SELECT a.role INTO v_role FROM pgswarm.task t JOIN pgswarm.agent a ON a.id = t.creator WHERE t.id = _review_terms.task;
        IF v_queue.queue IS NOT NULL AND v_role IN ('worker', 'reviewer') THEN
            v_own := (SELECT jsonb_object_agg(o.key, pgswarm._stricter(o.key, v_policy -> o.key, o.value)) FROM jsonb_each(v_own) o);
        END IF;
        v_policy := v_policy || coalesce(v_own, '{}');
    END IF;
    IF v_policy ->> 'mode' = 'none' THEN
        RETURN NULL;
    END IF;
    RETURN v_policy || jsonb_build_object('auto_on', v_queue.auto_off_at IS NULL);
END
$$;

-- Where a submission goes. It depends on nothing but its arguments: scores are the verdicts so far, tier is the highest
-- evidence, fresh whether it is newer than the last change, green whether no check failed.
CREATE FUNCTION pgswarm.review_route(
    scores integer[], needed integer, round integer, risk text, tier integer, fresh boolean, green boolean, policy jsonb
) RETURNS text
LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
DECLARE
    v_min  integer;
    v_max  integer;
    v_tier integer := CASE WHEN fresh THEN coalesce(tier, 0) ELSE 0 END;
    v_loop text := CASE WHEN round < (policy ->> 'rounds')::integer THEN 'fix_loop' ELSE 'attention' END;
    v_on   boolean := coalesce((policy ->> 'auto_on')::boolean, true);
BEGIN
    IF policy ->> 'mode' = 'human' THEN
        RETURN 'attention';                             -- nobody else is asked
    ELSIF coalesce(cardinality(scores), 0) < needed OR needed < 1 THEN
        RETURN 'waiting';
    END IF;
    SELECT min(s), max(s) INTO v_min, v_max FROM unnest(scores) s;
    IF v_max - v_min >= 2 OR v_min <= 2 THEN
        RETURN 'attention';                             -- they disagree, or it is bad
    ELSIF v_min < (policy ->> 'score')::integer THEN
        RETURN v_loop;
    ELSIF NOT green THEN
        RETURN 'attention';                             -- a check says otherwise than they do
    ELSIF v_tier < (policy ->> 'min_evidence')::integer THEN
        RETURN v_loop;                                  -- to bring the evidence
    ELSIF (policy ->> 'auto_accept')::boolean AND v_on AND v_min >= (policy ->> 'auto_score')::integer
        AND v_tier >= greatest((policy ->> 'auto_evidence')::integer, 2)
        AND array_position('{low,medium,high}', risk) <= array_position('{low,medium,high}', policy ->> 'auto_risk')
    THEN
        RETURN 'automatic';
    ELSIF policy ->> 'accept' = 'reviewed' AND v_on THEN
        RETURN 'reviewed';
    END IF;
    RETURN 'fast_lane';
END
$$;
COMMENT ON FUNCTION pgswarm.review_route IS
    'Where a submission goes: waiting, automatic, reviewed, fast_lane, fix_loop or attention. A pure function, to try policies with.';

CREATE FUNCTION pgswarm.set_review(
    queue text, settings jsonb, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := (pgswarm._human(set_review.agent, set_review.session)).agent;
    v_queue pgswarm.queue;
    v_own   jsonb := pgswarm._policy_of(settings);
    v_on    jsonb := settings -> 'auto_on';
    v_now   timestamptz;
BEGIN
    IF jsonb_typeof(v_own) = 'object' THEN
        v_own := v_own - 'auto_on';
    END IF;
    PERFORM pgswarm._check_policy(format('queue "%s"', queue), jsonb_strip_nulls(v_own));
    IF v_on IS NOT NULL AND v_on <> 'true' THEN
        PERFORM pgswarm._refuse('invalid_argument', 'auto_on is true or left out', 'set auto_accept to false to do without automatic acceptance');
    END IF;
    v_queue := pgswarm._queue_made(queue);
    IF v_queue.reviews_of IS NOT NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', format('queue "%s" holds reviews', queue), 'reviews are not reviewed');
    END IF;
    INSERT INTO pgswarm.review_policy (queue, auto_since, changed_at, changed_by)
    VALUES (v_queue.id, pgswarm.clock(), pgswarm.clock(), v_actor)
    ON CONFLICT ON CONSTRAINT review_policy_pkey DO NOTHING;
    PERFORM FROM pgswarm.review_policy p WHERE p.queue = v_queue.id FOR NO KEY UPDATE;
    v_now := pgswarm.clock();
    UPDATE pgswarm.review_policy p
    SET settings = jsonb_strip_nulls(p.settings || v_own), changed_at = v_now, changed_by = v_actor,
        auto_since = CASE WHEN v_on = 'true' THEN v_now ELSE p.auto_since END,
        auto_off_at = CASE WHEN v_on = 'true' THEN NULL ELSE p.auto_off_at END,
        auto_off_reason = CASE WHEN v_on = 'true' THEN NULL ELSE p.auto_off_reason END
    WHERE p.queue = v_queue.id;
    PERFORM pgswarm._govern_queue(v_queue.id);
    PERFORM pgswarm._record('review_set', v_queue.id, NULL, v_actor, NULL, pgswarm._policy_of(settings), v_now);
    RETURN pgswarm._policy(v_queue.id);
END
$$;
COMMENT ON FUNCTION pgswarm.set_review IS
    'Changes the review policy of a queue and answers all of it; null sets the default. Tasks that are claimed from then on '
    'are under it. auto_on: true allows automatic acceptance again after it switched itself off. For people.';

-- The policy of a queue, with what became of its automatic acceptance; NULL: it has none.
CREATE FUNCTION pgswarm._policy(queue integer) RETURNS jsonb
LANGUAGE plpgsql STABLE SET timezone = 'UTC'
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT pgswarm._policy_defaults() || p.settings
               || jsonb_build_object('auto_on', p.auto_off_at IS NULL, 'auto_off_at', p.auto_off_at, 'auto_off_reason', p.auto_off_reason)
        FROM pgswarm.review_policy p WHERE p.queue = _policy.queue);
END
$$;

CREATE FUNCTION pgswarm.review_policy(queue text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce(pgswarm._policy((pgswarm._known_queue(review_policy.queue)).id), pgswarm._policy_defaults() || '{"mode": "none", "auto_on": true}');
END
$$;
COMMENT ON FUNCTION pgswarm.review_policy IS 'The review policy of a queue: all settings, defaults included.';

CREATE FUNCTION pgswarm.set_risk(
    queue text, glob text, level text, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := (pgswarm._human(set_risk.agent, set_risk.session)).agent;
    v_glob  text := (pgswarm._normal_glob(set_risk.glob, true)).normal;
    v_queue pgswarm.queue;
BEGIN
    IF level NOT IN ('low', 'medium', 'high') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a level of risk', left(level, 80)), 'it is low, medium or high; null takes the rule away');
    END IF;
    v_queue := pgswarm._queue_made(queue);
    IF level IS NULL THEN
        DELETE FROM pgswarm.risk_path r WHERE r.queue = v_queue.id AND r.glob = v_glob;
    ELSE
        INSERT INTO pgswarm.risk_path (queue, glob, level) VALUES (v_queue.id, v_glob, set_risk.level)
        ON CONFLICT ON CONSTRAINT risk_path_pkey DO UPDATE SET level = excluded.level;
    END IF;
    PERFORM pgswarm._record('risk_set', v_queue.id, NULL, v_actor, NULL, jsonb_build_object('glob', v_glob, 'level', level), pgswarm.clock());
END
$$;
COMMENT ON FUNCTION pgswarm.set_risk IS 'How risky it is when a task of this queue works on paths that match: low, medium, high; null forgets it. For people.';
