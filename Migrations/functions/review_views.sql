-- What people and onlookers see of reviews. Canaries are in none of these: they are for canary_list.
SET LOCAL ROLE pgswarm_owner;

CREATE VIEW pgswarm.review_policies AS
SELECT q.name AS queue, s.mode, s.reviewers, s.score, s.rounds, s."distinct", s.min_evidence, s.accept, s.auto_accept, s.auto_score,
       s.auto_risk, s.auto_evidence, s.audit_rate, s.floor, p.auto_off_at IS NULL AS auto_on, p.auto_off_at, p.auto_off_reason,
       p.changed_at, a.name AS changed_by
FROM pgswarm.review_policy p
JOIN pgswarm.queue q ON q.id = p.queue
LEFT JOIN pgswarm.agent a ON a.id = p.changed_by
CROSS JOIN LATERAL jsonb_to_record(
    '{"mode": "peers", "reviewers": 1, "score": 4, "rounds": 3, "distinct": "agents", "min_evidence": 0, "accept": "human", "auto_accept": false,
      "auto_score": 5, "auto_risk": "low", "auto_evidence": 3, "audit_rate": 0.1, "floor": 0.8}'::jsonb || p.settings)
    s (mode text, reviewers integer, score integer, rounds integer, "distinct" text, min_evidence integer, accept text, auto_accept boolean,
       auto_score integer, auto_risk text, auto_evidence integer, audit_rate double precision, floor double precision);

CREATE VIEW pgswarm.reviews AS
SELECT v.id, v.submission AS submission_id, v.subject AS task_id, q.name AS queue, v.task AS review_task_id, a.name AS agent, v.owner,
       v.family, v.score::integer AS score, v.summary, v.at, s.state <> 'void' AND s.id = (
           SELECT max(x.id) FROM pgswarm.submission x WHERE x.task = s.task) AS valid
FROM pgswarm.review v
JOIN pgswarm.submission s ON s.id = v.submission
JOIN pgswarm.queue q ON q.id = s.queue
JOIN pgswarm.agent a ON a.id = v.agent
WHERE NOT EXISTS (SELECT FROM pgswarm.canary c WHERE c.task = v.subject);

CREATE VIEW pgswarm.findings AS
SELECT f.id, f.submission AS submission_id, f.subject AS task_id, nullif(f.review, 0) AS review_id, f.severity, f.location, f.claim,
       f.suggested_check, f.answer, f.note, a.name AS answered_by, f.answered_at, f.at
FROM pgswarm.finding f
LEFT JOIN pgswarm.agent a ON a.id = f.answered_by
WHERE NOT EXISTS (SELECT FROM pgswarm.canary c WHERE c.task = f.subject);

CREATE FUNCTION pgswarm._is_evidence_fresh(evidence bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT CASE WHEN s.id IS NULL THEN e.at >= coalesce(pgswarm._changed_at(e.task, e.epoch), e.at) ELSE pgswarm._is_fresh(e, s) END
        FROM pgswarm.evidence e
        LEFT JOIN pgswarm.submission s ON s.id = coalesce(e.submission, (
            SELECT max(x.id) FROM pgswarm.submission x WHERE x.task = e.task AND x.epoch = e.epoch))
        WHERE e.id = _is_evidence_fresh.evidence);
END
$$;

CREATE VIEW pgswarm.evidence_list AS
SELECT e.id, e.task AS task_id, e.submission AS submission_id, e.generation::integer AS generation, e.epoch, e.tier::integer AS tier, e.kind,
       e.body, e.exit_status, e.artifact, a.name AS agent, pgswarm._is_evidence_fresh(e.id) AS fresh, e.at
FROM pgswarm.evidence e
JOIN pgswarm.agent a ON a.id = e.agent
WHERE NOT EXISTS (SELECT FROM pgswarm.canary c WHERE c.task = e.task);

CREATE FUNCTION pgswarm._faded_now(count double precision, since timestamptz) RETURNS double precision
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
BEGIN
    RETURN round(pgswarm._faded(count, since, pgswarm.clock())::numeric, 2);
END
$$;

