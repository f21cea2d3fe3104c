-- Roles: what an agent is for decides what it may do, whatever its login may. Grants stop a login, these checks stop an
-- agent that shares one.
SET LOCAL ROLE pgswarm_owner;

-- May this role do what these roles are for? A person may do what the login may. NULL is an unregistered name: it may
-- do what its login may too, but it never reviews and is nobody's proof of a human.
CREATE FUNCTION pgswarm._is_role_among(role text, roles text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE WHEN role IS NULL THEN roles && '{worker,coordinator}' ELSE role = 'human' OR role = ANY (roles) END $$;

-- What a caller of this role can do instead.
CREATE FUNCTION pgswarm._role_hint(role text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE role
        WHEN 'coordinator' THEN 'plan and steer here; let another agent, of role worker, execute'
        WHEN 'reviewer' THEN 'claim, judge and hand back reviews here; other work is for agents of other roles'
        WHEN 'worker' THEN 'ask the coordinator or a person for it'
        ELSE 'act as an agent of that role; an operator registers one with: pgswarm agents register NAME --role ROLE'
    END
$$;

CREATE FUNCTION pgswarm._refuse_role(name text, role text, roles text[]) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pgswarm._refuse('not_allowed',
        format('agent "%s" %s: this is for the role %s', name,
               coalesce('is a ' || role, 'has no role'), array_to_string(roles, ' or ')),
        pgswarm._role_hint(role));
END
$$;

-- Refuses an agent whose role is not among these.
CREATE FUNCTION pgswarm._require_role(agent integer, VARIADIC roles text[]) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_agent pgswarm.agent;
BEGIN
    SELECT * INTO v_agent FROM pgswarm.agent a WHERE a.id = _require_role.agent;
    IF NOT pgswarm._is_role_among(v_agent.role, roles) THEN
        PERFORM pgswarm._refuse_role(v_agent.name, v_agent.role, roles);
    END IF;
END
$$;

-- The same for the run of an agent. A session has one role: an unregistered name that coordinates does nothing else in
-- that session.
CREATE FUNCTION pgswarm._require_session(session pgswarm.session, VARIADIC roles text[]) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_agent pgswarm.agent;
BEGIN
    IF session.role = ANY (roles) THEN
        RETURN;
    END IF;
    SELECT * INTO v_agent FROM pgswarm.agent a WHERE a.id = session.agent;
    IF session.role = 'coordinator' THEN
        v_agent.role := 'coordinator';
    END IF;
    IF NOT pgswarm._is_role_among(v_agent.role, roles) THEN
        PERFORM pgswarm._refuse_role(v_agent.name, v_agent.role, roles);
    END IF;
END
$$;

-- Who acts, as _actor says, refused unless its role is among these.
CREATE FUNCTION pgswarm._actor_as(agent text, session uuid, VARIADIC roles text[]) RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
    v_session pgswarm.session;
    v_role    text;
    v_agent   integer;
BEGIN
    IF session IS NOT NULL THEN
        v_session := pgswarm._live_session(session);
        IF v_session.role <> ALL (roles) THEN
            PERFORM pgswarm._require_session(v_session, VARIADIC roles);
        END IF;
        RETURN v_session.agent;
    END IF;
    v_agent := pgswarm._agent_id(agent);
    -- Enqueueing comes this way: what is surely in order is not looked at closely.
    SELECT a.role INTO v_role FROM pgswarm.agent a WHERE a.id = v_agent;
    IF v_role <> ALL (roles) OR (v_role IS NULL AND NOT roles && '{worker,coordinator}') THEN
        PERFORM pgswarm._require_role(v_agent, VARIADIC roles);
    END IF;
    RETURN v_agent;
END
$$;

-- Does this login belong to one person, and not to what executes as well? A superuser is everything.
CREATE FUNCTION pgswarm._is_own_login(login text) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM pg_roles r WHERE r.rolname = login)
        AND pg_has_role(login::name, 'pgswarm_operator', 'MEMBER')
        AND NOT pg_has_role(login::name, 'pgswarm_worker', 'MEMBER');
END
$$;

-- What only a person may do begins with this. Separated: shown by a human's credential, or by a login that executes
-- nothing. Otherwise the name was merely not registered as anything else, which proves little: whoever shares the
-- login could have said it.
CREATE FUNCTION pgswarm._human(agent_name text, session uuid, OUT agent integer, OUT separated boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_session pgswarm.session;
    v_agent   pgswarm.agent;
    v_login   text := session_user;
BEGIN
    IF session IS NOT NULL THEN
        v_session := pgswarm._live_session(session);
        _human.agent := v_session.agent;
        v_login := v_session.login;
    ELSE
        _human.agent := pgswarm._agent_id(agent_name);
    END IF;
    SELECT * INTO v_agent FROM pgswarm.agent a WHERE a.id = _human.agent;
    IF NOT pg_has_role(session_user, 'pgswarm_operator', 'MEMBER') THEN
        PERFORM pgswarm._refuse('not_allowed', format('login "%s" is no operator: this is for people', session_user),
            'an operator''s login is a member of pgswarm_operator; agents get another');
    ELSIF v_session.role = 'coordinator' OR v_agent.role <> 'human' THEN
        PERFORM pgswarm._refuse('not_allowed',
            format('agent "%s" is a %s: this is for people', v_agent.name,
                   CASE v_session.role WHEN 'coordinator' THEN 'coordinator' ELSE v_agent.role END),
            'ask a person to do it, as an agent of role human');
    END IF;
    separated := CASE WHEN v_agent.name <> v_login THEN v_agent.role IS NOT DISTINCT FROM 'human'
                      ELSE pgswarm._is_own_login(v_login) END;
END
$$;

CREATE FUNCTION pgswarm._human_actor(agent text, session uuid) RETURNS integer
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN (pgswarm._human(_human_actor.agent, _human_actor.session)).agent;
END
$$;

-- Everybody who is not independent of an agent: itself, whom it succeeded and who succeeded it, who minted it, up to
-- but not including people, and all whom these minted.
CREATE FUNCTION pgswarm._lineage(agent integer) RETURNS integer[]
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN ARRAY(
        WITH RECURSIVE kin (id) AS (
            SELECT _lineage.agent
            UNION
            SELECT a.id
            FROM kin
            CROSS JOIN LATERAL (
                SELECT x.minted_by AS id FROM pgswarm.agent x WHERE x.id = kin.id
                UNION ALL
                SELECT x.id FROM pgswarm.agent x WHERE x.minted_by = kin.id
                UNION ALL
                SELECT y.id FROM pgswarm.agent x JOIN pgswarm.agent y ON y.name = x.successor WHERE x.id = kin.id
                UNION ALL
                SELECT y.id FROM pgswarm.agent x JOIN pgswarm.agent y ON y.successor = x.name WHERE x.id = kin.id
            ) n
            JOIN pgswarm.agent a ON a.id = n.id
            WHERE a.role IS DISTINCT FROM 'human'
        )
        SELECT k.id FROM kin k ORDER BY 1);
END
$$;

-- Does a session of this agent coordinate at this moment?
CREATE FUNCTION pgswarm._is_coordinating(agent integer, at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN EXISTS (
        SELECT FROM pgswarm.agent a
        JOIN pgswarm.session s ON s.id = ANY (a.coordinating)
        WHERE a.id = _is_coordinating.agent AND s.ended_at IS NULL AND s.expires_at > at);
END
$$;

-- A session that coordinates begins: not while its agent executes. Its other sessions are told that it does, so that
-- their claims look whether it still does.
CREATE FUNCTION pgswarm._seat_session(session bigint, agent integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_task bigint;
    v_name text;
BEGIN
    SELECT l.task, a.name INTO v_task, v_name
    FROM pgswarm.session s
    JOIN pgswarm.agent a ON a.id = s.agent
    JOIN pgswarm.lease l ON l.session = s.id
    WHERE s.agent = _seat_session.agent AND s.ended_at IS NULL AND NOT pgswarm._is_void(l, _seat_session.at)
    LIMIT 1;
    IF FOUND THEN
        PERFORM pgswarm._refuse('not_allowed', format('agent "%s" can not coordinate: it holds task %s', v_name, v_task),
            'whoever executes does not coordinate: finish the task first, or coordinate as another agent (--agent NAME)');
    END IF;
    UPDATE pgswarm.agent a
    SET coordinating = ARRAY(SELECT s.id FROM pgswarm.session s
                             WHERE s.id = ANY (a.coordinating) AND s.ended_at IS NULL
                               AND s.expires_at > _seat_session.at - interval '1 day') || _seat_session.session
    WHERE a.id = _seat_session.agent;
    UPDATE pgswarm.session s SET seated = true
    WHERE s.agent = _seat_session.agent AND s.ended_at IS NULL AND NOT s.seated;
END
$$;

-- The role of a session that an agent opens.
CREATE FUNCTION pgswarm._session_role(agent pgswarm.agent, kind text) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
    IF kind = 'coordinator' AND agent.role IN ('worker', 'reviewer') THEN
        PERFORM pgswarm._refuse_role(agent.name, agent.role, '{coordinator}');
    END IF;
    RETURN CASE WHEN kind = 'coordinator' THEN 'coordinator' ELSE coalesce(agent.role, 'worker') END;
END
$$;

-- Refuses handles of tasks that are no reviews: to reviewers, who hold nothing else.
CREATE FUNCTION pgswarm._only_reviews(handles text[]) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_task bigint;
BEGIN
    SELECT l.task INTO v_task
    FROM unnest(handles) h (handle)
    JOIN pgswarm.lease l ON l.task = CASE WHEN pgswarm._is_handle(h.handle) THEN split_part(h.handle, '.', 1)::bigint END
    JOIN pgswarm.queue q ON q.id = l.queue
    WHERE q.reviews_of IS NULL
    ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        PERFORM pgswarm._refuse('not_allowed', format('task %s is no review: a reviewer holds nothing else', v_task),
            pgswarm._role_hint('reviewer'));
    END IF;
END
$$;

-- Whoever writes as a holder, with a handle alone: its login says whether that may be about reviews only.
CREATE FUNCTION pgswarm._check_holder(handles text[]) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF NOT pg_has_role(session_user, 'pgswarm_worker', 'MEMBER') THEN
        PERFORM pgswarm._only_reviews(handles);
    END IF;
END
$$;

-- A session that is shown along with handles.
CREATE FUNCTION pgswarm._check_holding(session pgswarm.session, handles text[]) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF session.role = 'reviewer' THEN
        PERFORM pgswarm._only_reviews(handles);
    ELSIF session.role = 'coordinator' THEN
        PERFORM pgswarm._require_session(session, 'worker');
    END IF;
END
$$;

-- Why a completion is refused for the role of who holds: whatever way the lease came about, who may not execute has
-- nothing accepted.
CREATE FUNCTION pgswarm._refused_role(lease pgswarm.lease) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT jsonb_build_object('code', 'not_allowed',
            'message', format('task %s is held by a %s: only a worker completes it', lease.task, s.role))
        FROM pgswarm.session s
        WHERE s.id = lease.session AND s.role IN ('coordinator', 'reviewer')
          AND (SELECT q.reviews_of IS NULL FROM pgswarm.queue q WHERE q.id = lease.queue));
END
$$;
