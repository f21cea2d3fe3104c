-- Views on budgets, and the same for callers.
SET LOCAL ROLE pgswarm_owner;

CREATE VIEW pgswarm.budgets AS
SELECT CASE b.scope WHEN 'swarm' THEN 'swarm' WHEN 'queue' THEN 'queue:' || q.name WHEN 'plan' THEN 'plan:' || p.name
                    ELSE 'task:' || b.target END AS scope,
       b.axis, b.soft::double precision AS soft, b.hard::double precision AS hard, b.hold::double precision AS hold,
       (b.spent + e.charged)::double precision AS spent, (b.held - e.amount + o.over)::double precision AS held,
       (b.hard - (b.spent + e.charged) - (b.held - e.amount + o.over))::double precision AS "left",
       b.unreported + e.unreported AS unreported,
       (SELECT count(*) FROM pgswarm.budget_wait w
        JOIN pgswarm.waiting x ON x.task = w.task AND x.state = 'parked' AND x.reason = 'budget'
        WHERE w.budget = b.id AND w.admitted_at IS NULL) AS parked,
       (SELECT g.at FROM pgswarm.budget_signal g WHERE g.budget = b.id AND g.what = 'soft') AS soft_reached_at,
       (SELECT g.at FROM pgswarm.budget_signal g WHERE g.budget = b.id AND g.what = 'hard') AS hard_reached_at,
       b.created_at, b.set_at, a.name AS set_by, b.id
FROM pgswarm.budget b
LEFT JOIN pgswarm.queue q ON b.scope = 'queue' AND q.id = b.target
LEFT JOIN pgswarm.plan p ON b.scope = 'plan' AND p.id = b.target
LEFT JOIN pgswarm.agent a ON a.id = b.set_by
CROSS JOIN LATERAL (
    SELECT coalesce(sum(h.charged), 0) AS charged, coalesce(sum(h.amount), 0) AS amount,
           count(*) FILTER (WHERE h.unreported) AS unreported
    FROM pgswarm.budget_hold h WHERE h.budget = b.id AND h.ended_at IS NOT NULL AND NOT h.folded) e
CROSS JOIN LATERAL (
    SELECT coalesce(sum(h.used - h.amount), 0) AS over
    FROM pgswarm.budget_hold h WHERE h.budget = b.id AND h.used > h.amount AND h.ended_at IS NULL) o
WHERE b.dropped_at IS NULL;
COMMENT ON VIEW pgswarm.budgets IS
    'Every budget: its limits, what is spent, what running tasks hold, what is left, and how many tasks it keeps parked.';

CREATE VIEW pgswarm.budget_holds AS
SELECT CASE b.scope WHEN 'swarm' THEN 'swarm' WHEN 'queue' THEN 'queue:' || q.name WHEN 'plan' THEN 'plan:' || p.name
                    ELSE 'task:' || b.target END AS scope,
       b.axis, h.task AS task_id, h.epoch, a.name AS agent, h.at, h.amount::double precision AS amount,
       h.used::double precision AS used, h.ended_at, h.outcome, h.charged::double precision AS charged, h.unreported,
       h.budget AS budget_id
FROM pgswarm.budget_hold h
JOIN pgswarm.budget b ON b.id = h.budget
LEFT JOIN pgswarm.queue q ON b.scope = 'queue' AND q.id = b.target
LEFT JOIN pgswarm.plan p ON b.scope = 'plan' AND p.id = b.target
LEFT JOIN pgswarm.session s ON s.id = h.session
LEFT JOIN pgswarm.agent a ON a.id = s.agent;
COMMENT ON VIEW pgswarm.budget_holds IS
    'What each hold on a task set aside of each budget, what it has reported, and what it came to when it ended.';

CREATE FUNCTION pgswarm.budget_show(scope text DEFAULT NULL, axis text DEFAULT NULL) RETURNS SETOF pgswarm.budgets
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF budget_show.axis IS NOT NULL THEN
        PERFORM pgswarm._check_axis(budget_show.axis);
    END IF;
    IF budget_show.scope !~ '^(swarm|(queue|plan|task):.+)$' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is no scope of a budget', left(budget_show.scope, 140)),
            'it is swarm, queue:NAME, plan:NAME or task:ID');
    END IF;
    RETURN QUERY SELECT * FROM pgswarm.budgets b
    WHERE b.scope = coalesce(budget_show.scope, b.scope) AND b.axis = coalesce(budget_show.axis, b.axis)
    ORDER BY CASE split_part(b.scope, ':', 1) WHEN 'swarm' THEN 1 WHEN 'queue' THEN 2 WHEN 'plan' THEN 3 ELSE 4 END, b.scope, b.axis;
END
$$;
COMMENT ON FUNCTION pgswarm.budget_show IS 'The budgets, those of the swarm first: all, of one scope, of one axis.';
