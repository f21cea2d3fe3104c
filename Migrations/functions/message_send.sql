-- How a message gets into the mailboxes of its recipients: all in one transaction, an answer for each.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._send(draft pgswarm.message, recipients text[], reply_within interval, ttl interval, claim_id uuid)
RETURNS TABLE (
    ord integer, recipient text, state text, id bigint, seq bigint, depth integer, code text, message text, hint text,
    retry_at timestamptz, last_seen timestamptz, via text
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_set      pgswarm.message_setting;
    v_draft    pgswarm.message := draft;
    v_answered pgswarm.message;
    v_sender   pgswarm.sender;
    v_to       text[] := recipients;
    v_named    jsonb;
    v_old      pgswarm.delivery;
    v_boxes    integer[] := '{}';
    v_room     boolean;
    v_now      timestamptz;
    r          record;
    b          pgswarm.mailbox;
BEGIN
    SELECT * INTO v_set FROM pgswarm.message_setting;
    IF draft.in_reply_to IS NOT NULL THEN
        v_answered := pgswarm._answered(draft.in_reply_to, draft.sender);
        v_draft.thread := coalesce(draft.thread, v_answered.thread);
        IF v_to IS NULL AND v_answered.sender IS NOT NULL THEN
            v_to := ARRAY(SELECT 'agent:' || a.name FROM pgswarm.agent a WHERE a.id = v_answered.sender);
        END IF;
    END IF;
    IF coalesce(cardinality(v_to), 0) = 0 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the message is to nobody',
            'name an agent, or role:NAME, topic:NAME, human:NAME, task:ID; an answer goes to who asked');
    END IF;
    v_draft.hop := least(pgswarm._hop(draft, v_answered, claim_id), 32000);
    SELECT jsonb_agg(to_jsonb(x) ORDER BY x.ord) INTO v_named FROM pgswarm._recipients(v_to, draft.sender) x;
    IF jsonb_array_length(v_named) > v_set.max_recipients THEN
        PERFORM pgswarm._refuse('too_large',
            format('%s recipients are too many, the limit is %s', jsonb_array_length(v_named), v_set.max_recipients),
            'the subscribers of a topic count one by one; use a role, where one of its members reads it');
    END IF;
    -- First what comes into being, in one order, then the locks, in one order.
    FOR r IN
        SELECT x ->> 'kind' AS kind, x ->> 'name' AS name FROM jsonb_array_elements(v_named) x WHERE x ->> 'code' IS NULL ORDER BY 1, 2
    LOOP
        v_boxes := v_boxes || (pgswarm._mailbox_made(r.kind, r.name)).id;
    END LOOP;
    INSERT INTO pgswarm.sender (agent, since) VALUES (draft.sender, '-infinity') ON CONFLICT DO NOTHING;
    PERFORM FROM pgswarm.sender s WHERE s.agent = draft.sender FOR UPDATE;
    -- The sender's own mailbox too, if the message that is answered is in it: there it is marked.
    PERFORM FROM pgswarm.mailbox m
    WHERE m.id = ANY (v_boxes || ARRAY(SELECT d.mailbox FROM pgswarm.delivery d WHERE d.message = draft.in_reply_to))
    ORDER BY m.id FOR UPDATE;
    v_now := pgswarm.clock();
    SELECT * INTO v_sender FROM pgswarm.sender s WHERE s.agent = draft.sender;
    IF v_sender.since <= v_now - interval '1 minute' OR v_sender.since > v_now THEN
        v_sender := ROW(draft.sender, v_now, 0, 0, 0);
    END IF;
    FOR r IN
        SELECT x.*, m.id AS mailbox
        FROM jsonb_to_recordset(v_named) AS x (ord integer, kind text, name text, via text, code text, message text, hint text)
        LEFT JOIN pgswarm.mailbox m ON x.code IS NULL AND m.kind = x.kind AND m.name = x.name
        ORDER BY m.id NULLS FIRST, x.ord
    LOOP
        ord := r.ord;
        recipient := CASE WHEN r.code IS NOT NULL AND r.via IS NOT NULL THEN r.via ELSE r.kind || ':' || r.name END;
        via := r.via;
        code := r.code;
        message := r.message;
        hint := r.hint;
        id := NULL;
        seq := NULL;
        depth := NULL;
        retry_at := NULL;
        last_seen := NULL;
        IF code IS NULL AND v_draft.hop > v_set.max_hops AND r.kind <> 'human' THEN
            code := 'not_allowed';
            message := format('this would be hop %s from message to message, the limit is %s', v_draft.hop, v_set.max_hops);
            hint := 'agents that only answer one another are stopped here; write to human:operator if somebody has to know';
        END IF;
        IF code IS NOT NULL THEN
            state := 'refused';
            RETURN NEXT;
            CONTINUE;
        END IF;
        SELECT x.code, x.message, x.hint, x.retry_at INTO code, message, hint, retry_at
        FROM pgswarm._sender_room(v_sender, v_draft, v_set, v_now) x;
        IF code IS NULL THEN
            PERFORM pgswarm._tidy(r.mailbox, 1000, v_now);
            SELECT * INTO b FROM pgswarm.mailbox m WHERE m.id = r.mailbox;
            v_old := pgswarm._outdated(r.mailbox, v_draft);
            IF v_old.seq IS NOT NULL THEN
                b.depth := b.depth - 1;
                b.bytes := b.bytes - v_old.bytes;
            END IF;
            SELECT x.code, x.message, x.hint, x.retry_at INTO code, message, hint, retry_at
            FROM pgswarm._mailbox_room(b, v_draft, v_set, v_now) x;
        END IF;
        IF code IS NOT NULL THEN
            state := 'full';
            depth := (SELECT m.depth FROM pgswarm.mailbox m WHERE m.id = r.mailbox);
            RETURN NEXT;
            CONTINUE;
        END IF;
        state := CASE WHEN v_old.seq IS NULL THEN 'queued' ELSE 'coalesced' END;
        IF v_old.seq IS NOT NULL THEN
            PERFORM pgswarm._end_delivery(v_old, 'replaced', 'a later message with the same key', v_now);
        END IF;
        IF v_draft.id IS NULL THEN
            v_draft.id := nextval(pg_get_serial_sequence('pgswarm.message', 'id'));
            v_draft.thread := coalesce(v_draft.thread, 'message:' || v_draft.id);
            v_draft.sent_at := v_now;
            v_draft.reply_by := v_now + reply_within;
            INSERT INTO pgswarm.message OVERRIDING SYSTEM VALUE SELECT v_draft.*;
            v_sender.messages := v_sender.messages + 1;
        END IF;
        SELECT x.seq, x.depth INTO seq, depth
        FROM pgswarm._put(r.mailbox, v_draft, v_now + coalesce(ttl, v_set.ttl), r.via, v_now) x;
        v_sender.fanout := v_sender.fanout + 1;
        v_sender.bytes := v_sender.bytes + v_draft.bytes;
        id := v_draft.id;
        -- Nobody who works for it is there: it waits, and the sender may want to know since when.
        last_seen := CASE b.kind WHEN 'agent' THEN pgswarm._away_since(b.agent, v_now) END;
        RETURN NEXT;
    END LOOP;
    IF v_draft.id IS NULL THEN
        RETURN;
    END IF;
    UPDATE pgswarm.sender s
    SET since = v_sender.since, messages = v_sender.messages, fanout = v_sender.fanout, bytes = v_sender.bytes
    WHERE s.agent = draft.sender;
    IF draft.in_reply_to IS NOT NULL THEN
        PERFORM pgswarm._mark_answered(v_answered, draft.sender, v_now);
    END IF;
    PERFORM pgswarm._record('message_sent', NULL, draft.session, draft.sender,
        nullif(ARRAY(SELECT m.task FROM pgswarm.mailbox m WHERE m.id = ANY (v_boxes) AND m.task IS NOT NULL), '{}'),
        jsonb_strip_nulls(jsonb_build_object('message', v_draft.id, 'thread', v_draft.thread,
            'recipients', v_sender.fanout, 'hop', nullif(v_draft.hop, 0), 'urgent', nullif(v_draft.urgent, false),
            'as_holder_of', draft.task)), v_now);
