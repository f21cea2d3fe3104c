-- Budgets: setting, dropping and showing them.
SET LOCAL ROLE pgswarm_owner;

-- A scope as people write it: swarm, queue:NAME, plan:NAME or task:ID.
CREATE FUNCTION pgswarm._budget_scope(written text, OUT scope text, OUT target bigint)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_name text := substr(written, position(':' IN written) + 1);
BEGIN
    scope := split_part(written, ':', 1);
    CASE
    WHEN written = 'swarm' THEN
        target := 0;
    WHEN scope = 'queue' AND written LIKE 'queue:%' THEN
        target := (pgswarm._queue_made(v_name)).id;
    WHEN scope = 'plan' AND written LIKE 'plan:%' THEN
        target := (SELECT p.id FROM pgswarm.plan p WHERE p.name = v_name);
        IF target IS NULL THEN
            PERFORM pgswarm._refuse('not_found', format('there is no plan "%s"', left(v_name, 128)),
                'apply the plan first, then set its budget');
        END IF;
    WHEN written ~ '^task:[0-9]{1,18}$' THEN
        target := v_name::bigint;
        IF NOT EXISTS (SELECT FROM pgswarm.task t WHERE t.id = v_name::bigint) THEN
            PERFORM pgswarm._refuse('not_found', format('there is no task %s', v_name),
                'see the tasks with: SELECT id, title FROM pgswarm.tasks, or pgswarm tasks');
        END IF;
    ELSE
        PERFORM pgswarm._refuse('invalid_argument', format('%L is no scope of a budget', left(coalesce(written, ''), 140)),
            'it is swarm, queue:NAME, plan:NAME or task:ID');
    END CASE;
END
$$;

CREATE FUNCTION pgswarm._budget_written(scope text, target bigint) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN CASE scope
        WHEN 'swarm' THEN 'swarm'
        WHEN 'queue' THEN 'queue:' || (SELECT q.name FROM pgswarm.queue q WHERE q.id = target)
        WHEN 'plan' THEN 'plan:' || (SELECT p.name FROM pgswarm.plan p WHERE p.id = target)
        ELSE 'task:' || target END;
END
$$;

-- "1 attempt", "10 attempts", "2.5 of money".
CREATE FUNCTION pgswarm._amount_written(amount numeric, axis text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT trim_scale(round(amount, 6)) || CASE axis WHEN 'money' THEN ' of money'
        ELSE ' ' || CASE amount WHEN 1 THEN rtrim(axis, 's') ELSE axis END END
$$;

CREATE FUNCTION pgswarm._check_axis(axis text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF axis IS NULL OR axis NOT IN ('money', 'tokens', 'attempts', 'seconds') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is nothing that a budget counts', left(coalesce(axis, ''), 80)),
            'it is money, tokens, attempts or seconds');
    END IF;
END
$$;

CREATE FUNCTION pgswarm._check_amount(what text, amount numeric) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    -- NaN is above everything, infinity too.
    IF amount < 0 OR amount > 1e15 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%s is no amount for %s', left(amount::text, 80), what),
            'give a number of 0 or more, up to 1e15');
    END IF;
END
$$;

-- One at a time reads what is left and takes of it, over all budgets: a claim of many tasks meets theirs in any order, so
-- locks of single budgets would meet crosswise. Who has the turn waits for no task and for no other budget. What ends a hold
-- needs no turn.
CREATE FUNCTION pgswarm._take_budget_turn() RETURNS void
LANGUAGE sql VOLATILE
AS $$ SELECT pg_advisory_xact_lock(hashtextextended('pgswarm.budget_turn', 1885828979)) $$;