CREATE VIEW pgswarm.records AS
SELECT a.name AS agent, nullif(r.kind, '') AS kind, nullif(r.model, '') AS model,
       pgswarm._faded_now(r.accepted, r.at) AS accepted, pgswarm._faded_now(r.sent_back, r.at) AS sent_back,
       pgswarm._faded_now(r.rejected, r.at) AS rejected, pgswarm._faded_now(r.tainted, r.at) AS tainted,
       pgswarm._faded_now(r.completed, r.at) AS completed, pgswarm._faded_now(r.failed, r.at) AS failed,
       pgswarm._faded_now(r.released, r.at) AS released, pgswarm._faded_now(r.lost, r.at) AS lost,
       pgswarm._faded_now(r.canary_right, r.at) AS canary_right, pgswarm._faded_now(r.canary_wrong, r.at) AS canary_wrong, r.at
FROM pgswarm.agent_record r
JOIN pgswarm.agent a ON a.id = r.agent;

-- How good reviewers are, by what became of what they judged.
CREATE VIEW pgswarm.calibration AS
SELECT a.name AS agent, a.model, v.verdicts, coalesce(f.known, 0) AS known, coalesce(f.agreed, 0) AS agreed,
       coalesce(f.wrongly_passed, 0) AS wrongly_passed, coalesce(f.wrongly_stopped, 0) AS wrongly_stopped,
       f.agreed::double precision / nullif(f.known, 0) AS accuracy, f.good::double precision / nullif(f.said_good, 0) AS precision,
       coalesce(f.canaries, 0) AS canaries, v.mean_score
FROM (SELECT x.agent, count(*) AS verdicts, round(avg(x.score), 2)::double precision AS mean_score FROM pgswarm.review x GROUP BY x.agent) v
JOIN pgswarm.agent a ON a.id = v.agent
LEFT JOIN (
    SELECT x.agent, count(*) AS known, count(*) FILTER (WHERE x.said_good = x.was_good) AS agreed,
           count(*) FILTER (WHERE x.said_good AND NOT x.was_good) AS wrongly_passed,
           count(*) FILTER (WHERE NOT x.said_good AND x.was_good) AS wrongly_stopped,
           count(*) FILTER (WHERE x.said_good) AS said_good, count(*) FILTER (WHERE x.said_good AND x.was_good) AS good,
           count(*) FILTER (WHERE x.source = 'canary') AS canaries
    FROM pgswarm.calibration_fact x GROUP BY x.agent
) f ON f.agent = v.agent;