END
$$;

-- Whether the sender may send one more in this minute; urgent ones go a little beyond.
CREATE FUNCTION pgswarm._sender_room(
    sender pgswarm.sender, draft pgswarm.message, settings pgswarm.message_setting, at timestamptz,
    OUT code text, OUT message text, OUT hint text, OUT retry_at timestamptz
)
LANGUAGE plpgsql
AS $$
DECLARE
    v_more double precision := CASE WHEN draft.urgent THEN 1 + settings.urgent_reserve ELSE 1 END;
BEGIN
    IF draft.id IS NULL AND sender.messages >= floor(settings.sender_rate * v_more) THEN
        message := format('you have sent %s in this minute, the limit is %s',
                          pgswarm._counted(sender.messages, 'message'), settings.sender_rate);
    ELSIF sender.fanout >= floor(settings.sender_fanout * v_more) THEN
        message := format('you have written to %s in this minute, the limit is %s',
                          pgswarm._counted(sender.fanout, 'recipient'), settings.sender_fanout);
    ELSIF sender.bytes + draft.bytes > settings.sender_bytes * v_more THEN
        message := format('you have sent %s in this minute, the limit is %s', pgswarm._counted(sender.bytes, 'byte'), settings.sender_bytes);
    ELSE
        RETURN;
    END IF;
    code := 'mailbox_full';
    retry_at := sender.since + interval '1 minute' + random() * interval '10 seconds';
    hint := format('send again after %s, or put what belongs together into one message', pgswarm._moment(retry_at));
