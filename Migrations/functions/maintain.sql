-- Upkeep: partitions ahead, history and ended tasks past their time.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.maintain(batch integer DEFAULT 1000) RETURNS TABLE (partitions integer, removed bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pgswarm, pg_temp
SET timezone = 'UTC'
SET lock_timeout = '2s'  -- a partition that is in use is dropped next time; nobody queues up behind this
AS $$
#variable_conflict use_column
DECLARE
    v_now  timestamptz := pgswarm.clock();
    v_keep interval := (SELECT s.retention FROM pgswarm.setting s);
BEGIN
    PERFORM pgswarm._check_batch(batch);
    partitions := 0;
    removed := 0;
    IF NOT pg_try_advisory_xact_lock(hashtext('pgswarm.maintain')) THEN
        RETURN NEXT;  -- somebody is at it
        RETURN;
    END IF;
    partitions := pgswarm._add_partitions(v_now) + pgswarm._drop_partitions(v_now - v_keep);
    removed := pgswarm._remove_ended(v_now - v_keep, batch);
    DELETE FROM pgswarm.session s
    WHERE coalesce(s.ended_at, s.expires_at) < v_now - v_keep AND s.kind <> 'bare'
      AND NOT EXISTS (SELECT FROM pgswarm.lease l WHERE l.session = s.id);
    DELETE FROM pgswarm.request r WHERE r.at < v_now - interval '7 days';
    PERFORM pgswarm._upkeep_breakers(v_now);
    PERFORM pgswarm._upkeep_messages(v_now - v_keep, batch, v_now);
    PERFORM pgswarm._upkeep_problems(batch, v_now);
    PERFORM pgswarm._upkeep_questions(v_now - v_keep, batch);
    PERFORM pgswarm._upkeep_artifacts(v_now - v_keep, batch);
    PERFORM pgswarm._upkeep_budgets(v_now - v_keep, batch);
    PERFORM pgswarm._upkeep_reviews(batch, v_now);
    PERFORM pgswarm._upkeep_artifacts(v_now - v_keep, batch);
    DELETE FROM pgswarm.waiter w WHERE w.since < v_now - interval '1 day';
    PERFORM pgswarm._sweep_reservations(batch);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.maintain IS
    'Makes partitions for the months to come, drops those past retention, removes up to batch ended tasks past it.';

CREATE FUNCTION pgswarm._add_partitions(at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_table text;
    v_month timestamptz;
    v_count integer := 0;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['event', 'attempt'] LOOP
        FOR i IN 0..5 LOOP
            v_month := date_trunc('month', at) + make_interval(months => i);
            CONTINUE WHEN to_regclass(format('pgswarm.%I', v_table || to_char(v_month, '_YYYY_MM'))) IS NOT NULL;
            BEGIN
                EXECUTE format('CREATE TABLE pgswarm.%I PARTITION OF pgswarm.%I FOR VALUES FROM (%L) TO (%L)',
                    v_table || to_char(v_month, '_YYYY_MM'), v_table, v_month, v_month + interval '1 month');
                v_count := v_count + 1;
            EXCEPTION WHEN check_violation OR lock_not_available THEN
                NULL;  -- rows of this month are in the default partition already, which is a fine place too
            END;
        END LOOP;
    END LOOP;
    RETURN v_count;
END
$$;

CREATE FUNCTION pgswarm._drop_partitions(before timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_name  text;
    v_count integer := 0;
BEGIN
    FOR v_name IN
        SELECT c.relname
        FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent IN ('pgswarm.event'::regclass, 'pgswarm.attempt'::regclass)
          AND c.relname ~ '_[0-9]{4}_[0-9]{2}$'
          AND to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' < before
    LOOP
        BEGIN
            EXECUTE format('DROP TABLE pgswarm.%I', v_name);
            v_count := v_count + 1;
        EXCEPTION WHEN lock_not_available THEN
            NULL;
        END;
    END LOOP;
    RETURN v_count;
END
$$;

-- Removes ended tasks with all that belongs to them; not while a living task depends on one.
CREATE FUNCTION pgswarm._remove_ended(before timestamptz, batch integer) RETURNS bigint
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_tasks bigint[];
BEGIN
    v_tasks := ARRAY(
        SELECT o.task
        FROM pgswarm.outcome o
        WHERE o.retried_at IS NULL
          AND o.finished_at < before
          AND NOT EXISTS (SELECT FROM pgswarm.dependency d WHERE d.on_task = o.task AND NOT d.met)
        ORDER BY o.task
        LIMIT batch
        FOR UPDATE SKIP LOCKED);
    DELETE FROM pgswarm.outcome x WHERE x.task = ANY (v_tasks);
    DELETE FROM pgswarm.dependency x WHERE x.task = ANY (v_tasks);
    DELETE FROM pgswarm.progress x WHERE x.task = ANY (v_tasks);
    DELETE FROM pgswarm.effect x WHERE x.task = ANY (v_tasks);
    DELETE FROM pgswarm.late_result x WHERE x.task = ANY (v_tasks);
    DELETE FROM pgswarm.contract_waiver x WHERE x.task = ANY (v_tasks);
    DELETE FROM pgswarm.task_key x USING pgswarm.task t
    WHERE t.id = ANY (v_tasks) AND x.queue = t.queue AND x.key = t.key AND x.task = t.id;
    DELETE FROM pgswarm.task x WHERE x.id = ANY (v_tasks);
    RETURN cardinality(v_tasks);
END
$$;
