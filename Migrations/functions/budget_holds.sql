-- What a budget holds back: taken in the claim's transaction, settled when the hold on the task ends.
SET LOCAL ROLE pgswarm_owner;

-- What a task thinks it will use, read from the options of its enqueue.
CREATE FUNCTION pgswarm._check_estimate(item integer, estimate jsonb) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF estimate IS NULL THEN
        RETURN;
    END IF;
    IF jsonb_typeof(estimate) <> 'object' OR estimate - ARRAY['money', 'tokens', 'seconds'] <> '{}' OR EXISTS (
        SELECT FROM jsonb_each(CASE jsonb_typeof(estimate) WHEN 'object' THEN estimate ELSE '{}' END) e
        WHERE NOT pgswarm._is_amount(e.value))
    THEN
        PERFORM pgswarm._refuse('invalid_argument', format('item %s: %s is no estimate', item, left(estimate::text, 200)),
            'it is an object with money, tokens and seconds, as far as known: numbers of 0 or more, up to 1e15');
    END IF;
END
$$;

CREATE FUNCTION pgswarm._is_amount(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE WHEN jsonb_typeof(value) = 'number' THEN value::numeric BETWEEN 0 AND 1e15 ELSE false END $$;

-- The budgets that a task belongs to, and what it needs of each for one attempt.
CREATE FUNCTION pgswarm._budget_needs(task pgswarm.task, length interval) RETURNS TABLE (budget pgswarm.budget, need numeric)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    v_estimate jsonb;
BEGIN
    IF task.governed THEN
        v_estimate := (SELECT m.estimate FROM pgswarm.terms m WHERE m.task = _budget_needs.task.id);
    END IF;
    RETURN QUERY
    SELECT b, CASE b.axis
        WHEN 'attempts' THEN 1
        WHEN 'seconds' THEN coalesce((v_estimate ->> 'seconds')::numeric, b.hold,
                                     extract(epoch FROM least(length, task.deadline)))
        ELSE coalesce((v_estimate ->> b.axis)::numeric, b.hold, 0) END
    FROM pgswarm.budget b
    WHERE b.dropped_at IS NULL
      AND (b.scope, b.target) IN (('swarm', 0::bigint), ('queue', task.queue::bigint), ('plan', task.plan::bigint), ('task', task.id))
    ORDER BY b.id;
END
$$;

-- What stands beside the sums of a budget: holds that have ended, and use beyond holds that have not.
CREATE FUNCTION pgswarm._budget_standing(
    budget pgswarm.budget, OUT spent numeric, OUT held numeric, OUT unreported bigint
)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    SELECT budget.spent + coalesce(sum(h.charged), 0), budget.held - coalesce(sum(h.amount), 0),
           budget.unreported + count(*) FILTER (WHERE h.unreported)
    INTO spent, held, unreported
    FROM pgswarm.budget_hold h WHERE h.budget = _budget_standing.budget.id AND h.ended_at IS NOT NULL AND NOT h.folded;
    held := held + coalesce((SELECT sum(h.used - h.amount) FROM pgswarm.budget_hold h
        WHERE h.budget = _budget_standing.budget.id AND h.used > h.amount AND h.ended_at IS NULL), 0);
END
$$;

-- Adds up what has ended. The caller has the turn. The row is always written: a caller whose snapshot is older than another's
-- grant fails to serialise, instead of granting by what it sees.
CREATE FUNCTION pgswarm._fold_budget(budget integer) RETURNS pgswarm.budget
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    b pgswarm.budget;
BEGIN
    WITH ended AS (
        UPDATE pgswarm.budget_hold h SET folded = true
        WHERE h.budget = _fold_budget.budget AND h.ended_at IS NOT NULL AND NOT h.folded
        RETURNING h.charged, h.amount, h.unreported
    ), sums AS (
        SELECT coalesce(sum(e.charged), 0) AS charged, coalesce(sum(e.amount), 0) AS amount,
               count(*) FILTER (WHERE e.unreported) AS unreported
        FROM ended e
    )
    UPDATE pgswarm.budget x
    SET spent = x.spent + s.charged, held = x.held - s.amount, unreported = x.unreported + s.unreported
    FROM sums s WHERE x.id = _fold_budget.budget
    RETURNING x.* INTO b;
    RETURN b;
END
$$;

-- Takes what a task needs of all its budgets, or of none: then it answers why, and the task is parked. Looks without the turn
-- first, so that nobody waits for those who only park: who gives back in this moment is heard by the next round of upkeep.
CREATE FUNCTION pgswarm._budget_refusal(
    task pgswarm.task, ready pgswarm.ready, session pgswarm.session, length interval, at timestamptz
) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_needs jsonb;
    v_over  integer;
    v_usual interval;
    v_asked numeric;
    b       pgswarm.budget;
BEGIN
    SELECT jsonb_object_agg((n.budget).id, n.need) INTO v_needs FROM pgswarm._budget_needs(task, length) n;
    IF v_needs IS NULL THEN
        RETURN NULL;
    END IF;
    v_over := pgswarm._over_budget(v_needs);
    IF v_over IS NULL THEN
        PERFORM pgswarm._take_budget_turn();
        PERFORM pgswarm._fold_budget(e.key::integer) FROM (SELECT x.key FROM jsonb_each(v_needs) x ORDER BY x.key::integer) e;
        v_over := pgswarm._over_budget(v_needs);
    END IF;
    IF v_over IS NOT NULL THEN
        v_asked := (v_needs ->> v_over::text)::numeric;
        -- Who asks for a lease longer than usual must not keep the task from others.
        v_usual := least(length, coalesce(task.lease, (SELECT q.lease FROM pgswarm.queue q WHERE q.id = task.queue)));
        IF v_usual < length THEN
            v_needs := v_needs || coalesce((
                SELECT jsonb_object_agg((n.budget).id, n.need) FROM pgswarm._budget_needs(task, v_usual) n), '{}');
        END IF;
        INSERT INTO pgswarm.budget_wait AS w (task, since, length, need, budget, priority, needs)
        VALUES (task.id, at, v_usual, (v_needs ->> v_over::text)::numeric, v_over, task.priority, v_needs)
        ON CONFLICT (task) DO UPDATE
        SET admitted_at = NULL, length = excluded.length, need = excluded.need, budget = excluded.budget,
            needs = excluded.needs;
        SELECT * INTO b FROM pgswarm.budget x WHERE x.id = v_over;
        RETURN pgswarm._budget_message(b, v_asked);
    END IF;
    INSERT INTO pgswarm.budget_hold (task, epoch, budget, at, session, amount)
    SELECT task.id, ready.epoch + 1, e.key::integer, _budget_refusal.at, session.id, e.value::numeric
    FROM jsonb_each(v_needs) e;
    UPDATE pgswarm.budget x SET held = x.held + e.value::numeric FROM jsonb_each(v_needs) e WHERE x.id = e.key::integer;
    -- One that was let out has come in. What is being tidied at this moment is nothing to wait for.
    DELETE FROM pgswarm.budget_wait w WHERE w.ctid = (
        SELECT y.ctid FROM pgswarm.budget_wait y WHERE y.task = _budget_refusal.task.id FOR UPDATE SKIP LOCKED);
    RETURN NULL;
END
$$;

-- The first of these budgets that does not have what is needed of it.
CREATE FUNCTION pgswarm._over_budget(needs jsonb) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT b.id
        FROM jsonb_each(needs) e
        JOIN pgswarm.budget b ON b.id = e.key::integer
        CROSS JOIN LATERAL pgswarm._budget_standing(b) s
        WHERE b.dropped_at IS NULL AND s.spent + s.held + e.value::numeric > b.hard
        ORDER BY b.id LIMIT 1);