END
$$;

-- Whether one more fits into a mailbox: the last tenth is for urgent ones, so that a full mailbox can not hide a "stop".
CREATE FUNCTION pgswarm._mailbox_room(
    mailbox pgswarm.mailbox, draft pgswarm.message, settings pgswarm.message_setting, at timestamptz,
    OUT code text, OUT message text, OUT hint text, OUT retry_at timestamptz
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_part   double precision := CASE WHEN draft.urgent THEN 1 ELSE 1 - settings.urgent_reserve END;
    v_oldest timestamptz;
BEGIN
    IF mailbox.depth + 1 > ceil(coalesce(mailbox.max_count, settings.max_count) * v_part - 0.001) THEN
        message := format('the mailbox %s is full: %s, the limit is %s', pgswarm._mailbox_written(mailbox),
            pgswarm._counted(mailbox.depth, 'message'), ceil(coalesce(mailbox.max_count, settings.max_count) * v_part - 0.001));
    ELSIF mailbox.bytes + draft.bytes > floor(coalesce(mailbox.max_bytes, settings.max_bytes) * v_part) THEN
        message := format('the mailbox %s is full: %s, the limit is %s', pgswarm._mailbox_written(mailbox),
            pgswarm._counted(mailbox.bytes, 'byte'), floor(coalesce(mailbox.max_bytes, settings.max_bytes) * v_part));
    ELSE
        RETURN;
    END IF;
    code := 'mailbox_full';
    SELECT d.queued_at INTO v_oldest FROM pgswarm.delivery d
    WHERE d.mailbox = mailbox.id AND d.state IN ('queued', 'leased') ORDER BY d.seq LIMIT 1;
    retry_at := at + interval '30 seconds' + random() * interval '30 seconds';
    hint := format('the oldest has waited since %s; send again after %s%s', pgswarm._moment(v_oldest), pgswarm._moment(retry_at),
        CASE WHEN draft.urgent THEN '' ELSE ', or as urgent if it can not wait' END);
END
$$;

-- The sender's own unread message with the same key, which the new one replaces.
CREATE FUNCTION pgswarm._outdated(mailbox integer, draft pgswarm.message) RETURNS pgswarm.delivery
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_old pgswarm.delivery;
BEGIN
    IF draft.key IS NOT NULL THEN
        SELECT d.* INTO v_old FROM pgswarm.delivery d JOIN pgswarm.message m ON m.id = d.message
        WHERE d.mailbox = _outdated.mailbox AND d.state = 'queued' AND d.key = draft.key AND m.sender = draft.sender
        ORDER BY d.seq DESC LIMIT 1;
    END IF;
    RETURN v_old;
END
$$;

CREATE FUNCTION pgswarm._away_since(agent integer, at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_live boolean;
    v_seen timestamptz;
BEGIN
    SELECT bool_or(s.ended_at IS NULL AND s.expires_at > at), max(least(s.expires_at - s.ttl, coalesce(s.ended_at, at)))
    INTO v_live, v_seen FROM pgswarm.session s WHERE s.agent = _away_since.agent;
    RETURN CASE WHEN v_live IS NOT TRUE THEN v_seen END;
END
$$;

-- An answer by somebody who had the message. The caller has locked the mailboxes it is in.
CREATE FUNCTION pgswarm._mark_answered(answered pgswarm.message, agent integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    UPDATE pgswarm.delivery d SET answered_at = coalesce(d.answered_at, at)
    FROM pgswarm.mailbox m
    WHERE d.message = answered.id AND m.id = d.mailbox
      AND (d.reader = _mark_answered.agent OR (d.reader IS NULL AND pgswarm._may_read(m, _mark_answered.agent)));
    IF FOUND THEN
        UPDATE pgswarm.message m SET answered_at = coalesce(m.answered_at, at) WHERE m.id = answered.id;
    END IF;
END
$$;
