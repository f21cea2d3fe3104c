-- Breakers as people see them, and as waiting tasks and callers are told of them.
SET LOCAL ROLE pgswarm_owner;

-- In a word. A breaker whose time is over waits for the next claim to try it. Stable, as the sum of a time and an interval
-- is: called immutable it would not be inlined, and cost as much as a query.
CREATE FUNCTION pgswarm._breaker_state(breaker pgswarm.breaker, at timestamptz) RETURNS text
LANGUAGE sql STABLE
AS $$
    SELECT CASE WHEN breaker.forced IS NOT NULL AND coalesce(breaker.forced_until > at, true) THEN 'forced_' || breaker.forced
                WHEN NOT breaker.enabled THEN 'off'
                WHEN breaker.state = 'open' AND breaker.until <= at THEN 'half_open'
                WHEN breaker.state = 'closed' AND breaker.not_before > at THEN 'waiting'
                WHEN breaker.state = 'closed' AND breaker.ramp_from + 10 * breaker.ramp_step > at THEN 'recovering'
                ELSE breaker.state END
$$;

-- Does it keep work from being claimed, for the time being?
CREATE FUNCTION pgswarm._is_shut(breaker pgswarm.breaker, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE
AS $$ SELECT pgswarm._breaker_state(breaker, at) IN ('forced_open', 'open', 'half_open', 'waiting') $$;

-- Both for views, which call functions with the rights of whoever reads them. Claims call the plain ones, which cost less.
CREATE FUNCTION pgswarm._breaker_state_of(breaker pgswarm.breaker, at timestamptz) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS 'SELECT pgswarm._breaker_state(breaker, at)';

CREATE FUNCTION pgswarm._is_shut_of(breaker pgswarm.breaker, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS 'SELECT pgswarm._is_shut(breaker, at)';

-- When asking again makes sense; with a little chance, because many ask.
CREATE FUNCTION pgswarm._breaker_due(breaker pgswarm.breaker, at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN CASE pgswarm._breaker_state(breaker, at)
        WHEN 'forced_open' THEN breaker.forced_until + random() * interval '1 second'
        WHEN 'forced_closed' THEN at
        WHEN 'off' THEN at
        WHEN 'open' THEN breaker.until + random() * interval '1 second'
        WHEN 'waiting' THEN breaker.not_before + random() * interval '1 second'
        WHEN 'half_open' THEN at + (0.25 + random() * 0.75) * interval '1 second'
        ELSE at + (0.1 + random() * 0.4) * least(interval '1 second', pgswarm._seconds(10 / coalesce(breaker.rate, 10)))
    END;
END
$$;

CREATE FUNCTION pgswarm._breaker_message(breaker pgswarm.breaker, at timestamptz) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_name text := format('breaker "%s"', pgswarm._breaker_written(breaker.scope, breaker.name));
BEGIN
    RETURN CASE pgswarm._breaker_state(breaker, at)
        WHEN 'forced_open' THEN format('%s was opened by %s%s%s', v_name, coalesce(breaker.forced_by, 'somebody'),
            coalesce(' until ' || pgswarm._moment(breaker.forced_until), ''), coalesce(': ' || breaker.forced_reason, ''))
        WHEN 'open' THEN format('%s is open until %s: %s', v_name, pgswarm._moment(breaker.until), breaker.cause)
        WHEN 'half_open' THEN format('%s is half-open: %s tried it; before: %s', v_name,
            CASE breaker.probes WHEN 1 THEN 'one probe at a time has' ELSE breaker.probes || ' probes at a time have' END, coalesce(breaker.cause, 'it was open'))
        WHEN 'waiting' THEN format('%s lets nothing through before %s: somebody was told to come back then', v_name,
            pgswarm._moment(breaker.not_before))
        WHEN 'recovering' THEN format('%s is recovering and lets more through step by step', v_name)
        ELSE format('%s lets no more through at once', v_name) END;
END
$$;

-- The breakers that keep a task waiting, the hardest first.
CREATE FUNCTION pgswarm._shut_for(lane integer, at timestamptz) RETURNS SETOF pgswarm.breaker
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT b.* FROM pgswarm.lane l JOIN pgswarm.breaker b ON b.id = ANY (l.breakers)
    WHERE l.id = _shut_for.lane AND pgswarm._is_shut(b, at)
    ORDER BY b.forced NULLS LAST, greatest(b.until, b.not_before) DESC NULLS LAST;
END
$$;

-- The breaker for whose sake an agent gets nothing from a queue that has something: its own, the queue's, or those of
-- all lanes.
CREATE FUNCTION pgswarm._shut_claimer(queue pgswarm.queue, agent integer, at timestamptz) RETURNS pgswarm.breaker
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b pgswarm.breaker;
BEGIN
    SELECT * INTO b FROM pgswarm.breaker x
    WHERE ((x.scope = 'agent' AND x.agent = _shut_claimer.agent)
           OR (x.scope = 'queue' AND x.name = _shut_claimer.queue.name))
      AND pgswarm._is_shut(x, at)
    ORDER BY x.scope LIMIT 1;
    IF FOUND OR EXISTS (SELECT FROM pgswarm.ready r WHERE r.lane = _shut_claimer.queue.id) THEN
        RETURN b;
    END IF;
    SELECT x.* INTO b
    FROM pgswarm.lane l
    CROSS JOIN LATERAL (SELECT * FROM pgswarm.breaker y WHERE y.id = ANY (l.breakers)
                        ORDER BY pgswarm._breaker_due(y, at) DESC LIMIT 1) x
    WHERE l.queue = _shut_claimer.queue.id AND EXISTS (SELECT FROM pgswarm.ready r WHERE r.lane = l.id)
      AND NOT pgswarm._is_free(x, at)
    ORDER BY pgswarm._breaker_due(x, at) LIMIT 1;
    RETURN b;
END
$$;

-- When claims from a queue whose lanes are shut make sense again.
CREATE FUNCTION pgswarm._lanes_due(queues integer[], at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT min(d.due)
        FROM (
            SELECT (SELECT max(pgswarm._breaker_due(b, at)) FROM pgswarm.breaker b WHERE b.id = ANY (l.breakers)) AS due
            FROM pgswarm.lane l
            JOIN pgswarm.queue q ON q.id = l.queue
            WHERE l.queue = ANY (queues) AND q.paused_at IS NULL
              AND EXISTS (SELECT FROM pgswarm.ready r WHERE r.lane = l.id)
            UNION ALL
            SELECT pgswarm._breaker_due(b, at)
            FROM pgswarm.queue q
            JOIN pgswarm.breaker b ON b.scope = 'queue' AND b.watched AND b.name = q.name
            WHERE q.id = ANY (queues) AND q.paused_at IS NULL AND NOT pgswarm._is_free(b, at)
              AND EXISTS (SELECT FROM pgswarm.ready r WHERE r.lane = q.id)
        ) d);
END
$$;

-- Lanes that nothing is claimed from for the time being, with the breaker to blame.
CREATE VIEW pgswarm._shut_lane AS
SELECT l.id AS lane, min(b.name) AS breaker
FROM pgswarm.lane l
JOIN pgswarm.breaker b ON b.id = ANY (l.breakers)
CROSS JOIN (SELECT pgswarm.clock() AS now) c
WHERE pgswarm._is_shut_of(b, c.now)
GROUP BY l.id;

CREATE VIEW pgswarm.breakers AS
SELECT pgswarm._breaker_written(b.scope, b.name) AS breaker, b.scope, b.name,
       CASE WHEN b.name = '*' THEN 'defaults' ELSE pgswarm._breaker_state_of(b, c.now) END AS state,
       b.cause, b.changed_by, nullif(b.changed_at, '-infinity') AS changed_at, b.version,
       CASE WHEN b.state = 'open' THEN b.until END AS open_until,
       CASE WHEN b.not_before > c.now THEN b.not_before END AS not_before,
       b.openings, b.streak, b.successes AS probes_succeeded,
       coalesce(n.succeeded, 0) AS succeeded, coalesce(n.failed, 0) AS failed, coalesce(n.slow, 0) AS slow,
       coalesce(n.ignored, 0) AS ignored,
       coalesce(w.n, 0) AS waiting, coalesce(p.n, 0) AS permits,
       b.forced_by, b.forced_reason, b.forced_until,
       b.enabled, b.counts, extract(epoch FROM b.measured_over)::double precision AS measured_over_seconds, b.min_volume, b.failure_rate,
       b.consecutive, b.min_principals, extract(epoch FROM b.open_base)::double precision AS open_base_seconds,
       extract(epoch FROM b.open_cap)::double precision AS open_cap_seconds, b.probes,
       extract(epoch FROM b.probe_lease)::double precision AS probe_lease_seconds, b.probe_successes,
       extract(epoch FROM b.ramp_step)::double precision AS ramp_step_seconds, b.concurrency, b.rate, b.burst
FROM pgswarm.breaker b
CROSS JOIN (SELECT pgswarm.clock() AS now) c
LEFT JOIN LATERAL (
    SELECT sum(k.succeeded) AS succeeded, sum(k.failed) AS failed, sum(k.slow) AS slow, sum(k.ignored) AS ignored
    FROM pgswarm.breaker_count k
    WHERE k.breaker = b.id AND k.slice > floor(extract(epoch FROM c.now) * 10 / extract(epoch FROM b.measured_over)) - 10
) n ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS n FROM pgswarm.lane l JOIN pgswarm.ready r ON r.lane = l.id WHERE b.id = ANY (l.breakers)
) w ON b.scope = 'dependency'
LEFT JOIN LATERAL (
    SELECT count(*) AS n FROM pgswarm.permit p
    WHERE p.breaker = b.id AND (p.until IS NULL OR p.until > c.now)
      AND (p.task IS NULL OR EXISTS (SELECT FROM pgswarm.lease l WHERE l.task = p.task AND l.claim_id = p.claim_id))
) p ON true;

-- Upkeep: what nobody counts any more, and hooks on agents and queues that have been well for a while.
CREATE FUNCTION pgswarm._upkeep_breakers(at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    DELETE FROM pgswarm.breaker_failure f WHERE f.at < _upkeep_breakers.at - interval '1 day';
    DELETE FROM pgswarm.breaker_report r WHERE r.at < _upkeep_breakers.at - interval '7 days';
    DELETE FROM pgswarm.breaker_count c USING pgswarm.breaker b
    WHERE b.id = c.breaker AND c.slice < pgswarm._slice(b, at) - 20;
    DELETE FROM pgswarm.permit p
    WHERE p.until < at - interval '1 minute'
       OR (p.task IS NOT NULL AND p.given_at < at - interval '1 minute'
           AND NOT EXISTS (SELECT FROM pgswarm.lease l WHERE l.task = p.task AND l.claim_id = p.claim_id));
    UPDATE pgswarm.breaker b SET watched = false
    WHERE b.watched AND pgswarm._is_well(b, at)
      AND NOT EXISTS (SELECT FROM pgswarm.breaker k
                      WHERE b.scope = 'agent' AND k.scope = 'kind' AND k.agent = b.agent AND NOT pgswarm._is_well(k, at));
END
$$;

-- Nothing has failed for ten windows, and nothing is limited.
CREATE FUNCTION pgswarm._is_well(breaker pgswarm.breaker, at timestamptz) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN pgswarm._is_free(breaker, at) AND breaker.forced IS NULL
       AND NOT EXISTS (SELECT FROM pgswarm.breaker_failure f
                       WHERE f.breaker = _is_well.breaker.id AND f.at > _is_well.at - 10 * _is_well.breaker.measured_over);
END
$$;