END
$$;

CREATE FUNCTION pgswarm._budget_message(b pgswarm.budget, need numeric) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_scope text := pgswarm._budget_written(b.scope, b.target);
    s       record;
BEGIN
    s := pgswarm._budget_standing(b);
    RETURN format('it needs %s, and the budget of %s has %s: %s spent and %s held of %s; raise it with: pgswarm budget set %s %s --hard N%s',
        pgswarm._amount_written(need, b.axis), v_scope,
        CASE WHEN s.spent + s.held >= b.hard THEN 'none left'
             ELSE trim_scale(round(b.hard - s.spent - s.held, 6)) || ' left' END,
        trim_scale(round(s.spent, 6)), trim_scale(round(s.held, 6)), trim_scale(b.hard), v_scope, b.axis,
        CASE WHEN s.held > 0 AND need <= b.hard - s.spent THEN ', or wait until what runs gives its hold back' ELSE '' END);
END
$$;

-- What a holder reports is added up in its holds, of which nobody else writes any while they stand.
CREATE FUNCTION pgswarm._note_usage(lease pgswarm.lease, usage jsonb) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_axis text;
BEGIN
    IF jsonb_typeof(usage) <> 'object' THEN
        RETURN;
    END IF;
    FOREACH v_axis IN ARRAY ARRAY['money', 'tokens'] LOOP
        CONTINUE WHEN NOT usage ? v_axis;
        IF NOT pgswarm._is_amount(usage -> v_axis) THEN
            PERFORM pgswarm._refuse('invalid_argument',
                format('%s is no amount of %s', left((usage -> v_axis)::text, 80), v_axis),
                'report what was used since the last report: a number of 0 or more, up to 1e15');
        END IF;
        UPDATE pgswarm.budget_hold h SET used = coalesce(h.used, 0) + (usage ->> v_axis)::numeric
        FROM pgswarm.budget b
        WHERE h.task = lease.task AND h.epoch = lease.epoch AND h.ended_at IS NULL AND b.id = h.budget AND b.axis = v_axis;
    END LOOP;
