-- Handles, and the moves of a task from place to place that several verbs share.
SET LOCAL ROLE pgswarm_owner;

-- What a holder shows with every write: task, epoch and a 128-bit secret, in one string.
CREATE FUNCTION pgswarm._handle(task bigint, epoch integer, claim_id uuid) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT task::text || '.' || epoch::text || '.' || replace(claim_id::text, '-', '') $$;  -- immutable casts: inlined

-- Lengths are compared apart: a regular expression that counts costs ten times as much, and this is asked of every handle.
CREATE FUNCTION pgswarm._is_handle(handle text) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    SELECT handle ~ '^[0-9]+\.[0-9]+\.[0-9a-f]+$'
       AND length(split_part(handle, '.', 1)) <= 18
       AND length(split_part(handle, '.', 2)) <= 9
       AND length(split_part(handle, '.', 3)) = 32
$$;

CREATE FUNCTION pgswarm._check_handle(handle text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF handle IS NULL OR NOT pgswarm._is_handle(handle) THEN
        PERFORM pgswarm._refuse('invalid_handle', format('%L is not a handle', left(handle, 80)),
            'pass the handle exactly as claim answered it: task, epoch and 32 hexadecimal digits, joined by dots');
    END IF;
END
$$;

-- The lease behind a handle, locked to the end of the transaction. Refused unless the handle is the current one:
-- the check comes after the lock, because the lease may have been lost while waiting for it. Time alone takes a
-- lease from nobody, except in a queue with strict leases and at the attempt's deadline.
CREATE FUNCTION pgswarm._held(handle text) RETURNS pgswarm.lease
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease;
BEGIN
    PERFORM pgswarm._check_handle(handle);
    SELECT * INTO v_lease FROM pgswarm.lease l
    WHERE l.task = split_part(handle, '.', 1)::bigint
      AND l.epoch = split_part(handle, '.', 2)::integer
      AND l.claim_id = split_part(handle, '.', 3)::uuid
    FOR UPDATE;
    IF NOT FOUND OR v_lease.deadline < pgswarm.clock()
        OR (v_lease.strict_lease AND pgswarm._is_void(v_lease, pgswarm.clock()))
    THEN
        PERFORM pgswarm._refuse_lost(handle);
    END IF;
    RETURN v_lease;
END
$$;

-- Says what has become of a task that a former holder asks for.
CREATE FUNCTION pgswarm._lost_message(handle text) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_task bigint := split_part(handle, '.', 1)::bigint;
    r      record;
BEGIN
    SELECT a.name, l.epoch, l.claim_id, l.until, l.deadline INTO r
    FROM pgswarm.lease l
    JOIN pgswarm.session s ON s.id = l.session
    JOIN pgswarm.agent a ON a.id = s.agent
    WHERE l.task = v_task;
    IF r.claim_id = split_part(handle, '.', 3)::uuid AND r.deadline < pgswarm.clock() THEN
        RETURN format('task %s is no longer yours: the deadline of the attempt has passed', v_task);
    ELSIF r.claim_id = split_part(handle, '.', 3)::uuid THEN
        RETURN format('task %s is no longer yours: its lease ran out, and its queue is strict about it', v_task);
    ELSIF FOUND THEN
        RETURN format('task %s is no longer yours: %s holds it (epoch %s)', v_task, r.name, r.epoch);
    END IF;
    SELECT o.state, o.ended_by INTO r FROM pgswarm.outcome o
    WHERE o.task = v_task AND o.retried_at IS NULL ORDER BY o.generation DESC LIMIT 1;
    IF FOUND THEN
        RETURN format('task %s is no longer yours: it is %s', v_task, r.state);
    END IF;
    IF NOT EXISTS (SELECT FROM pgswarm.task t WHERE t.id = v_task) THEN
        RETURN format('there is no task %s', v_task);
    END IF;
    RETURN format('task %s is no longer yours: its lease was lost', v_task);
END
$$;

CREATE FUNCTION pgswarm._refuse_lost(handle text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pgswarm._refuse('lost_claim', pgswarm._lost_message(handle),
        'stop working on it, undo nothing in the database, and claim again');
END
$$;

-- Is this lease void: may the task be given to somebody else? A server that was down gave nobody a chance to renew,
-- so after its start every session has one ttl of grace: an outage must not look like the death of everybody. A
-- lease further ahead than the longest one allowed comes from a clock that was wrong.
CREATE FUNCTION pgswarm._is_void(lease pgswarm.lease, at timestamptz) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_session pgswarm.session;
    v_limit   interval;
    v_grace   timestamptz;
BEGIN
    IF lease.deadline < at THEN
        RETURN true;
    END IF;
    SELECT * INTO v_session FROM pgswarm.session s WHERE s.id = lease.session;
    IF NOT FOUND OR v_session.ended_at IS NOT NULL OR v_session.ends_by < at THEN
        RETURN true;
    END IF;
    v_grace := pg_postmaster_start_time() + least(v_session.ttl, pgswarm._seconds(lease.seconds));
    IF greatest(lease.until, v_grace) < at OR greatest(v_session.expires_at, v_grace) < at THEN
        RETURN true;
    END IF;
    IF lease.until > at + (SELECT s.max_lease FROM pgswarm.setting s) + interval '1 minute' THEN
        RETURN true;
    END IF;
    SELECT q.stall_limit INTO v_limit FROM pgswarm.queue q WHERE q.id = lease.queue;
    RETURN coalesce(coalesce(lease.progress_at, lease.started_at) + v_limit < at, false);
END
$$;

-- In which lane of the ready table a task stands, when it stands there.
CREATE FUNCTION pgswarm._lane(task pgswarm.task) RETURNS integer
LANGUAGE sql IMMUTABLE
AS 'SELECT coalesce($1.lane, $1.queue)';

-- And where in it.
CREATE FUNCTION pgswarm._position(task pgswarm.task) RETURNS bigint
LANGUAGE sql STABLE
AS $$
    SELECT coalesce((SELECT r.position FROM pgswarm.ready r WHERE r.task = $1.id AND r.position <> r.task), $1.id)
$$;

-- Locks a task in the place where it is and answers its state: from here to the end of the transaction it does not
-- move. Looks again when it moved between two looks.
CREATE FUNCTION pgswarm._hold_still(task bigint) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_task  pgswarm.task;
    v_state text;
BEGIN
    SELECT * INTO v_task FROM pgswarm.task t WHERE t.id = _hold_still.task;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('there is no task %s', task),
            'see the tasks with: SELECT id, title FROM pgswarm.tasks, or pgswarm tasks');
    END IF;
    FOR i IN 1..1000 LOOP
        PERFORM FROM pgswarm.lease l WHERE l.task = v_task.id FOR UPDATE;
        IF FOUND THEN
            RETURN 'running';
        END IF;
        PERFORM FROM pgswarm.ready r
        WHERE r.lane = pgswarm._lane(v_task) AND r.priority = v_task.priority AND r.position = pgswarm._position(v_task)
          AND r.task = v_task.id
        FOR UPDATE;
        IF FOUND THEN
            RETURN 'ready';
        END IF;
        SELECT w.state INTO v_state FROM pgswarm.waiting w WHERE w.task = v_task.id FOR UPDATE;
        IF FOUND THEN
            RETURN v_state;
        END IF;
        SELECT o.state INTO v_state FROM pgswarm.outcome o
        WHERE o.task = v_task.id AND o.retried_at IS NULL FOR UPDATE;
        IF FOUND THEN
            RETURN v_state;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'task % moves too fast', v_task.id USING ERRCODE = 'serialization_failure';
END
$$;

-- The same, for a transaction that is about to make another task wait for this one. The row is written and not only
-- locked: a completion whose snapshot is older than this write fails to serialise, instead of not seeing the dependant.
CREATE FUNCTION pgswarm._hold_for_dependants(task bigint) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_state text := pgswarm._hold_still(task);
BEGIN
    CASE v_state
    WHEN 'running' THEN
        UPDATE pgswarm.lease l SET until = l.until WHERE l.task = _hold_for_dependants.task;
    WHEN 'ready' THEN
        UPDATE pgswarm.ready r SET epoch = r.epoch
        FROM pgswarm.task t
        WHERE t.id = _hold_for_dependants.task AND r.lane = pgswarm._lane(t) AND r.priority = t.priority
          AND r.position = pgswarm._position(t) AND r.task = t.id;
    WHEN 'done', 'dead', 'cancelled' THEN
        NULL;  -- what begins again is written by then
    ELSE
        UPDATE pgswarm.waiting w SET unmet = w.unmet WHERE w.task = _hold_for_dependants.task;
    END CASE;
    RETURN v_state;
END
$$;

-- Ends the hold on a task: the lease row goes, and how the attempt ended is kept with its cause.
CREATE FUNCTION pgswarm._end_attempt(lease pgswarm.lease, outcome text, error text, note text, at timestamptz)
RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    DELETE FROM pgswarm.lease l WHERE l.task = lease.task;
    INSERT INTO pgswarm.attempt (task, ended_at, started_at, session, claim_id, epoch, number, generation, outcome,
                                 error, note)
    VALUES (lease.task, _end_attempt.at, lease.started_at, lease.session, lease.claim_id, lease.epoch,
            lease.attempts + 1, lease.generation, _end_attempt.outcome, left(_end_attempt.error, 65536),
            left(_end_attempt.note, 65536));
    IF lease.governed THEN
        PERFORM pgswarm._end_governed(lease, outcome, at);
    END IF;
END
$$;

-- Puts a task that was held back among the others: behind those that are there, at a new position, because a claimer
-- may remember where it has looked already.
CREATE FUNCTION pgswarm._put_back(lease pgswarm.lease, due timestamptz, reason text, at timestamptz) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_held text;
BEGIN
    IF EXISTS (SELECT FROM pgswarm.paused_task p WHERE p.task = lease.task) THEN
        INSERT INTO pgswarm.waiting (task, due, since, queue, epoch, priority, generation, attempts, failed, lost,
                                     state, reason)
        VALUES (lease.task, _put_back.due, _put_back.at, lease.queue, lease.epoch, lease.priority, lease.generation,
                lease.attempts, lease.failed, lease.lost, 'held', 'paused');
        RETURN 'held';
    END IF;
    IF lease.governed THEN
        v_held := pgswarm._held_by(lease.task);
        IF v_held IS NOT NULL THEN
            INSERT INTO pgswarm.waiting (task, due, since, queue, epoch, priority, generation, attempts, failed, lost,
                                         state, reason)
            VALUES (lease.task, _put_back.due, _put_back.at, lease.queue, lease.epoch, lease.priority, lease.generation,
                    lease.attempts, lease.failed, lease.lost, 'held', v_held);
            RETURN 'held';
        END IF;
    END IF;
    IF due > at THEN
        INSERT INTO pgswarm.waiting (task, due, since, queue, epoch, priority, generation, attempts, failed, lost,
                                     state, reason)
        VALUES (lease.task, _put_back.due, _put_back.at, lease.queue, lease.epoch, lease.priority, lease.generation,
                lease.attempts, lease.failed, lease.lost, 'scheduled', _put_back.reason);
        RETURN 'scheduled';
    END IF;
    INSERT INTO pgswarm.ready (position, task, queue, epoch, priority, generation, attempts, failed, lost, lane)
    SELECT nextval('pgswarm.task_id'), lease.task, lease.queue, lease.epoch, lease.priority, lease.generation,
           lease.attempts, lease.failed, lease.lost, pgswarm._lane(t)
    FROM pgswarm.task t WHERE t.id = lease.task;
    RETURN 'ready';
END
$$;

-- Takes a ready task that the caller holds still out of the way of claims.
CREATE FUNCTION pgswarm._set_aside(task bigint, state text, reason text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    WITH gone AS (
        DELETE FROM pgswarm.ready r USING pgswarm.task t
        WHERE t.id = _set_aside.task AND r.lane = pgswarm._lane(t) AND r.priority = t.priority
          AND r.position = pgswarm._position(t) AND r.task = t.id
        RETURNING r.*
    )
    INSERT INTO pgswarm.waiting (task, since, queue, epoch, priority, generation, attempts, failed, lost, state, reason)
    SELECT g.task, _set_aside.at, g.queue, g.epoch, g.priority, g.generation, g.attempts, g.failed, g.lost,
           _set_aside.state, _set_aside.reason
    FROM gone g;
END
$$;

-- A task that is given up, with its last cause; the earlier ones are its attempts.
CREATE FUNCTION pgswarm._bury(lease pgswarm.lease, error text, result jsonb, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO pgswarm.outcome (task, session, started_at, finished_at, queue, epoch, generation, attempts, failed,
                                 lost, state, claim_id, result, error)
    VALUES (lease.task, lease.session, lease.started_at, _bury.at, lease.queue, lease.epoch, lease.generation,
            lease.attempts, lease.failed, lease.lost, 'dead', lease.claim_id, _bury.result, left(_bury.error, 65536));
    IF lease.governed THEN
        PERFORM pgswarm._replica_ended(lease.task, at);
    END IF;
    PERFORM pgswarm._upstream_ended(lease.task, at);
END
$$;
