-- Step: settle what is finished and claim what is next, in one commit and one round trip.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.step(
    session uuid,
    handles text[],
    verdicts text[],
    bodies jsonb[],
    queues text[],
    count integer,
    lease interval DEFAULT NULL,
    quiet boolean DEFAULT false
) RETURNS TABLE (
    settled text, code text, state text, message text, due_at timestamptz,
    id bigint, handle text, epoch integer, fence bigint, attempt integer, max_attempts integer, queue text, kind text,
    title text, payload jsonb, priority integer, lease_until timestamptz, lease_seconds double precision,
    deadline timestamptz, created_at timestamptz, trace text, parent bigint, needs text[], checkpoint jsonb,
    history jsonb, effects jsonb, late_results jsonb, problems jsonb, unread integer, brief jsonb
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pgswarm, pg_temp
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_session pgswarm.session := pgswarm._claimer(step.session, NULL);
    v_one     record;
BEGIN
    IF cardinality(handles) = 1 AND (verdicts IS NULL OR verdicts = ARRAY['complete'])
        AND (bodies IS NULL OR (cardinality(bodies) = 1 AND pg_column_size(bodies) <= 1024))
    THEN
        -- One small result, the usual case of a worker with one slot.
        v_one := pgswarm._settle_one(handles[1], 'complete', bodies[1]);
        IF v_one.code <> 'ok' OR NOT quiet THEN
            settled := handles[1];
            code := v_one.code;
            state := v_one.state;
            message := v_one.message;
            RETURN NEXT;
        END IF;
        IF v_one.ended IS NOT NULL THEN
            PERFORM pgswarm._tell(v_one.ended, pgswarm.clock());
        END IF;
    ELSIF cardinality(handles) > 0 THEN
        RETURN QUERY
        SELECT s.handle, s.code, s.state, s.message, s.due_at,
               NULL::bigint, NULL::text, NULL::integer, NULL::bigint, NULL::integer, NULL::integer, NULL::text,
               NULL::text, NULL::text, NULL::jsonb, NULL::integer, NULL::timestamptz, NULL::double precision,
               NULL::timestamptz, NULL::timestamptz, NULL::text, NULL::bigint, NULL::text[], NULL::jsonb, NULL::jsonb,
               NULL::jsonb, NULL::jsonb, NULL::jsonb, NULL::integer, NULL::jsonb
        FROM pgswarm._settle(handles, verdicts, bodies, quiet) s;
    END IF;
    IF count <> 0 THEN
        RETURN QUERY
        SELECT NULL::text, NULL::text, NULL::text, NULL::text, NULL::timestamptz, c.*
        FROM pgswarm._claim(v_session, queues, count, pgswarm._lease_length(step.lease)) c;
    END IF;
END
$$;
COMMENT ON FUNCTION pgswarm.step IS
    'The worker''s loop in one call: settles handles and claims count tasks. Rows with settled answer for a handle, the '
    'others are claims. quiet leaves out the answers for what was completed in time.';
