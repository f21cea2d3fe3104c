-- Renewal of everything a runtime holds, in one statement. The answer is the control channel.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.renew(handles text[], lease interval DEFAULT NULL, session uuid DEFAULT NULL)
RETURNS TABLE (
    ord integer, handle text, status text, lease_until timestamptz, lease_seconds double precision, unread integer
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pgswarm, pg_temp
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_length  interval := pgswarm._lease_length(renew.lease);
    v_session pgswarm.session;
    v_told    text;      -- what an agent or the whole swarm is told
    v_paused  integer[];
    v_agent   integer;
    v_now     timestamptz;
BEGIN
    IF NOT pg_has_role(session_user, 'pgswarm_worker', 'MEMBER') THEN
        PERFORM pgswarm._only_reviews(handles);
    END IF;
    IF session IS NOT NULL THEN
        v_session := pgswarm._live_session(session);
        IF v_session.role IN ('coordinator', 'reviewer') THEN
            PERFORM pgswarm._check_holding(v_session, handles);
        END IF;
        v_agent := v_session.agent;
        v_told := (SELECT a.draining_how FROM pgswarm.agent a WHERE a.id = v_session.agent AND a.draining_since IS NOT NULL);
        UPDATE pgswarm.session s SET expires_at = pgswarm.clock() + s.ttl
        WHERE s.id = v_session.id AND s.ended_at IS NULL;
    END IF;
    -- After the wait for the session's row, which may have outlasted a lease.
    v_now := pgswarm.clock();
    v_told := coalesce(nullif(v_told, 'stop'), (SELECT nullif(s.paused_how, 'stop') FROM pgswarm.setting s));
    v_paused := ARRAY(SELECT q.id FROM pgswarm.queue q WHERE q.paused_at IS NOT NULL);
    -- Rows that are being settled or swept at this moment are passed over, so that a renewal never waits and never
    -- takes part in a deadlock. They are answered busy; the next beat knows.
    RETURN QUERY
    WITH item AS MATERIALIZED (
        SELECT i.ord::integer AS ord, i.handle, split_part(i.handle, '.', 1)::bigint AS task,
               split_part(i.handle, '.', 2)::integer AS epoch, split_part(i.handle, '.', 3)::uuid AS claim_id
        FROM unnest(handles) WITH ORDINALITY i (handle, ord)
        WHERE pgswarm._is_handle(i.handle)
    ), locked AS MATERIALIZED (
        SELECT l.ctid AS address, item.ord, l.queue
        FROM item
        JOIN pgswarm.lease l ON l.task = item.task AND l.epoch = item.epoch AND l.claim_id = item.claim_id
        WHERE (l.deadline IS NULL OR l.deadline >= v_now)
          AND (NOT l.strict_lease OR NOT pgswarm._is_void(l, v_now))
        FOR UPDATE OF l SKIP LOCKED
    ), renewed AS (
        UPDATE pgswarm.lease l
        SET until = least(coalesce(v_now + v_length, greatest(v_now + make_interval(secs => l.seconds), l.until)),
                          l.deadline),
            seconds = coalesce(extract(epoch FROM v_length), l.seconds)
        FROM locked
        WHERE l.ctid = locked.address
        RETURNING locked.ord, locked.queue, l.task, l.until, l.session
    )
    SELECT i.ord::integer, i.handle,
           CASE WHEN r.ord IS NULL THEN pgswarm._why_not_renewed(i.handle)
                WHEN v_told IS NOT NULL THEN v_told
                WHEN renew.session IS NULL AND EXISTS (
                         SELECT FROM pgswarm.session s WHERE s.id = r.session AND s.draining) THEN (
                    SELECT a.draining_how FROM pgswarm.session s JOIN pgswarm.agent a ON a.id = s.agent WHERE s.id = r.session)
                WHEN r.queue = ANY (v_paused) THEN 'pause'
                WHEN EXISTS (SELECT FROM pgswarm.paused_task p WHERE p.task = r.task) THEN 'pause'
                ELSE 'ok' END,
           r.until, extract(epoch FROM r.until - v_now)::double precision,
           CASE WHEN r.ord IS NOT NULL THEN pgswarm._unread(
                    coalesce(v_agent, (SELECT s.agent FROM pgswarm.session s WHERE s.id = r.session)), r.task) END
    FROM unnest(handles) WITH ORDINALITY i (handle, ord)
    LEFT JOIN renewed r ON r.ord = i.ord
    ORDER BY i.ord;
    IF session IS NULL THEN
        PERFORM pgswarm._keep_sessions(handles, v_now);
    END IF;
END
$$;
COMMENT ON FUNCTION pgswarm.renew(text[], interval, uuid) IS
    'Renews leases, and with a session also beats. Answers for each handle: ok, pause or drain (held; claim no more), '
    'busy (ask again), cancel or lost (stop at once).';

CREATE FUNCTION pgswarm._why_not_renewed(handle text) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_task bigint;
BEGIN
    IF handle IS NULL OR NOT pgswarm._is_handle(handle) THEN
        RETURN 'lost';
    END IF;
    v_task := split_part(handle, '.', 1)::bigint;
    IF EXISTS (SELECT FROM pgswarm.lease l
               WHERE l.task = v_task AND l.claim_id = split_part(handle, '.', 3)::uuid AND NOT l.strict_lease
                 AND (l.deadline IS NULL OR l.deadline >= pgswarm.clock())) THEN
        RETURN 'busy';
    END IF;
    IF EXISTS (SELECT FROM pgswarm.outcome o
               WHERE o.task = v_task AND o.state = 'cancelled' AND o.retried_at IS NULL) THEN
        RETURN 'cancel';
    END IF;
    RETURN 'lost';
END
$$;

-- A call that shows a handle shows life of the session behind it.
CREATE FUNCTION pgswarm._keep_sessions(handles text[], at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    -- Rows that several callers may want are locked in one order.
    PERFORM FROM pgswarm.session s
    WHERE s.ended_at IS NULL AND s.id IN (
        SELECT l.session FROM unnest(handles) i (handle)
        JOIN pgswarm.lease l
          ON l.task = CASE WHEN pgswarm._is_handle(i.handle) THEN split_part(i.handle, '.', 1)::bigint END)
    ORDER BY s.id FOR NO KEY UPDATE;
    UPDATE pgswarm.session s
    SET expires_at = greatest(s.expires_at, _keep_sessions.at + s.ttl, CASE s.kind WHEN 'bare' THEN h.until END)
    FROM (
        SELECT l.session, max(l.until) AS until
        FROM unnest(handles) i (handle)
        JOIN pgswarm.lease l
          ON l.task = CASE WHEN pgswarm._is_handle(i.handle) THEN split_part(i.handle, '.', 1)::bigint END
         AND l.claim_id = CASE WHEN pgswarm._is_handle(i.handle) THEN split_part(i.handle, '.', 3)::uuid END
        GROUP BY l.session
    ) h
    WHERE s.id = h.session AND s.ended_at IS NULL;
END
$$;
