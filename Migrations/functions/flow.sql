-- What moves tasks without a holder: dependencies that are met, times that come, leases that run out.
SET LOCAL ROLE pgswarm_owner;

-- Tells the dependants of finished tasks. Counting down under the row lock makes the last parent exact, also when two
-- finish together; the rows are locked in the order of their ids.
-- The fact is accepted, finished (completed, and in review) or failed (what goes on without it).
CREATE FUNCTION pgswarm._unblock(done bigint[], fact text DEFAULT 'accepted') RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_tasks bigint[];
    v_now   timestamptz;
BEGIN
    IF NOT EXISTS (SELECT FROM pgswarm.dependency d WHERE d.on_task = ANY (done) AND NOT d.met) THEN
        RETURN;
    END IF;
    v_tasks := ARRAY(SELECT DISTINCT d.task FROM pgswarm.dependency d
                     WHERE d.on_task = ANY (done) AND NOT d.met ORDER BY 1);
    PERFORM FROM pgswarm.waiting w WHERE w.task = ANY (v_tasks) ORDER BY w.task FOR UPDATE;
    v_now := pgswarm.clock();
    WITH met AS (
        UPDATE pgswarm.dependency d SET met = true
        WHERE d.on_task = ANY (done) AND NOT d.met
          AND CASE fact
              WHEN 'accepted' THEN d.min_score IS NULL OR pgswarm._is_met(d, 'done')
              WHEN 'finished' THEN d.until = 'finished'
              ELSE d.on_failure = 'continue' END
        RETURNING d.task
    ), counted AS (
        SELECT m.task, count(*)::integer AS n FROM met m GROUP BY m.task
    )
    UPDATE pgswarm.waiting w
    SET unmet = w.unmet - c.n,
        state = CASE WHEN w.unmet = c.n AND w.state = 'blocked' THEN 'scheduled' ELSE w.state END,
        reason = CASE WHEN w.unmet = c.n AND w.state = 'blocked' THEN 'scheduled' ELSE w.reason END,
        due = CASE WHEN w.unmet = c.n AND w.state = 'blocked' THEN coalesce(w.due, v_now) ELSE w.due END
    FROM counted c
    WHERE w.task = c.task AND w.unmet > 0;
    PERFORM pgswarm._begin_review(s, v_now)
    FROM pgswarm.submission s JOIN pgswarm.waiting w ON w.task = s.task AND w.state = 'review' AND w.unmet = 0
    WHERE s.task = ANY (v_tasks) AND s.state = 'open';
    PERFORM pgswarm._promote_these(v_tasks, v_now);
END
$$;

