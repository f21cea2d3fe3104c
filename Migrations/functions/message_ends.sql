-- How a delivery ends by its reader's word, and what operators do with those that ended badly.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.message_ack(handles text[], session uuid DEFAULT NULL)
RETURNS TABLE (ord integer, delivery text, code text, id bigint, state text, message text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT * FROM pgswarm._end_deliveries(handles, 'acked', NULL, NULL, session);
END
$$;
COMMENT ON FUNCTION pgswarm.message_ack IS
    'Done with these messages. One row for each handle: ok, or lost_claim when the delivery ran out and was given back. In one '
    'transaction with the effect of the message, the effect happens once.';

CREATE FUNCTION pgswarm.message_nack(
    handles text[], delay interval DEFAULT NULL, error text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (ord integer, delivery text, code text, id bigint, state text, message text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
    IF delay < '0' OR delay > interval '24 hours' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('a delay of %s is out of range', delay), 'choose 0 to 24 hours');
    END IF;
    RETURN QUERY SELECT * FROM pgswarm._end_deliveries(handles, 'nacked', delay, error, session);
END
$$;
COMMENT ON FUNCTION pgswarm.message_nack IS
    'Gives messages back: each comes again, after delay, before anything later of its thread; after too many deliveries it is '
    'a dead letter with the error of each.';

CREATE FUNCTION pgswarm._end_deliveries(handles text[], how text, delay interval, error text, session uuid)
RETURNS TABLE (ord integer, delivery text, code text, id bigint, state text, message text)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_session pgswarm.session;
    v_now     timestamptz;
    v_done    bigint[] := '{}';
    d         pgswarm.delivery;
    r         record;
    v_list    jsonb;
BEGIN
    IF session IS NOT NULL THEN
        v_session := pgswarm._live_session(session);
    END IF;
    SELECT jsonb_agg(to_jsonb(h) ORDER BY h.ord) INTO v_list FROM pgswarm._delivered(handles) h;
    v_now := pgswarm.clock();
    FOR r IN
        SELECT x.* FROM jsonb_to_recordset(v_list) AS x (ord integer, handle text, mailbox integer, seq bigint, claim_id uuid)
        ORDER BY x.ord
    LOOP
        ord := r.ord;
        delivery := r.handle;
        code := 'ok';
        message := NULL;
        SELECT * INTO d FROM pgswarm.delivery x WHERE x.mailbox = r.mailbox AND x.seq = r.seq;
        id := d.message;
        state := CASE WHEN d.claim_id = r.claim_id THEN d.state END;
        IF d.claim_id IS DISTINCT FROM r.claim_id THEN
            code := 'lost_claim';
            id := NULL;
            message := CASE WHEN d.message IS NULL THEN 'there is no such delivery'
                ELSE 'this delivery is no longer yours: the message was delivered again' END;
        ELSIF d.state = 'acked' AND how = 'acked' THEN
            message := 'acknowledged before';
        ELSIF d.state <> 'leased' THEN
            code := 'lost_claim';
            message := format('this delivery is no longer yours: %s', CASE d.state
                WHEN 'queued' THEN 'it was given back and comes again' WHEN 'acked' THEN 'it was acknowledged'
                ELSE 'the message is ' || d.state END);
        -- Time alone takes no delivery from its reader, the loss of the task does.
        ELSIF d.task_claim IS NOT NULL AND pgswarm._lapsed(d, d.delivered_at) IS NOT NULL THEN
            code := 'lost_claim';
            message := 'this delivery is no longer yours: the task has another holder, or none';
        ELSIF how = 'acked' THEN
            PERFORM pgswarm._end_delivery(d, 'acked', NULL, v_now);
            state := 'acked';
            v_done := v_done || d.message;
        ELSE
            state := pgswarm._return_delivery(d, 'nacked', coalesce(error, 'given back'), v_now + coalesce(delay, '0'), v_now);
            v_done := v_done || d.message;
        END IF;
        RETURN NEXT;
    END LOOP;
    IF session IS NOT NULL THEN
        PERFORM pgswarm._touch(v_session, v_now);
    END IF;
    IF cardinality(v_done) > 0 THEN
        PERFORM pgswarm._record('message_' || how, NULL, d.session, d.reader, NULL,
            jsonb_build_object('messages', to_jsonb(v_done)), v_now);
    END IF;
END
$$;

-- Dead letters, or expired ones, that the caller has to do with, with their mailboxes locked.
CREATE FUNCTION pgswarm._dead(messages bigint[], address text, states text[], agent integer)
RETURNS SETOF pgswarm.delivery
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    IF coalesce(cardinality(messages), 0) NOT BETWEEN 1 AND 1000 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%s messages are out of range', coalesce(cardinality(messages), 0)), 'name 1 to 1000');
    END IF;
    PERFORM FROM pgswarm.mailbox m
    WHERE m.id IN (SELECT d.mailbox FROM pgswarm.delivery d WHERE d.message = ANY (messages))
    ORDER BY m.id FOR UPDATE;
    RETURN QUERY
    SELECT d.* FROM pgswarm.delivery d JOIN pgswarm.mailbox m ON m.id = d.mailbox
    WHERE d.message = ANY (messages) AND d.state = ANY (states)
      AND (address IS NULL OR m.kind || ':' || m.name = (SELECT x.kind || ':' || x.name FROM pgswarm._address(address) x))
      AND (pgswarm._is_operator() OR pgswarm._may_read(m, agent))
    ORDER BY d.mailbox, d.seq;
END
$$;

CREATE FUNCTION pgswarm.message_redrive(
    messages bigint[], mailbox text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (id bigint, recipient text, seq bigint, generation integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor(message_redrive.agent, message_redrive.session);
    v_now   timestamptz;
    d       pgswarm.delivery;
BEGIN
    FOR d IN SELECT * FROM pgswarm._dead(messages, message_redrive.mailbox, '{dead,expired}', v_actor) LOOP
        v_now := pgswarm.clock();
        IF d.generation >= 10 THEN
            PERFORM pgswarm._refuse('wrong_state', format('message %s was redriven 9 times', d.message),
                'it will not get better by itself: discard it, and send what is still needed anew');
        END IF;
        UPDATE pgswarm.delivery x
        SET state = 'queued', generation = x.generation + 1, deliveries = 0, due = v_now, ended_at = NULL, reason = NULL,
            expires_at = greatest(x.expires_at, v_now + (SELECT s.ttl FROM pgswarm.message_setting s))
        WHERE x.mailbox = d.mailbox AND x.seq = d.seq;
        UPDATE pgswarm.mailbox m SET unread = m.unread + 1, depth = m.depth + 1, bytes = m.bytes + d.bytes
        WHERE m.id = d.mailbox
        RETURNING m.kind || ':' || m.name INTO recipient;
        id := d.message;
        seq := d.seq;
        generation := d.generation + 1;
        PERFORM pgswarm._record('message_redriven', NULL, NULL, v_actor, NULL,
            jsonb_build_object('message', d.message, 'recipient', recipient, 'generation', generation), v_now);
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION pgswarm.message_redrive IS
    'Puts dead or expired messages back at their old place, with the same id and a new generation of deliveries.';

CREATE FUNCTION pgswarm.message_discard(
    messages bigint[], reason text, mailbox text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (id bigint, recipient text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor(message_discard.agent, message_discard.session);
    v_now   timestamptz;
    d       pgswarm.delivery;
BEGIN
    IF coalesce(length(reason), 0) NOT BETWEEN 1 AND 2000 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a discarded message needs a reason', 'say in 1 to 2000 characters why');
    END IF;
    FOR d IN SELECT * FROM pgswarm._dead(messages, message_discard.mailbox, '{dead,expired}', v_actor) LOOP
        v_now := pgswarm.clock();
        UPDATE pgswarm.delivery x SET state = 'discarded', reason = message_discard.reason, ended_at = v_now
        WHERE x.mailbox = d.mailbox AND x.seq = d.seq;
        id := d.message;
        recipient := (SELECT m.kind || ':' || m.name FROM pgswarm.mailbox m WHERE m.id = d.mailbox);
        PERFORM pgswarm._record('message_discarded', NULL, NULL, v_actor, NULL,
            jsonb_build_object('message', d.message, 'recipient', recipient, 'reason', message_discard.reason), v_now);
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION pgswarm.message_discard IS 'Gives dead or expired messages up for good, with a reason.';
