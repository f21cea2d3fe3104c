-- What breakers hear of the ends of tasks. Each claim counts once; what began before the last turn of a breaker says
-- nothing about its present state; a superseded claim has no end that anybody counts.
SET LOCAL ROLE pgswarm_owner;

-- Tells breakers how claims have ended: succeeded, failed, slow or ignored. One row of ended: the claim's id, the agent
-- and when the claim began. Breakers come in the order of their ids, after everything else that the caller locks.
CREATE FUNCTION pgswarm._feed(
    breaker integer, outcome text, claims uuid[], agents integer[], began timestamptz[], error text, at timestamptz
) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b        pgswarm.breaker;
    v_probes integer;
    v_count  integer;
BEGIN
    SELECT * INTO b FROM pgswarm.breaker x WHERE x.id = _feed.breaker;
    IF b.id IS NULL OR NOT b.enabled THEN
        RETURN;
    END IF;
    WITH gone AS (
        DELETE FROM pgswarm.permit p WHERE p.breaker = b.id AND p.claim_id = ANY (claims) RETURNING p.probe, p.version
    )
    SELECT count(*) FILTER (WHERE g.probe AND g.version = b.version) INTO v_probes FROM gone g;
    SELECT count(*) INTO v_count
    FROM unnest(claims, began) i (claim_id, began)
    WHERE coalesce(i.began >= b.changed_at, true)
      AND NOT EXISTS (SELECT FROM pgswarm.breaker_report r WHERE r.breaker = b.id AND r.claim_id = i.claim_id)
      AND (outcome = 'succeeded' OR NOT EXISTS (
              SELECT FROM pgswarm.breaker_failure f WHERE f.breaker = b.id AND f.claim_id = i.claim_id));
    IF v_count = 0 OR (b.forced IS NOT NULL AND coalesce(b.forced_until > at, true)) OR b.state = 'open' THEN
        RETURN;
    END IF;
    PERFORM pgswarm._tally(b, outcome, v_count, at);
    IF outcome = 'succeeded' THEN
        IF b.state = 'half_open' AND v_probes > 0 THEN
            PERFORM pgswarm._probe_succeeded(b, v_probes, at);
        ELSIF b.streak > 0 THEN
            UPDATE pgswarm.breaker x SET streak = 0 WHERE x.id = b.id AND x.streak > 0;
        END IF;
    ELSIF outcome IN ('failed', 'slow') THEN
        PERFORM pgswarm._failures(b, outcome, claims, agents, v_probes, v_count, error, at);
    END IF;
END
$$;

