-- Permits: what is let through where only some may pass, and how much that is.
SET LOCAL ROLE pgswarm_owner;

-- Permits in force. One under a task is as good as the task's lease.
CREATE FUNCTION pgswarm._permits(breaker integer, at timestamptz) RETURNS bigint
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT count(*) FROM pgswarm.permit p
        WHERE p.breaker = _permits.breaker
          AND (p.until IS NULL OR p.until > at)
          AND CASE WHEN p.task IS NULL
                   THEN EXISTS (SELECT FROM pgswarm.session s
                                WHERE s.id = p.session AND s.ended_at IS NULL AND s.expires_at > at)
                   ELSE EXISTS (SELECT FROM pgswarm.lease l WHERE l.task = p.task AND l.claim_id = p.claim_id) END);
END
$$;

-- What a recovering breaker lets run at once: from the number of probes on, doubling in each step, without steps between
-- that would themselves be a herd.
CREATE FUNCTION pgswarm._ramp_allows(breaker pgswarm.breaker, at timestamptz) RETURNS double precision
LANGUAGE sql IMMUTABLE
AS $$
    SELECT floor(CASE breaker.scope WHEN 'queue' THEN greatest(breaker.probes, 8) ELSE breaker.probes END * power(2, least(extract(epoch FROM at - breaker.ramp_from)
                                                 / extract(epoch FROM breaker.ramp_step), 20)))
$$;

-- Tokens of the bucket at this moment.
CREATE FUNCTION pgswarm._tokens(breaker pgswarm.breaker, at timestamptz) RETURNS double precision
LANGUAGE sql IMMUTABLE
AS $$
    SELECT least(b.size, coalesce(breaker.tokens + extract(epoch FROM at - breaker.tokens_at) * breaker.rate, b.size))
    FROM (SELECT coalesce(breaker.burst, ceil(breaker.rate)) AS size) b
$$;

-- Books grants on the breakers that limit them.
CREATE FUNCTION pgswarm._charge(breakers integer[], tasks bigint[], at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b pgswarm.breaker;
BEGIN
    FOR b IN
        SELECT * FROM pgswarm.breaker x
        WHERE x.id = ANY (breakers)
          AND (x.state = 'half_open' OR x.ramp_from IS NOT NULL OR x.concurrency IS NOT NULL OR x.rate IS NOT NULL)
        ORDER BY x.id
    LOOP
        IF b.ramp_from + 10 * b.ramp_step < at THEN
            -- Let a thousand run at once and nothing happened: recovered.
            UPDATE pgswarm.breaker x
            SET ramp_from = NULL, openings = 0,
                watched = x.watched AND (x.scope <> 'queue' OR x.concurrency IS NOT NULL OR x.rate IS NOT NULL OR x.forced IS NOT NULL)
            WHERE x.id = b.id RETURNING * INTO b;
        END IF;
        IF b.rate IS NOT NULL THEN
            UPDATE pgswarm.breaker x
            SET tokens = pgswarm._tokens(x, at) - cardinality(tasks), tokens_at = at WHERE x.id = b.id;
        END IF;
        CONTINUE WHEN b.state <> 'half_open' AND b.ramp_from IS NULL AND b.concurrency IS NULL;
        -- Whoever is giving one back at this moment is not waited for.
        DELETE FROM pgswarm.permit x
        WHERE x.ctid = ANY (ARRAY(
            SELECT p.ctid FROM pgswarm.permit p
            WHERE p.breaker = b.id
              AND (p.until <= at OR (p.task IS NOT NULL AND NOT EXISTS (
                      SELECT FROM pgswarm.lease l WHERE l.task = p.task AND l.claim_id = p.claim_id)))
            FOR UPDATE SKIP LOCKED));
        INSERT INTO pgswarm.permit (breaker, claim_id, task, session, version, probe, given_at, until)
        SELECT b.id, l.claim_id, l.task, l.session, b.version, b.state = 'half_open', _charge.at,
               CASE b.state WHEN 'half_open' THEN _charge.at + b.probe_lease END
        FROM pgswarm.lease l WHERE l.task = ANY (tasks);
    END LOOP;
END
$$;

-- The breakers of an agent with a kind of task want to know how its tasks of this kind end.
CREATE FUNCTION pgswarm._charge_kinds(agent integer, tasks bigint[], at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    r record;
BEGIN
    FOR r IN
        SELECT b.id, array_agg(t.id) AS tasks
        FROM pgswarm.breaker b
        JOIN pgswarm.task t ON t.id = ANY (_charge_kinds.tasks) AND t.kind = b.kind
        WHERE b.scope = 'kind' AND b.agent = _charge_kinds.agent
        GROUP BY b.id ORDER BY b.id
    LOOP
        UPDATE pgswarm.lease l SET gates = l.gates || r.id WHERE l.task = ANY (r.tasks);
        PERFORM pgswarm._charge(ARRAY[r.id], r.tasks, at);
    END LOOP;
END
$$;
