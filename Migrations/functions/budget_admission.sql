-- How tasks that a budget has parked come out again, and how people hear of limits.
SET LOCAL ROLE pgswarm_owner;

-- Lets out as many parked tasks as there is room for, most urgent and oldest first. Room is kept for those let out before
-- that nobody has claimed yet, so that no more come out than can begin. One at a time does this, and nobody waits for it:
-- whom it passes by, the next round finds. Needs no turn: whatever comes out is asked again when it is claimed.
CREATE FUNCTION pgswarm._admit_parked(batch integer, at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_rooms jsonb;
    v_out   bigint[] := '{}';
    v_count integer;
    w       pgswarm.budget_wait;
    v_needs jsonb;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('pgswarm.budget_admission', 1885828979)) THEN
        RETURN 0;
    END IF;
    v_count := pgswarm._tidy_admitted(at);
    v_rooms := pgswarm._budget_rooms();
    FOR w IN
        SELECT y.* FROM pgswarm.budget_wait y
        JOIN pgswarm.waiting x ON x.task = y.task AND x.state = 'parked' AND x.reason = 'budget'
        WHERE y.admitted_at IS NULL AND coalesce((v_rooms ->> y.budget::text)::numeric >= y.need, true)
        ORDER BY y.priority, y.since, y.task
        LIMIT least(batch, 1000 - v_count)
        FOR UPDATE OF x SKIP LOCKED
    LOOP
        SELECT coalesce(jsonb_object_agg((n.budget).id, n.need), '{}') INTO v_needs
        FROM pgswarm.task t, pgswarm._budget_needs(t, w.length) n WHERE t.id = w.task;
        CONTINUE WHEN EXISTS (SELECT FROM jsonb_each(v_needs) e WHERE (v_rooms ->> e.key)::numeric < e.value::numeric);
        v_rooms := v_rooms || coalesce((
            SELECT jsonb_object_agg(e.key, (v_rooms ->> e.key)::numeric - e.value::numeric)
            FROM jsonb_each(v_needs) e WHERE v_rooms ? e.key), '{}');
        UPDATE pgswarm.budget_wait y SET admitted_at = _admit_parked.at, needs = v_needs WHERE y.task = w.task;
        v_out := v_out || w.task;
    END LOOP;
    IF v_out = '{}' THEN
        RETURN 0;
    END IF;
    PERFORM pgswarm._admit_again(v_out, at);
    RETURN cardinality(v_out);
END
$$;

-- Forgets those let out that do not stand ready any more, for they have gone another way, and those that nobody wanted for a
-- minute: others may be wanted more. Answers how many are left.
CREATE FUNCTION pgswarm._tidy_admitted(at timestamptz) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    DELETE FROM pgswarm.budget_wait w WHERE w.ctid = ANY (ARRAY(
        SELECT y.ctid FROM pgswarm.budget_wait y
        WHERE y.admitted_at IS NOT NULL
          AND (y.admitted_at < _tidy_admitted.at - interval '1 minute' OR pgswarm._state(y.task) IS DISTINCT FROM 'ready')
        FOR UPDATE SKIP LOCKED));
    RETURN (SELECT count(*) FROM pgswarm.budget_wait w WHERE w.admitted_at IS NOT NULL);
END
$$;

-- What each budget with a hard limit has left, for tasks that may come out: budget -> amount.
CREATE FUNCTION pgswarm._budget_rooms() RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT coalesce(jsonb_object_agg(b.id, b.hard - s.spent - s.held - coalesce(a.need, 0)), '{}')
        FROM pgswarm.budget b
        CROSS JOIN LATERAL pgswarm._budget_standing(b) s
        LEFT JOIN (
            SELECT e.key::integer AS budget, sum(e.value::numeric) AS need
            FROM pgswarm.budget_wait w, jsonb_each(w.needs) e WHERE w.admitted_at IS NOT NULL GROUP BY 1) a ON a.budget = b.id
        WHERE b.dropped_at IS NULL AND b.hard IS NOT NULL);
END
$$;

-- A round of upkeep that rides on claims and sweeps.
CREATE FUNCTION pgswarm._tend_budgets(batch integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    IF NOT EXISTS (SELECT FROM pgswarm.budget b) THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM pgswarm.budget_wait w WHERE w.admitted_at IS NULL) THEN
        PERFORM pgswarm._admit_parked(batch, at);
    END IF;
    PERFORM pgswarm._tell_limits(at);
END
$$;

