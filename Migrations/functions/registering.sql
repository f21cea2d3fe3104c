-- Who is who: registering agents, minting children, retiring.
SET LOCAL ROLE pgswarm_owner;

-- Who registers. A login that names no agent speaks for itself: as a person, unless its name is registered as something
-- else. So it does while registration is closed and the name that it gives proves nothing.
CREATE FUNCTION pgswarm._registrar(agent_name text, session uuid, OUT agent integer, OUT human boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_agent pgswarm.agent;
BEGIN
    SELECT * INTO v_agent FROM pgswarm.agent a WHERE a.name = agent_name;
    IF session IS NULL AND (agent_name IS NULL OR (v_agent.credential IS NULL AND NOT (SELECT s.open_registration FROM pgswarm.setting s)))
    THEN
        SELECT * INTO v_agent FROM pgswarm.agent a WHERE a.name = session_user;
        IF v_agent.role <> 'human' THEN
            PERFORM pgswarm._refuse_role(v_agent.name, v_agent.role, '{human}');
        END IF;
        _registrar.agent := v_agent.id;
        human := true;
        RETURN;
    END IF;
    _registrar.agent := (pgswarm._human(agent_name, session)).agent;
    human := (SELECT a.role = 'human' FROM pgswarm.agent a WHERE a.id = _registrar.agent) IS TRUE;
END
$$;

-- What is said about an agent, put in order: capabilities sorted, each once.
CREATE FUNCTION pgswarm._check_agent(owner text, model text, capabilities text[]) RETURNS text[]
LANGUAGE plpgsql
AS $$
BEGIN
    IF length(owner) NOT BETWEEN 1 AND 200 OR owner ~ '[[:cntrl:]]' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not an owner''s name', left(owner, 80)),
            'it has 1 to 200 characters and no control characters');
    ELSIF length(model) > 200 OR model !~ '^[A-Za-z0-9][A-Za-z0-9._:@+-]*(/[A-Za-z0-9._:@+/-]+)?$' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a model', left(model, 80)),
            'write family/version, such as haiku/4.5, in letters, digits and . _ : @ + -');
    ELSIF cardinality(capabilities) > 64 OR array_position(capabilities, NULL) IS NOT NULL
        OR EXISTS (SELECT FROM unnest(capabilities) c WHERE c !~ '^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,63}$')
    THEN
        PERFORM pgswarm._refuse('invalid_argument', 'these are no capabilities: ' || left(array_to_string(capabilities, ', ', 'NULL'), 200),
            'give at most 64 words of up to 64 letters, digits and . _ : / + -, such as swift or gpu');
    END IF;
    RETURN nullif(ARRAY(SELECT DISTINCT c FROM unnest(capabilities) c ORDER BY 1), '{}');
END
$$;

-- The role stands in it for whoever reads it; what counts is what the database knows.
CREATE FUNCTION pgswarm._new_credential(role text) RETURNS text
LANGUAGE sql VOLATILE
AS $$ SELECT 'pgs_' || role || '_' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '') $$;

