-- Evidence: what speaks for a result. Its tier says who vouches for it, and each tier has a road of its own:
-- 0 a statement, 1 the agent's own report, 2 captured by the runtime that holds the task, with an exit status,
-- 3 run again by a reviewer, 4 a person.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._check_evidence(tier integer, kind text, body jsonb, exit_status integer, artifact text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF tier IS NULL OR tier NOT BETWEEN 0 AND 4 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%s is not a tier of evidence', coalesce(tier::text, 'null')),
            'it is 0 statement, 1 self-reported, 2 captured by the runtime, 3 run again by a reviewer, 4 a person');
    ELSIF kind IS NULL OR length(kind) NOT BETWEEN 1 AND 100 OR kind ~ '[[:cntrl:]]' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a kind of evidence', left(kind, 80)), 'say what it is in a word, such as tests');
    ELSIF length(artifact) NOT BETWEEN 1 AND 200 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'that is no hash of an artifact', 'see the hashes with: pgswarm artifact list');
    ELSIF tier IN (2, 3) AND exit_status IS NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', format('evidence of tier %s has an exit status', tier), 'run the check and give its exit status');
    END IF;
    PERFORM pgswarm._bounded('evidence', body);
END
$$;

CREATE FUNCTION pgswarm.evidence_put(
    handle text DEFAULT NULL,
    tier integer DEFAULT 1,
    kind text DEFAULT 'check',
    body jsonb DEFAULT NULL,
    exit_status integer DEFAULT NULL,
    artifact text DEFAULT NULL,
    task bigint DEFAULT NULL,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_lease   pgswarm.lease;
    v_now     timestamptz;
    v_person  record;
    e         pgswarm.evidence;
    s         pgswarm.submission;
    v_review  pgswarm.review_task;
BEGIN
    PERFORM pgswarm._check_evidence(evidence_put.tier, evidence_put.kind, evidence_put.body, evidence_put.exit_status, evidence_put.artifact);
    IF (handle IS NULL) = (task IS NULL) THEN
        PERFORM pgswarm._refuse('invalid_argument', 'evidence is about the task of a handle, or, from a person, about a task in review',
            'give the handle or the task');
    END IF;
    IF handle IS NULL THEN
        v_person := pgswarm._human(evidence_put.agent, evidence_put.session);
        IF tier <> 4 THEN
            PERFORM pgswarm._refuse('invalid_argument', 'without a handle evidence is of tier 4', 'whoever holds the task or a review of it gives the other tiers');
        END IF;
        PERFORM pgswarm._hold_still(task);
        SELECT * INTO s FROM pgswarm.submission x WHERE x.task = evidence_put.task AND x.state = 'open' FOR UPDATE;
        IF NOT FOUND THEN
            PERFORM pgswarm._refuse('wrong_state', format('task %s is not in review', task), 'see: pgswarm show ' || task);
        END IF;
        e.agent := v_person.agent;
        e.session := coalesce((SELECT x.id FROM pgswarm.session x WHERE x.token = evidence_put.session), 0);
    ELSE
        PERFORM pgswarm._check_holder(ARRAY[handle]);
        v_lease := pgswarm._held(handle);
        e.session := v_lease.session;
        e.agent := (SELECT x.agent FROM pgswarm.session x WHERE x.id = v_lease.session);
        SELECT * INTO v_review FROM pgswarm.review_task r WHERE r.task = v_lease.task;
        IF v_review.task IS NOT NULL THEN
            SELECT * INTO s FROM pgswarm.submission x WHERE x.id = v_review.submission;
        END IF;
        CASE
        WHEN tier = 4 THEN
            PERFORM pgswarm._refuse('not_allowed', 'evidence of tier 4 is for people', 'a person gives it for a task in review, without a handle');
        WHEN tier = 3 AND s.id IS NULL THEN
            PERFORM pgswarm._refuse('not_allowed', 'a check that was run again counts from a reviewer alone',
                'whoever does the work gives tier 2 (pgswarm work --check) or lower');
        WHEN tier = 2 AND s.id IS NOT NULL THEN
            PERFORM pgswarm._refuse('not_allowed', 'a reviewer gives evidence of tier 3, 1 or 0', 'run the check again: that is tier 3');
        WHEN tier = 2 AND NOT EXISTS (SELECT FROM pgswarm.session x WHERE x.token = evidence_put.session AND x.id = v_lease.session
                                      AND x.kind = 'runtime' AND x.ended_at IS NULL) THEN
            PERFORM pgswarm._refuse('not_allowed', 'only the runtime that holds the task captures evidence',
                'let pgswarm work --check run the check, or give it as tier 1');
        ELSE
            NULL;
        END CASE;
    END IF;
    v_now := pgswarm.clock();
    INSERT INTO pgswarm.evidence (task, submission, generation, epoch, at, session, agent, tier, kind, body, exit_status, artifact)
    VALUES (coalesce(s.task, v_lease.task), s.id, coalesce(s.generation, v_lease.generation), coalesce(s.epoch, v_lease.epoch), v_now,
            e.session, e.agent, evidence_put.tier, evidence_put.kind, evidence_put.body, evidence_put.exit_status, evidence_put.artifact)
    RETURNING id INTO e.id;
    PERFORM pgswarm._record('evidence', coalesce(s.queue, v_lease.queue), NULL, e.agent, ARRAY[coalesce(s.task, v_lease.task)],
        jsonb_strip_nulls(jsonb_build_object('tier', evidence_put.tier, 'kind', evidence_put.kind, 'exit_status', evidence_put.exit_status)), v_now);
    RETURN e.id;
END
$$;
COMMENT ON FUNCTION pgswarm.evidence_put IS
    'Puts down what speaks for a result: by its holder (tier 0, 1; with the token of the runtime that holds it, 2), by the '
    'holder of a review of it (0, 1, 3), or by a person for a task in review (4). Answers its id.';

-- What the holder thinks of its own result. It is kept apart from what others think.
CREATE FUNCTION pgswarm._set_confidence(handle text, confidence integer) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    IF confidence NOT BETWEEN 1 AND 5 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%s is not a confidence', confidence), 'it is 1 to 5, as scores are');
    END IF;
    PERFORM pgswarm._check_handle(handle);
    UPDATE pgswarm.lease l SET confidence = _set_confidence.confidence
    WHERE l.task = split_part(handle, '.', 1)::bigint AND l.epoch = split_part(handle, '.', 2)::integer
      AND l.claim_id = split_part(handle, '.', 3)::uuid AND l.governed;
END
$$;

-- When a hold put its last artifact.
CREATE FUNCTION pgswarm._artifact_changed_at(task bigint, epoch integer) RETURNS timestamptz
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    IF to_regclass('pgswarm.artifact') IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT max(a.created_at) FROM pgswarm.artifact a
            WHERE a.task = _artifact_changed_at.task AND a.epoch = _artifact_changed_at.epoch);