CREATE FUNCTION pgswarm.budget_set(
    scope text, axis text, soft numeric DEFAULT NULL, hard numeric DEFAULT NULL, hold numeric DEFAULT NULL,
    agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (budget_id integer, created boolean, admitted integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._human_actor(budget_set.agent, budget_set.session);
    v_scope record;
    v_now   timestamptz;
    b       pgswarm.budget;
BEGIN
    PERFORM pgswarm._check_axis(budget_set.axis);
    PERFORM pgswarm._check_amount('the soft limit', budget_set.soft);
    PERFORM pgswarm._check_amount('the hard limit', budget_set.hard);
    PERFORM pgswarm._check_amount('the hold of a task', budget_set.hold);
    IF budget_set.soft IS NULL AND budget_set.hard IS NULL AND budget_set.hold IS NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a budget needs a limit',
            'give soft, hard or both; to take a budget away: pgswarm budget drop');
    END IF;
    IF budget_set.axis = 'attempts' AND budget_set.hold IS NOT NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', 'an attempt counts as one attempt', 'leave out the hold');
    END IF;
    v_scope := pgswarm._budget_scope(budget_set.scope);
    PERFORM pgswarm._govern_scope(v_scope.scope, v_scope.target);
    PERFORM pgswarm._take_budget_turn();
    v_now := pgswarm.clock();
    SELECT * INTO b FROM pgswarm.budget x
    WHERE x.scope = v_scope.scope AND x.target = v_scope.target AND x.axis = budget_set.axis AND x.dropped_at IS NULL;
    created := NOT FOUND;
    b.soft := coalesce(budget_set.soft, b.soft);
    b.hard := coalesce(budget_set.hard, b.hard);
    b.hold := coalesce(budget_set.hold, b.hold);
    PERFORM pgswarm._check_limits(budget_set.axis, b);
    IF created THEN
        INSERT INTO pgswarm.budget (scope, target, axis, soft, hard, hold, created_at, set_at, set_by)
        VALUES (v_scope.scope, v_scope.target, budget_set.axis, b.soft, b.hard, b.hold, v_now, v_now, v_actor)
        RETURNING * INTO b;
    ELSE
        UPDATE pgswarm.budget x SET soft = b.soft, hard = b.hard, hold = b.hold, set_at = v_now, set_by = v_actor
        WHERE x.id = b.id;
        DELETE FROM pgswarm.budget_signal s WHERE s.budget = b.id;
    END IF;
    budget_id := b.id;
    PERFORM pgswarm._record('budget_set', CASE b.scope WHEN 'queue' THEN b.target::integer END, NULL, v_actor,
        CASE b.scope WHEN 'task' THEN ARRAY[b.target] END, jsonb_strip_nulls(jsonb_build_object(
            'scope', budget_set.scope, 'axis', b.axis, 'soft', b.soft, 'hard', b.hard, 'hold', b.hold)), v_now);
    admitted := pgswarm._admit_parked(1000, v_now);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.budget_set IS
    'Limits what swarm, queue:NAME, plan:NAME or task:ID may use up of money, tokens, attempts or seconds. hold: what a task '
    'without an estimate sets aside. What is left out stays as it was. Answers how many parked tasks this lets out.';

CREATE FUNCTION pgswarm._check_limits(axis text, b pgswarm.budget) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF b.soft > b.hard THEN
        PERFORM pgswarm._refuse('invalid_argument',
            format('the soft limit, %s, is above the hard one, %s', trim_scale(b.soft), trim_scale(b.hard)),
            'the soft limit comes first: it only tells');
    ELSIF b.hold > b.hard THEN
        PERFORM pgswarm._refuse('invalid_argument',
            format('a task would hold %s of a budget of %s', trim_scale(b.hold), trim_scale(b.hard)),
            'with such a hold no task could ever begin: choose a smaller one');
    ELSIF axis IN ('money', 'tokens') AND b.hard IS NOT NULL AND b.hold IS NULL THEN
        PERFORM pgswarm._refuse('invalid_argument',
            format('how much of %s does a task hold that gives no estimate?', axis),
            'give hold: the most that one attempt is likely to use');
    END IF;
END
$$;

-- From now on the tasks of this scope are asked when they are claimed.
CREATE FUNCTION pgswarm._govern_scope(scope text, target bigint) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    IF scope = 'swarm' THEN
        UPDATE pgswarm.setting s SET governed = true WHERE NOT s.governed;
    ELSIF scope = 'queue' THEN
        PERFORM pgswarm._govern_queue(target::integer);
    ELSIF scope = 'task' AND NOT EXISTS (
        SELECT FROM pgswarm.task t, pgswarm.queue q, pgswarm.setting s
        WHERE t.id = target AND q.id = t.queue AND (t.governed OR q.governed OR s.governed))
    THEN
        PERFORM pgswarm._refuse('wrong_state', format('task %s is not supervised, so no budget would hold it', target),
            'set a budget for its queue, or enqueue it with an estimate or other terms');
    END IF;
END
$$;

CREATE FUNCTION pgswarm.budget_drop(scope text, axis text, agent text DEFAULT NULL, session uuid DEFAULT NULL)
RETURNS TABLE (dropped boolean, admitted integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._human_actor(budget_drop.agent, budget_drop.session);
    v_scope record;
    v_now   timestamptz;
    b       pgswarm.budget;
BEGIN
    PERFORM pgswarm._check_axis(budget_drop.axis);
    IF budget_drop.scope LIKE 'queue:%' THEN
        PERFORM pgswarm._known_queue(substr(budget_drop.scope, 7));
    END IF;
    v_scope := pgswarm._budget_scope(budget_drop.scope);
    PERFORM pgswarm._take_budget_turn();
    v_now := pgswarm.clock();
    UPDATE pgswarm.budget x SET dropped_at = v_now
    WHERE x.scope = v_scope.scope AND x.target = v_scope.target AND x.axis = budget_drop.axis AND x.dropped_at IS NULL
    RETURNING * INTO b;
    dropped := FOUND;
    admitted := 0;
    IF dropped THEN
        DELETE FROM pgswarm.budget_signal s WHERE s.budget = b.id;
        PERFORM pgswarm._record('budget_dropped', CASE b.scope WHEN 'queue' THEN b.target::integer END, NULL, v_actor,
            CASE b.scope WHEN 'task' THEN ARRAY[b.target] END,
            jsonb_build_object('scope', budget_drop.scope, 'axis', b.axis), v_now);
        admitted := pgswarm._admit_parked(1000, v_now);
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.budget_drop IS
    'Takes a budget away. What it counted is kept in its holds. Answers how many parked tasks this lets out.';