CREATE FUNCTION pgswarm.register_agent(
    name text,
    role text,
    owner text DEFAULT NULL,
    model text DEFAULT NULL,
    capabilities text[] DEFAULT NULL,
    replace_credential boolean DEFAULT false,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_by         record := pgswarm._registrar(register_agent.agent, register_agent.session);
    v_abilities  text[] := pgswarm._check_agent(register_agent.owner, register_agent.model, register_agent.capabilities);
    v_credential text;
    v_role       text;
    v_is_new     boolean;
    v_agent      pgswarm.agent;
BEGIN
    IF length(register_agent.name) NOT BETWEEN 1 AND 200 OR register_agent.name ~ '[[:cntrl:]]' OR register_agent.name IS NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not an agent name', register_agent.name),
            'a name has 1 to 200 characters and no control characters');
    ELSIF register_agent.role NOT IN ('worker', 'coordinator', 'reviewer', 'human') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a role', left(register_agent.role, 80)),
            'it is worker, coordinator, reviewer or human');
    END IF;
    INSERT INTO pgswarm.agent (name, created_at) VALUES (register_agent.name, pgswarm.clock())
    ON CONFLICT ON CONSTRAINT agent_name_key DO NOTHING;
    v_is_new := FOUND;
    SELECT * INTO v_agent FROM pgswarm.agent a WHERE a.name = register_agent.name FOR NO KEY UPDATE;
    v_role := coalesce(register_agent.role, v_agent.role, 'worker');
    IF v_agent.retired_at IS NOT NULL THEN
        PERFORM pgswarm._refuse('wrong_state', format('agent "%s" has retired', register_agent.name),
            'a retired name is not given again: choose another');
    ELSIF v_agent.credential IS NOT NULL AND register_agent.replace_credential IS NOT TRUE THEN
        PERFORM pgswarm._refuse('wrong_state', format('agent "%s" is registered already', register_agent.name),
            'replace its credential with replace_credential => true (pgswarm agents register --replace-credential)');
    ELSIF v_agent.role <> v_role THEN
        PERFORM pgswarm._refuse('wrong_state', format('agent "%s" is a %s, for good', register_agent.name, v_agent.role),
            'register another name for the role ' || v_role);
    END IF;
    PERFORM pgswarm._check_registrar(v_by.agent, v_by.human, v_agent, v_role);
    v_credential := pgswarm._new_credential(v_role);
    UPDATE pgswarm.agent a
    SET credential = sha256(convert_to(v_credential, 'UTF8')), role = v_role,
        owner = coalesce(register_agent.owner, a.owner), model = coalesce(register_agent.model, a.model),
        capabilities = coalesce(v_abilities, a.capabilities),
        minted_by = CASE WHEN v_by.human OR v_by.agent = a.id THEN a.minted_by ELSE v_by.agent END
    WHERE a.id = v_agent.id;
    IF v_agent.credential IS NOT NULL THEN
        -- Whoever had the old one may know a session's token as well.
        PERFORM pgswarm._end_sessions(v_agent.id, 'the agent''s credential was replaced');
    ELSIF NOT v_is_new THEN
        -- What runs under the name so far showed nothing, and may be of another role.
        PERFORM pgswarm._end_sessions(v_agent.id, 'the agent was registered as a ' || v_role);
    END IF;
    PERFORM pgswarm._record('agent_registered', NULL, NULL, v_agent.id, NULL,
        jsonb_strip_nulls(jsonb_build_object('role', v_role, 'by', (SELECT a.name FROM pgswarm.agent a WHERE a.id = v_by.agent))),
        pgswarm.clock());
    RETURN v_credential;
END
$$;
COMMENT ON FUNCTION pgswarm.register_agent(text, text, text, text, text[], boolean, text, uuid) IS
    'Gives an agent a role, for good (worker, coordinator, reviewer, human; worker when null), and a credential, which is '
    'answered once: only its SHA-256 is kept. model is family/version. For people.';

-- What a registrar may not who is not proven a person, once there are people here: make those whose word counts, people
-- and reviewers, or meddle with agents of another's line. Any name may be invented while registration is open.
CREATE FUNCTION pgswarm._check_registrar(by integer, human boolean, agent pgswarm.agent, role text) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    IF human OR NOT EXISTS (
        SELECT FROM pgswarm.agent a
        WHERE a.role = 'human' AND a.credential IS NOT NULL AND a.retired_at IS NULL)
    THEN
        NULL;
    ELSIF role IN ('human', 'reviewer') THEN
        PERFORM pgswarm._refuse('not_allowed', format('only a person registers or changes a %s here', role),
            'act as an agent of role human (--agent NAME); whoever lost that credential calls register_agent in psql, '
            'under an operator''s login');
    ELSIF agent.credential IS NOT NULL AND agent.id <> by AND agent.minted_by IS DISTINCT FROM by THEN
        PERFORM pgswarm._refuse('not_allowed', format('agent "%s" is another''s to change', agent.name),
            'let a person do it, as an agent of role human (--agent NAME)');
    END IF;
END
$$;

