-- Verdicts, what they found, and what is answered to it.
SET LOCAL ROLE pgswarm_owner;

-- The ladder: 5 nothing found, 4 minor, 3 should be fixed, 2 significant defects, 1 broken or unsafe.
CREATE FUNCTION pgswarm._check_verdict(score integer, summary text, findings jsonb[], evidence jsonb[]) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    f jsonb;
BEGIN
    IF score IS NULL OR score NOT BETWEEN 1 AND 5 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%s is not a score', coalesce(score::text, 'null')),
            'it is 5 nothing found, 4 minor, 3 should be fixed, 2 significant defects, 1 broken or unsafe');
    ELSIF length(trim(summary)) NOT BETWEEN 1 AND 8000 OR summary IS NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a verdict has a summary of 1 to 8000 characters', 'say in a sentence what was looked at and found');
    ELSIF cardinality(findings) > 100 OR cardinality(evidence) > 20 THEN
        PERFORM pgswarm._refuse('too_large', 'a verdict has at most 100 findings and 20 pieces of evidence', 'put together what belongs together');
    END IF;
    FOREACH f IN ARRAY coalesce(findings, '{}') LOOP
        IF jsonb_typeof(f) IS DISTINCT FROM 'object' OR f - ARRAY['severity', 'location', 'claim', 'check'] <> '{}'
            OR coalesce(f ->> 'severity' NOT IN ('info', 'minor', 'major', 'critical'), true)
            OR coalesce(length(trim(f ->> 'claim')), 0) NOT BETWEEN 1 AND 8000
            OR length(f ->> 'location') > 2000 OR length(f ->> 'check') > 4000
        THEN
            PERFORM pgswarm._refuse('invalid_argument', format('%s is no finding', coalesce(left(f::text, 200), 'null')),
                'for example: {"severity": "major", "location": "src/a.c:17", "claim": "reads past the end", "check": "run it under asan"}; '
                'severity is info, minor, major or critical');
        END IF;
    END LOOP;
    IF score <= 3 AND coalesce(cardinality(findings), 0) = 0 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('a score of %s needs a finding', score), 'say what is wrong, and where');
    ELSIF score = 5 AND EXISTS (SELECT FROM unnest(findings) x WHERE x ->> 'severity' IN ('major', 'critical')) THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a score of 5 says that nothing was found', 'with a major finding it is 3 or lower, with a minor one 4');
    END IF;
    FOREACH f IN ARRAY coalesce(evidence, '{}') LOOP
        IF jsonb_typeof(f) IS DISTINCT FROM 'object' OR f - ARRAY['tier', 'kind', 'body', 'exit_status', 'artifact'] <> '{}'
            OR coalesce(f ->> 'tier', '3') !~ '^[013]$' OR coalesce(f ->> 'exit_status', '0') !~ '^-?[0-9]{1,9}$'
        THEN
            PERFORM pgswarm._refuse('invalid_argument', format('%s is no evidence of a reviewer', coalesce(left(f::text, 200), 'null')),
                'for example: {"tier": 3, "kind": "tests", "body": {"command": "make test"}, "exit_status": 0}; the tier is 3 (run again), 1 or 0');
        END IF;
        PERFORM pgswarm._check_evidence(coalesce((f ->> 'tier')::integer, 3), f ->> 'kind', f -> 'body', (f ->> 'exit_status')::integer, f ->> 'artifact');
    END LOOP;
END
$$;