END
$$;

-- The end of a hold. Attempts and time are counted here; money and tokens as reported. Nobody knows what was used without a
-- report: then it is charged in full and marked so, but for a holder who was lost, or who gave the task back untouched. An
-- attempt that ran into its deadline is no loss, it had its time.
CREATE FUNCTION pgswarm._settle_budget(lease pgswarm.lease, outcome text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lost  boolean := outcome = 'lost' AND (lease.deadline < at) IS NOT TRUE;
    v_begun boolean := NOT v_lost AND (outcome NOT IN ('released', 'cancelled') OR lease.progress_at IS NOT NULL);
BEGIN
    UPDATE pgswarm.budget_hold h
    SET ended_at = _settle_budget.at, outcome = _settle_budget.outcome,
        charged = CASE b.axis
            WHEN 'attempts' THEN CASE WHEN v_lost OR _settle_budget.outcome = 'released' THEN 0 ELSE h.amount END
            WHEN 'seconds' THEN greatest(round(extract(epoch FROM
                CASE WHEN v_lost THEN coalesce(lease.progress_at, lease.started_at) ELSE least(_settle_budget.at, lease.deadline) END
                - lease.started_at), 3), 0)
            ELSE coalesce(h.used, CASE WHEN v_begun THEN h.amount ELSE 0 END) END,
        unreported = b.axis IN ('money', 'tokens') AND h.used IS NULL AND v_begun
    FROM pgswarm.budget b
    WHERE h.task = lease.task AND h.epoch = lease.epoch AND h.ended_at IS NULL AND b.id = h.budget;
    IF FOUND AND EXISTS (SELECT FROM pgswarm.budget_wait w WHERE w.admitted_at IS NULL) THEN
        PERFORM pgswarm._admit_parked(100, at);
    END IF;
END
$$;

-- What a holder may use up, for its brief.
CREATE FUNCTION pgswarm._brief_budget(task bigint) RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                   'scope', pgswarm._budget_written(b.scope, b.target), 'axis', b.axis, 'held', h.amount,
                   'left', greatest(b.hard - s.spent - s.held, 0))) ORDER BY b.id)
        FROM pgswarm.lease l
        JOIN pgswarm.budget_hold h ON h.task = l.task AND h.epoch = l.epoch AND h.ended_at IS NULL
        JOIN pgswarm.budget b ON b.id = h.budget AND b.dropped_at IS NULL
        CROSS JOIN LATERAL pgswarm._budget_standing(b) s
        WHERE l.task = _brief_budget.task);
END
$$;