CREATE FUNCTION pgswarm.register_agent(name text, replace_credential boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
BEGIN
    RETURN pgswarm.register_agent(register_agent.name, NULL::text, replace_credential => register_agent.replace_credential);
END
$$;
COMMENT ON FUNCTION pgswarm.register_agent(text, boolean) IS 'Registers a worker, or replaces the credential of any agent.';

CREATE FUNCTION pgswarm.set_agent(
    name text, settings jsonb, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_by    record := pgswarm._registrar(set_agent.agent, set_agent.session);
    v_agent pgswarm.agent;
    v_key   text;
BEGIN
    IF jsonb_typeof(settings) IS DISTINCT FROM 'object' THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the settings are no JSON object', 'for example: {"model": "haiku/4.5"}');
    END IF;
    SELECT k INTO v_key FROM jsonb_object_keys(settings) k WHERE k NOT IN ('owner', 'model', 'capabilities') ORDER BY 1 LIMIT 1;
    IF v_key = 'role' THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a role is for good', 'register another name for another role');
    ELSIF v_key IS NOT NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', format('an agent has no setting "%s"', left(v_key, 80)),
            'the settings are owner, model, capabilities; null takes one back');
    ELSIF jsonb_typeof(settings -> 'owner') NOT IN ('string', 'null') OR jsonb_typeof(settings -> 'model') NOT IN ('string', 'null')
        OR jsonb_typeof(settings -> 'capabilities') NOT IN ('array', 'null')
    THEN
        PERFORM pgswarm._refuse('invalid_argument', 'owner and model are strings, capabilities is an array of strings',
            'for example: {"owner": "ann", "model": "haiku/4.5", "capabilities": ["swift"]}');
    END IF;
    SELECT * INTO v_agent FROM pgswarm.agent a WHERE a.name = set_agent.name AND a.retired_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('there is no active agent "%s"', set_agent.name),
            'see: SELECT agent FROM pgswarm.agents');
    END IF;
    PERFORM pgswarm._check_registrar(v_by.agent, v_by.human, v_agent, v_agent.role);
    IF settings ? 'owner' THEN v_agent.owner := settings ->> 'owner'; END IF;
    IF settings ? 'model' THEN v_agent.model := settings ->> 'model'; END IF;
    IF settings ? 'capabilities' THEN
        v_agent.capabilities := ARRAY(SELECT c FROM jsonb_array_elements_text(nullif(settings -> 'capabilities', 'null')) c);
    END IF;
    v_agent.capabilities := pgswarm._check_agent(v_agent.owner, v_agent.model, v_agent.capabilities);
    UPDATE pgswarm.agent a SET owner = v_agent.owner, model = v_agent.model, capabilities = v_agent.capabilities
    WHERE a.id = v_agent.id;
    PERFORM pgswarm._record('agent_set', NULL, NULL, v_agent.id, NULL,
        settings || jsonb_build_object('by', (SELECT a.name FROM pgswarm.agent a WHERE a.id = v_by.agent)), pgswarm.clock());
    RETURN jsonb_build_object('owner', v_agent.owner, 'model', v_agent.model,
        'capabilities', coalesce(to_jsonb(v_agent.capabilities), '[]'));
END
$$;
COMMENT ON FUNCTION pgswarm.set_agent IS
    'Changes what is known of an agent and answers all of it: owner, model (family/version), capabilities. For people.';

