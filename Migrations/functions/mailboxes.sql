-- Mailboxes: addresses, who may read which, roles and topics, limits.
SET LOCAL ROLE pgswarm_owner;

-- How many messages an agent has not read, those to the task that it is about to hold included. Asked for every task that
-- is claimed or renewed: two probes.
CREATE FUNCTION pgswarm._unread(agent integer, task bigint) RETURNS integer
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce((SELECT m.unread FROM pgswarm.mailbox m WHERE m.agent = $1), 0)
         + coalesce((SELECT m.unread FROM pgswarm.mailbox m WHERE m.task = $2), 0);
END
$$;

-- An address in parts. A name without a kind is an agent's.
CREATE FUNCTION pgswarm._address(address text, OUT kind text, OUT name text)
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    kind := 'agent';
    name := address;
    IF split_part(address, ':', 1) IN ('agent', 'role', 'topic', 'human', 'task') AND position(':' IN address) > 0 THEN
        kind := split_part(address, ':', 1);
        name := substr(address, length(kind) + 2);
    END IF;
    IF name IS NULL OR length(name) NOT BETWEEN 1 AND 200 OR name ~ '[[:cntrl:]]'
        OR (kind <> 'agent' AND kind <> 'task' AND name !~ '^[A-Za-z0-9][A-Za-z0-9._:/-]*$')
        OR (kind = 'task' AND (name !~ '^[1-9][0-9]*$' OR length(name) > 18))
    THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not an address', left(address, 80)),
            'write an agent''s name, or agent:NAME, role:NAME, topic:NAME, human:NAME, task:ID');
    END IF;
END
$$;

-- Names that somebody may have meant: those that share most pairs of letters with the one written. Only errors ask this.
CREATE FUNCTION pgswarm._near(name text, candidates text[]) RETURNS text
LANGUAGE sql STABLE
AS $$
    WITH pair AS (
        SELECT DISTINCT substr(lower(name), i, 2) AS p FROM generate_series(1, least(length(name), 64) - 1) i
    ), scored AS (
        SELECT c.name, (
                   SELECT 2.0 * count(*) FILTER (WHERE o.p IN (SELECT p FROM pair)) / nullif(count(*) + (SELECT count(*) FROM pair), 0)
                   FROM (SELECT DISTINCT substr(lower(c.name), i, 2) AS p FROM generate_series(1, least(length(c.name), 64) - 1) i) o
               ) AS score
        FROM (SELECT unnest(candidates) AS name LIMIT 2000) c
    )
    SELECT string_agg(format('"%s"', s.name), ', ' ORDER BY s.score DESC, s.name)
    FROM (SELECT * FROM scored WHERE score >= 0.4 ORDER BY score DESC, name LIMIT 3) s
$$;

CREATE FUNCTION pgswarm._mailbox_written(mailbox pgswarm.mailbox) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT mailbox.kind || ':' || mailbox.name $$;

-- Why nobody has this address: NULL when somebody has, and what to do when nobody has. No lock: what has just ended gets
-- its mail all the same, and the sweep says so.
CREATE FUNCTION pgswarm._no_such_reader(kind text, name text, OUT code text, OUT message text, OUT hint text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_agent pgswarm.agent;
    v_near  text;
    v_state text;
BEGIN
    IF kind = 'agent' THEN
        SELECT * INTO v_agent FROM pgswarm.agent a WHERE a.name = _no_such_reader.name;
        IF FOUND AND v_agent.retired_at IS NOT NULL THEN
            code := 'unknown_agent';
            message := format('agent "%s" has retired', name);
            hint := coalesce(format('write to its successor "%s"', v_agent.successor), 'it has no successor');
        ELSIF NOT FOUND THEN
            code := 'unknown_agent';
            v_near := pgswarm._near(name, ARRAY(SELECT a.name FROM pgswarm.agent a WHERE a.retired_at IS NULL));
        END IF;
    ELSIF kind = 'task' THEN
        v_state := pgswarm._state(name::bigint);
        IF v_state IS NULL THEN
            code := 'not_found';
            message := format('there is no task %s', name);
            hint := 'see the tasks with: SELECT id, title FROM pgswarm.tasks, or pgswarm tasks';
        ELSIF v_state IN ('done', 'dead', 'cancelled') THEN
            code := 'wrong_state';
            message := format('task %s is %s: nobody will hold it', name, v_state);
            hint := 'write to an agent or a role, or retry the task first';
        END IF;
    ELSIF NOT EXISTS (SELECT FROM pgswarm.mailbox m WHERE m.kind = _no_such_reader.kind AND m.name = _no_such_reader.name) THEN
        code := 'not_found';
        v_near := pgswarm._near(name, ARRAY(SELECT m.name FROM pgswarm.mailbox m WHERE m.kind = _no_such_reader.kind));
    END IF;
    IF code IS NOT NULL AND message IS NULL THEN
        message := format('there is no %s "%s"', kind, name);
        hint := coalesce('did you mean ' || v_near || '?', CASE kind
            WHEN 'agent' THEN 'see the agents with: SELECT agent FROM pgswarm.agents, or pgswarm agents'
            WHEN 'human' THEN format('an operator opens it with: pgswarm message subscribe human:%s', name)
            ELSE format('it begins with its first member: pgswarm message subscribe %s:%s', kind, name) END);
    END IF;
END
$$;

-- The mailbox of somebody who is there, or will be.
CREATE FUNCTION pgswarm._mailbox_made(kind text, name text) RETURNS pgswarm.mailbox
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_box pgswarm.mailbox;
BEGIN
    LOOP
        SELECT * INTO v_box FROM pgswarm.mailbox m WHERE m.kind = _mailbox_made.kind AND m.name = _mailbox_made.name;
        IF FOUND THEN
            RETURN v_box;
        END IF;
        INSERT INTO pgswarm.mailbox (kind, name, agent, task)
        VALUES (_mailbox_made.kind, _mailbox_made.name,
                CASE kind WHEN 'agent' THEN (SELECT a.id FROM pgswarm.agent a WHERE a.name = _mailbox_made.name) END,
                CASE kind WHEN 'task' THEN _mailbox_made.name::bigint END)
        ON CONFLICT DO NOTHING;
    END LOOP;
END
$$;

-- Whether the caller's login is a human's who runs the swarm. Inside a definer's function the login is session_user.
CREATE FUNCTION pgswarm._is_operator() RETURNS boolean
LANGUAGE sql STABLE
AS $$ SELECT pg_has_role(session_user, 'pgswarm_operator', 'MEMBER') $$;

-- Under which claim an agent holds a task now; NULL: it doesn't.
CREATE FUNCTION pgswarm._claim_of(task bigint, agent integer) RETURNS uuid
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT l.claim_id FROM pgswarm.lease l JOIN pgswarm.session s ON s.id = l.session
            WHERE l.task = _claim_of.task AND s.agent = _claim_of.agent);
