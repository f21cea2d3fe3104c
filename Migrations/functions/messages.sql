-- Sending. All locks are taken in one order: the task behind a handle, the request, the sender's row, mailboxes by id.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.message_send(
    recipients text[] DEFAULT NULL,
    body jsonb DEFAULT NULL,
    subject text DEFAULT NULL,
    thread text DEFAULT NULL,
    kind text DEFAULT NULL,
    urgent boolean DEFAULT false,
    key text DEFAULT NULL,
    in_reply_to bigint DEFAULT NULL,
    reply_within interval DEFAULT NULL,
    ttl interval DEFAULT NULL,
    handle text DEFAULT NULL,
    request_id text DEFAULT NULL,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (
    ord integer, recipient text, state text, id bigint, seq bigint, depth integer, code text, message text, hint text,
    retry_at timestamptz, last_seen timestamptz, via text
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_draft   pgswarm.message;
    v_session pgswarm.session;
    v_lease   pgswarm.lease;
    v_answer  jsonb;
BEGIN
    PERFORM pgswarm._check_message(recipients, body, subject, thread, kind, key, reply_within, ttl);
    IF handle IS NOT NULL THEN
        v_lease := pgswarm._held(handle);
        SELECT * INTO v_session FROM pgswarm.session s WHERE s.id = v_lease.session;
        v_draft.task := v_lease.task;
    ELSE
        v_session := CASE WHEN session IS NULL THEN pgswarm._bare_session(agent) ELSE pgswarm._live_session(session) END;
    END IF;
    v_draft.session := v_session.id;
    v_draft.sender := v_session.agent;
    v_draft.subject := message_send.subject;
    v_draft.thread := message_send.thread;
    v_draft.kind := message_send.kind;
    v_draft.urgent := coalesce(message_send.urgent, false);
    v_draft.key := message_send.key;
    v_draft.in_reply_to := message_send.in_reply_to;
    v_draft.body := message_send.body;
    v_draft.bytes := octet_length(coalesce(message_send.body::text, '')) + octet_length(coalesce(message_send.subject, ''));
    IF message_send.request_id IS NOT NULL THEN
        v_answer := pgswarm._begin_request(v_draft.sender, 'message_send', message_send.request_id,
            to_jsonb(v_draft) - 'session' || jsonb_build_object('to', recipients, 'within', reply_within, 'ttl', ttl));
    END IF;
    IF v_answer IS NULL THEN
        SELECT jsonb_agg(to_jsonb(s) ORDER BY s.ord) INTO v_answer
        FROM pgswarm._send(v_draft, recipients, reply_within, ttl, v_lease.claim_id) s;
        IF message_send.request_id IS NOT NULL THEN
            -- Nothing was stored: the same id may try again.
            PERFORM pgswarm._end_request(v_draft.sender, 'message_send', message_send.request_id,
                CASE WHEN jsonb_path_exists(v_answer, '$[*].id ? (@ != null)') THEN v_answer END);
        END IF;
    END IF;
    RETURN QUERY
    SELECT a.ord, a.recipient, a.state, a.id, a.seq, a.depth, a.code, a.message, a.hint, a.retry_at, a.last_seen, a.via
    FROM jsonb_to_recordset(v_answer) AS a (
        ord integer, recipient text, state text, id bigint, seq bigint, depth integer, code text, message text, hint text,
        retry_at timestamptz, last_seen timestamptz, via text)
    ORDER BY a.ord;
END
$$;
COMMENT ON FUNCTION pgswarm.message_send IS
    'Sends one message to agents (NAME or agent:NAME), role:NAME, topic:NAME, human:NAME or task:ID. One row for each '
    'recipient: queued (with the depth of its mailbox), coalesced (it replaced an unread one with the same key), full (try '
    'after retry_at) or refused (code, message and hint say why). Ring after the commit: message_ring.';

CREATE FUNCTION pgswarm._check_message(
    recipients text[], body jsonb, subject text, thread text, kind text, key text, reply_within interval, ttl interval
) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_set  pgswarm.message_setting;
    v_what text;
    v_text text;
BEGIN
    SELECT * INTO v_set FROM pgswarm.message_setting;
    IF cardinality(recipients) > v_set.max_recipients THEN
        PERFORM pgswarm._refuse('too_large',
            format('%s recipients are too many, the limit is %s', cardinality(recipients), v_set.max_recipients),
            'send to a role or a topic, or in several calls');
    END IF;
    IF octet_length(body::text) > v_set.max_body THEN
        PERFORM pgswarm._refuse('too_large',
            format('the body has %s bytes, the limit is %s', octet_length(body::text), v_set.max_body),
            'store large data elsewhere and send a reference to it');
    END IF;
    FOR v_what, v_text IN SELECT * FROM unnest(ARRAY['subject', 'thread', 'kind', 'key'], ARRAY[subject, thread, kind, key]) LOOP
        IF v_text ~ '[[:cntrl:]]' OR length(v_text) NOT BETWEEN 1 AND 200 THEN
            PERFORM pgswarm._refuse('invalid_argument', format('%L is not a %s', left(v_text, 80), v_what),
                'it has 1 to 200 characters and no control characters');
        END IF;
    END LOOP;
    IF body IS NULL AND subject IS NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the message says nothing', 'give a body or a subject');
    END IF;
    FOR v_what, v_text IN
        SELECT x.what, x.length::text
        FROM (VALUES ('reply_within', reply_within), ('ttl', ttl)) x (what, length)
        WHERE x.length < '1 second' OR x.length > '365 days'
    LOOP
        PERFORM pgswarm._refuse('invalid_argument', format('a %s of %s is out of range', v_what, v_text),
            'choose 1 second to 365 days');
    END LOOP;
END
$$;

-- Who is meant: topics stand for their subscribers, nobody gets a message twice. Those that nobody has come with the reason.
CREATE FUNCTION pgswarm._recipients(addresses text[], sender integer)
RETURNS TABLE (ord integer, kind text, name text, via text, code text, message text, hint text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_address text;
    v_seen    text[] := '{}';
    v_member  text;
BEGIN
    ord := 0;
    FOREACH v_address IN ARRAY addresses LOOP
        via := NULL;
        SELECT x.kind, x.name INTO kind, name FROM pgswarm._address(v_address) x;
        CONTINUE WHEN kind || ':' || name = ANY (v_seen);
        v_seen := v_seen || (kind || ':' || name);
        ord := ord + 1;
        SELECT x.code, x.message, x.hint INTO code, message, hint FROM pgswarm._no_such_reader(kind, name) x;
        IF code IS NOT NULL OR kind <> 'topic' THEN
            RETURN NEXT;
            CONTINUE;
        END IF;
        via := kind || ':' || name;
        FOR v_member IN
            SELECT a.name FROM pgswarm.member r
            JOIN pgswarm.mailbox m ON m.id = r.mailbox
            JOIN pgswarm.agent a ON a.id = r.agent
            WHERE m.kind = 'topic' AND m.name = _recipients.name AND r.agent <> sender AND a.retired_at IS NULL ORDER BY 1
        LOOP
            CONTINUE WHEN 'agent:' || v_member = ANY (v_seen) OR 'agent:' || v_member = ANY (addresses) OR v_member = ANY (addresses);
            v_seen := v_seen || ('agent:' || v_member);
            kind := 'agent';
            name := v_member;
            RETURN NEXT;
            ord := ord + 1;
        END LOOP;
        IF kind = 'topic' THEN
            code := 'not_found';
            message := format('%s has no subscribers', via);
            hint := format('it begins with the first: pgswarm message subscribe %s', via);
            RETURN NEXT;
        ELSE
            ord := ord - 1;
        END IF;
    END LOOP;
END
$$;

-- How many messages led to this one: one more than of what is answered or being handled.
CREATE FUNCTION pgswarm._hop(draft pgswarm.message, answered pgswarm.message, claim_id uuid) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN greatest(
        answered.hop + 1,
        (SELECT max(m.hop) + 1 FROM pgswarm.delivery d JOIN pgswarm.message m ON m.id = d.message
         WHERE d.state = 'leased' AND d.reader = draft.sender AND d.session = draft.session),
        (SELECT max(m.hop) + 1 FROM pgswarm.mailbox b JOIN pgswarm.delivery d ON d.mailbox = b.id
         JOIN pgswarm.message m ON m.id = d.message
         WHERE b.task = draft.task AND d.task_claim = _hop.claim_id),
        0);
END
$$;

-- The message that is answered: the sender must have had it, or have sent it.
CREATE FUNCTION pgswarm._answered(message bigint, agent integer) RETURNS pgswarm.message
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_message pgswarm.message;
BEGIN
    SELECT * INTO v_message FROM pgswarm.message m WHERE m.id = _answered.message;
    IF NOT FOUND OR NOT pgswarm._took_part(v_message, agent) THEN
        PERFORM pgswarm._refuse('not_found', format('you have no message %s', message),
            'see yours with: pgswarm message inbox');
    END IF;
    RETURN v_message;
END
$$;

CREATE FUNCTION pgswarm._took_part(message pgswarm.message, agent integer) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce(message.sender = agent, false) OR EXISTS (
        SELECT FROM pgswarm.delivery d JOIN pgswarm.mailbox m ON m.id = d.mailbox
        WHERE d.message = (_took_part.message).id
          AND (d.reader = _took_part.agent OR (d.reader IS NULL AND pgswarm._may_read(m, _took_part.agent))));
END
$$;
