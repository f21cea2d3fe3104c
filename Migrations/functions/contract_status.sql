-- Contracts: from draft to agreed, deprecated, withdrawn.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.contract_agree(
    name text, version text, dry_run boolean DEFAULT false, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (
    contract text, agreed text, status text, changed boolean, compared_with text, verdict text, reasons jsonb, breaking boolean,
    affected jsonb
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_session  pgswarm.session := CASE WHEN session IS NULL THEN pgswarm._bare_session(agent) ELSE pgswarm._live_session(session) END;
    v_contract pgswarm.contract;
    v          pgswarm.contract_version;
    v_base     pgswarm.contract_version;
    v_behind   integer[];
    v_now      timestamptz;
    r          record;
BEGIN
    PERFORM pgswarm._require_session(v_session, 'coordinator');
    v := pgswarm._known_contract(name, coalesce(version, ''));
    SELECT * INTO v_contract FROM pgswarm.contract c WHERE c.id = v.contract;
    -- What waits for it and what it would leave behind stand still first.
    IF NOT coalesce(dry_run, false) AND v.status = 'draft' THEN
        v_now := pgswarm._lock_reach(v.contract, pgswarm._left_behind(v) || v.id);
        SELECT * INTO v FROM pgswarm.contract_version x WHERE x.id = v.id FOR UPDATE;
    END IF;
    contract := v_contract.name;
    agreed := v.version;
    affected := '[]';
    changed := false;
    breaking := false;
    IF v.status = 'agreed' THEN
        status := v.status;
        verdict := v.verdict;
        reasons := v.reasons;
        RETURN NEXT;
        RETURN;
    ELSIF v.status <> 'draft' THEN
        PERFORM pgswarm._refuse('wrong_state', format('%s@%s is %s', v_contract.name, v.version, v.status),
            'publish another version: what has ended does not begin again');
    END IF;
    v_base := pgswarm._contract_base(v);
    SELECT * INTO r FROM pgswarm._contract_compared(v_base, v, v_contract.compat);
    PERFORM pgswarm._check_version_step(v_contract, v_base, v, r.verdict, r.reasons);
    IF r.verdict = 'unknown' AND NOT r.breaking AND v.published_by = v_session.agent THEN
        PERFORM pgswarm._refuse('not_allowed',
            format('whether %s@%s breaks %s could not be decided (%s), so somebody else than %s, who published it, must agree', v_contract.name,
                   v.version, v_base.version, pgswarm._reasons_written(r.reasons), (SELECT a.name FROM pgswarm.agent a WHERE a.id = v.published_by)),
            'ask a coordinator or a human who did not write it');
    END IF;
    compared_with := v_base.version;
    verdict := r.verdict;
    reasons := r.reasons;
    breaking := r.breaking;
    v_behind := CASE WHEN breaking THEN pgswarm._left_behind(v) ELSE '{}' END;
    affected := pgswarm._reach_written(v_behind);
    IF coalesce(dry_run, false) THEN
        status := v.status;
        RETURN NEXT;
        RETURN;
    END IF;
    PERFORM pgswarm._refuse_frozen(format('%s@%s', v_contract.name, v.version), v_behind);
    UPDATE pgswarm.contract_version x
    SET status = 'agreed', agreed_by = v_session.agent, agreed_at = v_now, compared_with = v_base.id, verdict = r.verdict, reasons = r.reasons
    WHERE x.id = v.id;
    UPDATE pgswarm.contract_version x SET superseded_by = v.id WHERE x.id = ANY (v_behind);
    PERFORM pgswarm._record('contract_agreed', NULL, v_session.id, v_session.agent, NULL, jsonb_strip_nulls(jsonb_build_object(
        'contract', v_contract.name, 'version', v.version, 'verdict', r.verdict, 'breaking', nullif(r.breaking, false))), v_now);
    IF breaking THEN
        PERFORM pgswarm._break(v.contract, v_behind, format('contract %s@%s breaks %s: %s', v_contract.name, v.version, v_base.version,
            CASE WHEN reasons = '[]' THEN 'a new major version' ELSE pgswarm._reasons_written(reasons) END), v_session, v_now);
    END IF;
    PERFORM pgswarm._admit_again(ARRAY(SELECT DISTINCT p.task FROM pgswarm._pinned(ARRAY[v.id]) p ORDER BY 1), v_now);
    changed := true;
    status := 'agreed';
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.contract_agree IS
    'Makes a draft count: tasks that pin it may begin. Where the comparison could not decide, somebody else than its publisher '
    'must agree. If it breaks what was agreed before, tasks that are pinned to that and have not started are held until they '
    'are pinned anew or waived, running ones are told, accepted consumers are tainted; a frozen plan refuses it.';

CREATE FUNCTION pgswarm.contract_deprecate(
    name text, version text, reason text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(contract_deprecate.agent, contract_deprecate.session, 'coordinator');
    v       pgswarm.contract_version := pgswarm._known_contract(name, coalesce(version, ''));
    v_now   timestamptz;
BEGIN
    SELECT * INTO v FROM pgswarm.contract_version x WHERE x.id = v.id FOR UPDATE;
    v_now := pgswarm.clock();
    IF v.status = 'deprecated' THEN
        RETURN v.status;
    ELSIF v.status <> 'agreed' THEN
        PERFORM pgswarm._refuse('wrong_state', format('%s@%s is %s', contract_deprecate.name, v.version, v.status),
            'only what is agreed can be deprecated; a draft is withdrawn');
    END IF;
    UPDATE pgswarm.contract_version x
    SET status = 'deprecated', ended_by = v_actor, ended_at = v_now, ended_reason = left(contract_deprecate.reason, 4000)
    WHERE x.id = v.id;
    PERFORM pgswarm._record('contract_deprecated', NULL, NULL, v_actor, NULL, jsonb_strip_nulls(jsonb_build_object(
        'contract', contract_deprecate.name, 'version', v.version, 'reason', left(contract_deprecate.reason, 2000))), v_now);
    RETURN 'deprecated';
END
$$;
COMMENT ON FUNCTION pgswarm.contract_deprecate IS
    'Says that a version should not be used for new work. It stays valid: what is pinned to it goes on, and a claim says so.';

CREATE FUNCTION pgswarm.contract_withdraw(
    name text, version text, reason text, dry_run boolean DEFAULT false, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (contract text, withdrawn text, status text, changed boolean, affected jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_session pgswarm.session := CASE WHEN session IS NULL THEN pgswarm._bare_session(agent) ELSE pgswarm._live_session(session) END;
    v         pgswarm.contract_version;
    v_now     timestamptz;
BEGIN
    PERFORM pgswarm._require_session(v_session, 'coordinator');
    v := pgswarm._known_contract(name, coalesce(version, ''));
    IF length(btrim(coalesce(reason, ''))) = 0 OR length(reason) > 4000 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a withdrawal needs a reason of 1 to 4000 characters',
            'say what is wrong with it: those who built on it will read it');
    END IF;
    IF NOT coalesce(dry_run, false) THEN
        v_now := pgswarm._lock_reach(v.contract, ARRAY[v.id]);
        SELECT * INTO v FROM pgswarm.contract_version x WHERE x.id = v.id FOR UPDATE;
    END IF;
    contract := contract_withdraw.name;
    withdrawn := v.version;
    status := v.status;
    changed := false;
    affected := CASE v.status WHEN 'withdrawn' THEN '[]' ELSE pgswarm._reach_written(ARRAY[v.id]) END;
    IF v.status = 'withdrawn' OR coalesce(dry_run, false) THEN
        RETURN NEXT;
        RETURN;
    END IF;
    PERFORM pgswarm._refuse_frozen(format('the withdrawal of %s@%s', contract, v.version), ARRAY[v.id]);
    UPDATE pgswarm.contract_version x
    SET status = 'withdrawn', ended_by = v_session.agent, ended_at = v_now, ended_reason = contract_withdraw.reason
    WHERE x.id = v.id;
    PERFORM pgswarm._record('contract_withdrawn', NULL, v_session.id, v_session.agent, NULL, jsonb_build_object(
        'contract', contract_withdraw.name, 'version', v.version, 'reason', left(contract_withdraw.reason, 2000)), v_now);
    PERFORM pgswarm._break(v.contract, ARRAY[v.id], format('contract %s@%s was withdrawn: %s', contract, v.version, reason), v_session, v_now);
    status := 'withdrawn';
    changed := true;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.contract_withdraw IS
    'Takes a version out of use: tasks pinned to it that have not started are held, running ones are told, accepted consumers '
    'are tainted; a frozen plan refuses it. dry_run lists them.';

CREATE FUNCTION pgswarm.contract_repin(
    task bigint, "from" text, "to" text, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(contract_repin.agent, contract_repin.session, 'coordinator');
    v_state text := pgswarm._hold_still(task);
    v_from  integer := (pgswarm._contract_pins(1, 'from', jsonb_build_array("from")))[1];
    v_to    integer := (pgswarm._contract_pins(1, 'to', jsonb_build_array("to")))[1];
    v_now   timestamptz := pgswarm.clock();
BEGIN
    IF split_part("from", '@', 1) <> split_part("to", '@', 1) THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%s and %s are not versions of one contract', "from", "to"),
            'another contract is another task: cancel this one and enqueue what you mean');
    ELSIF v_state IN ('running', 'review', 'done') THEN
        PERFORM pgswarm._refuse('wrong_state', format('task %s is %s: it keeps what it was begun with', task, v_state),
            'release it first, or let it end and take it back with pgswarm taint');
    ELSIF (SELECT v.status FROM pgswarm.contract_version v WHERE v.id = v_to) = 'withdrawn' THEN
        PERFORM pgswarm._refuse('wrong_state', format('%s was withdrawn', "to"), 'pin another version');
    END IF;
    UPDATE pgswarm.terms t
    SET produces = array_replace(t.produces, v_from, v_to), consumes = array_replace(t.consumes, v_from, v_to)
    WHERE t.task = contract_repin.task AND (v_from = ANY (t.produces) OR v_from = ANY (t.consumes));
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('task %s does not pin %s', task, "from"),
            format('see what it pins with: SELECT * FROM pgswarm.contract_dependents WHERE task_id = %s', task));
    END IF;
    PERFORM pgswarm._record('repinned', t.queue, NULL, v_actor, ARRAY[t.id], jsonb_build_object('from', "from", 'to', "to"), v_now)
    FROM pgswarm.task t WHERE t.id = contract_repin.task;
    PERFORM pgswarm._admit_again(ARRAY[task], v_now);
    RETURN pgswarm._state(task);
END
$$;
COMMENT ON FUNCTION pgswarm.contract_repin IS
    'Pins a task that has not started to another version of a contract (NAME@VERSION both). Answers the state it is in then.';

CREATE FUNCTION pgswarm.contract_waive(
    tasks bigint[], pin text, reason text, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._human_actor(contract_waive.agent, contract_waive.session);
    v_pin   integer;
    v_task  bigint;
    v_count integer := 0;
    v_now   timestamptz;
BEGIN
    IF length(btrim(coalesce(reason, ''))) = 0 OR length(reason) > 4000 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a waiver needs a reason of 1 to 4000 characters', 'say why the old version will do');
    END IF;
    FOR v_task IN SELECT DISTINCT t FROM unnest(tasks) t ORDER BY 1 LOOP
        PERFORM pgswarm._hold_still(v_task);
    END LOOP;
    v_pin := (pgswarm._contract_pins(1, 'pin', jsonb_build_array(pin)))[1];
    v_now := pgswarm.clock();
    FOR v_task IN SELECT DISTINCT t FROM unnest(tasks) t ORDER BY 1 LOOP
        IF NOT EXISTS (SELECT FROM pgswarm._pinned(ARRAY[v_pin]) p WHERE p.task = v_task) THEN
            PERFORM pgswarm._refuse('not_found', format('task %s does not pin %s', v_task, pin), 'see: pgswarm contract dependents');
        END IF;
        INSERT INTO pgswarm.contract_waiver (task, version, at, by, reason)
        VALUES (v_task, v_pin, v_now, v_actor, contract_waive.reason) ON CONFLICT DO NOTHING;
        IF FOUND THEN
            v_count := v_count + 1;
            PERFORM pgswarm._record('contract_waived', t.queue, NULL, v_actor, ARRAY[t.id],
                jsonb_build_object('pin', contract_waive.pin, 'reason', left(contract_waive.reason, 2000)), v_now)
            FROM pgswarm.task t WHERE t.id = v_task;
        END IF;
    END LOOP;
    PERFORM pgswarm._admit_again(ARRAY(SELECT DISTINCT t FROM unnest(tasks) t ORDER BY 1), v_now);
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION pgswarm.contract_waive IS
    'A human''s word that these tasks may go on by a version that was broken or withdrawn. Answers for how many that is new.';
