-- Breakers: what may break, by name, and its turns between closed, open and half-open. The state is a row, so all hosts
-- see one breaker; every turn is made under the row's lock and makes its version grow.
-- The pattern: M. Nygard, Release It!; https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker
SET LOCAL ROLE pgswarm_owner;

-- The breaker with this name, made at first use with the policy of its scope's row "*".
CREATE FUNCTION pgswarm._breaker_made(scope text, name text) RETURNS pgswarm.breaker
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b pgswarm.breaker;
BEGIN
    SELECT * INTO b FROM pgswarm.breaker x WHERE x.scope = _breaker_made.scope AND x.name = _breaker_made.name;
    IF FOUND THEN
        RETURN b;
    END IF;
    INSERT INTO pgswarm.breaker (scope, name, enabled, counts, measured_over, min_volume, failure_rate, consecutive,
                                 min_principals, open_base, open_cap, probes, probe_lease, probe_successes, ramp_step,
                                 concurrency, rate, burst)
    SELECT d.scope, _breaker_made.name, d.enabled, d.counts, d.measured_over, d.min_volume, d.failure_rate, d.consecutive,
           d.min_principals, d.open_base, d.open_cap, d.probes, d.probe_lease, d.probe_successes, d.ramp_step,
           d.concurrency, d.rate, d.burst
    FROM pgswarm.breaker d WHERE d.scope = _breaker_made.scope AND d.name = '*'
    ON CONFLICT DO NOTHING;
    SELECT * INTO b FROM pgswarm.breaker x WHERE x.scope = _breaker_made.scope AND x.name = _breaker_made.name;
    RETURN b;
END
$$;

-- A breaker as people write it: a dependency by its bare name, others as agent:NAME, kind:AGENT/KIND, queue:NAME.
CREATE FUNCTION pgswarm._breaker_name(written text, OUT scope text, OUT name text)
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    scope := substring(written FROM '^(dependency|agent|kind|queue):');
    name := CASE WHEN scope IS NULL THEN written ELSE substr(written, length(scope) + 2) END;
    scope := coalesce(scope, 'dependency');
    IF name IS NULL OR length(name) NOT BETWEEN 1 AND 500 OR name ~ '[[:cntrl:]]' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not the name of a breaker', left(written, 80)),
            'name a dependency, as tasks do in needs, or write agent:NAME, kind:AGENT/KIND or queue:NAME');
    END IF;
END
$$;

-- Breakers of agents and queues are of those that are there: a slip of the pen must not be confirmed as a force.
CREATE FUNCTION pgswarm._check_subject(scope text, name text) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    IF name = '*' OR scope = 'dependency' THEN
        RETURN;
    ELSIF scope = 'queue' THEN
        PERFORM pgswarm._known_queue(name);
    ELSIF NOT EXISTS (
        SELECT FROM pgswarm.agent a
        WHERE CASE scope WHEN 'agent' THEN a.name = _check_subject.name
                         ELSE starts_with(_check_subject.name, a.name || '/') AND length(_check_subject.name) > length(a.name) + 1 END)
    THEN
        PERFORM pgswarm._refuse('not_found', format('breaker "%s:%s" names no agent that is here', scope, left(name, 200)),
            'see the agents with: pgswarm agents; write agent:NAME or kind:AGENT/KIND');
    END IF;
END
$$;

CREATE FUNCTION pgswarm._breaker_written(scope text, name text) RETURNS text
LANGUAGE sql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$ SELECT CASE WHEN scope = 'dependency' AND name <> '*' AND name !~ '^(dependency|agent|kind|queue):' THEN name
                     ELSE scope || ':' || name END $$;

-- The breaker that people mean; it must be there.
CREATE FUNCTION pgswarm._known_breaker(written text) RETURNS pgswarm.breaker
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_named record := pgswarm._breaker_name(written);
    b       pgswarm.breaker;
BEGIN
    SELECT * INTO b FROM pgswarm.breaker x WHERE x.scope = v_named.scope AND x.name = v_named.name;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('there is no breaker "%s"', left(written, 200)),
            'see the breakers with: SELECT breaker FROM pgswarm.breakers, or pgswarm breaker list; one comes into being '
            'when a task needs it, with its first report, or with: pgswarm breaker set');
    END IF;
    RETURN b;
END
$$;

-- Nobody is granted anything between the look at a breaker and the turn of it: who grants holds this lock shared, who
-- turns holds it alone. An advisory lock, because a row lock would be written to the row by every grant. Who grants may
-- hold rows that a turner waits for, so it does not wait: false means that the breaker is being turned at this moment.
CREATE FUNCTION pgswarm._hold_breaker(breaker integer) RETURNS boolean
LANGUAGE sql VOLATILE
AS 'SELECT pg_try_advisory_xact_lock_shared(1885828979, breaker)';  -- "pgws": a class of lock keys of our own

CREATE FUNCTION pgswarm._turn_breaker(breaker integer) RETURNS void
LANGUAGE sql VOLATILE
AS 'SELECT pg_advisory_xact_lock(1885828979, breaker)';

