-- What callers say to breakers: reports and permits of those who use a dependency, the hand of those who run the swarm.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.breaker_report(
    name text,
    outcome text DEFAULT NULL,
    handle text DEFAULT NULL,
    retry_after interval DEFAULT NULL,
    error text DEFAULT NULL,
    permit uuid DEFAULT NULL,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (breaker text, state text, until timestamptz, not_before timestamptz, counted boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_named  record := pgswarm._breaker_name(breaker_report.name);
    v_lease  pgswarm.lease;
    v_actor  integer;
    v_claim  uuid := coalesce(breaker_report.permit, gen_random_uuid());
    v_began  timestamptz;
    v_now    timestamptz;
    b        pgswarm.breaker;
BEGIN
    PERFORM pgswarm._check_subject(v_named.scope, v_named.name);
    IF coalesce(outcome, CASE WHEN retry_after IS NOT NULL THEN 'ignored' END) NOT IN ('succeeded', 'failed', 'slow', 'ignored')
        OR (outcome IS NULL AND retry_after IS NULL)
    THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not an outcome', coalesce(outcome, '')),
            'it is succeeded, failed, slow or ignored; with retry_after it may be left out');
    END IF;
    IF retry_after < '0' OR retry_after > interval '1 day' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('a retry_after of %s is out of range', retry_after),
            'it is 0 to 24 hours');
    END IF;
    IF handle IS NOT NULL THEN
        v_lease := pgswarm._held(handle);
        v_claim := coalesce(permit, v_lease.claim_id);
        v_began := v_lease.started_at;
        v_actor := (SELECT s.agent FROM pgswarm.session s WHERE s.id = v_lease.session);
    ELSE
        v_actor := pgswarm._actor_as(agent, session, 'worker');
    END IF;
    b := pgswarm._breaker_made(v_named.scope, v_named.name);
    v_now := pgswarm.clock();
    counted := outcome IS NOT NULL;
    IF permit IS NOT NULL THEN
        SELECT p.given_at INTO v_began FROM pgswarm.permit p WHERE p.breaker = b.id AND p.claim_id = permit;
        counted := counted AND FOUND;  -- a permit that was used or ran out counts for nothing
        IF EXISTS (SELECT FROM pgswarm.permit p WHERE p.breaker <> b.id AND p.claim_id = permit) THEN
            PERFORM pgswarm._refuse('invalid_argument', format('this permit is not for "%s"', breaker_report.name),
                'name the breaker that the permit was asked from');
        END IF;
    END IF;
    IF counted AND handle IS NOT NULL AND permit IS NULL THEN
        -- Once for each claim: the end of its task is not counted again, nor is a second report.
        INSERT INTO pgswarm.breaker_report (breaker, claim_id, at) VALUES (b.id, v_claim, v_now) ON CONFLICT DO NOTHING;
        counted := FOUND;
        IF counted THEN
            -- Under an id of its own from here on, because what is in the list counts no more.
            UPDATE pgswarm.permit p SET claim_id = gen_random_uuid() WHERE p.breaker = b.id AND p.claim_id = v_claim
            RETURNING p.claim_id INTO v_claim;
            v_claim := coalesce(v_claim, gen_random_uuid());
        END IF;
    END IF;
    IF counted THEN
        PERFORM pgswarm._feed(b.id, CASE WHEN outcome = 'failed' AND NOT 'reported' = ANY (b.counts) THEN 'ignored' ELSE outcome END,
            ARRAY[v_claim], ARRAY[v_actor], ARRAY[v_began], error, v_now);
    END IF;
    IF retry_after IS NOT NULL THEN
        PERFORM pgswarm._not_before(b.id, retry_after, v_now);
        PERFORM pgswarm._record('breaker_not_before', NULL, v_lease.session, v_actor, NULL,
            jsonb_build_object('breaker', breaker_report.name, 'seconds', extract(epoch FROM retry_after)), v_now);
    END IF;
    SELECT * INTO b FROM pgswarm.breaker x WHERE x.id = b.id;
    breaker := pgswarm._breaker_written(b.scope, b.name);
    state := pgswarm._breaker_state(b, v_now);
    until := b.until;
    not_before := CASE WHEN b.not_before > v_now THEN b.not_before END;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.breaker_report IS
    'Tells what came of using a dependency: succeeded, failed, slow or ignored, once for each claim, and until when to leave '
    'it alone (retry_after), which then holds for everybody.';

