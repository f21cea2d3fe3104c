-- Agents have a lasting identity, sessions are their runs.
SET LOCAL ROLE pgswarm_owner;

-- The id of the agent with this name. A login proves its own name; any other name introduces itself only where
-- registration is open, and shows its credential where it has one.
CREATE FUNCTION pgswarm._agent_id(name text, credential text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
    v_name  text := coalesce(name, session_user);
    v_agent pgswarm.agent;
BEGIN
    SELECT * INTO v_agent FROM pgswarm.agent a WHERE a.name = v_name;
    IF NOT FOUND THEN
        IF length(v_name) NOT BETWEEN 1 AND 200 OR v_name ~ '[[:cntrl:]]' THEN
            PERFORM pgswarm._refuse('invalid_argument', format('%L is not an agent name', v_name),
                'a name has 1 to 200 characters and no control characters');
        END IF;
        IF v_name <> session_user AND NOT (SELECT s.open_registration FROM pgswarm.setting s) THEN
            PERFORM pgswarm._refuse('unknown_agent', format('there is no agent "%s" here', v_name),
                format('an operator registers it with: pgswarm agents register %s', quote_ident(v_name)));
        END IF;
        INSERT INTO pgswarm.agent (name, created_at) VALUES (v_name, pgswarm.clock())
        ON CONFLICT ON CONSTRAINT agent_name_key DO NOTHING;
        SELECT * INTO v_agent FROM pgswarm.agent a WHERE a.name = v_name;
        PERFORM pgswarm._record('agent_registered', NULL, NULL, v_agent.id, NULL, NULL, pgswarm.clock());
    END IF;
    IF v_agent.retired_at IS NOT NULL THEN
        PERFORM pgswarm._refuse('unknown_agent', format('agent "%s" has retired', v_name),
            coalesce('its successor is "' || v_agent.successor || '"', 'use another name'));
    END IF;
    IF v_agent.credential IS NULL AND v_name <> session_user
        AND NOT (SELECT s.open_registration FROM pgswarm.setting s)
    THEN
        PERFORM pgswarm._refuse('bad_credential',
            format('agent "%s" has no credential, and registration is closed', v_name),
            format('an operator gives it one with: pgswarm agents register %s', quote_ident(v_name)));
    END IF;
    IF v_agent.credential IS NOT NULL
        AND v_name <> session_user
        AND v_agent.credential IS DISTINCT FROM sha256(convert_to(coalesce(credential, ''), 'UTF8'))
    THEN
        PERFORM pgswarm._refuse('bad_credential', format('the credential of agent "%s" is missing or wrong', v_name),
            'show the credential that registration printed; an operator can replace it');
    END IF;
    IF v_agent.expires_at IS NOT NULL AND v_agent.expires_at <= pgswarm.clock() THEN
        PERFORM pgswarm._refuse('bad_credential',
            format('the credential of agent "%s" ended at %s', v_name, pgswarm._moment(v_agent.expires_at)),
            'let its parent mint another agent');
    END IF;
    RETURN v_agent.id;
END
$$;

-- The live session behind a token.
CREATE FUNCTION pgswarm._live_session(token uuid) RETURNS pgswarm.session
LANGUAGE plpgsql
AS $$
DECLARE
    v_session pgswarm.session;
BEGIN
    SELECT * INTO v_session FROM pgswarm.session s WHERE s.token = _live_session.token;
    IF NOT FOUND OR v_session.ended_at IS NOT NULL THEN
        PERFORM pgswarm._refuse('session_lost', 'this session has ended or was superseded',
            'stop its work, open a new session and claim again');
    END IF;
    IF v_session.ends_by IS NOT NULL AND v_session.ends_by <= pgswarm.clock() THEN
        PERFORM pgswarm._refuse('session_lost', 'the credential of this session''s agent has ended',
            'stop its work; its parent may mint another agent');
    END IF;
    RETURN v_session;
END
$$;

-- The session of a caller without one: shared by all bare calls of the agent through this login.
CREATE FUNCTION pgswarm._bare_session(agent text, credential text DEFAULT NULL) RETURNS pgswarm.session
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_agent   integer := pgswarm._agent_id(agent, credential);
    v_session pgswarm.session;
    v_now     timestamptz;
BEGIN
    LOOP
        SELECT * INTO v_session
        FROM pgswarm.session s
        WHERE s.agent = v_agent AND s.login = session_user AND s.kind = 'bare' AND s.ended_at IS NULL;
        EXIT WHEN FOUND;
        v_now := pgswarm.clock();
        INSERT INTO pgswarm.session (token, expires_at, opened_at, ends_by, ttl, agent, incarnation, draining, seated,
                                     role, kind, login)
        SELECT gen_random_uuid(), v_now + interval '15 minutes', v_now, a.expires_at, interval '15 minutes',
               a.id, a.incarnation, a.draining_since IS NOT NULL, a.coordinating IS NOT NULL,
               pgswarm._session_role(a, 'bare'), 'bare', session_user
        FROM (SELECT * FROM pgswarm.agent x WHERE x.id = v_agent FOR SHARE) a  -- locked, see drain
        ON CONFLICT (agent, login) WHERE kind = 'bare' AND ended_at IS NULL DO NOTHING;
    END LOOP;
    RETURN v_session;
END
$$;

-- Any call shows life. Written only when a third of the time has gone, so that busy callers do not pay for it.
CREATE FUNCTION pgswarm._touch(session pgswarm.session, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF session.expires_at < at + session.ttl * 0.67 THEN
        UPDATE pgswarm.session s
        SET expires_at = greatest(s.expires_at, at + s.ttl)
        WHERE s.id = session.id AND s.ended_at IS NULL;
    END IF;
END
$$;

CREATE FUNCTION pgswarm.open_session(
    agent text,
    kind text DEFAULT 'runtime',
    credential text DEFAULT NULL,
    ttl interval DEFAULT NULL,
    host text DEFAULT NULL,
    pid integer DEFAULT NULL,
    client text DEFAULT NULL,
    take_over boolean DEFAULT false
) RETURNS TABLE (
    session uuid, session_id bigint, agent_name text, incarnation integer, session_ttl interval, expires_at timestamptz
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_agent       integer := pgswarm._agent_id(open_session.agent, open_session.credential);
    v_now         timestamptz := pgswarm.clock();
    v_known       pgswarm.agent;
    v_role        text;
    v_ttl         interval := coalesce(open_session.ttl,
                                       CASE open_session.kind WHEN 'bare' THEN interval '15 minutes'
                                                              ELSE interval '3 minutes' END);
BEGIN
    IF open_session.kind IS NULL OR open_session.kind NOT IN ('runtime', 'bare', 'coordinator') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a kind of session', open_session.kind),
            'it is runtime, bare or coordinator');
    END IF;
    IF v_ttl <= '0' OR v_ttl > interval '24 hours' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('a session can not live for %s without a beat', v_ttl),
            'choose a time above 0 and up to 24 hours');
    END IF;
    IF open_session.kind = 'bare' THEN
        RETURN QUERY
        SELECT b.token, b.id, a.name, b.incarnation, b.ttl, b.expires_at
        FROM pgswarm._bare_session(open_session.agent, open_session.credential) b
        JOIN pgswarm.agent a ON a.id = b.agent;
        RETURN;
    END IF;
    IF open_session.take_over THEN
        -- A new incarnation fences every earlier run of this agent.
        UPDATE pgswarm.agent a SET incarnation = a.incarnation + 1 WHERE a.id = v_agent;
        PERFORM pgswarm._end_sessions(v_agent, 'superseded by a new incarnation of the agent');
    END IF;
    -- Locked, so that a drain of this moment either is seen here or sees this session.
    IF open_session.kind = 'coordinator' THEN
        SELECT * INTO v_known FROM pgswarm.agent a WHERE a.id = v_agent FOR NO KEY UPDATE;
    ELSE
        SELECT * INTO v_known FROM pgswarm.agent a WHERE a.id = v_agent FOR SHARE;
    END IF;
    v_role := pgswarm._session_role(v_known, open_session.kind);
    RETURN QUERY
    INSERT INTO pgswarm.session AS s
        (token, expires_at, opened_at, ends_by, ttl, agent, incarnation, draining, seated, role, kind, login, host, pid,
         client)
    VALUES (gen_random_uuid(), v_now + v_ttl, v_now, v_known.expires_at, v_ttl, v_agent, v_known.incarnation,
            v_known.draining_since IS NOT NULL, v_known.coordinating IS NOT NULL, v_role, open_session.kind,
            session_user, left(open_session.host, 200), open_session.pid, left(open_session.client, 200))
    RETURNING s.token, s.id, v_known.name, s.incarnation, s.ttl, s.expires_at;
    IF v_role = 'coordinator' AND v_known.role IS DISTINCT FROM 'coordinator' THEN
        PERFORM pgswarm._seat_session(currval('pgswarm.session_id_seq'), v_agent, v_now);
    END IF;
    PERFORM pgswarm._record('session_opened', NULL, currval('pgswarm.session_id_seq'), v_agent, NULL,
        jsonb_strip_nulls(jsonb_build_object('host', left(open_session.host, 200), 'pid', open_session.pid)), v_now);
END
$$;
COMMENT ON FUNCTION pgswarm.open_session IS
    'Begins a run of an agent. The token is the caller''s secret. Without a beat or any call for its ttl the '
    'session''s leases are void. take_over ends all earlier sessions of the agent.';

CREATE FUNCTION pgswarm.beat(session uuid) RETURNS TABLE (status text, expires_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := pgswarm.clock();
BEGIN
    RETURN QUERY
    UPDATE pgswarm.session s
    SET expires_at = v_now + s.ttl
    FROM pgswarm.agent a
    WHERE s.token = beat.session AND s.ended_at IS NULL AND a.id = s.agent
    RETURNING CASE WHEN a.draining_since IS NOT NULL THEN CASE a.draining_how WHEN 'pause' THEN 'ok' ELSE 'drain' END
                   WHEN (SELECT g.paused_how FROM pgswarm.setting g) = 'drain' THEN 'drain'
                   ELSE 'ok' END, s.expires_at;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 'lost', NULL::timestamptz;
    END IF;
END
$$;
COMMENT ON FUNCTION pgswarm.beat IS 'Keeps a session, and with it all its leases, alive. Answers ok, drain or lost.';

CREATE FUNCTION pgswarm.close_session(session uuid, note text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_session pgswarm.session := pgswarm._live_session(close_session.session);
    v_count   integer;
BEGIN
    v_count := pgswarm._release_session(v_session.id, close_session.note);
    DELETE FROM pgswarm.waiter w WHERE w.session = v_session.id;
    -- The seat first: whoever takes one locks it before the session.
    UPDATE pgswarm.seat c SET until = '-infinity' WHERE c.session = v_session.id;
    UPDATE pgswarm.session s SET ended_at = pgswarm.clock() WHERE s.id = v_session.id AND s.ended_at IS NULL;
    PERFORM pgswarm._record('session_closed', NULL, v_session.id, v_session.agent, NULL, NULL, pgswarm.clock());
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION pgswarm.close_session IS
    'Ends a session in order: what it still holds goes back at no cost. Answers how many tasks that were.';

CREATE FUNCTION pgswarm.drain(agent text, "on" boolean DEFAULT true) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_agent integer;
    v_now   timestamptz := pgswarm.clock();
BEGIN
    UPDATE pgswarm.agent a
    SET draining_since = CASE WHEN drain."on" THEN coalesce(a.draining_since, v_now) END
    WHERE a.name = drain.agent AND a.retired_at IS NULL
    RETURNING a.id INTO v_agent;
    IF v_agent IS NULL THEN
        PERFORM pgswarm._refuse('not_found', format('there is no active agent "%s"', drain.agent),
            'see: SELECT agent FROM pgswarm.agents');
    END IF;
    UPDATE pgswarm.session s SET draining = drain."on" WHERE s.agent = v_agent AND s.ended_at IS NULL;
    PERFORM pgswarm._record(CASE WHEN drain."on" THEN 'agent_draining' ELSE 'agent_undrained' END,
        NULL, NULL, v_agent, NULL, NULL, v_now);
    RETURN (SELECT count(*) FROM pgswarm.session s
            WHERE s.agent = v_agent AND s.ended_at IS NULL AND s.expires_at > v_now);
END
$$;
COMMENT ON FUNCTION pgswarm.drain IS
    'An agent''s sessions get no more tasks; at their next beat they are told to finish what they hold.';

CREATE FUNCTION pgswarm.set_registration(open boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
BEGIN
    UPDATE pgswarm.setting SET open_registration = set_registration.open;
    PERFORM pgswarm._record('registration_set', NULL, NULL, NULL, NULL,
        jsonb_build_object('open', set_registration.open), pgswarm.clock());
END
$$;
COMMENT ON FUNCTION pgswarm.set_registration IS 'Whether an unknown agent name may introduce itself.';

-- Who acts: the agent of a session, else the named one, else the login.
CREATE FUNCTION pgswarm._actor(agent text, session uuid) RETURNS integer
LANGUAGE plpgsql
AS $$
BEGIN
    IF session IS NOT NULL THEN
        RETURN (pgswarm._live_session(session)).agent;
    END IF;
    RETURN pgswarm._agent_id(agent);
END
$$;
