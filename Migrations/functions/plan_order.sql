-- The order of a plan: which task comes before which, and what is too deep, too wide or round.
SET LOCAL ROLE pgswarm_owner;

-- The level of each task: 1 for those that wait for nothing, else one more than the highest before it. "up" and "down" are
-- the ends of the edges. What is left when nobody is free goes round in a circle, which is named.
CREATE FUNCTION pgswarm._plan_levels(keys text[], up text[], down text[]) RETURNS TABLE (key text, level integer)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_left text[] := keys;
    v_wait text[];
    v_ring text;
BEGIN
    level := 0;
    WHILE cardinality(v_left) > 0 LOOP
        level := level + 1;
        v_wait := ARRAY(SELECT DISTINCT e.down FROM unnest(up, down) e (up, down) JOIN unnest(v_left) l (key) ON l.key = e.up);
        IF v_wait @> v_left THEN
            v_ring := pgswarm._plan_ring(v_left, up, down);
            PERFORM pgswarm._refuse_item('tasks.' || split_part(v_ring, ' → ', 1) || '.after',
                'these wait for one another: ' || v_ring, 'take one of these edges away: none of them could ever begin');
        END IF;
        FOR key IN SELECT l.key FROM unnest(v_left) l (key) EXCEPT SELECT unnest(v_wait) LOOP
            RETURN NEXT;
        END LOOP;
        v_left := v_wait;
    END LOOP;
END
$$;

-- One circle among keys that all wait for others of them: "a → b → c → a", each before the next.
CREATE FUNCTION pgswarm._plan_ring(keys text[], up text[], down text[]) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_path text[] := '{}';
    v_at   text := (SELECT min(k) FROM unnest(keys) k);
    v_from integer;
BEGIN
    -- Upwards until somebody comes again: everybody here has somebody above, unless it only hangs below the circle.
    WHILE array_position(v_path, v_at) IS NULL LOOP
        v_path := v_at || v_path;
        v_at := (SELECT min(e.up) FROM unnest(up, down) e (up, down) WHERE e.down = v_at AND e.up = ANY (keys));
    END LOOP;
    v_path := v_path[:array_position(v_path, v_at)];
    -- The circle is told from its smallest key.
    SELECT array_position(v_path, min(k)) INTO v_from FROM unnest(v_path) k;
    v_path := v_path[v_from:] || v_path[:v_from];
    RETURN array_to_string(v_path, ' → ');
END
$$;

-- Refuses what is beyond the limits, and edges to nobody. Answers the levels.
CREATE FUNCTION pgswarm._check_plan_order(items pgswarm.plan_task[], limits jsonb) RETURNS TABLE (key text, level integer)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_keys text[] := ARRAY(SELECT i.key FROM unnest(items) i ORDER BY i.ord);
    v_up   text[];
    v_down text[];
    r      record;
BEGIN
    IF cardinality(v_keys) > pgswarm._plan_limit(limits, 'tasks') THEN
        PERFORM pgswarm._refuse('too_large', format('tasks: the plan has %s tasks, its limit is %s', cardinality(v_keys),
            pgswarm._plan_limit(limits, 'tasks')), 'split it into several plans');
    END IF;
    SELECT array_agg(e.value ->> 'task'), array_agg(i.key) INTO v_up, v_down
    FROM unnest(items) i, jsonb_array_elements(i.after) e;
    SELECT e.up, e.down INTO r FROM unnest(v_up, v_down) e (up, down)
    WHERE NOT EXISTS (SELECT FROM unnest(v_keys) k (key) WHERE k.key = e.up) LIMIT 1;
    IF FOUND THEN
        PERFORM pgswarm._refuse_item('tasks.' || r.down || '.after', format('there is no task "%s" in this plan', left(r.up, 100)),
            'name keys of this plan; an upstream that was taken away goes out of "after" too');
    END IF;
    SELECT e.up, count(*) AS n INTO r FROM unnest(v_up, v_down) e (up, down)
    GROUP BY e.up HAVING count(*) > pgswarm._plan_limit(limits, 'fan_out') ORDER BY 2 DESC, 1 LIMIT 1;
    IF FOUND THEN
        PERFORM pgswarm._refuse('too_large', format('tasks.%s: %s tasks wait for it, the limit of fan-out is %s', r.up, r.n,
            pgswarm._plan_limit(limits, 'fan_out')), 'put a task between that some of them wait for');
    END IF;
    FOR key, level IN SELECT l.key, l.level FROM pgswarm._plan_levels(v_keys, v_up, v_down) l LOOP
        IF level > pgswarm._plan_limit(limits, 'depth') THEN
            PERFORM pgswarm._refuse('too_large', format('tasks.%s: it is %s deep, the limit is %s', key, level,
                pgswarm._plan_limit(limits, 'depth')), 'long chains can often be one task each with a longer goal');
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
