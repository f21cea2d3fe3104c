-- Waking. NOTIFY takes a lock over the whole database from before the commit until after its flush, which turns group
-- commit off; so it is never part of a transaction that does work. Doors ring after their commit, and only where
-- somebody sleeps. A lost ring costs one poll interval, nothing else.
-- https://www.postgresql.org/docs/current/sql-notify.html
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.wait_for(session uuid, queues text[]) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_session pgswarm.session := pgswarm._claimer(wait_for.session, NULL);
    v_now     timestamptz := pgswarm.clock();
    v_ids     integer[];
BEGIN
    v_ids := ARRAY(SELECT (pgswarm._queue_made(n.name)).id FROM unnest(queues) n (name));
    INSERT INTO pgswarm.waiter (queue, session, since)
    SELECT i.id, v_session.id, v_now FROM unnest(v_ids) i (id) ORDER BY 1
    ON CONFLICT DO NOTHING;
    IF v_session.queues IS DISTINCT FROM v_ids THEN
        UPDATE pgswarm.session s SET queues = v_ids WHERE s.id = v_session.id;
    END IF;
    PERFORM pgswarm._touch(v_session, v_now);
    RETURN pgswarm._next_due(v_ids);
END
$$;
COMMENT ON FUNCTION pgswarm.wait_for IS
    'Asks to be woken once for each of the queues. Listen on channel pgswarm before, claim once more after: the waiter '
    'writes before it looks, the ringer looks after it has written, so one of them sees the other. Answers when the '
    'next scheduled task is due.';

CREATE FUNCTION pgswarm._next_due(queues integer[]) RETURNS timestamptz
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN least(
        (SELECT min(n.due)
         FROM unnest(queues) q (id)
         CROSS JOIN LATERAL (SELECT w.due FROM pgswarm.waiting w
                             WHERE w.state = 'scheduled' AND w.queue = q.id ORDER BY w.due LIMIT 1) n),
        pgswarm._lanes_due(queues, pgswarm.clock()), pgswarm._preference_due(queues, pgswarm.clock()));
END
$$;

CREATE FUNCTION pgswarm.ring(queues text[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_count integer := 0;
    v_queue record;
BEGIN
    FOR v_queue IN
        SELECT q.id, q.name FROM pgswarm.queue q WHERE q.name = ANY (queues) ORDER BY q.id
    LOOP
        -- One ring uses the registrations up: a burst of enqueues rings once, until somebody sleeps again.
        DELETE FROM pgswarm.waiter w
        WHERE w.ctid = ANY (ARRAY(
            SELECT x.ctid FROM pgswarm.waiter x WHERE x.queue = v_queue.id FOR UPDATE SKIP LOCKED));
        IF FOUND THEN
            PERFORM pg_notify('pgswarm', v_queue.name);
            v_count := v_count + 1;
        END IF;
    END LOOP;
    RETURN v_count;
END
$$;
-- On the same channel cancel says "!" and the id of a task that was running.
COMMENT ON FUNCTION pgswarm.ring IS
    'After a commit that made work ready: wakes who sleeps on these queues. Call it in a transaction of its own, with '
    'synchronous_commit off: a ring that a crash swallows is found by the next poll.';