END
$$;

-- Whether an agent may take messages from a mailbox.
CREATE FUNCTION pgswarm._may_read(mailbox pgswarm.mailbox, agent integer) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN CASE mailbox.kind
        WHEN 'agent' THEN mailbox.agent = _may_read.agent
        WHEN 'role' THEN EXISTS (SELECT FROM pgswarm.member m WHERE m.mailbox = (_may_read.mailbox).id AND m.agent = _may_read.agent)
        WHEN 'task' THEN pgswarm._claim_of(mailbox.task, agent) IS NOT NULL
        WHEN 'human' THEN pgswarm._is_operator()
        ELSE false END;
END
$$;

CREATE FUNCTION pgswarm._refuse_reader(mailbox pgswarm.mailbox) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pgswarm._refuse('not_allowed', format('the mailbox %s is not yours', pgswarm._mailbox_written(mailbox)),
        CASE mailbox.kind
            WHEN 'agent' THEN 'an agent reads its own mailbox; operators may look with peek'
            WHEN 'role' THEN format('its members read it: pgswarm message subscribe role:%s', mailbox.name)
            WHEN 'task' THEN 'the holder of the task reads it: claim the task, or pass its handle'
            WHEN 'human' THEN 'operators read it'
            ELSE 'what is sent to a topic is in the mailboxes of its subscribers' END);
END
$$;

-- The mailboxes that are asked for, in the order of their ids; without names all that the agent may read.
CREATE FUNCTION pgswarm._readable(mailboxes text[], agent integer, handle_task bigint, observing boolean)
RETURNS SETOF pgswarm.mailbox
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_one  record;
    v_no   record;
    v_box  pgswarm.mailbox;
    v_ids  integer[] := '{}';
BEGIN
    IF mailboxes IS NULL THEN
        v_ids := ARRAY(
            SELECT m.id FROM pgswarm.mailbox m WHERE m.agent = _readable.agent
            UNION SELECT r.mailbox FROM pgswarm.member r JOIN pgswarm.mailbox m ON m.id = r.mailbox
            WHERE r.agent = _readable.agent AND m.kind = 'role'
            UNION SELECT m.id FROM pgswarm.mailbox m
            WHERE m.task IS NOT NULL AND m.depth > 0
              AND (m.task = handle_task OR pgswarm._claim_of(m.task, _readable.agent) IS NOT NULL));
    ELSE
        IF cardinality(mailboxes) > 100 THEN
            PERFORM pgswarm._refuse('too_large', format('%s mailboxes are too many for one call', cardinality(mailboxes)), 'ask for up to 100');
        END IF;
        FOR v_one IN SELECT DISTINCT x.kind, x.name FROM unnest(mailboxes) a (address), pgswarm._address(a.address) x ORDER BY 1, 2 LOOP
            SELECT * INTO v_box FROM pgswarm.mailbox m WHERE m.kind = v_one.kind AND m.name = v_one.name;
            IF NOT FOUND THEN
                SELECT * INTO v_no FROM pgswarm._no_such_reader(v_one.kind, v_one.name);
                IF v_no.code IS NOT NULL AND v_no.code <> 'wrong_state' THEN
                    PERFORM pgswarm._refuse(v_no.code, v_no.message, v_no.hint);
                END IF;
                -- Nothing was sent there yet. Whose it is decides all the same.
                v_box := ROW(NULL, v_one.kind, v_one.name,
                    CASE v_one.kind WHEN 'agent' THEN (SELECT a.id FROM pgswarm.agent a WHERE a.name = v_one.name) END,
                    CASE v_one.kind WHEN 'task' THEN v_one.name::bigint END, 0, 0, 0, 0, NULL, NULL);
            END IF;
            IF NOT (pgswarm._may_read(v_box, agent) OR coalesce(v_box.task = handle_task, false)
                    OR (observing AND pgswarm._is_operator()))
            THEN
                PERFORM pgswarm._refuse_reader(v_box);
            END IF;
            v_ids := v_ids || v_box.id;
        END LOOP;
    END IF;
    RETURN QUERY SELECT * FROM pgswarm.mailbox m WHERE m.id = ANY (v_ids) ORDER BY m.id;
END
$$;
