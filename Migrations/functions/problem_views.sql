-- The log as onlookers see it. A lease that ran out is shown as what it is, before upkeep has come by.
SET LOCAL ROLE pgswarm_owner;

CREATE VIEW pgswarm.problems AS
SELECT p.id, CASE WHEN p.status = 'solving' AND l.agent IS NULL THEN 'open' ELSE p.status END AS status, p.resolution,
       p.duplicate_of, p.scope, p.kind, p.title, p.occurrences + coalesce(h.n, 0) AS occurrences,
       greatest(p.seen_at, h.at) AS seen_at, p.created_at, coalesce(p.credit, r.name) AS reporter, p.automatic,
       p.symptom, p.signature, p.fingerprint, p.environment, p.tags, l.agent AS solver,
       CASE WHEN l.agent IS NOT NULL THEN p.solver_since END AS solver_since,
       CASE WHEN l.agent IS NOT NULL THEN p.solver_until END AS solver_until,
       (SELECT count(*) FROM pgswarm.problem_waiter w WHERE w.problem = p.id) AS waiting,
       (SELECT count(*) FROM pgswarm.solution s WHERE s.problem = p.id AND s.status IN ('proposed', 'confirmed')) AS solutions,
       p.contained_at
FROM pgswarm.problem p
LEFT JOIN pgswarm.agent r ON r.id = p.reporter
LEFT JOIN LATERAL (
    SELECT a.name AS agent FROM pgswarm.session s JOIN pgswarm.agent a ON a.id = s.agent
    WHERE s.id = p.solver AND p.status = 'solving' AND p.solver_until > pgswarm.clock()
      AND s.ended_at IS NULL AND s.expires_at > pgswarm.clock()
) l ON true
LEFT JOIN (SELECT x.problem, count(*) AS n, max(x.at) AS at FROM pgswarm.problem_hit x WHERE NOT x.folded GROUP BY 1) h
    ON h.problem = p.id;

CREATE VIEW pgswarm.solutions AS
SELECT s.id, s.problem AS problem_id, s.status,
       s.status IN ('proposed', 'confirmed')
           AND coalesce(s.confirmed_at, s.created_at) < pgswarm.clock() - (SELECT g.problem_decay FROM pgswarm.setting g) AS stale,
       s.superseded_by, s.body AS solution, s.evidence, coalesce(s.credit, a.name) AS author, s.created_at, s.confirmed_at,
       s.confirmed_by || ARRAY(SELECT b.name FROM pgswarm.solution_opinion o JOIN pgswarm.agent b ON b.id = o.agent
                               WHERE o.solution = s.id AND o.verdict = 'confirmed' ORDER BY 1) AS confirmed_by,
       (SELECT jsonb_agg(jsonb_build_object('agent', b.name, 'reason', o.verdict, 'note', o.note, 'at', o.at) ORDER BY o.at, b.name)
        FROM pgswarm.solution_opinion o JOIN pgswarm.agent b ON b.id = o.agent
        WHERE o.solution = s.id AND o.verdict <> 'confirmed') AS flags
FROM pgswarm.solution s
LEFT JOIN pgswarm.agent a ON a.id = s.author;

-- Which entries an attempt was shown with its claim.
CREATE VIEW pgswarm.problems_shown AS
SELECT x.task AS task_id, x.epoch, x.problem AS problem_id FROM pgswarm.problem_shown x;