CREATE FUNCTION pgswarm.review_submit(
    handle text,
    score integer,
    summary text,
    digest text,
    findings jsonb[] DEFAULT NULL,
    evidence jsonb[] DEFAULT NULL
) RETURNS TABLE (code text, review bigint, task_id bigint, submission bigint, route text, lowest integer, state text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease;
    v_about pgswarm.review_task;
    v_agent pgswarm.agent;
    v_now   timestamptz;
    v_unfit text;
    v       pgswarm.review;
    s       pgswarm.submission;
BEGIN
    PERFORM pgswarm._check_verdict(review_submit.score, review_submit.summary, review_submit.findings, review_submit.evidence);
    PERFORM pgswarm._check_handle(review_submit.handle);
    SELECT * INTO v_about FROM pgswarm.review_task r WHERE r.task = split_part(review_submit.handle, '.', 1)::bigint;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('wrong_state', 'this is not the handle of a review', 'complete a task with complete; reviews come from review_next');
    END IF;
    SELECT * INTO v FROM pgswarm.review x
    WHERE x.task = v_about.task AND x.claim_id = split_part(review_submit.handle, '.', 3)::uuid;
    IF FOUND THEN
        IF v.score <> review_submit.score OR v.summary <> review_submit.summary THEN
            PERFORM pgswarm._refuse('already_settled', format('this review was given with score %s', v.score), 'a verdict is never changed');
        END IF;
        SELECT x.route, x.score::integer INTO route, lowest FROM pgswarm.submission x WHERE x.id = v.submission;
        code := 'duplicate';
        review := v.id;
        task_id := v.subject;
        submission := v.submission;
        state := pgswarm._state(v.subject);
        RETURN NEXT;
        RETURN;
    END IF;
    -- In the order of ids: the task, what waits for it, the review.
    PERFORM pgswarm._hold_still(v_about.subject);
    PERFORM FROM pgswarm.waiting w
    WHERE w.task IN (SELECT d.task FROM pgswarm.dependency d WHERE d.on_task = v_about.subject AND NOT d.met) ORDER BY w.task FOR UPDATE;
    v_lease := pgswarm._held(review_submit.handle);
    SELECT * INTO s FROM pgswarm.submission x WHERE x.id = v_about.submission FOR UPDATE;
    v_now := pgswarm.clock();
    SELECT a.* INTO v_agent FROM pgswarm.session e JOIN pgswarm.agent a ON a.id = e.agent WHERE e.id = v_lease.session;
    IF s.state <> 'open' THEN
        PERFORM pgswarm._refuse('wrong_state', format('submission %s is %s', s.id, replace(s.state, '_', ' ')), 'take the next review');
    ELSIF lower(review_submit.digest) IS DISTINCT FROM encode(s.digest, 'hex') THEN
        PERFORM pgswarm._refuse('conflict', 'this verdict is about other content than was submitted',
            'judge what review_next answered, and give its digest back: ' || encode(s.digest, 'hex'));
    ELSIF pgswarm._digest(s.task, s.result) <> s.digest AND NOT EXISTS (SELECT FROM pgswarm.canary c WHERE c.task = s.task) THEN
        PERFORM pgswarm._refuse('conflict', format('what belongs to submission %s has changed since it was handed in', s.id),
            'release the review with a note; a person sends the task back');
    END IF;
    v_unfit := pgswarm._unfit_judge(v_agent, s, coalesce(pgswarm._review_terms(s.task) ->> 'distinct', 'agents'), v_about.task);
    IF v_unfit IS NOT NULL THEN
        PERFORM pgswarm._refuse('not_allowed', format('agent "%s" may not judge task %s: %s', v_agent.name, s.task, pgswarm._unfit_message(v_unfit)),
            'release this review: somebody else takes it');
    END IF;
    INSERT INTO pgswarm.review (submission, subject, task, claim_id, at, session, agent, owner, family, score, summary, digest)
    VALUES (s.id, s.task, v_about.task, v_lease.claim_id, v_now, v_lease.session, v_agent.id, pgswarm._owner_of(v_agent),
            pgswarm._family_of(v_agent), review_submit.score, review_submit.summary, s.digest)
    RETURNING * INTO v;
    INSERT INTO pgswarm.finding (review, submission, subject, at, severity, location, claim, suggested_check)
    SELECT v.id, s.id, s.task, v_now, f ->> 'severity', f ->> 'location', f ->> 'claim', f ->> 'check'
    FROM unnest(review_submit.findings) f;
    INSERT INTO pgswarm.evidence (task, submission, generation, epoch, at, session, agent, tier, kind, body, exit_status, artifact)
    SELECT s.task, s.id, s.generation, s.epoch, v_now, v_lease.session, v_agent.id, coalesce((e ->> 'tier')::integer, 3), e ->> 'kind',
           e -> 'body', (e ->> 'exit_status')::integer, e ->> 'artifact'
    FROM unnest(review_submit.evidence) e;
    DELETE FROM pgswarm.lease l WHERE l.task = v_about.task;
    PERFORM pgswarm._finish(v_lease, jsonb_build_object('review', v.id::text, 'score', v.score), v_now);
    PERFORM pgswarm._add_to_record(v_agent.id, 'review', 'completed', v_now);
    PERFORM pgswarm._record('reviewed', s.queue, v_lease.session, NULL, ARRAY[s.task], jsonb_build_object(
        'submission', s.id, 'review', v.id, 'score', v.score, 'findings', coalesce(cardinality(review_submit.findings), 0)), v_now);
    route := pgswarm._route(s.id, v_now);
    code := 'ok';
    review := v.id;
    task_id := s.task;
    submission := s.id;
    lowest := (SELECT x.score FROM pgswarm.submission x WHERE x.id = s.id);
    state := pgswarm._state(s.task);
    IF EXISTS (SELECT FROM pgswarm.canary c WHERE c.task = s.task) THEN
        -- Nothing tells that it was one.
        state := CASE WHEN route IN ('automatic', 'reviewed') THEN 'done' WHEN route = 'fix_loop' THEN 'ready' ELSE 'review' END;
    END IF;
    RETURN NEXT;
    PERFORM pgswarm._touch(e, v_now) FROM pgswarm.session e WHERE e.id = v_lease.session;
END
$$;
COMMENT ON FUNCTION pgswarm.review_submit IS
    'A verdict on what review_next answered, under its handle and with its digest. Score: 5 nothing found, 4 minor, 3 should be '
    'fixed, 2 significant defects, 1 broken or unsafe; 3 and lower need a finding (severity, location, claim, check). Answers '
    'where the submission went. Repeated, it answers duplicate.';

CREATE FUNCTION pgswarm._unfit_message(unfit text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE unfit
        WHEN 'role' THEN 'only registered reviewers and people judge'
        WHEN 'author' THEN 'it, or one of its line, did the work'
        WHEN 'related' THEN 'it, or one of its line, worked on the parent, a child or a sibling of the task'
        WHEN 'reviewed' THEN 'it, or one of its line, judges this submission already'
        WHEN 'owner' THEN 'its owner is the author''s or another reviewer''s, or one of them is not known'
        WHEN 'family' THEN 'its model family is the author''s or another reviewer''s, or one of them is not known'
    END
$$;

-- The holder says what became of a finding. It may change its mind until it completes.
CREATE FUNCTION pgswarm.finding_answer(handle text, finding bigint, answer text, note text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease;
    f       pgswarm.finding;
BEGIN
    IF answer IS NULL OR answer NOT IN ('fixed', 'disputed', 'accepted') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is no answer to a finding', left(answer, 80)), 'it is fixed, disputed or accepted (a risk that is taken)');
    ELSIF answer <> 'fixed' AND coalesce(trim(note), '') = '' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('"%s" needs a note', answer), 'say why: the reviewers read it');
    END IF;
    PERFORM pgswarm._check_holder(ARRAY[handle]);
    v_lease := pgswarm._held(handle);
    SELECT * INTO f FROM pgswarm.finding x WHERE x.id = finding_answer.finding AND x.subject = v_lease.task FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('task %s has no finding %s', v_lease.task, finding), 'see the findings in the brief of the claim');
    ELSIF f.answer IS NOT NULL AND f.answered_epoch <> v_lease.epoch THEN
        PERFORM pgswarm._refuse('wrong_state', format('finding %s was answered in an earlier round: %s', f.id, f.answer), 'answer those of this round');
    END IF;
    UPDATE pgswarm.finding x
    SET answer = finding_answer.answer, note = left(finding_answer.note, 8000), answered_at = pgswarm.clock(), answered_epoch = v_lease.epoch,
        answered_by = (SELECT s.agent FROM pgswarm.session s WHERE s.id = v_lease.session)
    WHERE x.id = f.id;
    PERFORM pgswarm._record('finding_answered', v_lease.queue, v_lease.session, NULL, ARRAY[v_lease.task],
        jsonb_build_object('finding', f.id, 'answer', finding_answer.answer), pgswarm.clock());
    RETURN (SELECT count(*) FROM pgswarm.finding x WHERE x.subject = v_lease.task AND x.answer IS NULL);
END
$$;
COMMENT ON FUNCTION pgswarm.finding_answer IS
    'The holder of a task that was sent back answers a finding: fixed, disputed or accepted, the last two with a note. '
    'Answers how many are still open: each has an answer before the task is completed again.';

-- Why a task can not be completed yet.
CREATE FUNCTION pgswarm._open_findings(task bigint) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    v_ids text;
BEGIN
    IF EXISTS (SELECT FROM pgswarm.review_task r WHERE r.task = _open_findings.task) THEN
        RETURN format('task %s is a review: it ends with a verdict (review_submit, pgswarm review submit)', task);
    END IF;
    SELECT string_agg(f.id::text, ', ' ORDER BY f.id) INTO v_ids FROM pgswarm.finding f WHERE f.subject = _open_findings.task AND f.answer IS NULL;
    RETURN 'these findings of its review have no answer yet: ' || v_ids
        || '; answer each fixed, disputed or accepted (finding_answer, pgswarm review answer), then complete it';
END
$$;

-- What was found in a task so far, the open ones first.
CREATE FUNCTION pgswarm._earlier_findings(task bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('id', f.id::text, 'severity', f.severity, 'location', f.location, 'claim', f.claim,
                             'check', f.suggested_check, 'answer', f.answer, 'note', f.note, 'submission', f.submission::text))
                         ORDER BY f.answer IS NOT NULL, f.id)
        FROM pgswarm.finding f WHERE f.subject = _earlier_findings.task);
END
$$;

-- What a task that was sent back brings with its claim.
CREATE FUNCTION pgswarm._brief_findings(task bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    -- One of several that do the same is told what was found in their common result.
    RETURN coalesce(pgswarm._earlier_findings(coalesce((SELECT m.replica_of FROM pgswarm.terms m WHERE m.task = _brief_findings.task), task)), (
        SELECT jsonb_build_array(jsonb_build_object('severity', 'info', 'claim', s.reason))
        FROM pgswarm.submission s
        WHERE s.task = _brief_findings.task AND s.state = 'sent_back' AND s.reason IS NOT NULL ORDER BY s.id DESC LIMIT 1));
END
$$;
