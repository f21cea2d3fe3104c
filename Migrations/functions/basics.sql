-- The clock, the errors, and the small questions that every verb asks first.
SET LOCAL ROLE pgswarm_owner;

-- The one clock. Every verb reads it once, after it holds its row locks: a time taken before a wait for a lock is
-- stale. It is the wall clock and not now(), which stands still for the length of a transaction. There is no
-- setting that moves it, because such a setting would let any caller end the leases of others. Tests replace the
-- function itself.
CREATE FUNCTION pgswarm.clock() RETURNS timestamptz
LANGUAGE sql VOLATILE
AS 'SELECT pg_catalog.clock_timestamp()';

-- The closed list of errors: SQLSTATE class PS. MESSAGE says what happened, HINT says what to do next, DETAIL
-- carries the code's name.
CREATE FUNCTION pgswarm._refuse(code text, message text, hint text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = CASE code
            WHEN 'lost_claim'       THEN 'PS001'
            WHEN 'not_found'        THEN 'PS002'
            WHEN 'invalid_argument' THEN 'PS003'
            WHEN 'invalid_handle'   THEN 'PS004'
            WHEN 'held'             THEN 'PS005'
            WHEN 'not_ready'        THEN 'PS006'
            WHEN 'queue_full'       THEN 'PS007'
            WHEN 'request_mismatch' THEN 'PS008'
            WHEN 'too_large'        THEN 'PS009'
            WHEN 'wrong_state'      THEN 'PS010'
            WHEN 'unknown_agent'    THEN 'PS011'
            WHEN 'bad_credential'   THEN 'PS012'
            WHEN 'session_lost'     THEN 'PS013'
            WHEN 'not_allowed'      THEN 'PS014'
            WHEN 'already_settled'  THEN 'PS015'
            WHEN 'mailbox_full'     THEN 'PS016'
            WHEN 'conflict'         THEN 'PS017'
            WHEN 'breaker_open'     THEN 'PS018'
            WHEN 'contract_mismatch' THEN 'PS019'
            WHEN 'contract_breaking' THEN 'PS020'
            WHEN 'budget_exhausted' THEN 'PS021'
            WHEN 'stale_version'    THEN 'PS022'
        END,
        MESSAGE = message,
        DETAIL = code,
        HINT = hint;
END
$$;

-- One event row for one change, whatever the number of tasks. Hot paths insert by themselves, in the statement of
-- the change.
CREATE FUNCTION pgswarm._record(
    kind text, queue integer, session bigint, agent integer, tasks bigint[], detail jsonb, at timestamptz
) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO pgswarm.event (at, session, queue, agent, kind, tasks, detail)
    VALUES (_record.at, _record.session, _record.queue, _record.agent, _record.kind, _record.tasks,
            nullif(_record.detail, '{}'));
END
$$;

-- The id of a queue that must exist.
CREATE FUNCTION pgswarm._known_queue(name text) RETURNS pgswarm.queue
LANGUAGE plpgsql
AS $$
DECLARE
    v_queue pgswarm.queue;
BEGIN
    SELECT * INTO v_queue FROM pgswarm.queue q WHERE q.name = _known_queue.name;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('there is no queue "%s"', name),
            'see the queues with: SELECT queue FROM pgswarm.queues, or pgswarm queues');
    END IF;
    RETURN v_queue;
END
$$;

-- A queue comes into being when its name is first used.
CREATE FUNCTION pgswarm._queue_made(name text) RETURNS pgswarm.queue
LANGUAGE plpgsql
AS $$
DECLARE
    v_queue pgswarm.queue;
BEGIN
    SELECT * INTO v_queue FROM pgswarm.queue q WHERE q.name = _queue_made.name;
    IF FOUND THEN
        RETURN v_queue;
    END IF;
    IF name IS NULL OR name !~ '^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a queue name', name),
            'a name has 1 to 128 letters, digits and the characters . _ : / - and begins with a letter or digit');
    END IF;
    INSERT INTO pgswarm.queue (name) VALUES (_queue_made.name) ON CONFLICT DO NOTHING;
    SELECT * INTO v_queue FROM pgswarm.queue q WHERE q.name = _queue_made.name;
    RETURN v_queue;
END
$$;

-- Bodies that a caller can make arbitrarily large are bounded in one place.
CREATE FUNCTION pgswarm._bounded(what text, body jsonb) RETURNS jsonb
LANGUAGE plpgsql
AS $$
DECLARE
    v_max integer;
BEGIN
    SELECT s.max_payload INTO v_max FROM pgswarm.setting s;
    IF pg_column_size(body) > v_max THEN
        PERFORM pgswarm._refuse('too_large',
            format('the %s has %s bytes, the limit is %s', what, pg_column_size(body), v_max),
            'store large data elsewhere and pass a reference to it');
    END IF;
    RETURN body;
END
$$;

CREATE FUNCTION pgswarm._seconds(seconds double precision) RETURNS interval
LANGUAGE sql IMMUTABLE STRICT
AS 'SELECT make_interval(secs => seconds)';

-- The length of a lease: what the caller asks for, within what the swarm allows.
CREATE FUNCTION pgswarm._lease_length(asked interval) RETURNS interval
LANGUAGE plpgsql
AS $$
DECLARE
    v_max interval;
BEGIN
    IF asked IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT s.max_lease INTO v_max FROM pgswarm.setting s;
    IF asked <= '0' OR asked > v_max THEN
        PERFORM pgswarm._refuse('invalid_argument', format('a lease of %s is out of range', asked),
            format('choose one above 0 and up to %s; renew a lease to hold a task longer', v_max));
    END IF;
    RETURN asked;
END
$$;

-- A time in a sentence, the same whatever the caller's time zone.
CREATE FUNCTION pgswarm._moment(at timestamptz) RETURNS text
LANGUAGE sql STABLE
AS $$ SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') $$;

-- "1 task", "2 tasks".
CREATE FUNCTION pgswarm._counted(n bigint, noun text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT n || ' ' || noun || CASE WHEN n = 1 THEN '' ELSE 's' END $$;

-- How much one round of upkeep does at most.
CREATE FUNCTION pgswarm._check_batch(batch integer) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF batch IS NULL OR batch NOT BETWEEN 1 AND 100000 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('a batch of %s is out of range', coalesce(batch::text, 'NULL')),
            'choose 1 to 100000');
    END IF;
END
$$;
