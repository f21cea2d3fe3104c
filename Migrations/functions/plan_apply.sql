-- A plan is written in one transaction: all of it or nothing.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.plan_apply(
    name text,
    spec jsonb,
    expected integer DEFAULT NULL,
    dry_run boolean DEFAULT false,
    cancel_running boolean DEFAULT false,
    reason text DEFAULT NULL,
    request_id text DEFAULT NULL,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pgswarm, pg_temp
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_actor  integer := pgswarm._actor_as(plan_apply.agent, plan_apply.session, 'coordinator');
    v_answer jsonb;
BEGIN
    IF dry_run THEN
        -- The real thing, and then undone: so a dry run can not promise more than an apply keeps.
        BEGIN
            v_answer := pgswarm._plan_apply(name, spec, expected, true, cancel_running, reason, v_actor, agent, session);
            RAISE EXCEPTION USING ERRCODE = 'P0PSD', MESSAGE = 'dry run';
        EXCEPTION WHEN SQLSTATE 'P0PSD' THEN
            RETURN v_answer;
        END;
    END IF;
    IF plan_apply.request_id IS NULL THEN
        RETURN pgswarm._plan_apply(name, spec, expected, false, cancel_running, reason, v_actor, agent, session);
    END IF;
    v_answer := pgswarm._begin_request(v_actor, 'plan_apply', plan_apply.request_id,
        jsonb_build_array(name, spec, expected, cancel_running, reason));
    IF v_answer IS NULL THEN
        v_answer := pgswarm._plan_apply(name, spec, expected, false, cancel_running, reason, v_actor, agent, session);
        PERFORM pgswarm._end_request(v_actor, 'plan_apply', plan_apply.request_id, v_answer);
    END IF;
    RETURN v_answer;
END
$$;
COMMENT ON FUNCTION pgswarm.plan_apply IS
    'Creates a plan or makes it what spec says: goal, defaults, limits, followups, contracts, tasks by key. expected: the '
    'version that was read. dry_run answers what would happen. Answers version, items by key and action, similar tasks, queues.';

-- Takes the seat of a plan for its session, or for the length of a call.
CREATE FUNCTION pgswarm._sit(plan text, agent text, session uuid, OUT token uuid, OUT epoch bigint, OUT leave boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_session pgswarm.session;
    v_seat    record;
BEGIN
    IF session IS NULL THEN
        v_session := pgswarm._bare_session(agent);
    ELSE
        v_session := pgswarm._live_session(session);
    END IF;
    token := v_session.token;
    leave := session IS NULL;
    SELECT * INTO v_seat FROM pgswarm.take_seat('plan:' || plan, token, interval '5 minutes');
    IF NOT v_seat.leading THEN
        PERFORM pgswarm._refuse('held', format('plan "%s" is being edited by %s until %s', plan, v_seat.holder,
            pgswarm._moment(v_seat.until)), 'edit it after that, or let its coordinator do it');
    END IF;
    epoch := v_seat.epoch;
END
$$;

-- The plan, locked, when it may be edited. Its row comes before its tasks in the order of locks: nobody who holds a task
-- asks for it.
CREATE FUNCTION pgswarm._plan_to_edit(name text, expected integer) RETURNS pgswarm.plan
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    p pgswarm.plan;
BEGIN
    SELECT * INTO p FROM pgswarm.plan x WHERE x.name = _plan_to_edit.name FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('there is no plan "%s"', left(name, 128)), 'see the plans with: pgswarm plan list');
    END IF;
    IF expected <> p.version THEN
        PERFORM pgswarm._refuse('stale_version', format('plan "%s" is at version %s, not %s%s', p.name, p.version, expected,
            coalesce((SELECT format(': %s changed it at %s', a.name, pgswarm._moment(v.at))
                      FROM pgswarm.plan_version v JOIN pgswarm.agent a ON a.id = v.agent
                      WHERE v.plan = p.id AND v.version = p.version), '')),
            'look at what changed, edit that, and apply it with the version you read: pgswarm plan diff FILE');
    END IF;
    IF p.frozen_at IS NOT NULL THEN
        PERFORM pgswarm._refuse('wrong_state', format('plan "%s" was frozen by %s at %s%s', p.name, p.frozen_by,
            pgswarm._moment(p.frozen_at), coalesce(': ' || p.frozen_reason, '')),
            format('nothing of it changes until: pgswarm plan unfreeze %s', p.name));
    END IF;
    RETURN p;
END
$$;

CREATE FUNCTION pgswarm._plan_apply(
    name text, spec jsonb, expected integer, dry_run boolean, cancel_running boolean, reason text, actor integer, agent text,
    session uuid
) RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    p        pgswarm.plan;
    v_seat   record;
    v_answer jsonb;
BEGIN
    IF name IS NULL OR name !~ '^[A-Za-z0-9][A-Za-z0-9._:/-]{0,94}$' THEN
        PERFORM pgswarm._refuse_item('plan', format('%L is no name of a plan', left(name, 100)),
            'a name has 1 to 95 letters, digits and the characters . _ : / - and begins with a letter or digit');
    END IF;
    IF pg_column_size(spec) > 4194304 THEN
        PERFORM pgswarm._refuse('too_large', format('the plan has %s bytes, the limit is 4194304', pg_column_size(spec)),
            'keep large payloads elsewhere and name them, or split the plan');
    END IF;
    PERFORM pgswarm._check_plan_head(spec);
    IF coalesce(expected, 0) = 0 THEN
        INSERT INTO pgswarm.plan (name, created_at, created_by) VALUES (_plan_apply.name, pgswarm.clock(), _plan_apply.actor)
        ON CONFLICT DO NOTHING;
    END IF;
    p := pgswarm._plan_to_edit(name, expected);
    v_seat := pgswarm._sit(name, agent, session);
    PERFORM pgswarm._plan_contracts(spec -> 'contracts', actor, pgswarm.clock());
    v_answer := pgswarm._write_plan(p, spec, cancel_running, dry_run, reason, actor, v_seat.epoch);
    IF v_seat.leave THEN
        PERFORM pgswarm.leave_seat('plan:' || name, v_seat.token);
    END IF;
    RETURN v_answer || jsonb_build_object('dry_run', dry_run);
END
$$;

-- Publishes what a plan brings along. A contract of this version and body that is there already is no change.
CREATE FUNCTION pgswarm._plan_contracts(contracts jsonb, agent integer, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_item jsonb;
    v_n      bigint;
    v_hint   text;
    v_detail text;
BEGIN
    FOR v_item, v_n IN SELECT c.value, c.n FROM jsonb_array_elements(nullif(contracts, 'null')) WITH ORDINALITY c (value, n) LOOP
        PERFORM pgswarm._check_keys(format('contracts[%s]', v_n), v_item,
            ARRAY['name', 'version', 'kind', 'body', 'examples', 'compat', 'agree']);
        BEGIN
            PERFORM pgswarm._plan_contract(v_item, agent);
        EXCEPTION WHEN OTHERS THEN
            IF SQLSTATE LIKE 'PS%' THEN
                GET STACKED DIAGNOSTICS v_hint = PG_EXCEPTION_HINT, v_detail = PG_EXCEPTION_DETAIL;
                PERFORM pgswarm._again(SQLSTATE, format('contracts[%s]: %s', v_n, SQLERRM), v_hint, v_detail);
            END IF;
            RAISE;
        END;
    END LOOP;
END
$$;

-- One of them, as its author: through whatever session of theirs there is, which has proved who they are.
CREATE FUNCTION pgswarm._plan_contract(item jsonb, agent integer) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_session uuid := (SELECT s.token FROM pgswarm.session s
                       WHERE s.agent = _plan_contract.agent AND s.ended_at IS NULL ORDER BY s.id DESC LIMIT 1);
    v_name    text := CASE WHEN v_session IS NULL THEN (SELECT a.name FROM pgswarm.agent a WHERE a.id = _plan_contract.agent) END;
BEGIN
    PERFORM pgswarm.contract_publish(
        name => item ->> 'name', version => item ->> 'version', body => item -> 'body',
        kind => coalesce(item ->> 'kind', 'json_schema'), examples => nullif(item -> 'examples', 'null'),
        compat => item ->> 'compat', agent => v_name, session => v_session);
    IF (item ->> 'agree')::boolean THEN
        PERFORM pgswarm.contract_agree(item ->> 'name', item ->> 'version', agent => v_name, session => v_session);
    END IF;
END
$$;

-- The same refusal under another message.
CREATE FUNCTION pgswarm._again(state text, message text, hint text DEFAULT NULL, detail text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, HINT = coalesce(hint, ''), DETAIL = coalesce(detail, '');
END
$$;

-- Asks the readers of options what they think of each item before anything is made, so that a refusal names the key.
CREATE FUNCTION pgswarm._check_plan_items(items pgswarm.plan_task[], at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    i        pgswarm.plan_task;
    v_hint   text;
    v_detail text;
BEGIN
    FOREACH i IN ARRAY items LOOP
        PERFORM pgswarm._bounded('payload of tasks.' || i.key, i.payload);
        PERFORM pgswarm._draft(0, i.options, at);
        PERFORM pgswarm._terms(0, i.options);
    END LOOP;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS v_hint = PG_EXCEPTION_HINT, v_detail = PG_EXCEPTION_DETAIL;
    IF SQLSTATE LIKE 'PS%' AND SQLERRM NOT LIKE '%tasks.%' THEN
        PERFORM pgswarm._again(SQLSTATE, format('tasks.%s: %s', i.key, regexp_replace(SQLERRM, '^item 0: ', '')), v_hint, v_detail);
    END IF;
    RAISE;
END
$$;
