-- What enqueue asks of each item: its options, its key, room in the queue.
SET LOCAL ROLE pgswarm_owner;

-- Reads one item's options into the row of a task. Every refusal names the item.
CREATE FUNCTION pgswarm._draft(item integer, options jsonb, at timestamptz) RETURNS pgswarm.task
LANGUAGE plpgsql
AS $$
DECLARE
    v_task pgswarm.task;
    v_name text;
    v_what text;
BEGIN
    SELECT key INTO v_name
    FROM jsonb_object_keys(options) key
    WHERE key NOT IN ('title', 'kind', 'priority', 'at', 'delay', 'key', 'max_attempts', 'max_lost', 'lease',
                      'deadline', 'after', 'needs', 'trace', 'goal', 'criteria', 'size', 'paths', 'produces', 'consumes',
                      'review', 'estimate', 'capabilities', 'prefer', 'prefer_for', 'redundancy')
    LIMIT 1;
    IF FOUND THEN
        PERFORM pgswarm._refuse('invalid_argument', format('item %s: there is no option "%s"', item, v_name),
            'the options are title, kind, priority, at, delay, key, max_attempts, max_lost, lease, deadline, after, '
            'needs, trace, goal, criteria, size, paths, produces, consumes, review, estimate, capabilities, prefer, '
            'prefer_for and redundancy');
    END IF;
    BEGIN
        v_what := 'title';        v_task.title := options ->> 'title';
        v_what := 'kind';         v_task.kind := options ->> 'kind';
        v_what := 'key';          v_task.key := options ->> 'key';
        v_what := 'trace';        v_task.trace := options ->> 'trace';
        v_what := 'priority';     v_task.priority := coalesce((options ->> 'priority')::smallint, 0);
        v_what := 'max_attempts'; v_task.max_attempts := (options ->> 'max_attempts')::smallint;
        v_what := 'max_lost';     v_task.max_lost := (options ->> 'max_lost')::smallint;
        v_what := 'lease';
        v_task.lease := pgswarm._lease_length(pgswarm._seconds((options ->> 'lease')::double precision));
        v_what := 'deadline';     v_task.deadline := pgswarm._seconds((options ->> 'deadline')::double precision);
        v_what := 'at';           v_task.due_at := (options ->> 'at')::timestamptz;
        v_what := 'delay';
        v_task.due_at := coalesce(v_task.due_at,
                                  at + pgswarm._seconds((options ->> 'delay')::double precision));
        v_what := 'needs';
        IF options ? 'needs' AND options -> 'needs' <> 'null' THEN
            v_task.needs := ARRAY(SELECT DISTINCT n FROM jsonb_array_elements_text(options -> 'needs') n ORDER BY 1);
        END IF;
    EXCEPTION WHEN data_exception OR invalid_text_representation OR numeric_value_out_of_range
        OR datetime_field_overflow OR invalid_datetime_format THEN
        PERFORM pgswarm._refuse('invalid_argument',
            format('item %s: %s is not a value for "%s"', item, coalesce((options -> v_what)::text, 'null'), v_what),
            'times are RFC 3339, durations are seconds, priority is -32768 to 32767 and lower comes first');
    END;
    CASE
        WHEN v_task.max_attempts < 1 OR v_task.max_lost < 1 THEN v_what := 'max_attempts';
        WHEN v_task.deadline <= '0' THEN v_what := 'deadline';
        WHEN (options ->> 'delay')::double precision < 0 THEN v_what := 'delay';
        -- PostgreSQL knows more words for times, such as yesterday and infinity.
        WHEN options ->> 'at' !~ '^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d' THEN v_what := 'at';
        WHEN length(v_task.key) NOT BETWEEN 1 AND 500 THEN v_what := 'key';
        WHEN length(v_task.title) > 500 THEN v_what := 'title';
        WHEN length(v_task.kind) > 200 THEN v_what := 'kind';
        WHEN cardinality(v_task.needs) > 16 OR EXISTS (
            SELECT FROM unnest(v_task.needs) n WHERE n IN ('*', 'task') OR length(n) NOT BETWEEN 1 AND 200 OR n ~ '[[:cntrl:]]')
            THEN v_what := 'needs';
        -- https://www.w3.org/TR/trace-context/#traceparent-header-field-values
        WHEN v_task.trace !~ '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' THEN v_what := 'trace';
        ELSE v_what := NULL;
    END CASE;
    IF v_what IS NOT NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', format('item %s: "%s" is out of range', item, v_what),
            'limits are positive, a delay is not negative, "at" is a time like 2030-01-31T12:00:00Z, a key has 1 to 500 '
            'characters, a title up to 500, a kind up to 200, needs are up to 16 names of up to 200, a trace is a W3C traceparent');
    END IF;
    RETURN v_task;
END
$$;

-- Takes the key of a task, or answers the task that has it. Same key and same request: the same task. Same key
-- and another request: refused.
CREATE FUNCTION pgswarm._take_key(queue pgswarm.queue, key text, task bigint, hash bytea) RETURNS bigint
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_key pgswarm.task_key;
BEGIN
    INSERT INTO pgswarm.task_key (queue, key, task, hash)
    VALUES (_take_key.queue.id, _take_key.key, _take_key.task, _take_key.hash)
    ON CONFLICT DO NOTHING;
    SELECT * INTO v_key FROM pgswarm.task_key k WHERE k.queue = _take_key.queue.id AND k.key = _take_key.key;
    IF v_key.hash <> _take_key.hash THEN
        PERFORM pgswarm._refuse('request_mismatch',
            format('key "%s" of queue "%s" belongs to task %s, which was enqueued with another body',
                   _take_key.key, _take_key.queue.name, v_key.task),
            'choose another key for other work, or repeat the first request unchanged');
    END IF;
    RETURN v_key.task;
END
$$;

-- Room for so many more tasks? The queue's row is written, so that the limit holds against concurrent callers too,
-- also against those with an older snapshot. Comes last: tasks and keys are before queues in the lock order here, and a
-- key that is known needs no room.
CREATE FUNCTION pgswarm._check_backlog(queue pgswarm.queue, count integer) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_limit integer;
    v_there bigint;
BEGIN
    IF queue.reviews_of IS NOT NULL THEN
        PERFORM pgswarm._refuse('not_allowed', format('queue "%s" holds reviews, which come by themselves', queue.name),
            'choose another name for the queue');
    END IF;
    IF queue.backlog_limit IS NULL OR count = 0 THEN
        RETURN;
    END IF;
    UPDATE pgswarm.queue q SET backlog_limit = q.backlog_limit WHERE q.id = _check_backlog.queue.id
    RETURNING q.backlog_limit INTO v_limit;
    SELECT (SELECT count(*) FROM (SELECT FROM pgswarm.ready r WHERE r.lane = ANY (pgswarm._lanes(_check_backlog.queue))
                                  LIMIT v_limit) seen)
         + (SELECT count(*) FROM pgswarm.waiting w WHERE w.queue = _check_backlog.queue.id)
    INTO v_there;
    IF v_there + count > v_limit THEN
        PERFORM pgswarm._refuse('queue_full',
            format('queue "%s" has %s waiting tasks, its backlog limit is %s', queue.name, v_there, v_limit),
            'enqueue again when workers have caught up, or raise the limit with set_queue');
    END IF;
END
$$;
