-- Lease: what a holder gets, and how ready rows that a claim has locked become leases.
SET LOCAL ROLE pgswarm_owner;

CREATE TYPE pgswarm.claimed AS (
    id             bigint,
    handle         text,
    epoch          integer,
    fence          bigint,
    attempt        integer,
    max_attempts   integer,
    queue          text,
    kind           text,
    title          text,
    payload        jsonb,
    priority       integer,
    lease_until    timestamptz,
    lease_seconds  double precision,
    deadline       timestamptz,
    created_at     timestamptz,
    trace          text,
    parent         bigint,
    needs          text[],
    checkpoint     jsonb,
    history        jsonb,
    effects        jsonb,
    late_results   jsonb,
    problems       jsonb,    -- what the problem log knows about it
    unread         integer,  -- messages waiting for the claimer and for the task
    brief          jsonb     -- of a governed task: what was agreed and what it builds on
);

-- The fence for the outside world only grows for a task, over a failover too: a promoted standby that lost the last
-- grants counts epochs again, but under a higher timeline. The name of the current WAL file tells the timeline from
-- the moment of promotion; pg_control_checkpoint() would tell the old one until the next checkpoint.
CREATE FUNCTION pgswarm._fence_base() RETURNS bigint
LANGUAGE sql VOLATILE
AS $$ SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint << 32 $$;

-- Turns ready rows that this transaction has locked into leases of a session. The caller writes the event.
CREATE FUNCTION pgswarm._grant_many(
    session pgswarm.session, queue pgswarm.queue, "rows" tid[], lease interval, at timestamptz,
    gates integer[] DEFAULT NULL
) RETURNS SETOF pgswarm.claimed
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_fence bigint := pgswarm._fence_base();
BEGIN
    RETURN QUERY
    WITH taken AS (
        DELETE FROM pgswarm.ready
        WHERE ctid = ANY (_grant_many."rows")
        RETURNING *
    ), body AS MATERIALIZED (
        SELECT t AS whole, r.task, r.position, r.priority, r.epoch + 1 AS epoch, r.generation, r.attempts, r.failed,
               r.lost, t.kind, t.title, t.payload, t.created_at, t.trace, t.parent, t.needs,
               coalesce(t.max_attempts, _grant_many.queue.max_attempts) AS max_attempts,
               _grant_many.at + t.deadline AS deadline,
               coalesce(_grant_many.lease, t.lease, _grant_many.queue.lease) AS length,
               -- One for each, so that no mix-up of two handles makes a third.
               gen_random_uuid() AS claim_id
        FROM taken r
        JOIN pgswarm.task t ON t.id = r.task
    ), granted AS (
        INSERT INTO pgswarm.lease (task, session, claim_id, until, started_at, deadline, queue, epoch, priority,
                                   generation, attempts, failed, lost, seconds, strict_lease, gates)
        SELECT b.task, _grant_many.session.id, b.claim_id, least(_grant_many.at + b.length, b.deadline),
               _grant_many.at, b.deadline, _grant_many.queue.id, b.epoch, b.priority, b.generation, b.attempts,
               b.failed, b.lost, extract(epoch FROM b.length), _grant_many.queue.strict_lease, _grant_many.gates
        FROM body b
    )
    SELECT b.task, pgswarm._handle(b.task, b.epoch, b.claim_id), b.epoch, v_fence | b.epoch, b.attempts + 1,
           b.max_attempts::integer, _grant_many.queue.name, b.kind, b.title, b.payload, b.priority::integer,
           least(_grant_many.at + b.length, b.deadline),
           extract(epoch FROM least(_grant_many.at + b.length, b.deadline) - _grant_many.at)::double precision,
           b.deadline, b.created_at, b.trace, b.parent, b.needs,
           -- A task that was never granted before has no past to look for.
           CASE WHEN b.epoch > 1 THEN pgswarm._checkpoint(b.task) END,
           CASE WHEN b.epoch > 1 THEN pgswarm._history(b.task) END,
           CASE WHEN b.epoch > 1 THEN pgswarm._open_effects(b.task) END,
           CASE WHEN b.epoch > 1 THEN pgswarm._late_results(b.task) END,
           pgswarm._known_problems(b.whole, b.epoch),
           -- What _unread answers; in here it costs a tenth of a call.
           coalesce((SELECT m.unread FROM pgswarm.mailbox m WHERE m.agent = _grant_many.session.agent), 0)
               + coalesce((SELECT m.unread FROM pgswarm.mailbox m WHERE m.task = b.task), 0),
           NULL::jsonb
    FROM body b
    ORDER BY b.priority, b.position;
