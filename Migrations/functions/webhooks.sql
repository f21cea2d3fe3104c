-- The webhook: people are told of questions where they are. What is to be told is written with what happened; whoever
-- coordinates sends it afterwards, at least once. The form is that of https://www.standardwebhooks.com.
SET LOCAL ROLE pgswarm_owner;

-- HMAC with SHA-256, https://www.rfc-editor.org/rfc/rfc2104: the core has the hash and not the code.
CREATE FUNCTION pgswarm._hmac_sha256(secret bytea, message bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_key   bytea := CASE WHEN length(secret) > 64 THEN sha256(secret) ELSE secret END;
    v_inner bytea := decode(repeat('36', 64), 'hex');
    v_outer bytea := decode(repeat('5c', 64), 'hex');
BEGIN
    FOR i IN 0..length(v_key) - 1 LOOP
        v_inner := set_byte(v_inner, i, get_byte(v_key, i) # 54);   -- 0x36
        v_outer := set_byte(v_outer, i, get_byte(v_key, i) # 92);   -- 0x5c
    END LOOP;
    RETURN sha256(v_outer || sha256(v_inner || message));
END
$$;

CREATE FUNCTION pgswarm.webhook_set(
    url text, secret text DEFAULT NULL, events text[] DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor  integer := pgswarm._human_actor(webhook_set.agent, webhook_set.session);
    v_known  text[] := ARRAY['question.asked', 'question.answered', 'question.defaulted', 'question.denied',
                             'question.escalated', 'question.overdue', 'question.withdrawn', 'review.needs_human', 'test'];
    v_secret bytea;
    v_shown  text;
BEGIN
    IF url IS NULL THEN
        DELETE FROM pgswarm.webhook;
        UPDATE pgswarm.webhook_delivery d
        SET state = 'dead', ended_at = pgswarm.clock(), error = 'the webhook was turned off', lease = NULL, until = NULL
        WHERE d.state = 'waiting';
        PERFORM pgswarm._record('webhook_off', NULL, NULL, v_actor, NULL, NULL, pgswarm.clock());
        RETURN NULL;
    END IF;
    IF url !~ '^https?://[^[:space:][:cntrl:]@]+$' OR length(url) > 2000 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is no address of a webhook', left(url, 80)),
            'it begins with https:// or http://, and carries no user name');
    ELSIF NOT coalesce(events, '{}') <@ v_known THEN
        PERFORM pgswarm._refuse('invalid_argument', 'there is no such event for a webhook', 'the events are ' || array_to_string(v_known, ', '));
    END IF;
    BEGIN
        v_secret := CASE WHEN secret IS NULL
            THEN sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))
            ELSE decode(regexp_replace(secret, '^whsec_', ''), 'base64') END;
    EXCEPTION WHEN data_exception THEN
        v_secret := NULL;
    END;
    IF v_secret IS NULL OR length(v_secret) NOT BETWEEN 24 AND 64 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the secret is not 24 to 64 bytes in base64',
            'leave it out and one is made; it is shown once');
    END IF;
    INSERT INTO pgswarm.webhook AS w (url, secret, events, set_at, set_by)
    VALUES (webhook_set.url, v_secret, coalesce(webhook_set.events, v_known), pgswarm.clock(),
            (SELECT a.name FROM pgswarm.agent a WHERE a.id = v_actor))
    ON CONFLICT (singleton) DO UPDATE
        SET url = excluded.url, secret = excluded.secret, events = excluded.events, set_at = excluded.set_at, set_by = excluded.set_by;
    PERFORM pgswarm._record('webhook_set', NULL, NULL, v_actor, NULL,
        jsonb_build_object('host', substring(url FROM '^https?://([^/?#]+)')), pgswarm.clock());  -- the rest may be a secret
    v_shown := 'whsec_' || replace(encode(v_secret, 'base64'), E'\n', '');
    RETURN v_shown;
END
$$;
COMMENT ON FUNCTION pgswarm.webhook_set IS
    'Sets where people are told of questions (NULL: nowhere) and answers the secret that signs, which is not shown again. A '
    'person''s act.';

CREATE FUNCTION pgswarm._tell_hook(event text, question pgswarm.question, at timestamptz) RETURNS void
LANGUAGE plpgsql SET timezone = 'UTC'  -- for the times in the JSON
AS $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT FROM pgswarm.webhook w WHERE _tell_hook.event = ANY (w.events)) THEN
        PERFORM pgswarm._tell_hook(event, jsonb_build_object(
            'id', question.id::text, 'text', question.text, 'options', to_jsonb(question.options), 'severity', question.severity,
            'state', question.state, 'rung', question.rungs[question.rung], 'deadline', question.deadline,
            'answer', question.answer, 'answered_by', question.answered_by,
            'asker', (SELECT a.name FROM pgswarm.agent a WHERE a.id = question.asker)), at);
    END IF;
END
$$;

