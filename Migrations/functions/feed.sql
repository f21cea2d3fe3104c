-- What breakers hear of the ends of tasks. Each claim counts once; what began before the last turn of a breaker says
-- nothing about its present state; a superseded claim has no end that anybody counts.
SET LOCAL ROLE pgswarm_owner;

-- Tells breakers how claims have ended: succeeded, failed, slow or ignored. One row of ended: the claim's id, the agent
-- and when the claim began. Breakers come in the order of their ids, after everything else that the caller locks.
--
-- Nobody waits long for a breaker's row: a call may come by several of them, and an outcome that is not counted because
-- too many others were at it at that moment is no loss. That is shorter than what PostgreSQL takes for a deadlock.
CREATE FUNCTION pgswarm._feed(
    breaker integer, outcome text, claims uuid[], agents integer[], began timestamptz[], error text, at timestamptz
) RETURNS void
LANGUAGE plpgsql SET lock_timeout = '200ms'
AS $$
BEGIN
    PERFORM pgswarm._feed_now(breaker, outcome, claims, agents, began, error, at);
EXCEPTION WHEN lock_not_available THEN
    NULL;
END
$$;

CREATE FUNCTION pgswarm._feed_now(
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
    SELECT * INTO b FROM pgswarm.breaker x WHERE x.id = _feed_now.breaker;
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
        WHERE c.breaker = _open_if_broken.breaker.id AND c.slice > pgswarm._slice(_open_if_broken.breaker, at) - 10;
        IF v_volume >= breaker.min_volume AND v_failed >= v_volume * breaker.failure_rate THEN
            v_cause := format('%s of %s failed within %s', v_failed, v_volume, pgswarm._span(breaker.measured_over));
        END IF;
    END IF;
    IF v_cause IS NULL OR breaker.min_principals > (
        SELECT count(DISTINCT f.agent) FROM pgswarm.breaker_failure f
        WHERE f.breaker = _open_if_broken.breaker.id
          AND f.at > greatest(_open_if_broken.at - _open_if_broken.breaker.measured_over, _open_if_broken.breaker.changed_at))
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

-- How a hold ended, for _tell: completed, failed, lost or overdue.
CREATE FUNCTION pgswarm._ended(lease pgswarm.lease, how text, body jsonb, error text) RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
    SELECT jsonb_build_array(jsonb_build_object(
        'how', how, 'gates', lease.gates, 'claim_id', lease.claim_id, 'began', lease.started_at,
        'lease', CASE WHEN how <> 'completed' THEN to_jsonb(lease) END, 'body', body, 'error', error))
$$;

-- Tells the problem log and the breakers how holds have ended: once, at the end of the call, when all tasks are locked, and
-- in one order, because several calls may want the same rows of theirs.
CREATE FUNCTION pgswarm._tell(ended jsonb, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    r       record;
    v_heard jsonb := '[]';
BEGIN
    FOR r IN
        SELECT e.item, e.item ->> 'how' AS how, jsonb_populate_record(NULL::pgswarm.lease, e.item -> 'lease') AS lease
        FROM jsonb_array_elements(ended) e (item)
        WHERE e.item ->> 'how' <> 'completed'
        ORDER BY e.item ->> 'error', e.item ->> 'claim_id'
    LOOP
        IF r.how = 'failed' AND r.item -> 'body' ->> 'cause' IS DISTINCT FROM 'task' THEN
            PERFORM pgswarm._failed_with(r.lease, r.item ->> 'error', at);
        END IF;
        PERFORM pgswarm._suspect(r.lease, r.how);
    END LOOP;
    FOR r IN
        SELECT h.breaker, h.outcome, array_agg(h.claim_id) AS claims, array_agg(h.agent) AS agents,
               array_agg(h.began) AS began, max(h.error) AS error, max(h.retry_in) AS retry_in
        FROM jsonb_array_elements(ended) e (item), LATERAL pgswarm._heard(e.item) h
        GROUP BY h.breaker, h.outcome
        ORDER BY h.breaker, h.outcome
    LOOP
        PERFORM pgswarm._feed(r.breaker, r.outcome, r.claims, r.agents, r.began, r.error, at);
        IF r.retry_in IS NOT NULL THEN
            PERFORM pgswarm._not_before(r.breaker, pgswarm._seconds(r.retry_in), at);
        END IF;
    END LOOP;
END
$$;

-- Which breakers hear of one end, and what. A failure says in its cause whose it was: of one of the needs, by name, or of
-- the task itself, which no breaker counts.
CREATE FUNCTION pgswarm._heard(item jsonb)
RETURNS TABLE (breaker integer, outcome text, claim_id uuid, agent integer, began timestamptz, error text, retry_in double precision)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_how   text := item ->> 'how';
    v_cause text := item -> 'body' ->> 'cause';
    v_gates integer[] := ARRAY(SELECT jsonb_array_elements_text(nullif(item -> 'gates', 'null')));
    v_lease pgswarm.lease;
    b       pgswarm.breaker;
BEGIN
    claim_id := (item ->> 'claim_id')::uuid;
    began := (item ->> 'began')::timestamptz;
    IF v_how <> 'completed' THEN
        v_lease := jsonb_populate_record(NULL::pgswarm.lease, item -> 'lease');
        agent := (SELECT s.agent FROM pgswarm.session s WHERE s.id = v_lease.session);
        error := item ->> 'error';
        v_gates := v_gates
            || ARRAY(SELECT x.id FROM pgswarm.breaker x
                     WHERE x.scope IN ('agent', 'kind') AND x.agent = _heard.agent
                       AND (x.scope = 'agent' OR x.kind = (SELECT t.kind FROM pgswarm.task t WHERE t.id = v_lease.task)))
            || (SELECT x.id FROM pgswarm.breaker x JOIN pgswarm.queue q ON q.name = x.name
                WHERE x.scope = 'queue' AND q.id = v_lease.queue);
    END IF;
    FOR b IN SELECT * FROM pgswarm.breaker x WHERE x.id = ANY (v_gates) LOOP
        breaker := b.id;
        outcome := CASE
            -- What is still to be judged is no success of its author yet; the verdict will be told.
            WHEN v_how = 'completed' AND b.scope IN ('agent', 'kind') AND b.state = 'closed' AND item -> 'body' ->> 'review' = 'true'
                THEN 'ignored'
            WHEN v_how = 'completed' THEN 'succeeded'
            WHEN NOT v_how = ANY (b.counts) THEN 'ignored'
            WHEN v_cause = 'task' OR (b.scope = 'dependency' AND v_cause <> b.name) THEN 'ignored'
            ELSE 'failed' END;
        IF v_how <> 'completed' THEN
            claim_id := pgswarm._ended_once(v_lease, v_how, b.scope);
        END IF;
        retry_in := CASE WHEN b.scope = 'dependency' AND v_cause = b.name
                         THEN (item -> 'body' ->> 'retry_in')::double precision END;
        RETURN NEXT;
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

-- A failure while a dependency of the task is known to be broken, of a probe or of one that had begun before it was known,
-- is none of the task: it costs no attempt, and the task waits with the others.
CREATE FUNCTION pgswarm._is_excused(lease pgswarm.lease, body jsonb) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN NOT coalesce((body ->> 'dead')::boolean, false)
       AND EXISTS (
           SELECT FROM pgswarm.breaker b
           WHERE b.id = ANY (lease.gates) AND b.scope = 'dependency' AND b.enabled AND b.state <> 'closed'
             AND b.forced IS DISTINCT FROM 'closed' AND coalesce(body ->> 'cause', b.name) = b.name);
END
$$;

-- The first failure makes the breakers of the agent, the agent with this kind, and the queue, where their policy wants
-- them, and from then on claims pass by them. What goes well pays nothing.
CREATE FUNCTION pgswarm._suspect(lease pgswarm.lease, how text) RETURNS void
LANGUAGE plpgsql SET lock_timeout = '200ms'
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
EXCEPTION WHEN lock_not_available THEN
    NULL;  -- the next failure comes here again
END
$$;

-- The breaker of an agent, an agent with a kind, or a queue; from now on claims look at it.
CREATE FUNCTION pgswarm._watched(scope text, name text) RETURNS pgswarm.breaker
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b       pgswarm.breaker := pgswarm._breaker_made(scope, left(name, 500));
    v_agent pgswarm.agent;
BEGIN
    IF scope = 'dependency' OR name = '*' OR b.watched THEN
        RETURN b;
    END IF;
    IF scope <> 'queue' THEN
        -- Agents' names may have slashes in them; kinds too. The longest agent's name that fits is meant.
        SELECT * INTO v_agent FROM pgswarm.agent a
        WHERE CASE scope WHEN 'agent' THEN a.name = _watched.name ELSE starts_with(_watched.name, a.name || '/') END
        ORDER BY length(a.name) DESC LIMIT 1;
    END IF;
    UPDATE pgswarm.breaker x
    SET watched = true, agent = v_agent.id, kind = CASE x.scope WHEN 'kind' THEN substr(x.name, 2 + length(v_agent.name)) END
    WHERE x.id = b.id
    RETURNING * INTO b;
    IF scope = 'kind' THEN
        PERFORM pgswarm._watched('agent', v_agent.name);  -- which is what claims look for
    END IF;
    RETURN b;
END
$$;

-- Somebody was told to come back later: so is everybody. Jitter only adds, and what waited comes back step by step.
CREATE FUNCTION pgswarm._not_before(breaker integer, wait interval, at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql SET lock_timeout = '1s'
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
