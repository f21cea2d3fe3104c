-- Loss: how a hold ends without its holder's word.
SET LOCAL ROLE pgswarm_owner;

-- Takes a task from a holder who has lost it. The epoch grows with the loss, so that the old handle is refused from
-- this moment and not from the next claim. The caller has locked the lease.
CREATE FUNCTION pgswarm._lose(
    lease pgswarm.lease, reason text, at timestamptz, OUT state text, OUT ended jsonb
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease := lease;
    v_state text;
BEGIN
    PERFORM pgswarm._end_attempt(lease, 'lost', reason, NULL, at);
    v_lease.epoch := lease.epoch + 1;
    v_lease.attempts := lease.attempts + 1;
    v_state := CASE WHEN lease.deadline < at THEN pgswarm._overdue(v_lease, reason, at)
                    ELSE pgswarm._vanished(v_lease, reason, at) END;
    PERFORM pgswarm._record('lost', lease.queue, lease.session, NULL, ARRAY[lease.task],
        jsonb_build_object('reason', reason, 'epoch', lease.epoch), at);
    IF v_state = 'dead' THEN
        PERFORM pgswarm._record('dead', lease.queue, lease.session, NULL, ARRAY[lease.task], NULL, at);
    END IF;
    state := v_state;
    ended := pgswarm._ended(lease, CASE WHEN lease.deadline < at THEN 'overdue' ELSE 'lost' END, NULL, reason);
END
$$;

-- Where a task goes whose holder vanished: back with a little delay, or to the dead letters after too many losses in a
-- row without progress.
CREATE FUNCTION pgswarm._vanished(lease pgswarm.lease, reason text, at timestamptz) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease    pgswarm.lease := lease;
    v_max_lost integer;
BEGIN
    v_lease.lost := CASE WHEN lease.progress_at IS NULL THEN lease.lost + 1 ELSE 0 END;
    SELECT coalesce(t.max_lost, q.max_lost) INTO v_max_lost
    FROM pgswarm.task t JOIN pgswarm.queue q ON q.id = t.queue WHERE t.id = lease.task;
    IF v_lease.lost >= v_max_lost THEN
        PERFORM pgswarm._bury(v_lease,
            format('lost %s in a row without progress; last: %s', pgswarm._counted(v_lease.lost, 'time'), reason),
            NULL, at);
        RETURN 'dead';
    END IF;
    -- A little jitter, so that what one dead host held does not come back in the same instant.
    RETURN pgswarm._put_back(v_lease,
        at + random() * least(interval '1 second', pgswarm._seconds(lease.seconds / 10)), 'lost', at);
END
$$;

-- An attempt that took longer than it may has failed, whoever held it: it counts as a failure, not as a loss. Its holder
-- lives perhaps; what it still brings is late.
CREATE FUNCTION pgswarm._overdue(lease pgswarm.lease, reason text, at timestamptz) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease := lease;
    v_due   timestamptz;
BEGIN
    v_lease.failed := lease.failed + 1;
    v_lease.lost := 0;
    v_due := pgswarm._retry_at(v_lease, NULL, at);
    IF v_due IS NULL THEN
        PERFORM pgswarm._bury(v_lease, reason, NULL, at);
        RETURN 'dead';
    END IF;
    RETURN pgswarm._put_back(v_lease, v_due, 'retrying', at);
END
$$;

-- Ends all sessions of an agent, and takes from it what they hold. Leases are locked before sessions, as a holder's
-- writes do it. What a claim granted in this very moment stays behind with an ended session: void, for the next sweep.
CREATE FUNCTION pgswarm._end_sessions(agent integer, reason text) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease    pgswarm.lease;
    v_sessions bigint[];
    v_ended    jsonb := '[]';
BEGIN
    v_sessions := ARRAY(SELECT s.id FROM pgswarm.session s
                        WHERE s.agent = _end_sessions.agent AND s.ended_at IS NULL ORDER BY 1);
    -- No index leads from a session to its leases: that would cost every task, and this is rare.
    FOR v_lease IN
        SELECT * FROM pgswarm.lease l WHERE l.session = ANY (v_sessions) ORDER BY l.task FOR UPDATE
    LOOP
        v_ended := v_ended || (pgswarm._lose(v_lease, reason, pgswarm.clock())).ended;
    END LOOP;
    PERFORM FROM pgswarm.session s WHERE s.id = ANY (v_sessions) ORDER BY s.id FOR NO KEY UPDATE;
    UPDATE pgswarm.session s SET ended_at = pgswarm.clock() WHERE s.id = ANY (v_sessions) AND s.ended_at IS NULL;
    PERFORM pgswarm._tell(v_ended, pgswarm.clock());
END
$$;

CREATE FUNCTION pgswarm._release_session(session bigint, note text) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease;
    v_tasks bigint[] := '{}';
    v_now   timestamptz;
BEGIN
    FOR v_lease IN
        SELECT * FROM pgswarm.lease l WHERE l.session = _release_session.session ORDER BY l.task FOR UPDATE
    LOOP
        v_now := pgswarm.clock();
        PERFORM pgswarm._end_attempt(v_lease, 'released', NULL, coalesce(note, 'the session was closed'), v_now);
        PERFORM pgswarm._put_back(v_lease, NULL, 'released', v_now);
        v_tasks := v_tasks || v_lease.task;
    END LOOP;
    PERFORM pgswarm._record('released', t.queue, session, NULL, array_agg(t.id ORDER BY t.id), NULL, v_now)
    FROM pgswarm.task t WHERE t.id = ANY (v_tasks) GROUP BY t.queue;
    RETURN cardinality(v_tasks);
END
$$;

CREATE FUNCTION pgswarm._lose_if_void(task bigint, at timestamptz) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease;
BEGIN
    SELECT * INTO v_lease FROM pgswarm.lease l WHERE l.task = _lose_if_void.task FOR UPDATE;
    IF FOUND AND pgswarm._is_void(v_lease, at) THEN
        PERFORM pgswarm._tell((pgswarm._lose(v_lease, pgswarm._void_reason(v_lease, at), at)).ended, at);
        RETURN true;
    END IF;
    RETURN false;
END
$$;

CREATE FUNCTION pgswarm._void_reason(lease pgswarm.lease, at timestamptz) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN CASE
        WHEN lease.deadline < at THEN 'the deadline of the attempt passed'
        WHEN lease.until < at THEN 'the lease ran out'
        WHEN EXISTS (SELECT FROM pgswarm.session s WHERE s.id = lease.session AND s.expires_at < at)
            THEN 'the session stopped beating'
        WHEN EXISTS (SELECT FROM pgswarm.session s WHERE s.id = lease.session AND s.ended_at IS NULL)
            THEN 'no progress for too long'
        ELSE 'the session ended'
    END;
END
$$;