-- Moves scheduled tasks that are due to the ready ones. The caller has locked the rows, or wants those given.
CREATE FUNCTION pgswarm._promote_these(tasks bigint[], at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_count integer;
BEGIN
    IF EXISTS (SELECT FROM pgswarm.task t WHERE t.id = ANY (tasks) AND t.governed) THEN
        PERFORM pgswarm._hold_governed(tasks, at);
    END IF;
    WITH gone AS (
        DELETE FROM pgswarm.waiting w
        WHERE w.task = ANY (tasks) AND w.state = 'scheduled' AND w.due <= _promote_these.at AND w.unmet = 0
        RETURNING *
    ), placed AS (
        INSERT INTO pgswarm.ready (position, task, queue, epoch, priority, generation, attempts, failed, lost, lane)
        SELECT nextval('pgswarm.task_id'), g.task, g.queue, g.epoch, g.priority, g.generation, g.attempts, g.failed,
               g.lost, (SELECT pgswarm._lane(t) FROM pgswarm.task t WHERE t.id = g.task)
        FROM (SELECT * FROM gone ORDER BY due, task) g
    ), noted AS (
        INSERT INTO pgswarm.event (at, queue, kind, tasks)
        SELECT _promote_these.at, g.queue, 'ready', array_agg(g.task ORDER BY g.due, g.task) FROM gone g GROUP BY g.queue
    )
    SELECT count(*) INTO v_count FROM gone;
    IF v_count < cardinality(tasks) THEN
        -- What it was parked for is over, but what it builds on was taken back meanwhile.
        UPDATE pgswarm.waiting w SET state = 'blocked', reason = 'dependencies'
        WHERE w.task = ANY (tasks) AND w.state = 'scheduled' AND w.unmet > 0;
    END IF;
    RETURN v_count;
END
$$;

CREATE FUNCTION pgswarm._promote_one(task bigint, at timestamptz) RETURNS boolean
LANGUAGE sql VOLATILE
AS $$ SELECT pgswarm._promote_these(ARRAY[task], at) > 0 $$;

-- Promotes what is due, of one queue or of all (NULL), oldest first, in bounded numbers.
CREATE FUNCTION pgswarm._promote(queue integer, batch integer, at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_tasks bigint[];
BEGIN
    IF queue IS NULL THEN
        v_tasks := ARRAY(
            SELECT w.task FROM pgswarm.waiting w
            WHERE w.state = 'scheduled' AND w.due <= _promote.at
            ORDER BY w.due LIMIT _promote.batch FOR UPDATE SKIP LOCKED);
    ELSE
        v_tasks := ARRAY(
            SELECT w.task FROM pgswarm.waiting w
            WHERE w.state = 'scheduled' AND w.queue = _promote.queue AND w.due <= _promote.at
            ORDER BY w.due LIMIT _promote.batch FOR UPDATE SKIP LOCKED);
    END IF;
    IF cardinality(v_tasks) = 0 THEN
        RETURN 0;
    END IF;
    RETURN pgswarm._promote_these(v_tasks, at);
END
$$;

CREATE FUNCTION pgswarm.promote(batch integer DEFAULT 1000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
BEGIN
    PERFORM pgswarm._check_batch(batch);
    RETURN pgswarm._promote(NULL, batch, pgswarm.clock());
END
$$;
COMMENT ON FUNCTION pgswarm.promote IS 'Makes scheduled tasks that are due claimable. Answers how many.';

-- Takes back what nobody holds any more. Only candidates are chosen without locks; each is judged again under its own.
CREATE FUNCTION pgswarm._sweep(batch integer, own bigint DEFAULT NULL) RETURNS TABLE (lost integer, dead integer)
LANGUAGE plpgsql SET enable_seqscan = on  -- the one reader of whole tables among the verbs
AS $$
#variable_conflict use_column
DECLARE
    v_now   timestamptz := pgswarm.clock();
    v_tasks bigint[];
    v_lease pgswarm.lease;
    v_lost  record;
    v_ended jsonb := '[]';
BEGIN
    lost := 0;
    dead := 0;
    v_tasks := ARRAY(
        SELECT l.task
        FROM pgswarm.lease l
        LEFT JOIN pgswarm.session s ON s.id = l.session
        LEFT JOIN pgswarm.queue q ON q.id = l.queue
        WHERE (l.until < v_now OR s.expires_at < v_now OR s.ended_at IS NOT NULL OR s.id IS NULL OR s.ends_by < v_now
               OR l.until > v_now + (SELECT g.max_lease FROM pgswarm.setting g) + interval '1 minute'
               OR coalesce(l.progress_at, l.started_at) + q.stall_limit < v_now)
          AND pgswarm._is_void(l, v_now)
          -- A claimer that was frozen may be about to settle what it holds itself.
          AND (l.session IS DISTINCT FROM own OR l.until < v_now - interval '5 seconds')
        ORDER BY l.task
        LIMIT batch);
    FOR v_lease IN
        SELECT * FROM pgswarm.lease l WHERE l.task = ANY (v_tasks) ORDER BY l.task FOR UPDATE SKIP LOCKED
    LOOP
        v_now := pgswarm.clock();
        CONTINUE WHEN NOT pgswarm._is_void(v_lease, v_now);
        SELECT * INTO v_lost FROM pgswarm._lose(v_lease, pgswarm._void_reason(v_lease, v_now), v_now);
        v_ended := v_ended || v_lost.ended;
        IF v_lost.state = 'dead' THEN
            dead := dead + 1;
        ELSE
            lost := lost + 1;
        END IF;
    END LOOP;
    PERFORM pgswarm._tell(v_ended, v_now);
    RETURN NEXT;
END
$$;

CREATE FUNCTION pgswarm.sweep(batch integer DEFAULT 100) RETURNS TABLE (lost integer, dead integer, promoted integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM pgswarm._check_batch(batch);
    SELECT s.lost, s.dead INTO lost, dead FROM pgswarm._sweep(batch) s;
    PERFORM pgswarm._tend_problems(batch, pgswarm.clock());
    promoted := pgswarm._promote(NULL, batch, pgswarm.clock());
    PERFORM pgswarm._sweep_messages(batch);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.sweep IS
    'Takes up to batch void leases back and promotes as many due tasks. Claims do this by themselves, now and then.';

-- The duties that ride on claims, so that nothing depends on a daemon. A row of pulse says when each is due; whoever
-- finds it so and gets its lock does it, nobody waits. A sweep reads all leases, so the time to the next one grows
-- with the time this one took: it never costs more than a small share of one core.
CREATE FUNCTION pgswarm._ride(at timestamptz, session bigint) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_duty  text;
    v_full  boolean;
    v_start timestamptz;
BEGIN
    FOR v_duty IN
        SELECT p.duty FROM pgswarm.pulse p WHERE p.next_at <= _ride.at ORDER BY p.duty FOR UPDATE SKIP LOCKED
    LOOP
        v_start := clock_timestamp();
        IF v_duty = 'sweep' THEN
            SELECT s.lost + s.dead >= 100 INTO v_full FROM pgswarm._sweep(100, session) s;
            PERFORM pgswarm._sweep_messages(20);
        ELSIF v_duty = 'problems' THEN
            v_full := pgswarm._tend_problems(200, at);
        ELSE
            v_full := pgswarm._promote(NULL, 200, at) >= 200;
        END IF;
        UPDATE pgswarm.pulse p
        SET next_at = CASE
                WHEN v_full THEN _ride.at
                WHEN v_duty = 'problems' THEN _ride.at + interval '1 second'
                WHEN v_duty = 'sweep'
                    THEN _ride.at + greatest(interval '500 milliseconds', (clock_timestamp() - v_start) * 50)
                ELSE _ride.at + interval '200 milliseconds'
            END
        WHERE p.duty = v_duty;
    END LOOP;
END
$$;
