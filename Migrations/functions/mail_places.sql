-- The moves of a delivery. Whoever makes one has locked the mailbox: its row counts what is in it.
SET LOCAL ROLE pgswarm_owner;

-- Puts a message into a mailbox, behind all that is there.
CREATE FUNCTION pgswarm._put(
    mailbox integer, message pgswarm.message, expires_at timestamptz, via text, at timestamptz, OUT seq bigint, OUT depth integer
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    UPDATE pgswarm.mailbox m
    SET seq = m.seq + 1, unread = m.unread + 1, depth = m.depth + 1, bytes = m.bytes + message.bytes
    WHERE m.id = _put.mailbox
    RETURNING m.seq, m.depth INTO seq, depth;
    INSERT INTO pgswarm.delivery (mailbox, seq, message, queued_at, expires_at, due, bytes, urgent, thread, key, via)
    VALUES (_put.mailbox, _put.seq, message.id, at, _put.expires_at, at, message.bytes, message.urgent, message.thread,
            message.key, _put.via);
END
$$;

-- Ends a delivery that is live: acked, expired, dead, replaced or discarded.
CREATE FUNCTION pgswarm._end_delivery(delivery pgswarm.delivery, state text, reason text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    UPDATE pgswarm.delivery d
    SET state = _end_delivery.state, reason = left(_end_delivery.reason, 2000), ended_at = _end_delivery.at
    WHERE d.mailbox = delivery.mailbox AND d.seq = delivery.seq;
    UPDATE pgswarm.mailbox m
    SET depth = m.depth - 1, bytes = m.bytes - delivery.bytes,
        unread = m.unread - CASE delivery.state WHEN 'queued' THEN 1 ELSE 0 END
    WHERE m.id = delivery.mailbox;
END
$$;

-- A delivery that its reader did not acknowledge goes back to its place in the thread, with the cause; after too many it
-- is dead, and the thread goes on without it. Costs a task's next holder nothing that the last one has lost.
CREATE FUNCTION pgswarm._return_delivery(
    delivery pgswarm.delivery, outcome text, error text, due timestamptz, at timestamptz
) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_max  integer := (SELECT s.max_deliveries FROM pgswarm.message_setting s);
BEGIN
    INSERT INTO pgswarm.delivery_attempt (mailbox, seq, generation, number, claim_id, delivered_at, ended_at, session, outcome, error)
    VALUES (delivery.mailbox, delivery.seq, delivery.generation, delivery.deliveries, delivery.claim_id,
            delivery.delivered_at, at, delivery.session, _return_delivery.outcome, left(_return_delivery.error, 2000));
    IF delivery.deliveries >= v_max THEN
        PERFORM pgswarm._end_delivery(delivery, 'dead',
            format('delivered %s without an acknowledgement; last: %s', pgswarm._counted(delivery.deliveries, 'time'), error), at);
        PERFORM pgswarm._record('message_dead', NULL, delivery.session, delivery.reader, NULL,
            jsonb_build_object('message', delivery.message, 'recipient', pgswarm._mailbox_written(m)), at)
        FROM pgswarm.mailbox m WHERE m.id = delivery.mailbox;
        RETURN 'dead';
    END IF;
    UPDATE pgswarm.delivery d SET state = 'queued', due = _return_delivery.due
    WHERE d.mailbox = delivery.mailbox AND d.seq = delivery.seq;
    UPDATE pgswarm.mailbox m SET unread = m.unread + 1 WHERE m.id = delivery.mailbox;
    RETURN 'queued';
END
$$;

-- Why a delivery is no longer its reader's; NULL: it is. One that was made to a task's holder goes with the hold.
CREATE FUNCTION pgswarm._lapsed(delivery pgswarm.delivery, at timestamptz) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN CASE
        WHEN delivery.due <= at THEN 'not acknowledged in time'
        WHEN delivery.task_claim IS NOT NULL AND NOT EXISTS (
            SELECT FROM pgswarm.mailbox m JOIN pgswarm.lease l ON l.task = m.task
            WHERE m.id = delivery.mailbox AND l.claim_id = delivery.task_claim)
            THEN 'its reader no longer holds the task'
        WHEN NOT EXISTS (SELECT FROM pgswarm.session s WHERE s.id = delivery.session AND s.ended_at IS NULL)
            THEN 'its reader''s session has ended' END;
END
$$;

-- Looks at what has run out in a mailbox that the caller has locked.
CREATE FUNCTION pgswarm._tidy(mailbox integer, batch integer, at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_one   pgswarm.delivery;
    v_why   text;
    v_count integer := 0;
    v_gone  bigint[] := '{}';
BEGIN
    FOR v_one IN
        (SELECT * FROM pgswarm.delivery d WHERE d.mailbox = _tidy.mailbox AND d.state = 'leased' ORDER BY d.seq LIMIT batch)
        UNION ALL
        -- The first condition is one look at what expires next anywhere, and nearly always all there is.
        (SELECT * FROM pgswarm.delivery d
         WHERE EXISTS (SELECT FROM pgswarm.delivery x WHERE x.state IN ('queued', 'leased') AND x.expires_at <= at)
           AND d.mailbox = _tidy.mailbox AND d.state = 'queued' AND d.expires_at <= at
         ORDER BY d.seq LIMIT batch)
    LOOP
        IF v_one.state = 'leased' THEN
            v_why := pgswarm._lapsed(v_one, at);
            CONTINUE WHEN v_why IS NULL;
            v_count := v_count + 1;
            CONTINUE WHEN pgswarm._return_delivery(v_one, 'lapsed', v_why, at, at) = 'dead' OR v_one.expires_at > at;
            v_one.state := 'queued';
        END IF;
        PERFORM pgswarm._end_delivery(v_one, 'expired', 'nobody took it in time', at);
        v_gone := v_gone || v_one.message;
        v_count := v_count + 1;
    END LOOP;
    IF cardinality(v_gone) > 0 THEN
        PERFORM pgswarm._record('message_expired', NULL, NULL, NULL, NULL,
            jsonb_build_object('messages', to_jsonb(v_gone), 'recipient', pgswarm._mailbox_written(m)), at)
        FROM pgswarm.mailbox m WHERE m.id = _tidy.mailbox;
    END IF;
    RETURN v_count;
END
$$;

-- What runs out while nobody sends or receives. Mailboxes that somebody has locked are passed over: whoever has one looks
-- himself. Nothing here waits, so it may follow anything.
CREATE FUNCTION pgswarm._sweep_messages(batch integer) RETURNS integer
LANGUAGE plpgsql SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_now   timestamptz := pgswarm.clock();
    v_box   pgswarm.mailbox;
    v_count integer := 0;
BEGIN
    FOR v_box IN
        SELECT * FROM pgswarm.mailbox m
        WHERE m.id IN (
            (SELECT d.mailbox FROM pgswarm.delivery d WHERE d.state IN ('queued', 'leased') AND d.expires_at <= v_now
             ORDER BY d.expires_at LIMIT batch)
            UNION ALL
            (SELECT d.mailbox FROM pgswarm.delivery d WHERE d.state = 'leased' AND d.due <= v_now ORDER BY d.due LIMIT batch))
        ORDER BY m.id FOR UPDATE SKIP LOCKED
    LOOP
        v_count := v_count + pgswarm._tidy(v_box.id, batch, v_now);
    END LOOP;
    RETURN v_count + pgswarm._tell_overdue(batch, v_now);
END
$$;

-- A request that nobody has answered in time becomes an event and urgent mail to a human, once.
CREATE FUNCTION pgswarm._tell_overdue(batch integer, at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_asked pgswarm.message;
    v_news  pgswarm.message;
    v_to    text[];
    v_count integer := 0;
BEGIN
    IF NOT EXISTS (SELECT FROM pgswarm.message m
                   WHERE m.reply_by <= at AND m.answered_at IS NULL AND m.overdue_at IS NULL AND m.reply_by IS NOT NULL) THEN
        RETURN 0;
    END IF;
    PERFORM FROM pgswarm.mailbox m WHERE m.kind = 'human' AND m.name = 'operator' FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    FOR v_asked IN
        SELECT * FROM pgswarm.message m
        WHERE m.reply_by <= at AND m.answered_at IS NULL AND m.overdue_at IS NULL AND m.reply_by IS NOT NULL
        ORDER BY m.reply_by LIMIT batch FOR UPDATE SKIP LOCKED
    LOOP
        UPDATE pgswarm.message m SET overdue_at = at WHERE m.id = v_asked.id;
        v_to := ARRAY(SELECT pgswarm._mailbox_written(m) FROM pgswarm.delivery d JOIN pgswarm.mailbox m ON m.id = d.mailbox
                      WHERE d.message = v_asked.id ORDER BY m.kind, m.name);
        PERFORM pgswarm._record('reply_overdue', NULL, v_asked.session, v_asked.sender,
            CASE WHEN v_asked.task IS NOT NULL THEN ARRAY[v_asked.task] END,
            jsonb_build_object('message', v_asked.id, 'thread', v_asked.thread, 'recipients', to_jsonb(v_to)), at);
        INSERT INTO pgswarm.message (sent_at, in_reply_to, sender, bytes, hop, urgent, thread, kind, subject, body)
        SELECT at, v_asked.id, NULL, octet_length(b.body::text), 0, true, 'overdue:' || v_asked.id, 'reply_overdue',
               format('no answer to message %s', v_asked.id), b.body
        FROM (SELECT jsonb_build_object('message', v_asked.id, 'subject', v_asked.subject, 'thread', v_asked.thread,
                  'sender', (SELECT a.name FROM pgswarm.agent a WHERE a.id = v_asked.sender), 'recipients', to_jsonb(v_to),
                  'expected_by', pgswarm._moment(v_asked.reply_by)) AS body) b
        RETURNING * INTO v_news;
        PERFORM pgswarm._put(m.id, v_news, at + s.ttl, NULL, at)
        FROM pgswarm.mailbox m, pgswarm.message_setting s WHERE m.kind = 'human' AND m.name = 'operator';
        v_count := v_count + 1;
    END LOOP;
    RETURN v_count;
END
$$;

-- Upkeep: what is over and past retention, and mail to tasks that nobody will hold.
CREATE FUNCTION pgswarm._upkeep_messages(before timestamptz, batch integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_ids bigint[];
    v_box pgswarm.mailbox;
    v_one pgswarm.delivery;
BEGIN
    PERFORM pgswarm._sweep_messages(batch);
    FOR v_box IN
        SELECT * FROM pgswarm.mailbox m
        WHERE m.task IS NOT NULL AND m.depth > 0
          AND EXISTS (SELECT FROM pgswarm.outcome o WHERE o.task = m.task AND o.retried_at IS NULL)
        ORDER BY m.id LIMIT batch FOR UPDATE SKIP LOCKED
    LOOP
        FOR v_one IN
            SELECT * FROM pgswarm.delivery d WHERE d.mailbox = v_box.id AND d.state IN ('queued', 'leased') ORDER BY d.seq
        LOOP
            PERFORM pgswarm._end_delivery(v_one, 'dead', 'the task has ended', at);
            PERFORM pgswarm._record('message_dead', NULL, NULL, NULL, ARRAY[v_box.task],
                jsonb_build_object('message', v_one.message, 'recipient', pgswarm._mailbox_written(v_box)), at);
        END LOOP;
    END LOOP;
    v_ids := ARRAY(
        SELECT m.id FROM pgswarm.message m
        WHERE m.sent_at < before
          AND NOT EXISTS (SELECT FROM pgswarm.delivery d
                          WHERE d.message = m.id AND (d.state IN ('queued', 'leased') OR d.ended_at >= before))
        ORDER BY m.sent_at LIMIT batch);
    DELETE FROM pgswarm.delivery_attempt a USING pgswarm.delivery d
    WHERE d.message = ANY (v_ids) AND a.mailbox = d.mailbox AND a.seq = d.seq;
    DELETE FROM pgswarm.delivery d WHERE d.message = ANY (v_ids);
    DELETE FROM pgswarm.message m WHERE m.id = ANY (v_ids);
    DELETE FROM pgswarm.mailbox m
    WHERE m.task IS NOT NULL AND m.depth = 0 AND NOT EXISTS (SELECT FROM pgswarm.task t WHERE t.id = m.task)
      AND NOT EXISTS (SELECT FROM pgswarm.delivery d WHERE d.mailbox = m.id);
    DELETE FROM pgswarm.mailbox_waiter w WHERE w.since < at - interval '1 day';
    DELETE FROM pgswarm.sender s WHERE s.since < at - interval '1 day';
END
$$;
