-- The holder's writes under one handle. These raise when the claim is lost, so that a caller's own writes in the same
-- transaction are undone with them.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._settle_or_raise(handle text, verdict text, body jsonb) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease;
    r       record;
BEGIN
    PERFORM pgswarm._check_handle(handle);
    PERFORM pgswarm._check_settle(ARRAY[handle], ARRAY[verdict], ARRAY[body]);
    SELECT * INTO r FROM pgswarm._settle_one(handle, verdict, body);
    IF r.code = 'lost_claim' THEN
        PERFORM pgswarm._refuse('lost_claim', r.message,
            'stop working on it and claim again; settle(ARRAY[handle], …) would keep your result for the next holder');
    ELSIF r.code = 'already_settled' THEN
        PERFORM pgswarm._refuse('already_settled', r.message, 'nothing is left to do under this handle');
    ELSIF r.code = 'contract_mismatch' THEN
        PERFORM pgswarm._refuse('contract_mismatch', r.message,
            'you still hold the task: mend the result and complete it again; settle(ARRAY[handle], …) would keep what was refused');
    ELSIF r.code = 'wrong_state' THEN
        PERFORM pgswarm._refuse('wrong_state', r.message, 'the task stays with you: do that first');
    END IF;
    IF r.ended IS NOT NULL THEN
        PERFORM pgswarm._tell(r.ended, pgswarm.clock());
    END IF;
    RETURN r.state;
END
$$;

