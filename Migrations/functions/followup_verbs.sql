-- Deciding follow-ups.
SET LOCAL ROLE pgswarm_owner;

-- Locks what decides about these proposals, and refuses those that are decided. Answers one row a plan or queue.
CREATE FUNCTION pgswarm._undecided(ids bigint[]) RETURNS TABLE (plan integer, queue integer, proposals bigint[])
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_bad record;
BEGIN
    IF coalesce(cardinality(_undecided.ids), 0) NOT BETWEEN 1 AND 100 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'name 1 to 100 follow-ups', 'see them with: pgswarm plan follow-ups');
    END IF;
    SELECT n.id INTO v_bad FROM unnest(_undecided.ids) n (id)
    WHERE NOT EXISTS (SELECT FROM pgswarm.followup f WHERE f.id = n.id) ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('there is no follow-up %s', coalesce(v_bad.id::text, 'NULL')), 'see them with: pgswarm plan follow-ups');
    END IF;
    PERFORM FROM pgswarm.queue q
    WHERE q.id IN (SELECT f.queue FROM pgswarm.followup f WHERE f.id = ANY (_undecided.ids) AND f.plan IS NULL) ORDER BY q.id FOR NO KEY UPDATE;
    PERFORM FROM pgswarm.plan p
    WHERE p.id IN (SELECT f.plan FROM pgswarm.followup f WHERE f.id = ANY (_undecided.ids)) ORDER BY p.id FOR UPDATE;
    SELECT f.id, f.state, a.name, f.decided_at INTO v_bad
    FROM pgswarm.followup f LEFT JOIN pgswarm.agent a ON a.id = f.decided_by
    WHERE f.id = ANY (_undecided.ids) AND f.state <> 'proposed' ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        PERFORM pgswarm._refuse('wrong_state', format('follow-up %s was %s by %s at %s', v_bad.id, v_bad.state,
            coalesce(v_bad.name, 'the policy'), pgswarm._moment(v_bad.decided_at)), 'decide those that are still proposed');
    END IF;
    RETURN QUERY SELECT f.plan, CASE WHEN f.plan IS NULL THEN f.queue END, array_agg(DISTINCT f.id ORDER BY f.id)
    FROM pgswarm.followup f WHERE f.id = ANY (_undecided.ids) GROUP BY 1, 2 ORDER BY 1, 2;
END
$$;

CREATE FUNCTION pgswarm.followup_accept(
    ids bigint[], edits jsonb DEFAULT NULL, reason text DEFAULT NULL, request_id text DEFAULT NULL, agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (id bigint, task bigint, key text, plan text, queue text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_actor  integer := pgswarm._actor_as(followup_accept.agent, followup_accept.session, 'coordinator');
    v_answer jsonb;
    v_group  record;
    v_seat   record;
    v_epoch  bigint;
    v_name   text;
BEGIN
    IF jsonb_typeof(edits) NOT IN ('object', 'null') THEN
        PERFORM pgswarm._refuse('invalid_argument', 'edits are no object',
            'for example {"queue": "build"}, for all of them, or an object by number: {"12": {"queue": "build"}}');
    END IF;
    IF followup_accept.request_id IS NOT NULL THEN
        v_answer := pgswarm._begin_request(v_actor, 'followup_accept', followup_accept.request_id, jsonb_build_array(ids, edits));
    END IF;
    IF v_answer IS NULL THEN
        FOR v_group IN SELECT * FROM pgswarm._undecided(followup_accept.ids) LOOP
            v_epoch := 0;
            IF v_group.plan IS NOT NULL THEN
                SELECT p.name INTO v_name FROM pgswarm.plan p WHERE p.id = v_group.plan;
                PERFORM pgswarm._plan_to_edit(v_name, NULL);
                v_seat := pgswarm._sit(v_name, agent, session);
                v_epoch := v_seat.epoch;
            END IF;
            PERFORM pgswarm._accept_followups(v_group.proposals, coalesce(nullif(edits, 'null'), '{}'), followup_accept.reason, v_actor,
                v_epoch, pgswarm.clock());
            IF v_group.plan IS NOT NULL THEN
                PERFORM pgswarm.leave_seat('plan:' || v_name, v_seat.token) WHERE v_seat.leave;
            END IF;
        END LOOP;
        SELECT jsonb_agg(jsonb_build_object('id', f.id, 'task', f.made, 'key', m.key, 'plan', p.name, 'queue', q.name) ORDER BY f.id)
        INTO v_answer
        FROM pgswarm.followup f JOIN pgswarm.task t ON t.id = f.made JOIN pgswarm.queue q ON q.id = t.queue
        LEFT JOIN pgswarm.terms m ON m.task = f.made LEFT JOIN pgswarm.plan p ON p.id = f.plan
        WHERE f.id = ANY (followup_accept.ids);
        IF followup_accept.request_id IS NOT NULL THEN
            PERFORM pgswarm._end_request(v_actor, 'followup_accept', followup_accept.request_id, v_answer);
        END IF;
    END IF;
    RETURN QUERY SELECT a.* FROM jsonb_to_recordset(v_answer) a (id bigint, task bigint, key text, plan text, queue text) ORDER BY 1;
END
$$;
COMMENT ON FUNCTION pgswarm.followup_accept IS
    'Makes tasks of proposals, in the plan of the task that they follow (a new version of it), else in a queue. edits: keys of a '
    'task that replace the draft''s.';

CREATE FUNCTION pgswarm.followup_decline(ids bigint[], reason text DEFAULT NULL, agent text DEFAULT NULL, session uuid DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor_as(followup_decline.agent, followup_decline.session, 'coordinator');
    v_count integer;
    v_now   timestamptz;
BEGIN
    PERFORM FROM pgswarm._undecided(followup_decline.ids);
    v_now := pgswarm.clock();
    UPDATE pgswarm.followup f
    SET state = 'declined', decided_at = v_now, decided_by = v_actor, reason = left(followup_decline.reason, 2000)
    WHERE f.id = ANY (followup_decline.ids);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM pgswarm._record('followups_declined', NULL, NULL, v_actor,
        ARRAY(SELECT DISTINCT f.task FROM pgswarm.followup f WHERE f.id = ANY (followup_decline.ids) ORDER BY 1),
        jsonb_strip_nulls(jsonb_build_object('followups', to_jsonb(ids), 'reason', left(followup_decline.reason, 2000))), v_now);
    RETURN v_count;
END
$$;
COMMENT ON FUNCTION pgswarm.followup_decline IS 'Decides that proposals become no work. The same draft is not asked again.';