END
$$;

-- When what a hold makes was changed last: evidence that is older says nothing about it.
CREATE FUNCTION pgswarm._changed_at(task bigint, epoch integer) RETURNS timestamptz
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN greatest(
        (SELECT max(p.at) FROM pgswarm.progress p
         WHERE p.task = _changed_at.task AND p.epoch = _changed_at.epoch AND p.checkpoint IS NOT NULL),
        pgswarm._artifact_changed_at(task, epoch));
END
$$;

-- Is this evidence about what was submitted, as it is now?
CREATE FUNCTION pgswarm._is_fresh(evidence pgswarm.evidence, submission pgswarm.submission) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF evidence.submission IS NOT NULL THEN
        RETURN evidence.submission = submission.id;
    END IF;
    RETURN evidence.task = submission.task AND evidence.epoch = submission.epoch
       AND coalesce(evidence.at >= pgswarm._changed_at(submission.task, submission.epoch), true)
       AND (evidence.artifact IS NULL OR EXISTS (
                -- Named with its kind and name before its hash.
                SELECT FROM unnest(pgswarm._artifact_hashes(submission.task)) h
                WHERE split_part(h, ' ', -1) = lower(regexp_replace(evidence.artifact, '^sha256:', ''))));
END
$$;

-- What speaks for a submission, in short: the highest tier of fresh evidence that is in its favour, else of what has
-- grown old; and whether the last word of each fresh check is a good one.
CREATE FUNCTION pgswarm._proof(submission pgswarm.submission, OUT tier integer, OUT fresh boolean, OUT green boolean)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    v_old integer;
BEGIN
    WITH seen AS MATERIALIZED (
        SELECT e.*, pgswarm._is_fresh(e, _proof.submission) AS fresh
        FROM pgswarm.evidence e
        WHERE e.task = _proof.submission.task
          AND (e.submission = _proof.submission.id OR (e.submission IS NULL AND e.epoch = _proof.submission.epoch))
    )
    SELECT max(x.tier) FILTER (WHERE x.fresh AND coalesce(x.exit_status, 0) = 0),
           max(x.tier) FILTER (WHERE coalesce(x.exit_status, 0) = 0),
           NOT EXISTS (SELECT FROM (SELECT DISTINCT ON (y.kind, y.body -> 'command') y.exit_status FROM seen y WHERE y.fresh
                                    ORDER BY y.kind, y.body -> 'command', y.id DESC) last WHERE last.exit_status <> 0)
    INTO _proof.tier, v_old, green
    FROM seen x;
    fresh := tier IS NOT NULL OR v_old IS NULL;
    tier := coalesce(tier, v_old);
END
$$;

CREATE FUNCTION pgswarm._brief_evidence(submission pgswarm.submission) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', e.id::text, 'tier', e.tier, 'kind', e.kind, 'body', e.body,
                             'exit_status', e.exit_status, 'artifact', e.artifact, 'fresh', pgswarm._is_fresh(e, _brief_evidence.submission))) ORDER BY e.id)
        FROM pgswarm.evidence e
        WHERE e.task = _brief_evidence.submission.task
          AND (e.submission = _brief_evidence.submission.id OR (e.submission IS NULL AND e.epoch = _brief_evidence.submission.epoch)));
END
$$;
