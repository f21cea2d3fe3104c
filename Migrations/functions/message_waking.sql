-- Waking receivers: as in wake.sql, nothing rings inside a transaction that sends.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.message_wait(
    mailboxes text[] DEFAULT NULL, handle text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (recipients text[], due_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_session pgswarm.session;
    v_task    bigint;
    v_boxes   integer[];
    v_names   text[] := mailboxes;
    v_now     timestamptz := pgswarm.clock();
BEGIN
    IF handle IS NOT NULL THEN
        v_task := (pgswarm._held(handle)).task;
        SELECT s.* INTO v_session FROM pgswarm.lease l JOIN pgswarm.session s ON s.id = l.session WHERE l.task = v_task;
    ELSE
        v_session := CASE WHEN session IS NULL THEN pgswarm._bare_session(agent) ELSE pgswarm._live_session(session) END;
    END IF;
    -- One's own mailbox and one's task's have to be there, to be rung.
    PERFORM pgswarm._mailbox_made('agent', a.name) FROM pgswarm.agent a WHERE a.id = v_session.agent;
    IF v_task IS NOT NULL THEN
        PERFORM pgswarm._mailbox_made('task', v_task::text);
    END IF;
    v_boxes := ARRAY(SELECT m.id FROM pgswarm._readable(mailboxes, v_session.agent, v_task, false) m
                     UNION SELECT m.id FROM pgswarm.mailbox m WHERE m.task = v_task AND mailboxes IS NULL ORDER BY 1);
    INSERT INTO pgswarm.mailbox_waiter (mailbox, session, since)
    SELECT i, v_session.id, v_now FROM unnest(v_boxes) i ORDER BY 1
    ON CONFLICT DO NOTHING;
    PERFORM pgswarm._touch(v_session, v_now);
    SELECT coalesce(array_agg(m.kind || ':' || m.name ORDER BY m.id), '{}') INTO recipients FROM pgswarm.mailbox m WHERE m.id = ANY (v_boxes);
    -- What was given back for a while, or may come back from another reader.
    SELECT min(d.due) INTO due_at FROM pgswarm.delivery d
    WHERE d.mailbox = ANY (v_boxes) AND d.state IN ('queued', 'leased') AND d.due > v_now;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.message_wait IS
    'Asks to be woken once for mail: listen on channel pgswarm for @ and one of the recipients before, receive once more after. '
    'Answers when something that is there already may come again.';

CREATE FUNCTION pgswarm.message_ring(recipients text[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_count integer := 0;
    v_box   record;
BEGIN
    FOR v_box IN
        SELECT m.id, m.kind || ':' || m.name AS written
        FROM unnest(recipients[1:1000]) r (address), pgswarm._address(r.address) x
        JOIN pgswarm.mailbox m ON m.kind = x.kind AND m.name = x.name
        GROUP BY m.id ORDER BY m.id
    LOOP
        -- One ring uses the registrations up.
        DELETE FROM pgswarm.mailbox_waiter w
        WHERE w.ctid = ANY (ARRAY(SELECT x.ctid FROM pgswarm.mailbox_waiter x WHERE x.mailbox = v_box.id FOR UPDATE SKIP LOCKED));
        IF FOUND THEN
            PERFORM pg_notify('pgswarm', '@' || v_box.written);
            v_count := v_count + 1;
        END IF;
    END LOOP;
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION pgswarm.message_ring IS
    'After a commit that sent messages: wakes who waits for them, by the recipients that message_send answered. Call it in a '
    'transaction of its own.';

CREATE FUNCTION pgswarm.set_messages(
    settings jsonb, mailbox text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._human_actor(set_messages.agent, set_messages.session);
    v_known text[] := CASE WHEN set_messages.mailbox IS NULL
        THEN '{max_count,max_bytes,urgent_reserve,max_body,max_recipients,sender_rate,sender_fanout,sender_bytes,max_hops,max_deliveries,visibility,ttl}'
        ELSE '{max_count,max_bytes}' END;
    v_table text := CASE WHEN set_messages.mailbox IS NULL THEN 'message_setting' ELSE 'mailbox' END;
    v_name  text;
    v_value text;
    v_to    record;
    v_no    record;
    v_box   integer;
BEGIN
    IF jsonb_typeof(settings) IS DISTINCT FROM 'object' THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the settings are no JSON object', 'for example: {"max_count": 500}');
    END IF;
    IF set_messages.mailbox IS NOT NULL THEN
        SELECT * INTO v_to FROM pgswarm._address(set_messages.mailbox);
        SELECT * INTO v_no FROM pgswarm._no_such_reader(v_to.kind, v_to.name);
        IF v_no.code IS NOT NULL THEN
            PERFORM pgswarm._refuse(v_no.code, v_no.message, v_no.hint);
        END IF;
        v_box := (pgswarm._mailbox_made(v_to.kind, v_to.name)).id;
    END IF;
    FOR v_name, v_value IN SELECT s.key, s.value #>> '{}' FROM jsonb_each(settings) s ORDER BY 1 LOOP
        IF v_name <> ALL (v_known) THEN
            PERFORM pgswarm._refuse('invalid_argument', format('there is no setting "%s" here', v_name),
                'the settings are ' || array_to_string(v_known, ', '));
        END IF;
        BEGIN
            EXECUTE format('UPDATE pgswarm.%I SET %I = %s WHERE $2 IS NULL OR (%s)', v_table, v_name,
                CASE WHEN v_value IS NULL THEN 'DEFAULT' WHEN v_name IN ('visibility', 'ttl') THEN 'make_interval(secs => $1::double precision)'
                     WHEN v_name = 'urgent_reserve' THEN '$1::real' ELSE '$1::integer' END,
                CASE WHEN v_box IS NULL THEN 'true' ELSE 'id = $2' END)
            USING v_value, v_box;
        EXCEPTION WHEN data_exception OR check_violation OR not_null_violation THEN
            PERFORM pgswarm._refuse('invalid_argument', format('%L is not a value for "%s"', v_value, v_name),
                'limits are positive whole numbers, visibility and ttl seconds, urgent_reserve 0 to 0.9; null sets the default');
        END;
    END LOOP;
    PERFORM pgswarm._record('messages_set', NULL, NULL, v_actor, NULL,
        settings || CASE WHEN v_box IS NULL THEN '{}' ELSE jsonb_build_object('mailbox', set_messages.mailbox) END, pgswarm.clock());
    RETURN (SELECT to_jsonb(s) - 'singleton' || jsonb_build_object('visibility', extract(epoch FROM s.visibility), 'ttl', extract(epoch FROM s.ttl))
            FROM pgswarm.message_setting s);
END
$$;
COMMENT ON FUNCTION pgswarm.set_messages IS
    'Changes limits of the relay, or of one mailbox (max_count, max_bytes), and answers those of the relay.';