CREATE FUNCTION pgswarm._proof_of(submission bigint, OUT tier integer, OUT green boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    SELECT CASE WHEN p.fresh THEN p.tier END, p.green INTO _proof_of.tier, _proof_of.green
    FROM pgswarm.submission s, pgswarm._proof(s) p WHERE s.id = _proof_of.submission;
END
$$;

CREATE FUNCTION pgswarm._rounds_of(task bigint) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
BEGIN
    RETURN coalesce((pgswarm._review_terms(task) ->> 'rounds')::integer, 1);
END
$$;

-- The inbox of people: the most urgent first, by what waits for it, its age and what is at stake.
CREATE VIEW pgswarm.triage AS
SELECT w.what, w.id, w.task_id, q.name AS queue, t.kind, t.title, n.name AS plan, w.route,
       CASE WHEN w.what = 'audit' THEN 'it was accepted automatically; a share of those is looked at'
            WHEN w.route = 'fast_lane' THEN format('called good by %s of %s', cardinality(v.scores), s.needed)
            WHEN cardinality(v.scores) IS NULL THEN coalesce(s.reason, 'its policy asks a person')
            WHEN v.spread >= 2 THEN 'the reviewers disagree'
            WHEN s.score <= 2 THEN 'it has significant defects'
            WHEN NOT p.green THEN 'a check failed, whatever the reviewers say'
            ELSE format('not good enough in round %s', s.round) END AS why,
       s.score::integer AS score, coalesce(v.scores, '{}') AS scores, s.needed::integer AS needed, v.spread, s.risk,
       coalesce(s.risk_reasons, '{}') AS risk_reasons, w.blocks, w.age AS age_seconds,
       (1 + w.blocks) * w.age * CASE s.risk WHEN 'high' THEN 4 WHEN 'medium' THEN 2 ELSE 1 END AS weight,
       s.round::integer AS round, pgswarm._rounds_of(w.task_id) AS rounds, s.number,
       (SELECT count(*) FROM pgswarm.finding f WHERE f.submission = s.id) AS findings,
       (SELECT count(*) FROM pgswarm.finding f WHERE f.subject = s.task AND f.answer IS NULL) AS open_findings,
       p.tier AS evidence_tier, p.green AS checks_green, a.name AS agent, s.confidence::integer AS confidence,
       encode(s.digest, 'hex') AS digest, w.at
FROM (
    SELECT 'submission' AS what, x.id, x.task AS task_id, x.route, x.id AS submission, x.at, pgswarm._blocked_by(x.task) AS blocks,
           greatest(extract(epoch FROM pgswarm.clock() - x.at)::double precision, 0) AS age
    FROM pgswarm.submission x WHERE x.state = 'open' AND x.route IN ('fast_lane', 'attention')
    UNION ALL
    SELECT 'audit', x.submission, x.task, 'audit', x.submission, x.at, 0, greatest(extract(epoch FROM pgswarm.clock() - x.at)::double precision, 0)
    FROM pgswarm.audit x WHERE x.decided_at IS NULL
      AND EXISTS (SELECT FROM pgswarm.outcome o WHERE o.task = x.task AND o.retried_at IS NULL AND o.submission = x.submission)
) w
JOIN pgswarm.submission s ON s.id = w.submission
JOIN pgswarm.task t ON t.id = w.task_id
JOIN pgswarm.queue q ON q.id = s.queue
JOIN pgswarm.agent a ON a.id = s.agent
LEFT JOIN pgswarm.plan n ON n.id = t.plan
LEFT JOIN LATERAL (
    SELECT array_agg(y.score::integer ORDER BY y.id) AS scores, (max(y.score) - min(y.score))::integer AS spread
    FROM pgswarm.review y WHERE y.submission = s.id
) v ON true
CROSS JOIN LATERAL pgswarm._proof_of(s.id) p
WHERE NOT EXISTS (SELECT FROM pgswarm.canary c WHERE c.task = s.task)
ORDER BY weight DESC, w.at, w.id;

-- The reviews that are to be done: who does them, and whether anybody can. Canaries are among them, and look like the others.
CREATE FUNCTION pgswarm._judges_for(submission bigint, OUT able bigint, OUT why text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    s          pgswarm.submission;
    v_distinct text;
BEGIN
    SELECT * INTO s FROM pgswarm.submission x WHERE x.id = _judges_for.submission;
    v_distinct := coalesce(pgswarm._review_terms(s.task) ->> 'distinct', 'agents');
    SELECT count(*) FILTER (WHERE x.unfit IS NULL),
           string_agg(DISTINCT CASE WHEN x.unfit IS NOT NULL THEN format('%s: %s', x.name, pgswarm._unfit_message(x.unfit)) END, '; ')
    INTO able, why
    FROM (SELECT a.name, pgswarm._unfit_judge(a, s, v_distinct) AS unfit FROM pgswarm.agent a
          WHERE a.role IN ('reviewer', 'human') AND a.retired_at IS NULL ORDER BY a.id LIMIT 100) x;
    why := CASE WHEN able > 0 THEN NULL
                WHEN why IS NULL THEN 'there is no reviewer; register one: pgswarm agents register NAME --role reviewer'
                ELSE 'nobody may judge it: ' || why END;
END
$$;

CREATE VIEW pgswarm.reviews_open AS
SELECT r.task AS review_task_id, r.subject AS task_id, r.submission AS submission_id, q.name AS queue, t.title, s.round::integer AS round,
       CASE WHEN l.task IS NOT NULL THEN 'running' ELSE 'waiting' END AS state, a.name AS agent, l.until AS lease_until,
       CASE WHEN l.task IS NULL THEN j.able END AS able, CASE WHEN l.task IS NULL THEN j.why END AS why, b.created_at
FROM pgswarm.review_task r
JOIN pgswarm.submission s ON s.id = r.submission AND s.state = 'open'
JOIN pgswarm.task b ON b.id = r.task
JOIN pgswarm.task t ON t.id = r.subject
JOIN pgswarm.queue q ON q.id = s.queue
LEFT JOIN pgswarm.lease l ON l.task = r.task
LEFT JOIN pgswarm.session e ON e.id = l.session
LEFT JOIN pgswarm.agent a ON a.id = e.agent
CROSS JOIN LATERAL pgswarm._judges_for(r.submission) j
WHERE NOT EXISTS (SELECT FROM pgswarm.outcome o WHERE o.task = r.task AND o.retried_at IS NULL);