CREATE FUNCTION pgswarm._tally(breaker pgswarm.breaker, outcome text, count integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO pgswarm.breaker_count AS c (breaker, slice, shard, succeeded, failed, slow, ignored)
    VALUES (breaker.id, pgswarm._slice(breaker, at), pg_backend_pid() % 8,
            CASE outcome WHEN 'succeeded' THEN count ELSE 0 END, CASE outcome WHEN 'failed' THEN count ELSE 0 END,
            CASE outcome WHEN 'slow' THEN count ELSE 0 END, CASE outcome WHEN 'ignored' THEN count ELSE 0 END)
    ON CONFLICT (breaker, slice, shard) DO UPDATE
    SET succeeded = c.succeeded + excluded.succeeded, failed = c.failed + excluded.failed,
        slow = c.slow + excluded.slow, ignored = c.ignored + excluded.ignored;
END
$$;

-- The tenth of its window that a moment is in.
CREATE FUNCTION pgswarm._slice(breaker pgswarm.breaker, at timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$ SELECT floor(extract(epoch FROM at) * 10 / extract(epoch FROM breaker.measured_over))::bigint $$;

-- Enough probes in a row: closed, and on the way back.
CREATE FUNCTION pgswarm._probe_succeeded(breaker pgswarm.breaker, count integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b pgswarm.breaker;
BEGIN
    UPDATE pgswarm.breaker x SET successes = x.successes + _probe_succeeded.count
    WHERE x.id = breaker.id AND x.state = 'half_open' AND x.version = breaker.version
    RETURNING * INTO b;
    IF b.successes >= b.probe_successes THEN
        PERFORM pgswarm._turn(b, 'closed', format('%s in a row', pgswarm._counted(b.successes, 'successful probe')), NULL, at);
    END IF;
END
$$;

CREATE FUNCTION pgswarm._failures(
    breaker pgswarm.breaker, outcome text, claims uuid[], agents integer[], probes integer, count integer, error text,
    at timestamptz
) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b pgswarm.breaker;
BEGIN
    INSERT INTO pgswarm.breaker_failure (breaker, at, agent, claim_id, error)
    SELECT breaker.id, _failures.at, i.agent, i.claim_id, left(_failures.error, 500)
    FROM unnest(claims, agents) i (claim_id, agent);
    UPDATE pgswarm.breaker x
    SET streak = x.streak + CASE outcome WHEN 'failed' THEN _failures.count ELSE 0 END
    WHERE x.id = breaker.id AND x.version = breaker.version
    RETURNING * INTO b;
    IF b.id IS NULL THEN
        RETURN;  -- it has turned meanwhile: this was about its former state
    END IF;
    IF b.state = 'half_open' THEN
        IF probes > 0 THEN
            PERFORM pgswarm._open(b, 'a probe failed' || coalesce(': ' || left(error, 500), ''), NULL, at);
        END IF;
    ELSE
        PERFORM pgswarm._open_if_broken(b, error, at);
    END IF;
END
$$;

-- Too many failures in a row, or too large a part of enough outcomes; in either case of enough different agents, so that
-- one of them can't close a dependency to all.
CREATE FUNCTION pgswarm._open_if_broken(breaker pgswarm.breaker, error text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_volume bigint;
    v_failed bigint;
    v_cause  text;
BEGIN
    IF breaker.streak >= breaker.consecutive THEN
        v_cause := format('%s in a row', pgswarm._counted(breaker.streak, 'failure'));
    ELSIF breaker.failure_rate IS NOT NULL THEN
        SELECT sum(c.succeeded + c.failed + c.slow), sum(c.failed + c.slow) INTO v_volume, v_failed
        FROM pgswarm.breaker_count c
        WHERE c.breaker = breaker.id AND c.slice > pgswarm._slice(breaker, at) - 10;
        IF v_volume >= breaker.min_volume AND v_failed >= v_volume * breaker.failure_rate THEN
            v_cause := format('%s of %s failed within %s', v_failed, v_volume, pgswarm._span(breaker.measured_over));
        END IF;
    END IF;
    IF v_cause IS NULL OR breaker.min_principals > (
        SELECT count(DISTINCT f.agent) FROM pgswarm.breaker_failure f
        WHERE f.breaker = breaker.id AND f.at > greatest(_open_if_broken.at - breaker.measured_over, breaker.changed_at))
    THEN
        RETURN;
    END IF;
    PERFORM pgswarm._open(breaker, v_cause || coalesce('; last: ' || left(error, 500), ''), NULL, at);
END
$$;

-- A length of time in a sentence.
CREATE FUNCTION pgswarm._span(length interval) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE WHEN s < 120 THEN round(s::numeric, 1)::float8 || ' s' WHEN s < 7200 THEN round(s / 60) || ' min'
                ELSE round(s / 3600) || ' h' END
    FROM (SELECT extract(epoch FROM length)::double precision AS s) x
$$;

-- Leases of one batch ended well: each an array of gates, claim id, session and beginning.
CREATE FUNCTION pgswarm._feed_done(ended jsonb, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    r record;
BEGIN
    FOR r IN
        SELECT g.value::integer AS breaker, array_agg((e.item ->> 1)::uuid) AS claims,
               array_agg((e.item ->> 2)::timestamptz) AS began
        FROM jsonb_array_elements(ended) e (item), jsonb_array_elements_text(e.item -> 0) g
        GROUP BY 1 ORDER BY 1
    LOOP
        PERFORM pgswarm._feed(r.breaker, 'succeeded', r.claims, NULL, r.began, NULL, at);
    END LOOP;
END
$$;

-- One lease ended: completed, failed, lost or overdue. A failure says in its cause whose it was: of one of the needs, by
-- name, or of the task itself, which no breaker counts.
CREATE FUNCTION pgswarm._feed_end(lease pgswarm.lease, how text, body jsonb, error text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_cause text := body ->> 'cause';
    v_agent integer;
    b       pgswarm.breaker;
BEGIN
    IF how <> 'completed' THEN
        PERFORM pgswarm._suspect(lease, how);
        SELECT s.agent INTO v_agent FROM pgswarm.session s WHERE s.id = lease.session;
    END IF;
    FOR b IN
        SELECT * FROM pgswarm.breaker x
        WHERE x.id = ANY (pgswarm._gates(lease, v_agent, how)) ORDER BY x.id
    LOOP
        PERFORM pgswarm._feed(b.id,
            CASE WHEN how = 'completed' THEN 'succeeded'
                 WHEN NOT how = ANY (b.counts) THEN 'ignored'
                 WHEN how = 'failed' AND b.scope = 'dependency' AND v_cause <> b.name THEN 'ignored'
                 WHEN how = 'failed' AND v_cause = 'task' THEN 'ignored'
                 ELSE 'failed' END,
            ARRAY[pgswarm._ended_once(lease, how, b.scope)], ARRAY[v_agent], ARRAY[lease.started_at], error, at);
        IF how = 'failed' AND b.scope = 'dependency' AND b.name = v_cause AND body ? 'retry_in' THEN
            PERFORM pgswarm._not_before(b.id, pgswarm._seconds((body ->> 'retry_in')::double precision), at);
        END IF;
    END LOOP;
END
$$;

-- What counts once: a claim. A worker that dies with eight tasks in its hands is one crash of its agent, though.
CREATE FUNCTION pgswarm._ended_once(lease pgswarm.lease, how text, scope text) RETURNS uuid
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    IF how = 'lost' AND scope <> 'dependency'
        AND EXISTS (SELECT FROM pgswarm.session s WHERE s.id = lease.session AND s.kind <> 'bare')
    THEN
        RETURN md5('session ' || lease.session)::uuid;
    END IF;
    RETURN lease.claim_id;
END
$$;

-- Which breakers hear of this end: those that the claim passed, and those that its failure brought into being.
CREATE FUNCTION pgswarm._gates(lease pgswarm.lease, agent integer, how text) RETURNS integer[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    IF how = 'completed' THEN
        RETURN lease.gates;
    END IF;
    RETURN lease.gates
        || ARRAY(SELECT b.id FROM pgswarm.breaker b
                 WHERE (b.scope = 'agent' AND b.agent = _gates.agent)
                    OR (b.scope = 'kind' AND b.agent = _gates.agent
                        AND b.kind = (SELECT t.kind FROM pgswarm.task t WHERE t.id = lease.task)))
        || (SELECT q.breaker FROM pgswarm.queue q WHERE q.id = lease.queue);
END
$$;

-- The first failure makes the breakers of the agent, the agent with this kind, and the queue, where their policy wants
-- them, and from then on claims pass by them. What goes well pays nothing.
CREATE FUNCTION pgswarm._suspect(lease pgswarm.lease, how text) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    d         record;
    v_session pgswarm.session;
    v_agent   pgswarm.agent;
    v_kind    text;
    b         pgswarm.breaker;
BEGIN
    FOR d IN
        SELECT x.scope FROM pgswarm.breaker x
        WHERE x.name = '*' AND x.scope <> 'dependency' AND x.enabled AND how = ANY (x.counts)
    LOOP
        IF v_agent.id IS NULL THEN
            SELECT * INTO v_session FROM pgswarm.session s WHERE s.id = lease.session;
            SELECT * INTO v_agent FROM pgswarm.agent a WHERE a.id = v_session.agent;
            SELECT t.kind INTO v_kind FROM pgswarm.task t WHERE t.id = lease.task;
        END IF;
        CONTINUE WHEN v_agent.id IS NULL OR (d.scope = 'kind' AND v_kind IS NULL);
        PERFORM pgswarm._watched(d.scope, CASE d.scope WHEN 'agent' THEN v_agent.name
            WHEN 'kind' THEN v_agent.name || '/' || v_kind
            ELSE (SELECT q.name FROM pgswarm.queue q WHERE q.id = lease.queue) END);
    END LOOP;
END
$$;

-- The breaker of an agent, an agent with a kind, or a queue, and a note where claims pass that it is there.
CREATE FUNCTION pgswarm._watched(scope text, name text) RETURNS pgswarm.breaker
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b       pgswarm.breaker := pgswarm._breaker_made(scope, left(name, 500));
    v_agent integer := b.agent;
BEGIN
    IF scope = 'dependency' OR name = '*' THEN
        RETURN b;
    ELSIF scope = 'queue' THEN
        UPDATE pgswarm.queue q SET breaker = b.id WHERE q.name = _watched.name AND q.breaker IS DISTINCT FROM b.id;
        RETURN b;
    END IF;
    IF v_agent IS NULL THEN
        -- Agents' names may have slashes in them; kinds too. The longest agent's name that fits is meant.
        SELECT a.id INTO v_agent FROM pgswarm.agent a
        WHERE CASE scope WHEN 'agent' THEN a.name = _watched.name
                         ELSE starts_with(_watched.name, a.name || '/') END
        ORDER BY length(a.name) DESC LIMIT 1;
        UPDATE pgswarm.breaker x
        SET agent = v_agent,
            kind = CASE x.scope WHEN 'kind' THEN
                substr(x.name, 2 + (SELECT length(a.name) FROM pgswarm.agent a WHERE a.id = v_agent)) END
        WHERE x.id = b.id
        RETURNING * INTO b;
    END IF;
    -- The agent's own breaker stands in the session, also where only one with a kind is there: it says "look".
    UPDATE pgswarm.session s SET breaker = (pgswarm._breaker_made('agent', a.name)).id
    FROM pgswarm.agent a
    WHERE a.id = v_agent AND s.agent = a.id AND s.ended_at IS NULL AND s.breaker IS NULL;
    UPDATE pgswarm.breaker x SET agent = v_agent
    FROM pgswarm.agent a WHERE a.id = v_agent AND x.scope = 'agent' AND x.name = a.name AND x.agent IS NULL;
    RETURN b;
END
$$;

-- Somebody was told to come back later: so is everybody. Jitter only adds, and what waited comes back step by step.
CREATE FUNCTION pgswarm._not_before(breaker integer, wait interval, at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_until timestamptz := at + wait + random() * least(wait * 0.1, interval '30 seconds');
BEGIN
    UPDATE pgswarm.breaker x
    SET not_before = greatest(x.not_before, v_until),
        ramp_from = CASE WHEN x.state = 'closed' AND x.ramp_step > '0' THEN greatest(x.not_before, v_until) ELSE x.ramp_from END
    WHERE x.id = _not_before.breaker
    RETURNING x.not_before INTO v_until;
    RETURN v_until;
END
$$;