CREATE FUNCTION pgswarm._tell_hook(event text, data jsonb, at timestamptz) RETURNS void
LANGUAGE plpgsql SET timezone = 'UTC'  -- for the times in the JSON
AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO pgswarm.webhook_delivery (at, event, body, due)
    SELECT _tell_hook.at, _tell_hook.event,
           jsonb_build_object('type', event, 'timestamp', at, 'data', data)::text, _tell_hook.at
    FROM pgswarm.webhook w WHERE _tell_hook.event = ANY (w.events);
END
$$;

CREATE FUNCTION pgswarm.webhook_test(agent text DEFAULT NULL, session uuid DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
BEGIN
    PERFORM pgswarm._human_actor(agent, session);
    IF NOT EXISTS (SELECT FROM pgswarm.webhook) THEN
        RETURN false;
    END IF;
    PERFORM pgswarm._tell_hook('test', '{"text": "a test of the webhook"}'::jsonb, pgswarm.clock());
    RETURN true;
END
$$;
COMMENT ON FUNCTION pgswarm.webhook_test IS 'Puts a test on its way to the webhook. Answers whether there is one.';

-- The next deliveries, leased for a minute: two coordinators don't send the same at once.
CREATE FUNCTION pgswarm.webhook_next(count integer DEFAULT 10)
RETURNS TABLE (id bigint, lease uuid, url text, event text, attempt integer, "timestamp" bigint, signature text, body text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := pgswarm.clock();
BEGIN
    PERFORM pgswarm._check_batch(count);
    RETURN QUERY
    WITH next AS (
        SELECT d.id FROM pgswarm.webhook_delivery d
        WHERE d.state = 'waiting' AND d.due <= v_now AND coalesce(d.until <= v_now, true)
        ORDER BY d.due, d.id LIMIT webhook_next.count FOR UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE pgswarm.webhook_delivery d
        SET lease = gen_random_uuid(), until = v_now + interval '1 minute', attempts = d.attempts + 1
        FROM next WHERE d.id = next.id
        RETURNING d.*
    )
    SELECT t.id, t.lease, w.url, t.event, t.attempts::integer, extract(epoch FROM v_now)::bigint,
           'v1,' || replace(encode(pgswarm._hmac_sha256(w.secret, convert_to(
               format('msg_%s.%s.%s', t.id, extract(epoch FROM v_now)::bigint, t.body), 'UTF8')), 'base64'), E'\n', ''),
           t.body
    FROM taken t, pgswarm.webhook w
    ORDER BY t.id;
END
$$;
COMMENT ON FUNCTION pgswarm.webhook_next IS
    'Takes up to count deliveries that are due, signed: the headers are webhook-id (msg_ and the id), webhook-timestamp and '
    'webhook-signature. Say with webhook_sent how it went.';

-- A failed one is tried again with jitter, eight times in about eight hours, then it is dead with its last cause.
CREATE FUNCTION pgswarm.webhook_sent(id bigint, lease uuid, error text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_now   timestamptz := pgswarm.clock();
    v_state text;
BEGIN
    UPDATE pgswarm.webhook_delivery d
    SET state = CASE WHEN webhook_sent.error IS NULL THEN 'delivered' WHEN d.attempts >= 8 THEN 'dead' ELSE 'waiting' END,
        ended_at = CASE WHEN webhook_sent.error IS NULL OR d.attempts >= 8 THEN v_now END,
        due = v_now + interval '5 seconds' * power(4, d.attempts - 1) * (0.5 + random()), error = left(webhook_sent.error, 2000),
        lease = NULL, until = NULL
    WHERE d.id = webhook_sent.id AND d.lease = webhook_sent.lease AND d.state = 'waiting'
    RETURNING d.state INTO v_state;
    IF v_state IS NULL THEN
        RETURN 'lost';
    END IF;
    IF v_state = 'dead' THEN
        PERFORM pgswarm._record('webhook_dead', NULL, NULL, NULL, NULL,
            jsonb_build_object('delivery', id::text, 'error', left(error, 500)), v_now);
    END IF;
    RETURN v_state;
END
$$;
COMMENT ON FUNCTION pgswarm.webhook_sent IS 'How a delivery went: delivered, waiting (tried again later), dead, or lost (another has it).';

CREATE VIEW pgswarm.webhook_deliveries AS
SELECT d.id, d.event, d.state, d.attempts::integer AS attempts, d.at, d.due, d.ended_at, d.error, d.body
FROM pgswarm.webhook_delivery d;

CREATE VIEW pgswarm.webhooks AS
SELECT w.url, w.events, w.set_at, w.set_by,
       (SELECT count(*) FROM pgswarm.webhook_delivery d WHERE d.state = 'waiting') AS waiting,
       (SELECT count(*) FROM pgswarm.webhook_delivery d WHERE d.state = 'dead') AS dead
FROM pgswarm.webhook w;