-- Limits that were reached are told once: an event, and a letter to whoever coordinates.
CREATE FUNCTION pgswarm._tell_limits(at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    r record;
    b pgswarm.budget;
    v_box integer;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('pgswarm.budget_limits', 1885828979)) THEN
        RETURN;
    END IF;
    INSERT INTO pgswarm.budget_signal (budget, what, at)
    SELECT x.id, k.what, _tell_limits.at
    FROM pgswarm.budget x
    CROSS JOIN LATERAL pgswarm._budget_standing(x) s
    CROSS JOIN LATERAL (VALUES ('soft', s.spent + s.held >= x.soft),
                               ('hard', EXISTS (SELECT FROM pgswarm.budget_wait w
                                                WHERE w.budget = x.id AND w.admitted_at IS NULL))) k (what, reached)
    WHERE x.dropped_at IS NULL AND k.reached
      AND NOT EXISTS (SELECT FROM pgswarm.budget_signal g WHERE g.budget = x.id AND g.what = k.what)
    ON CONFLICT DO NOTHING;
    FOR r IN
        SELECT g.budget, g.what FROM pgswarm.budget_signal g WHERE g.told_at IS NULL ORDER BY 1, 2 FOR UPDATE SKIP LOCKED
    LOOP
        v_box := (pgswarm._mailbox_made('role', 'coordinator')).id;
        PERFORM FROM pgswarm.mailbox m WHERE m.id = v_box FOR UPDATE SKIP LOCKED;
        EXIT WHEN NOT FOUND;  -- somebody writes to them at this moment: the next round does it
        SELECT * INTO b FROM pgswarm.budget x WHERE x.id = r.budget;
        PERFORM pgswarm._tell_limit(b, r.what, at);
        UPDATE pgswarm.budget_signal g SET told_at = _tell_limits.at WHERE g.budget = r.budget AND g.what = r.what;
    END LOOP;
END
$$;

CREATE FUNCTION pgswarm._tell_limit(b pgswarm.budget, what text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_scope  text := pgswarm._budget_written(b.scope, b.target);
    v_body   jsonb;
    v_letter pgswarm.message;
BEGIN
    SELECT jsonb_strip_nulls(jsonb_build_object('scope', v_scope, 'axis', b.axis, 'limit', what, 'soft', b.soft, 'hard', b.hard,
                                                'spent', s.spent, 'held', s.held))
    INTO v_body FROM pgswarm._budget_standing(b) s;
    PERFORM pgswarm._record('budget_' || what, CASE b.scope WHEN 'queue' THEN b.target::integer END, NULL, NULL,
        CASE b.scope WHEN 'task' THEN ARRAY[b.target] END, v_body, at);
    INSERT INTO pgswarm.message (sent_at, sender, bytes, hop, urgent, thread, kind, subject, body)
    SELECT at, NULL, octet_length(v_body::text), 0, what = 'hard', 'budget:' || b.id, 'budget',
           format(CASE what WHEN 'soft' THEN 'the budget of %s has reached its soft limit of %s'
                            ELSE 'the budget of %s does not suffice: tasks are parked by its hard limit of %s' END,
                  v_scope, pgswarm._amount_written(CASE what WHEN 'soft' THEN b.soft ELSE b.hard END, b.axis)), v_body
    RETURNING * INTO v_letter;
    PERFORM pgswarm._put(m.id, v_letter, at + s.ttl, NULL, at)
    FROM pgswarm.mailbox m, pgswarm.message_setting s WHERE m.kind = 'role' AND m.name = 'coordinator';
END
$$;

-- Which budget keeps a parked task, and what to do.
CREATE FUNCTION pgswarm._why_budget(task bigint, OUT message text, OUT detail jsonb)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    w pgswarm.budget_wait;
    b pgswarm.budget;
BEGIN
    SELECT * INTO w FROM pgswarm.budget_wait x WHERE x.task = _why_budget.task;
    SELECT * INTO b FROM pgswarm.budget x WHERE x.id = w.budget AND x.dropped_at IS NULL;
    IF b.id IS NULL THEN
        message := 'a budget did not suffice; it is about to come back';
        RETURN;
    END IF;
    message := pgswarm._budget_message(b, w.need);
    SELECT jsonb_build_object('scope', pgswarm._budget_written(b.scope, b.target), 'axis', b.axis, 'needs', w.need,
                              'spent', s.spent, 'held', s.held, 'hard', b.hard)
    INTO detail FROM pgswarm._budget_standing(b) s;
END
$$;

-- Upkeep: holds that are added up are kept as long as other history.
CREATE FUNCTION pgswarm._upkeep_budgets(before timestamptz, batch integer) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    UPDATE pgswarm.budget b SET dropped_at = pgswarm.clock()
    WHERE b.scope = 'task' AND b.dropped_at IS NULL AND NOT EXISTS (SELECT FROM pgswarm.task t WHERE t.id = b.target);
    DELETE FROM pgswarm.budget_hold h WHERE h.ctid = ANY (ARRAY(
        SELECT x.ctid FROM pgswarm.budget_hold x
        LEFT JOIN pgswarm.budget b ON b.id = x.budget
        WHERE x.ended_at < before AND (x.folded OR b.dropped_at IS NOT NULL) LIMIT batch FOR UPDATE OF x SKIP LOCKED));
    DELETE FROM pgswarm.budget_wait w WHERE w.ctid = ANY (ARRAY(
        SELECT x.ctid FROM pgswarm.budget_wait x
        WHERE x.admitted_at IS NULL AND NOT EXISTS (
            SELECT FROM pgswarm.waiting y WHERE y.task = x.task AND y.state = 'parked' AND y.reason = 'budget')
        LIMIT batch FOR UPDATE SKIP LOCKED));
END
$$;
