-- Plans as onlookers see them.
SET LOCAL ROLE pgswarm_owner;

CREATE VIEW pgswarm.plans AS
SELECT p.id, p.name AS plan, p.goal, p.version, c.tasks, c.counts, coalesce(c.done, 0) AS done,
       CASE WHEN c.tasks > 0 THEN round(100.0 * coalesce(c.done, 0) / c.tasks)::integer END AS percent,
       CASE WHEN p.paused_at IS NOT NULL THEN 'paused' WHEN c.tasks = c.ended AND c.tasks > 0 AND c.done = c.tasks THEN 'done'
            WHEN c.dead > 0 THEN 'failing' WHEN c.tasks > 0 AND c.ended = c.tasks THEN 'ended' ELSE 'open' END AS state,
       p.created_at, a.name AS created_by, v.at AS changed_at, b.name AS changed_by, v.reason AS changed_reason, p.frozen_at,
       p.frozen_by, p.frozen_reason, p.paused_at, p.paused_by, p.paused_reason, p.limits, p.followups
FROM pgswarm.plan p
JOIN pgswarm.agent a ON a.id = p.created_by
LEFT JOIN pgswarm.plan_version v ON v.plan = p.id AND v.version = p.version
LEFT JOIN pgswarm.agent b ON b.id = v.agent
LEFT JOIN LATERAL (
    SELECT sum(s.n)::integer AS tasks, jsonb_object_agg(s.state, s.n) AS counts,
           sum(s.n) FILTER (WHERE s.state = 'done')::integer AS done,
           sum(s.n) FILTER (WHERE s.state = 'dead')::integer AS dead,
           sum(s.n) FILTER (WHERE s.state IN ('done', 'dead', 'cancelled'))::integer AS ended
    FROM (SELECT pgswarm._state_of(x.task) AS state, count(*) AS n FROM pgswarm.plan_task x
          WHERE x.plan = p.id AND x.gone_in IS NULL GROUP BY 1) s
) c ON true;

-- Also tasks that are in no version any more: gone_in says since which.
CREATE VIEW pgswarm.plan_tasks AS
SELECT p.name AS plan, x.key, x.task AS task_id, q.name AS queue, t.title, pgswarm._state_of(x.task) AS state, m.goal, m.criteria, m.size, m.paths,
       m.capabilities, m.prefer, m.estimate, x.after, x.version, x.gone_in, x.gone_as, x.successor
FROM pgswarm.plan_task x
JOIN pgswarm.plan p ON p.id = x.plan
JOIN pgswarm.task t ON t.id = x.task
JOIN pgswarm.queue q ON q.id = t.queue
JOIN pgswarm.terms m ON m.task = x.task;

CREATE VIEW pgswarm.plan_versions AS
SELECT p.name AS plan, v.version, v.at, a.name AS agent, v.reason, v.summary, v.spec, v.seat
FROM pgswarm.plan_version v JOIN pgswarm.plan p ON p.id = v.plan JOIN pgswarm.agent a ON a.id = v.agent;

CREATE VIEW pgswarm.followups AS
SELECT f.id, f.state, p.name AS plan, f.task AS task_id, q.name AS queue, a.name AS agent, f.at, f.times, f.depth::integer AS depth,
       coalesce(f.draft ->> 'title', f.draft ->> 'goal') AS title, f.why, f.draft, f.decided_at,
       CASE WHEN f.decided_at IS NOT NULL THEN coalesce(d.name, 'policy') END AS decided_by, f.reason, f.made AS made_task
FROM pgswarm.followup f
JOIN pgswarm.queue q ON q.id = f.queue
JOIN pgswarm.agent a ON a.id = f.agent
LEFT JOIN pgswarm.plan p ON p.id = f.plan
LEFT JOIN pgswarm.agent d ON d.id = f.decided_by;
