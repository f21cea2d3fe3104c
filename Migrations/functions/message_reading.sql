-- Looking at messages without taking them, joining roles and topics, waiting, and the limits.
SET LOCAL ROLE pgswarm_owner;

-- What has become of a delivery, in the sender's words.
CREATE FUNCTION pgswarm._delivery_state(delivery pgswarm.delivery) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE
        WHEN delivery.answered_at IS NOT NULL THEN 'answered'
        WHEN delivery.state = 'leased' THEN 'delivered'
        WHEN delivery.state <> 'queued' THEN delivery.state
        WHEN delivery.offered_at IS NOT NULL THEN 'offered'
        ELSE 'stored' END
$$;

CREATE FUNCTION pgswarm.message_peek(
    mailboxes text[] DEFAULT NULL, max integer DEFAULT 20, handle text DEFAULT NULL, agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (
    id bigint, recipient text, seq bigint, state text, sender text, trust text, sent_at timestamptz, thread text, kind text,
    subject text, body jsonb, urgent boolean, hop integer, in_reply_to bigint, as_holder_of bigint,
    expects_reply_by timestamptz, deliveries integer, generation integer, via text, due_at timestamptz, expires_at timestamptz
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_task  bigint;
    v_actor integer;
    v_boxes integer[];
    v_own   integer[];
BEGIN
    IF max IS NULL OR max NOT BETWEEN 1 AND 1000 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%s messages is out of range', coalesce(max::text, 'NULL')), 'look at 1 to 1000');
    END IF;
    IF handle IS NOT NULL THEN
        SELECT l.task, s.agent INTO v_task, v_actor FROM pgswarm._held(handle) l JOIN pgswarm.session s ON s.id = l.session;
    ELSE
        v_actor := pgswarm._actor(agent, session);
    END IF;
    v_boxes := ARRAY(SELECT m.id FROM pgswarm._readable(mailboxes, v_actor, v_task, true) m);
    v_own := ARRAY(SELECT m.id FROM pgswarm.mailbox m WHERE m.id = ANY (v_boxes) AND (m.task = v_task OR pgswarm._may_read(m, v_actor)));
    -- Its reader has seen it, which its sender may know. Rows that somebody takes at this moment are passed over.
    UPDATE pgswarm.delivery d SET offered_at = pgswarm.clock()
    FROM (SELECT x.mailbox, x.seq FROM pgswarm.delivery x
          WHERE x.mailbox = ANY (v_own) AND x.state = 'queued' AND x.offered_at IS NULL
          ORDER BY x.urgent DESC, x.mailbox, x.seq LIMIT max FOR UPDATE SKIP LOCKED) x
    WHERE d.mailbox = x.mailbox AND d.seq = x.seq;
    RETURN QUERY
    SELECT m.id, x.kind || ':' || x.name, d.seq, pgswarm._delivery_state(d), a.name,
           CASE WHEN m.sender IS NULL THEN 'system' ELSE 'peer' END, m.sent_at, m.thread, m.kind, m.subject, m.body, m.urgent,
           m.hop::integer, m.in_reply_to, m.task, CASE WHEN m.answered_at IS NULL THEN m.reply_by END,
           d.deliveries::integer, d.generation::integer, d.via, d.due, d.expires_at
    FROM pgswarm.delivery d
    JOIN pgswarm.mailbox x ON x.id = d.mailbox
    JOIN pgswarm.message m ON m.id = d.message
    LEFT JOIN pgswarm.agent a ON a.id = m.sender
    WHERE d.mailbox = ANY (v_boxes) AND d.state IN ('queued', 'leased') AND d.expires_at > pgswarm.clock()
    ORDER BY d.urgent DESC, m.id, d.mailbox
    LIMIT max;
END
$$;
COMMENT ON FUNCTION pgswarm.message_peek IS
    'Shows what is in mailboxes and takes nothing. Operators may look into every mailbox.';

CREATE FUNCTION pgswarm.message_thread(
    thread text DEFAULT NULL, message bigint DEFAULT NULL, max integer DEFAULT 100, agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (
    id bigint, recipient text, state text, sender text, trust text, sent_at timestamptz, in_thread text, kind text, subject text,
    body jsonb, urgent boolean, hop integer, in_reply_to bigint, as_holder_of bigint, expects_reply_by timestamptz,
    deliveries integer, delivered_at timestamptz, ended_at timestamptz, answered_at timestamptz, reader text, reason text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_actor  integer := pgswarm._actor(message_thread.agent, message_thread.session);
    v_thread text := message_thread.thread;
    v_found  boolean;
BEGIN
    IF max IS NULL OR max NOT BETWEEN 1 AND 1000 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%s rows is out of range', coalesce(max::text, 'NULL')), 'look at 1 to 1000');
    END IF;
    IF v_thread IS NULL THEN
        SELECT m.thread INTO v_thread FROM pgswarm.message m WHERE m.id = message_thread.message;
    END IF;
    -- The latest of it, oldest first.
    RETURN QUERY
    SELECT t.* FROM (
        SELECT m.id, x.kind || ':' || x.name, pgswarm._delivery_state(d), a.name, CASE WHEN m.sender IS NULL THEN 'system' ELSE 'peer' END,
               m.sent_at, m.thread, m.kind, m.subject, m.body, m.urgent, m.hop::integer, m.in_reply_to, m.task, m.reply_by,
               d.deliveries::integer, d.delivered_at, d.ended_at, d.answered_at, r.name, d.reason
        FROM pgswarm.message m
        JOIN pgswarm.delivery d ON d.message = m.id
        JOIN pgswarm.mailbox x ON x.id = d.mailbox
        LEFT JOIN pgswarm.agent a ON a.id = m.sender
        LEFT JOIN pgswarm.agent r ON r.id = d.reader
        WHERE m.thread = v_thread
          AND (m.sender = v_actor OR d.reader = v_actor OR pgswarm._may_read(x, v_actor) OR pgswarm._is_operator())
        ORDER BY m.id DESC, d.mailbox LIMIT max
    ) t ORDER BY t.id, 2;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found',
            format('you have no part in %s', CASE WHEN message_thread.thread IS NULL THEN 'message ' || coalesce(message::text, '?')
                                                  ELSE format('thread "%s"', left(message_thread.thread, 200)) END),
            'see your messages with: pgswarm message inbox');
    END IF;
END
$$;
COMMENT ON FUNCTION pgswarm.message_thread IS
    'A conversation, by its thread or one of its messages: one row for each message and recipient that the caller has to do '
    'with, with what has become of it: stored, offered, delivered, acked, answered, expired, dead, replaced or discarded.';

CREATE FUNCTION pgswarm.message_subscribe(
    address text, member text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor  integer := pgswarm._actor(message_subscribe.agent, message_subscribe.session);
    v_name   record := pgswarm._address(message_subscribe.address);
    v_member integer := pgswarm._member(message_subscribe.member, v_actor);
    v_box    pgswarm.mailbox;
BEGIN
    IF v_name.kind = 'human' AND pgswarm._is_operator() THEN
        RETURN (pgswarm._mailbox_made('human', v_name.name)).seq = 0;
    ELSIF v_name.kind NOT IN ('role', 'topic') THEN
        PERFORM pgswarm._refuse(CASE v_name.kind WHEN 'human' THEN 'not_allowed' ELSE 'invalid_argument' END,
            format('nobody subscribes to %s', left(address, 80)), 'subscribe to role:NAME or topic:NAME; operators open human:NAME');
    END IF;
    v_box := pgswarm._mailbox_made(v_name.kind, v_name.name);
    INSERT INTO pgswarm.member (mailbox, agent, since) VALUES (v_box.id, v_member, pgswarm.clock()) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        PERFORM pgswarm._record('subscribed', NULL, NULL, v_member, NULL,
            jsonb_build_object('to', pgswarm._mailbox_written(v_box)), pgswarm.clock());
        RETURN true;
    END IF;
    RETURN false;
END
$$;
COMMENT ON FUNCTION pgswarm.message_subscribe IS
    'Joins a role, whose members share one mailbox, or a topic, of which each subscriber gets its own copy. Operators may do '
    'it for another (member), and open the mailbox of a human. Answers whether that is new.';

CREATE FUNCTION pgswarm.message_unsubscribe(
    address text, member text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor  integer := pgswarm._actor(message_unsubscribe.agent, message_unsubscribe.session);
    v_name   record := pgswarm._address(message_unsubscribe.address);
    v_member integer := pgswarm._member(message_unsubscribe.member, v_actor);
BEGIN
    DELETE FROM pgswarm.member r USING pgswarm.mailbox m
    WHERE m.kind = v_name.kind AND m.name = v_name.name AND r.mailbox = m.id AND r.agent = v_member;
    IF FOUND THEN
        PERFORM pgswarm._record('unsubscribed', NULL, NULL, v_member, NULL,
            jsonb_build_object('to', v_name.kind || ':' || v_name.name), pgswarm.clock());
        RETURN true;
    END IF;
    RETURN false;
END
$$;
COMMENT ON FUNCTION pgswarm.message_unsubscribe IS 'Leaves a role or a topic. What is in the mailbox already stays there.';

-- Who joins: the caller, or for an operator anybody.
CREATE FUNCTION pgswarm._member(member text, actor integer) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_agent integer;
    v_no    record;
BEGIN
    IF member IS NULL THEN
        RETURN actor;
    END IF;
    SELECT a.id INTO v_agent FROM pgswarm.agent a WHERE a.name = _member.member AND a.retired_at IS NULL;
    IF NOT FOUND THEN
        SELECT * INTO v_no FROM pgswarm._no_such_reader('agent', member);
        PERFORM pgswarm._refuse(v_no.code, v_no.message, v_no.hint);
    END IF;
    IF v_agent <> actor AND NOT pgswarm._is_operator() THEN
        PERFORM pgswarm._refuse('not_allowed', 'an agent subscribes for itself alone', 'leave the member out, or ask an operator');
    END IF;
    RETURN v_agent;
END
$$;