-- One turn. The caller has the row's lock. Counts of the old state mean nothing for the new one.
CREATE FUNCTION pgswarm._turn(
    breaker pgswarm.breaker, state text, cause text, by text, at timestamptz, until timestamptz DEFAULT NULL
) RETURNS pgswarm.breaker
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b pgswarm.breaker;
BEGIN
    PERFORM pgswarm._turn_breaker(breaker.id);
    UPDATE pgswarm.breaker x
    SET state = _turn.state, version = x.version + 1, changed_at = _turn.at, changed_by = left(_turn.by, 200),
        cause = left(_turn.cause, 2000), until = _turn.until, streak = 0, successes = 0,
        ramp_from = CASE WHEN _turn.state = 'closed' AND x.ramp_step > '0' THEN _turn.at END,
        openings = CASE _turn.state WHEN 'open' THEN x.openings + 1 ELSE x.openings END,
        watched = x.scope <> 'dependency'
    WHERE x.id = breaker.id
    RETURNING * INTO b;
    DELETE FROM pgswarm.breaker_count c WHERE c.breaker = b.id;
    DELETE FROM pgswarm.permit p WHERE p.breaker = b.id AND (p.probe OR _turn.state = 'open');
    PERFORM pgswarm._record(
        CASE _turn.state WHEN 'open' THEN 'breaker_opened' WHEN 'closed' THEN 'breaker_closed' ELSE 'breaker_half_open' END,
        NULL, NULL, NULL, NULL,
        jsonb_strip_nulls(jsonb_build_object('breaker', pgswarm._breaker_written(b.scope, b.name), 'version', b.version,
            'cause', b.cause, 'by', b.changed_by, 'until', pgswarm._moment(b.until))), at);
    RETURN b;
END
$$;

-- Opens for a time that doubles with each opening in a row, give or take a quarter, so that breakers which opened
-- together do not try again together.
CREATE FUNCTION pgswarm._open(breaker pgswarm.breaker, cause text, by text, at timestamptz) RETURNS pgswarm.breaker
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN pgswarm._turn(breaker, 'open', cause, by, at,
        at + (0.75 + random() / 2) * least(breaker.open_cap, breaker.open_base * power(2, least(breaker.openings, 20))));
END
$$;

-- Opens a dependency's breaker on behalf of the swarm.
CREATE FUNCTION pgswarm._open_breaker(name text, reason text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b pgswarm.breaker := pgswarm._breaker_made('dependency', name);
BEGIN
    SELECT * INTO b FROM pgswarm.breaker x WHERE x.id = b.id FOR UPDATE;
    IF b.enabled AND b.state = 'closed' AND b.forced IS NULL THEN
        PERFORM pgswarm._open(b, reason, NULL, at);
    END IF;
END
$$;

-- The lane for tasks with these needs; NULL for those that need nothing. Needs become breakers at first use.
CREATE FUNCTION pgswarm._lane_for(
    queue integer, needs text[], governed boolean DEFAULT false, capabilities text[] DEFAULT NULL, prefer text[] DEFAULT NULL,
    apart boolean DEFAULT false
) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_breakers integer[];
    v_lane     integer;
BEGIN
    IF coalesce(cardinality(needs), 0) = 0 AND NOT governed THEN
        RETURN NULL;
    END IF;
    v_breakers := ARRAY(SELECT (pgswarm._breaker_made('dependency', n)).id FROM unnest(needs) n ORDER BY 1);
    SELECT l.id INTO v_lane FROM pgswarm.lane l
    WHERE l.queue = _lane_for.queue AND l.breakers = v_breakers AND l.governed = _lane_for.governed
      AND l.capabilities IS NOT DISTINCT FROM _lane_for.capabilities AND l.prefer IS NOT DISTINCT FROM _lane_for.prefer
      AND l.apart = _lane_for.apart;
    IF FOUND THEN
        RETURN v_lane;
    END IF;
    IF (SELECT count(*) FROM pgswarm.lane l WHERE l.queue = _lane_for.queue) >= 200 THEN
        PERFORM pgswarm._refuse('too_large',
            'the tasks of this queue have 200 different combinations of needs, capabilities and preferences already',
            'these name what tasks share, such as an API; what belongs to one task alone is part of its payload');
    END IF;
    INSERT INTO pgswarm.lane (queue, breakers, governed, capabilities, prefer, apart)
    VALUES (_lane_for.queue, v_breakers, _lane_for.governed, _lane_for.capabilities, _lane_for.prefer, _lane_for.apart)
    ON CONFLICT DO NOTHING;
    UPDATE pgswarm.queue q SET lanes = true WHERE q.id = _lane_for.queue AND NOT q.lanes;
    RETURN pgswarm._lane_for(queue, needs, governed, capabilities, prefer, apart);
END
$$;

-- All lanes of a queue.
CREATE FUNCTION pgswarm._lanes(queue pgswarm.queue) RETURNS integer[]
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    IF NOT queue.lanes THEN
        RETURN ARRAY[queue.id];
    END IF;
    RETURN queue.id || ARRAY(SELECT l.id FROM pgswarm.lane l WHERE l.queue = _lanes.queue.id);
END
$$;
