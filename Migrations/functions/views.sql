-- Views: plural names, the operator's stable surface. They read with the owner's rights.
SET LOCAL ROLE pgswarm_owner;

-- A view reads tables with its owner's rights but calls functions with those of whoever asks, so what it calls must be
-- a definer's. These answer nothing that the views don't show.
CREATE FUNCTION pgswarm._is_live(task bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT NOT pgswarm._is_void(l, pgswarm.clock()) FROM pgswarm.lease l WHERE l.task = _is_live.task);
END
$$;

CREATE FUNCTION pgswarm._state_of(task bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
BEGIN
    RETURN pgswarm._state(task);
END
$$;

-- Every task once, in the branch of the place where it is. With a condition on id each branch is one index probe;
-- with one on state the other branches are not read at all.
CREATE VIEW pgswarm.tasks AS
SELECT t.id, q.name AS queue, t.kind, t.title, p.state, p.reason, t.priority::integer AS priority,
       p.attempts::integer AS attempts, coalesce(t.max_attempts, q.max_attempts)::integer AS max_attempts,
       a.name AS agent, t.payload, p.result, p.error, t.created_at, p.due_at, p.started_at, p.finished_at,
       p.lease_until, p.percent, p.epoch, p.generation::integer AS generation, t.parent, t.key, t.needs, t.trace,
       p.late, c.name AS creator, n.name AS plan, p.score::integer AS score, p.acceptance,
       (SELECT n.note FROM pgswarm.progress n WHERE n.task = t.id AND n.note IS NOT NULL ORDER BY n.id DESC LIMIT 1) AS note
FROM (
    SELECT l.task, 'running' AS state, NULL::text AS reason, l.attempts + 1 AS attempts, l.session,
           NULL::jsonb AS result, NULL::text AS error, NULL::timestamptz AS due_at, l.started_at,
           NULL::timestamptz AS finished_at, l.until AS lease_until, l.percent, l.epoch, l.generation,
           NULL::boolean AS late, NULL::smallint AS score, NULL::text AS acceptance
    FROM pgswarm.lease l
    UNION ALL
    SELECT w.task, w.state, w.reason, w.attempts, NULL, NULL, NULL, w.due, NULL, NULL, NULL, NULL, w.epoch,
           w.generation, NULL, NULL, NULL
    FROM pgswarm.waiting w WHERE w.state <> 'review'
    UNION ALL
    SELECT w.task, 'review', w.reason, w.attempts, s.session, s.result, NULL, NULL, s.started_at, NULL, NULL, NULL, w.epoch,
           w.generation, s.late, s.score, NULL
    FROM pgswarm.waiting w LEFT JOIN pgswarm.submission s ON s.task = w.task AND s.state = 'open'
    WHERE w.state = 'review'
    UNION ALL
    SELECT r.task, 'ready', NULL, r.attempts, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, r.epoch, r.generation, NULL, NULL, NULL
    FROM pgswarm.ready r
    WHERE r.position <> r.task AND NOT EXISTS (SELECT FROM pgswarm._shut_lane x WHERE x.lane = r.lane)
    UNION ALL
    SELECT r.task, 'ready', NULL, r.attempts, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, r.epoch, r.generation, NULL, NULL, NULL
    FROM pgswarm.ready r
    JOIN pgswarm.task t ON t.id = r.task AND coalesce(t.lane, t.queue) = r.lane AND t.priority = r.priority
    WHERE r.position = r.task AND NOT EXISTS (SELECT FROM pgswarm._shut_lane x WHERE x.lane = r.lane)
    UNION ALL
    -- Ready but for a breaker that is open.
    SELECT r.task, 'held', 'breaker', r.attempts, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, r.epoch, r.generation, NULL, NULL, NULL
    FROM pgswarm._shut_lane x JOIN pgswarm.ready r ON r.lane = x.lane
    UNION ALL
    SELECT o.task, o.state, CASE WHEN o.ended_by IS NOT NULL THEN 'by ' || o.ended_by END, o.attempts, o.session,
           o.result, o.error, NULL, o.started_at, o.finished_at, NULL, NULL, o.epoch, o.generation, o.late, o.score,
           o.acceptance
    FROM pgswarm.outcome o WHERE o.retried_at IS NULL
) p
JOIN pgswarm.task t ON t.id = p.task
JOIN pgswarm.queue q ON q.id = t.queue
LEFT JOIN pgswarm.session s ON s.id = p.session
LEFT JOIN pgswarm.agent a ON a.id = s.agent
LEFT JOIN pgswarm.agent c ON c.id = t.creator
LEFT JOIN pgswarm.plan n ON n.id = t.plan;

-- Every attempt: those that ended without an outcome, those that were completed, those that run.
CREATE VIEW pgswarm.attempts AS
SELECT x.task AS task_id, x.number AS attempt, x.epoch, x.generation::integer AS generation, a.name AS agent, x.outcome,
       x.error, x.note, x.started_at, x.ended_at, x.session AS session_id
FROM (
    SELECT t.task, t.number, t.epoch, t.generation, t.session, t.outcome, t.error, t.note, t.started_at, t.ended_at
    FROM pgswarm.attempt t
    UNION ALL
    SELECT o.task, o.attempts, o.epoch, o.generation, o.session, 'completed', NULL, NULL, o.started_at, o.finished_at
    FROM pgswarm.outcome o WHERE o.state = 'done' AND o.submission IS NULL  -- what was submitted is among the attempts
    UNION ALL
    SELECT l.task, l.attempts + 1, l.epoch, l.generation, l.session, 'running', NULL, NULL, l.started_at, NULL
    FROM pgswarm.lease l
) x
LEFT JOIN pgswarm.session s ON s.id = x.session
LEFT JOIN pgswarm.agent a ON a.id = s.agent;

CREATE VIEW pgswarm.queues AS
SELECT q.name AS queue,
       coalesce(r.open, 0) AS ready,
       coalesce(l.n, 0) AS running,
       coalesce(w.scheduled, 0) AS scheduled,
       coalesce(w.blocked, 0) AS blocked,
       coalesce(w.parked, 0) AS parked,
       coalesce(w.held, 0) + coalesce(r.shut, 0) AS held,
       coalesce(w.review, 0) AS review,
       coalesce(o.done, 0) AS done,
       coalesce(o.dead, 0) AS dead,
       coalesce(o.cancelled, 0) AS cancelled,
       extract(epoch FROM pgswarm.clock() - h.created_at)::double precision AS oldest_ready_seconds,
       q.paused_at IS NOT NULL AS paused, q.paused_at, q.paused_by, q.paused_reason,
       extract(epoch FROM q.lease)::double precision AS lease_seconds,
       q.max_attempts, q.max_lost,
       extract(epoch FROM q.retry_base)::double precision AS retry_base_seconds,
       extract(epoch FROM q.retry_cap)::double precision AS retry_cap_seconds, q.retry_rate,
       q.strict_lease, q.backlog_limit, q.max_running,
       extract(epoch FROM q.stall_after)::double precision AS stall_after_seconds,
       extract(epoch FROM q.stall_limit)::double precision AS stall_limit_seconds,
       q.created_at
FROM pgswarm.queue q
LEFT JOIN (
    SELECT y.queue, count(*) FILTER (WHERE x.lane IS NULL) AS open, count(x.lane) AS shut
    FROM pgswarm.ready y LEFT JOIN pgswarm._shut_lane x ON x.lane = y.lane GROUP BY y.queue
) r ON r.queue = q.id
LEFT JOIN (SELECT queue, count(*) AS n FROM pgswarm.lease GROUP BY queue) l ON l.queue = q.id
LEFT JOIN (
    SELECT queue, count(*) FILTER (WHERE state = 'scheduled') AS scheduled,
           count(*) FILTER (WHERE state = 'blocked') AS blocked, count(*) FILTER (WHERE state = 'parked') AS parked,
           count(*) FILTER (WHERE state = 'held') AS held, count(*) FILTER (WHERE state = 'review') AS review
    FROM pgswarm.waiting GROUP BY queue
) w ON w.queue = q.id
LEFT JOIN (
    SELECT queue, count(*) FILTER (WHERE state = 'done') AS done, count(*) FILTER (WHERE state = 'dead') AS dead,
           count(*) FILTER (WHERE state = 'cancelled') AS cancelled
    FROM pgswarm.outcome WHERE retried_at IS NULL GROUP BY queue
) o ON o.queue = q.id
LEFT JOIN LATERAL (
    SELECT min(f.created_at) AS created_at
    FROM (SELECT q.id AS lane
          UNION ALL
          SELECT l.id FROM pgswarm.lane l WHERE q.lanes AND l.queue = q.id
            AND NOT EXISTS (SELECT FROM pgswarm._shut_lane x WHERE x.lane = l.id)) n
    CROSS JOIN LATERAL (
        SELECT t.created_at FROM pgswarm.ready y JOIN pgswarm.task t ON t.id = y.task
        WHERE y.lane = n.lane ORDER BY y.priority, y.position LIMIT 1
    ) f
) h ON true;

CREATE VIEW pgswarm.sessions AS
SELECT s.id AS session_id, a.name AS agent, s.kind, s.host, s.pid, s.client, s.login,
       s.ended_at IS NULL AND s.expires_at > pgswarm.clock() AS live,
       s.opened_at, s.expires_at, s.ended_at, extract(epoch FROM s.ttl)::double precision AS ttl_seconds, s.incarnation,
       (SELECT array_agg(q.name ORDER BY q.name) FROM pgswarm.queue q WHERE q.id = ANY (s.queues)) AS queues,
       coalesce(l.n, 0) AS leases, s.role
FROM pgswarm.session s
JOIN pgswarm.agent a ON a.id = s.agent
LEFT JOIN (SELECT session, count(*) AS n FROM pgswarm.lease GROUP BY session) l ON l.session = s.id;

CREATE VIEW pgswarm.agents AS
SELECT a.name AS agent, a.incarnation,
       count(s.id) FILTER (WHERE s.ended_at IS NULL AND s.expires_at > pgswarm.clock()) AS sessions_live,
       coalesce(sum(l.n), 0)::bigint AS running,
       least(max(s.expires_at - s.ttl), pgswarm.clock()) AS last_seen,  -- a bare session outlives its last call
       a.credential IS NOT NULL AS has_credential, a.draining_since, a.retired_at, a.successor, a.created_at,
       a.role, a.owner, a.model, a.capabilities, (SELECT m.name FROM pgswarm.agent m WHERE m.id = a.minted_by) AS minted_by,
       a.expires_at
FROM pgswarm.agent a
LEFT JOIN pgswarm.session s ON s.agent = a.id
LEFT JOIN (SELECT session, count(*) AS n FROM pgswarm.lease GROUP BY session) l ON l.session = s.id
GROUP BY a.id;

CREATE VIEW pgswarm.leases AS
SELECT l.task AS task_id, q.name AS queue, t.title, a.name AS agent, l.session AS session_id, l.epoch,
       l.attempts + 1 AS attempt, l.started_at, l.until AS lease_until,
       pgswarm._is_live(l.task) AS live,
       coalesce(l.progress_at, l.started_at) + q.stall_after < pgswarm.clock() AS stalled,
       l.progress_at, l.percent, l.deadline, s.expires_at AS session_expires_at
FROM pgswarm.lease l
JOIN pgswarm.task t ON t.id = l.task
JOIN pgswarm.queue q ON q.id = l.queue
LEFT JOIN pgswarm.session s ON s.id = l.session
LEFT JOIN pgswarm.agent a ON a.id = s.agent;

CREATE VIEW pgswarm.late_results AS
SELECT l.id, l.task AS task_id, l.epoch, a.name AS agent, l.verb,
       CASE l.verb WHEN 'complete' THEN l.body END AS result,
       CASE l.verb WHEN 'fail' THEN l.body ->> 'error' WHEN 'release' THEN l.body ->> 'note' END AS error,
       l.reason, l.at
FROM pgswarm.late_result l
LEFT JOIN pgswarm.session s ON s.id = l.session
LEFT JOIN pgswarm.agent a ON a.id = s.agent;

CREATE VIEW pgswarm.dead_letters AS
SELECT o.task AS task_id, q.name AS queue, t.kind, t.title, o.attempts::integer AS attempts, o.error, o.finished_at,
       (SELECT jsonb_agg(jsonb_build_object('attempt', x.attempt, 'agent', x.agent, 'outcome', x.outcome,
                                            'error', x.error, 'ended_at', x.ended_at) ORDER BY x.epoch)
        FROM pgswarm.attempts x
        WHERE x.task_id = o.task AND x.generation = o.generation) AS causes,
       t.payload
FROM pgswarm.outcome o
JOIN pgswarm.task t ON t.id = o.task
JOIN pgswarm.queue q ON q.id = o.queue
WHERE o.state = 'dead' AND o.retried_at IS NULL;

CREATE VIEW pgswarm.effects AS
SELECT e.task AS task_id, e.key, CASE WHEN e.confirmed_at IS NULL THEN 'unconfirmed' ELSE 'confirmed' END AS state,
       e.detail, e.result, e.epoch, a.name AS agent, e.intended_at, e.confirmed_at
FROM pgswarm.effect e
LEFT JOIN pgswarm.session s ON s.id = e.session
LEFT JOIN pgswarm.agent a ON a.id = s.agent;

CREATE VIEW pgswarm.progress_reports AS
SELECT p.id, p.task AS task_id, p.epoch, a.name AS agent, p.percent, p.note, p.checkpoint, p.usage, p.at
FROM pgswarm.progress p
LEFT JOIN pgswarm.session s ON s.id = p.session
LEFT JOIN pgswarm.agent a ON a.id = s.agent;

CREATE VIEW pgswarm.dependencies AS
SELECT d.task AS task_id, d.on_task AS on_task_id, d.met, pgswarm._state_of(d.on_task) AS on_state, d.until,
       d.min_score::integer AS min_score, d.on_failure
FROM pgswarm.dependency d;

-- Results that wait for acceptance, or have waited.
CREATE VIEW pgswarm.submissions AS
SELECT s.id, s.task AS task_id, q.name AS queue, t.title, n.name AS plan, s.generation::integer AS generation, s.number,
       a.name AS agent, s.state, s.route, s.risk, s.score::integer AS score, s.confidence::integer AS confidence,
       s.acceptance, encode(s.digest, 'hex') AS digest, s.result, s.late, s.at, s.decided_at, b.name AS decided_by, s.reason
FROM pgswarm.submission s
JOIN pgswarm.task t ON t.id = s.task
JOIN pgswarm.queue q ON q.id = s.queue
JOIN pgswarm.agent a ON a.id = s.agent
LEFT JOIN pgswarm.plan n ON n.id = t.plan
LEFT JOIN pgswarm.agent b ON b.id = s.decided_by;

CREATE VIEW pgswarm.refused_results AS
SELECT r.task AS task_id, r.epoch, r.at, r.code, r.message, r.body FROM pgswarm.refused_result r;

-- One row for each task of each change. Ids and times are not the order of commits, so a follower keeps a place in
-- xact: it takes the settled rows from there on, which no older transaction can join any more, and goes on with the
-- first xact that was not settled.
CREATE VIEW pgswarm.events AS
SELECT e.id, e.at, e.kind, x.task AS task_id, q.name AS queue, coalesce(a.name, b.name) AS agent, e.detail,
       e.xact < pg_snapshot_xmin(pg_current_snapshot()) AS settled, e.xact::text::bigint AS xact
FROM pgswarm.event e
LEFT JOIN LATERAL unnest(e.tasks) x (task) ON true
LEFT JOIN pgswarm.queue q ON q.id = e.queue
LEFT JOIN pgswarm.session s ON s.id = e.session
LEFT JOIN pgswarm.agent a ON a.id = s.agent
LEFT JOIN pgswarm.agent b ON b.id = e.agent;

CREATE VIEW pgswarm.seats AS
SELECT c.name, a.name AS agent, c.session AS session_id, c.epoch, c.until, c.until > pgswarm.clock() AS live
FROM pgswarm.seat c
LEFT JOIN pgswarm.session s ON s.id = c.session
LEFT JOIN pgswarm.agent a ON a.id = s.agent;

-- Every living task that nobody works on, with the reason.
CREATE VIEW pgswarm.why_not_running AS
SELECT t.id AS task_id, q.name AS queue, t.title, y.state, y.reason, y.message, y.until
FROM (
    SELECT w.task FROM pgswarm.waiting w
    UNION ALL
    SELECT r.task FROM pgswarm.ready r
) p
JOIN pgswarm.task t ON t.id = p.task
JOIN pgswarm.queue q ON q.id = t.queue
CROSS JOIN LATERAL pgswarm.why(t.id) y;

-- The newest tasks, newest first. Without a state only as many as asked for are looked at.
CREATE FUNCTION pgswarm.list_tasks(
    queue text DEFAULT NULL, states text[] DEFAULT NULL, lim integer DEFAULT 50, before bigint DEFAULT NULL
) RETURNS SETOF pgswarm.tasks
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF states IS NOT NULL THEN
        RETURN QUERY
        SELECT * FROM pgswarm.tasks t
        WHERE t.state = ANY (states)
          AND (list_tasks.queue IS NULL OR t.queue = list_tasks.queue)
          AND (before IS NULL OR t.id < before)
        ORDER BY t.id DESC LIMIT lim;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT t.*
    FROM (
        SELECT b.id FROM pgswarm.task b
        WHERE (before IS NULL OR b.id < before)
          AND (list_tasks.queue IS NULL
               OR b.queue = (SELECT q.id FROM pgswarm.queue q WHERE q.name = list_tasks.queue))
        ORDER BY b.id DESC LIMIT lim
    ) newest
    -- OFFSET 0 keeps the view apart: it is asked for one task at a time, instead of read whole for a join.
    CROSS JOIN LATERAL (SELECT * FROM pgswarm.tasks x WHERE x.id = newest.id OFFSET 0) t
    ORDER BY t.id DESC;
END
$$;

CREATE FUNCTION pgswarm.schema_version() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
BEGIN
    RETURN (SELECT max(m.version) FROM pgswarm.migration m WHERE NOT m.repeatable);
END
$$;