CREATE FUNCTION pgswarm.breaker_permit(
    name text,
    handle text DEFAULT NULL,
    hold interval DEFAULT '2 minutes',
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (breaker text, verdict text, permit uuid, until timestamptz, retry_at timestamptz, message text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_named   record := pgswarm._breaker_name(breaker_permit.name);
    v_lease   pgswarm.lease;
    v_session bigint;
    v_room    integer;
    v_now     timestamptz;
    b         pgswarm.breaker;
BEGIN
    PERFORM pgswarm._lease_length(hold);
    PERFORM pgswarm._check_subject(v_named.scope, v_named.name);
    IF handle IS NOT NULL THEN
        v_lease := pgswarm._held(handle);
        v_session := v_lease.session;
    ELSE
        v_session := (pgswarm._claimer(session, agent)).id;
    END IF;
    b := pgswarm._breaker_made(v_named.scope, v_named.name);
    v_now := pgswarm.clock();
    v_room := pgswarm._room(b.id, v_now);
    SELECT * INTO b FROM pgswarm.breaker x WHERE x.id = b.id;
    breaker := pgswarm._breaker_written(b.scope, b.name);
    IF v_room <= 0 THEN
        verdict := 'wait';
        retry_at := pgswarm._breaker_due(b, v_now);
        message := pgswarm._breaker_message(b, v_now);
        RETURN NEXT;
        RETURN;
    END IF;
    verdict := CASE b.state WHEN 'half_open' THEN 'probe' ELSE 'go' END;
    permit := gen_random_uuid();
    until := v_now + CASE verdict WHEN 'probe' THEN least(hold, b.probe_lease) ELSE hold END;
    INSERT INTO pgswarm.permit (breaker, claim_id, task, session, version, probe, given_at, until)
    VALUES (b.id, permit, NULL, v_session, b.version, verdict = 'probe', v_now, until);
    IF b.rate IS NOT NULL THEN
        UPDATE pgswarm.breaker x SET tokens = pgswarm._tokens(x, v_now) - 1, tokens_at = v_now WHERE x.id = b.id;
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.breaker_permit IS
    'Asks leave for one use of a dependency, outside of what tasks need: go, probe, or wait until retry_at. Report the '
    'outcome with the permit; it is given back at its end in any case.';

CREATE FUNCTION pgswarm.breaker_force(
    name text,
    force text,
    reason text DEFAULT NULL,
    "for" interval DEFAULT NULL,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._human_actor(breaker_force.agent, breaker_force.session);
    v_named record := pgswarm._breaker_name(breaker_force.name);
    v_name  text := (SELECT a.name FROM pgswarm.agent a WHERE a.id = v_actor);
    v_now   timestamptz;
    b       pgswarm.breaker;
BEGIN
    IF force IS NULL OR force NOT IN ('open', 'closed', 'reset') OR v_named.name = '*' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('breaker "%s" can not be forced to %L', breaker_force.name, coalesce(force, '')),
            'force it open or closed, or reset it to its own judgement; the row * only holds defaults');
    END IF;
    IF "for" <= '0' OR "for" > interval '365 days' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('a length of %s is out of range', "for"), 'choose one above 0 and up to a year');
    END IF;
    PERFORM pgswarm._check_subject(v_named.scope, v_named.name);
    IF force = 'reset' THEN
        b := pgswarm._known_breaker(breaker_force.name);
    ELSE
        b := pgswarm._watched(v_named.scope, v_named.name);
    END IF;
    PERFORM pgswarm._turn_breaker(b.id);
    v_now := pgswarm.clock();
    IF force = 'reset' THEN
        SELECT * INTO b FROM pgswarm.breaker x WHERE x.id = b.id FOR UPDATE;
        IF b.state <> 'closed' THEN
            b := pgswarm._turn(b, 'closed', coalesce(reason, 'reset'), v_name, v_now);
        END IF;
        UPDATE pgswarm.breaker x
        SET forced = NULL, forced_by = NULL, forced_reason = NULL, forced_until = NULL, not_before = NULL, openings = 0,
            streak = 0, ramp_from = NULL
        WHERE x.id = b.id;
        DELETE FROM pgswarm.breaker_count c WHERE c.breaker = b.id;
    ELSE
        UPDATE pgswarm.breaker x
        SET forced = force, forced_by = v_name, forced_reason = left(reason, 2000), forced_until = v_now + "for",
            version = x.version + 1
        WHERE x.id = b.id;
    END IF;
    PERFORM pgswarm._record('breaker_' || CASE force WHEN 'reset' THEN 'reset' ELSE 'forced_' || force END, NULL, NULL, v_actor, NULL,
        jsonb_strip_nulls(jsonb_build_object('breaker', breaker_force.name, 'reason', left(reason, 2000),
                                             'seconds', extract(epoch FROM "for"))), v_now);
    RETURN (SELECT pgswarm._breaker_state(x, v_now) FROM pgswarm.breaker x WHERE x.id = b.id);
END
$$;
COMMENT ON FUNCTION pgswarm.breaker_force IS
    'The hand of a human: open or closed, which holds until it is reset or its time is over, or reset, which also forgets.';

CREATE FUNCTION pgswarm.breaker_set(
    name text, settings jsonb, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(breaker_set.agent, breaker_set.session, 'coordinator');
    v_named record := pgswarm._breaker_name(breaker_set.name);
    v_known text[] := ARRAY['enabled', 'counts', 'measured_over', 'min_volume', 'failure_rate', 'consecutive', 'min_principals',
                            'open_base', 'open_cap', 'probes', 'probe_lease', 'probe_successes', 'ramp_step',
                            'concurrency', 'rate', 'burst'];
    v_name  text;
    v_value text;
    b       pgswarm.breaker;
BEGIN
    IF jsonb_typeof(settings) IS DISTINCT FROM 'object' THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the settings are no JSON object', 'for example: {"consecutive": 10}');
    END IF;
    PERFORM pgswarm._check_subject(v_named.scope, v_named.name);
    b := pgswarm._watched(v_named.scope, v_named.name);
    PERFORM pgswarm._turn_breaker(b.id);
    FOR v_name, v_value IN SELECT s.key, s.value #>> '{}' FROM jsonb_each(settings) s ORDER BY 1 LOOP
        IF v_name <> ALL (v_known) THEN
            PERFORM pgswarm._refuse('invalid_argument', format('a breaker has no setting "%s"', v_name),
                'the settings are ' || array_to_string(v_known, ', '));
        END IF;
        BEGIN
            IF v_value IS NULL THEN
                EXECUTE format('UPDATE pgswarm.breaker SET %I = DEFAULT WHERE id = $1', v_name) USING b.id;
            ELSIF v_name IN ('measured_over', 'open_base', 'open_cap', 'probe_lease', 'ramp_step') THEN
                EXECUTE format('UPDATE pgswarm.breaker SET %I = make_interval(secs => $2::double precision) WHERE id = $1', v_name)
                USING b.id, v_value;
            ELSIF v_name = 'counts' THEN
                UPDATE pgswarm.breaker x
                SET counts = string_to_array(translate(v_value, '[]"'' ', ''), ',') WHERE x.id = b.id;
            ELSIF v_name IN ('failure_rate', 'consecutive') AND v_value = 'off' THEN
                EXECUTE format('UPDATE pgswarm.breaker SET %I = NULL WHERE id = $1', v_name) USING b.id;
            ELSE
                EXECUTE format('UPDATE pgswarm.breaker SET %I = $2::%s WHERE id = $1', v_name,
                    CASE v_name WHEN 'enabled' THEN 'boolean' WHEN 'failure_rate' THEN 'real'
                                WHEN 'rate' THEN 'double precision' ELSE 'integer' END) USING b.id, v_value;
            END IF;
            -- What a column's own check does not see: not a number, and what no clock can count.
            IF EXISTS (SELECT FROM pgswarm.breaker x
                       WHERE x.id = b.id AND (x.rate NOT BETWEEN 0.0001 AND 1000000 OR x.ramp_step > interval '1 day'
                                              OR x.open_cap > interval '30 days' OR x.probe_lease > interval '30 days'
                                              OR cardinality(x.counts) = 0))
            THEN
                RAISE check_violation;
            END IF;
        EXCEPTION WHEN data_exception OR check_violation OR not_null_violation OR invalid_text_representation THEN
            PERFORM pgswarm._refuse('invalid_argument', format('%L is not a value for "%s"', v_value, v_name),
                'durations are seconds, numbers are above 0, a rate is 0.0001 to 1000000, failure_rate is up to 1 (it and consecutive may be off), counts is a '
                'list of failed, lost, overdue and reported, enabled is true or false; null sets the default');
        END;
    END LOOP;
    PERFORM pgswarm._record('breaker_set', NULL, NULL, v_actor, NULL, jsonb_build_object('breaker', breaker_set.name) || settings, pgswarm.clock());
END
$$;
COMMENT ON FUNCTION pgswarm.breaker_set IS
    'Changes the policy of a breaker, which comes into being if it is not there; the row * of a scope (agent:*, kind:*, queue:*, '
    'dependency:*) holds what new ones begin with. Durations in seconds.';