END
$$;

-- The same for one row. Setting up the one large statement costs as much as its work on a dozen rows.
CREATE FUNCTION pgswarm._grant_one(
    session pgswarm.session, queue pgswarm.queue, "row" tid, lease interval, at timestamptz,
    gates integer[] DEFAULT NULL
) RETURNS pgswarm.claimed
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_ready   pgswarm.ready;
    v_task    pgswarm.task;
    v_claim   uuid := gen_random_uuid();
    v_length  interval;
    v_claimed pgswarm.claimed;
BEGIN
    DELETE FROM pgswarm.ready WHERE ctid = _grant_one."row" RETURNING * INTO v_ready;
    SELECT * INTO v_task FROM pgswarm.task t WHERE t.id = v_ready.task;
    v_length := coalesce(_grant_one.lease, v_task.lease, _grant_one.queue.lease);
    SELECT v_task.id, pgswarm._handle(v_task.id, v_ready.epoch + 1, v_claim), v_ready.epoch + 1,
           pgswarm._fence_base() | (v_ready.epoch + 1), v_ready.attempts + 1,
           coalesce(v_task.max_attempts, _grant_one.queue.max_attempts), _grant_one.queue.name, v_task.kind,
           v_task.title, v_task.payload, v_ready.priority,
           _grant_one.at + least(v_length, v_task.deadline), extract(epoch FROM least(v_length, v_task.deadline)),
           _grant_one.at + v_task.deadline, v_task.created_at, v_task.trace, v_task.parent, v_task.needs,
           coalesce((SELECT m.unread FROM pgswarm.mailbox m WHERE m.agent = _grant_one.session.agent), 0)
               + coalesce((SELECT m.unread FROM pgswarm.mailbox m WHERE m.task = v_task.id), 0)
    INTO v_claimed.id, v_claimed.handle, v_claimed.epoch,
         v_claimed.fence, v_claimed.attempt,
         v_claimed.max_attempts, v_claimed.queue, v_claimed.kind,
         v_claimed.title, v_claimed.payload, v_claimed.priority,
         v_claimed.lease_until, v_claimed.lease_seconds,
         v_claimed.deadline, v_claimed.created_at, v_claimed.trace, v_claimed.parent, v_claimed.needs,
         v_claimed.unread;
    INSERT INTO pgswarm.lease (task, session, claim_id, until, started_at, deadline, queue, epoch, priority,
                               generation, attempts, failed, lost, seconds, strict_lease, gates, governed)
    VALUES (v_task.id, _grant_one.session.id, v_claim, v_claimed.lease_until, _grant_one.at, v_claimed.deadline,
            _grant_one.queue.id, v_claimed.epoch, v_ready.priority, v_ready.generation, v_ready.attempts,
            v_ready.failed, v_ready.lost, extract(epoch FROM v_length), _grant_one.queue.strict_lease, _grant_one.gates,
            v_task.governed OR _grant_one.queue.governed);
    IF v_claimed.epoch > 1 THEN
        v_claimed.checkpoint := pgswarm._checkpoint(v_task.id);
        v_claimed.history := pgswarm._history(v_task.id);
        v_claimed.effects := pgswarm._open_effects(v_task.id);
        v_claimed.late_results := pgswarm._late_results(v_task.id);
    END IF;
    v_claimed.problems := pgswarm._known_problems(v_task, v_claimed.epoch);
    RETURN v_claimed;
END
$$;