CREATE FUNCTION pgswarm.mint_agent(
    name text,
    expires interval DEFAULT NULL,
    role text DEFAULT NULL,
    model text DEFAULT NULL,
    capabilities text[] DEFAULT NULL,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (credential text, expires_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_parent    pgswarm.agent;
    v_abilities text[] := pgswarm._check_agent(NULL, mint_agent.model, mint_agent.capabilities);
    v_role      text;
    v_now       timestamptz;
    v_agent     integer;
BEGIN
    SELECT * INTO v_parent FROM pgswarm.agent a
    WHERE a.id = pgswarm._actor_as(mint_agent.agent, mint_agent.session, 'worker', 'reviewer') FOR NO KEY UPDATE;
    v_now := pgswarm.clock();
    v_role := coalesce(mint_agent.role, v_parent.role, 'worker');
    IF v_parent.role = 'human' THEN
        PERFORM pgswarm._refuse('not_allowed', 'a person registers agents instead of minting them',
            'use register_agent (pgswarm agents register NAME --role ROLE)');
    ELSIF v_role <> coalesce(v_parent.role, 'worker') THEN
        PERFORM pgswarm._refuse('not_allowed', format('a %s mints no %s', coalesce(v_parent.role, 'worker'), left(v_role, 80)),
            'a child has its parent''s role; leave the role out');
    ELSIF length(mint_agent.name) NOT BETWEEN 1 AND 200 OR mint_agent.name ~ '[[:cntrl:]]' OR mint_agent.name IS NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not an agent name', mint_agent.name),
            'a name has 1 to 200 characters and no control characters');
    ELSIF mint_agent.expires <= '0' OR mint_agent.expires > interval '365 days' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('a credential can not last for %s', mint_agent.expires),
            'choose a time above 0 and up to a year, or none: then it lasts as long as its parent''s');
    ELSIF NOT v_abilities <@ coalesce(v_parent.capabilities, '{}') THEN
        PERFORM pgswarm._refuse('not_allowed', 'a child can do no more than its parent: '
                || coalesce(array_to_string(v_parent.capabilities, ', '), 'it has no capabilities'), 'leave the other capabilities out');
    ELSIF (SELECT count(*) FROM pgswarm.agent a
           WHERE a.minted_by = v_parent.id AND a.child AND a.retired_at IS NULL
             AND (a.expires_at IS NULL OR a.expires_at > v_now)) >= 100
    THEN
        PERFORM pgswarm._refuse('not_allowed', 'this agent has 100 children already',
            'let the old ones expire (expires), or ask an operator to retire some');
    END IF;
    expires_at := least(v_now + mint_agent.expires, v_parent.expires_at);
    credential := pgswarm._new_credential(v_role);
    INSERT INTO pgswarm.agent (name, credential, created_at, role, owner, model, capabilities, minted_by, child, expires_at)
    VALUES (mint_agent.name, sha256(convert_to(mint_agent.credential, 'UTF8')), v_now, v_role, v_parent.owner,
            coalesce(mint_agent.model, v_parent.model), coalesce(v_abilities, v_parent.capabilities), v_parent.id, true,
            mint_agent.expires_at)
    ON CONFLICT ON CONSTRAINT agent_name_key DO NOTHING
    RETURNING id INTO v_agent;
    IF v_agent IS NULL THEN
        PERFORM pgswarm._refuse('wrong_state', format('the name "%s" is taken', mint_agent.name),
            'choose another: a name is never given again');
    END IF;
    PERFORM pgswarm._record('agent_registered', NULL, NULL, v_agent, NULL,
        jsonb_build_object('role', v_role, 'by', v_parent.name, 'child', true), v_now);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.mint_agent IS
    'A worker or reviewer makes a child of its own role, with a credential of its own that ends with the parent''s, or '
    'after expires. Its work and its reviews count as of the parent''s line.';

CREATE FUNCTION pgswarm.retire_agent(
    name text, successor text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_by     record := pgswarm._registrar(retire_agent.agent, retire_agent.session);
    v_agent  pgswarm.agent;
    v_now    timestamptz := pgswarm.clock();
BEGIN
    SELECT * INTO v_agent FROM pgswarm.agent a WHERE a.name = retire_agent.name AND a.retired_at IS NULL;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('there is no active agent "%s"', retire_agent.name),
            'see: SELECT agent FROM pgswarm.agents');
    END IF;
    PERFORM pgswarm._check_registrar(v_by.agent, v_by.human, v_agent, v_agent.role);
    -- Its children with it: their credentials were cut from its own.
    FOR v_agent IN
        WITH RECURSIVE line (id) AS (
            SELECT v_agent.id
            UNION
            SELECT a.id FROM line JOIN pgswarm.agent a ON a.minted_by = line.id AND a.child
        )
        SELECT a.* FROM pgswarm.agent a JOIN line ON line.id = a.id WHERE a.retired_at IS NULL ORDER BY a.id
    LOOP
        UPDATE pgswarm.agent a
        SET retired_at = v_now, successor = CASE WHEN a.name = retire_agent.name THEN retire_agent.successor END
        WHERE a.id = v_agent.id;
        PERFORM pgswarm._end_sessions(v_agent.id, 'the agent was retired');
        PERFORM pgswarm._record('agent_retired', NULL, NULL, v_agent.id, NULL,
            jsonb_strip_nulls(jsonb_build_object('parent', nullif(retire_agent.name, v_agent.name))), v_now);
    END LOOP;
END
$$;
COMMENT ON FUNCTION pgswarm.retire_agent IS
    'Ends an agent and the children that it minted for good; their names are not given again. Their leases are void.';