CREATE FUNCTION pgswarm.complete(handle text, result jsonb DEFAULT NULL, confidence integer DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
    IF confidence IS NOT NULL THEN
        PERFORM pgswarm._set_confidence(handle, confidence);
    END IF;
    RETURN pgswarm._settle_or_raise(handle, 'complete', result);
END
$$;
COMMENT ON FUNCTION pgswarm.complete IS 'Ends a hold with a result. Raises lost_claim if somebody else may have the task. confidence, 1 to 5, is what the holder '
    'thinks of it: a hint for people, which opens nothing.';

CREATE FUNCTION pgswarm.fail(
    handle text, error text DEFAULT NULL, retry_in interval DEFAULT NULL, dead boolean DEFAULT false,
    cause text DEFAULT NULL
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
BEGIN
    PERFORM pgswarm._check_holder(ARRAY[handle]);
    IF retry_in < '0' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('a retry in %s is in the past', retry_in),
            'give a time of 0 or more, or none for backoff with jitter');
    END IF;
    RETURN pgswarm._settle_or_raise(handle, 'fail', jsonb_strip_nulls(jsonb_build_object(
        'error', error, 'retry_in', extract(epoch FROM retry_in), 'dead', dead, 'cause', cause)));
END
$$;
COMMENT ON FUNCTION pgswarm.fail IS
    'Ends a hold as a failed attempt: it is retried with backoff, after retry_in, or never again (dead). cause: which of '
    'the task''s needs was to blame, or task, when none was; breakers count it by that.';

CREATE FUNCTION pgswarm.release(handle text, note text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
BEGIN
    PERFORM pgswarm._check_holder(ARRAY[handle]);
    RETURN pgswarm._settle_or_raise(handle, 'release', jsonb_strip_nulls(jsonb_build_object('note', note)));
END
$$;
COMMENT ON FUNCTION pgswarm.release IS 'Hands a task over, with a note for the next holder. Costs no attempt.';

CREATE FUNCTION pgswarm.hold(handle text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
BEGIN
    PERFORM pgswarm._check_holder(ARRAY[handle]);
    RETURN pgswarm._fence_base() | (pgswarm._held(handle)).epoch;
END
$$;
COMMENT ON FUNCTION pgswarm.hold IS
    'Makes the caller''s transaction a write of the holder: locks the lease until its end, raises lost_claim otherwise. '
    'Answers the fence.';

-- Pushes the end of a lease. Relative to now and never additive; never beyond the deadline. Without a length it is the
-- one asked for last, and never shortens.
CREATE FUNCTION pgswarm._renewed(lease pgswarm.lease, length interval, at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE
AS $$
    SELECT least(coalesce(at + length, greatest(at + make_interval(secs => lease.seconds), lease.until)), lease.deadline)
$$;

-- What else the holder must know: it may go on, but should claim no more.
CREATE FUNCTION pgswarm._signal(lease pgswarm.lease) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT CASE WHEN a.draining_since IS NOT NULL THEN a.draining_how
                    WHEN g.paused_how IN ('pause', 'drain') THEN g.paused_how
                    WHEN q.paused_at IS NOT NULL OR EXISTS (
                        SELECT FROM pgswarm.paused_task p WHERE p.task = lease.task) THEN 'pause'
                    ELSE 'ok' END
        FROM pgswarm.session s, pgswarm.agent a, pgswarm.queue q, pgswarm.setting g
        WHERE s.id = lease.session AND a.id = s.agent AND q.id = lease.queue);
END
$$;

CREATE FUNCTION pgswarm._extend(lease pgswarm.lease, length interval) RETURNS timestamptz
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_now   timestamptz := pgswarm.clock();
    v_until timestamptz := pgswarm._renewed(lease, length, v_now);
BEGIN
    UPDATE pgswarm.lease l SET until = v_until, seconds = coalesce(extract(epoch FROM _extend.length), l.seconds)
    WHERE l.task = lease.task;
    UPDATE pgswarm.session s SET expires_at = greatest(s.expires_at, v_now + s.ttl,
                                                      CASE s.kind WHEN 'bare' THEN v_until END)
    WHERE s.id = lease.session AND s.ended_at IS NULL;
    RETURN v_until;
END
$$;

CREATE FUNCTION pgswarm.renew(handle text, lease interval DEFAULT NULL)
RETURNS TABLE (status text, lease_until timestamptz, lease_seconds double precision, unread integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease;
BEGIN
    PERFORM pgswarm._check_holder(ARRAY[handle]);
    PERFORM pgswarm._lease_length(renew.lease);
    v_lease := pgswarm._held(handle);
    lease_until := pgswarm._extend(v_lease, renew.lease);
    lease_seconds := extract(epoch FROM lease_until - pgswarm.clock());
    status := pgswarm._signal(v_lease);
    unread := (SELECT pgswarm._unread(s.agent, v_lease.task) FROM pgswarm.session s WHERE s.id = v_lease.session);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.renew(text, interval) IS
    'Holds a task longer, counted from now. Answers ok, pause or drain; raises lost_claim.';

CREATE FUNCTION pgswarm.progress(
    handle text,
    note text DEFAULT NULL,
    checkpoint jsonb DEFAULT NULL,
    percent double precision DEFAULT NULL,
    usage jsonb DEFAULT NULL
) RETURNS TABLE (status text, lease_until timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease;
    v_now   timestamptz;
BEGIN
    PERFORM pgswarm._check_holder(ARRAY[handle]);
    IF percent NOT BETWEEN 0 AND 100 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%s is not a percentage', percent), 'give 0 to 100');
    END IF;
    PERFORM pgswarm._bounded('checkpoint', checkpoint);
    PERFORM pgswarm._bounded('usage', usage);
    v_lease := pgswarm._held(handle);
    lease_until := pgswarm._extend(v_lease, NULL);
    v_now := pgswarm.clock();
    IF v_lease.governed AND progress.usage IS NOT NULL THEN
        PERFORM pgswarm._note_usage(v_lease, progress.usage);
    END IF;
    INSERT INTO pgswarm.progress (task, at, session, epoch, percent, note, checkpoint, usage)
    VALUES (v_lease.task, v_now, v_lease.session, v_lease.epoch, progress.percent, left(progress.note, 65536),
            progress.checkpoint, progress.usage);
    UPDATE pgswarm.lease l SET progress_at = v_now, percent = coalesce(progress.percent::real, l.percent)
    WHERE l.task = v_lease.task;
    PERFORM pgswarm._record('progressed', v_lease.queue, v_lease.session, NULL, ARRAY[v_lease.task],
        jsonb_strip_nulls(jsonb_build_object('note', left(progress.note, 2000), 'percent', progress.percent)), v_now);
    status := pgswarm._signal(v_lease);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.progress IS
    'Shows that work moves, and keeps a checkpoint from which another holder can go on. Renews the lease.';

-- Effects outside the database: say what you are about to do, do it, confirm it.
CREATE FUNCTION pgswarm.intent(handle text, key text, detail jsonb DEFAULT NULL)
RETURNS TABLE (state text, intended jsonb, result jsonb, epoch integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_lease  pgswarm.lease;
    v_effect pgswarm.effect;
BEGIN
    IF key IS NULL OR length(key) NOT BETWEEN 1 AND 500 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the key of an effect has 1 to 500 characters',
            'name the effect so that a repetition has the same name, for example email:42');
    END IF;
    PERFORM pgswarm._bounded('detail', intent.detail);
    v_lease := pgswarm._held(handle);
    INSERT INTO pgswarm.effect (task, key, intended_at, session, epoch, detail)
    VALUES (v_lease.task, intent.key, pgswarm.clock(), v_lease.session, v_lease.epoch, intent.detail)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        PERFORM pgswarm._record('effect_intended', v_lease.queue, v_lease.session, NULL, ARRAY[v_lease.task],
            jsonb_build_object('key', intent.key), pgswarm.clock());
        RETURN QUERY SELECT 'new', intent.detail, NULL::jsonb, v_lease.epoch;
        RETURN;
    END IF;
    SELECT * INTO v_effect FROM pgswarm.effect e WHERE e.task = v_lease.task AND e.key = intent.key;
    RETURN QUERY SELECT CASE WHEN v_effect.confirmed_at IS NULL THEN 'unconfirmed' ELSE 'confirmed' END,
                        v_effect.detail, v_effect.result, v_effect.epoch;
END
$$;
COMMENT ON FUNCTION pgswarm.intent IS
    'Before an effect outside the database. new: go on, then confirm. unconfirmed: an earlier attempt meant to; look '
    'whether it happened. confirmed: it has happened, with this result.';

CREATE FUNCTION pgswarm.confirm(handle text, key text, result jsonb DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease;
BEGIN
    PERFORM pgswarm._bounded('result', confirm.result);
    v_lease := pgswarm._held(handle);
    UPDATE pgswarm.effect e SET confirmed_at = pgswarm.clock(), result = confirm.result
    WHERE e.task = v_lease.task AND e.key = confirm.key AND e.confirmed_at IS NULL;
    IF NOT FOUND THEN
        IF EXISTS (SELECT FROM pgswarm.effect e WHERE e.task = v_lease.task AND e.key = confirm.key) THEN
            RETURN;  -- confirmed before: the first word stays
        END IF;
        PERFORM pgswarm._refuse('not_found', format('task %s has no intended effect "%s"', v_lease.task, key),
            'say what you are about to do with intent, before doing it');
    END IF;
    PERFORM pgswarm._record('effect_confirmed', v_lease.queue, v_lease.session, NULL, ARRAY[v_lease.task],
        jsonb_build_object('key', confirm.key), pgswarm.clock());
END
$$;
COMMENT ON FUNCTION pgswarm.confirm IS 'After the effect: it has happened, with this result.';
