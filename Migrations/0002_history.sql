-- History: append-only and partitioned by month, so that retention drops tables instead of deleting rows.
SET LOCAL ROLE pgswarm_owner;
SET LOCAL timezone = 'UTC';  -- months begin at the same moment whoever migrates

-- A row is one change of one call: all tasks that it changed in the same way. A call over 100 tasks costs one
-- row, and the change and its event commit together. `xact` gives readers a cursor that misses nothing: ids are
-- not commit order, but below the oldest running transaction nothing can appear any more.
CREATE TABLE pgswarm.event (
    id       bigint      NOT NULL,
    at       timestamptz NOT NULL,
    xact     xid8        NOT NULL DEFAULT pg_current_xact_id(),
    session  bigint,
    queue    integer,
    agent    integer,
    kind     text        NOT NULL,
    tasks    bigint[],
    detail   jsonb
) PARTITION BY RANGE (at);
CREATE SEQUENCE pgswarm.event_id AS bigint OWNED BY pgswarm.event.id;
ALTER TABLE pgswarm.event ALTER COLUMN id SET DEFAULT nextval('pgswarm.event_id');
-- The ids of a large call are long but hardly compressible, and trying costs a seventh of a bulk enqueue.
ALTER TABLE pgswarm.event ALTER COLUMN tasks SET STORAGE EXTERNAL;
-- Block ranges fit what only grows at its end, and the range that is being filled has no summary to keep up.
CREATE INDEX event_brin ON pgswarm.event USING brin (id, at) WITH (pages_per_range = 256, autosummarize = on);

-- Attempts that did not end in an outcome. A completed attempt is its outcome row: the happy path writes no
-- second one.
CREATE TABLE pgswarm.attempt (
    task        bigint      NOT NULL,
    ended_at    timestamptz NOT NULL,
    started_at  timestamptz NOT NULL,
    session     bigint      NOT NULL,
    claim_id    uuid        NOT NULL,
    epoch       integer     NOT NULL,
    number      integer     NOT NULL,
    generation  smallint    NOT NULL,
    outcome     text        NOT NULL CHECK (outcome IN ('failed', 'released', 'lost', 'cancelled')),
    error       text,
    note        text
) PARTITION BY RANGE (ended_at);
CREATE INDEX attempt_task ON pgswarm.attempt (task, epoch);

-- Rows of a month that nobody prepared land here: history never makes a write fail.
CREATE TABLE pgswarm.event_default PARTITION OF pgswarm.event DEFAULT;
CREATE TABLE pgswarm.attempt_default PARTITION OF pgswarm.attempt DEFAULT;

DO $$
DECLARE
    v_month timestamptz := date_trunc('month', clock_timestamp());
BEGIN
    FOR i IN 0..11 LOOP
        EXECUTE format(
            'CREATE TABLE pgswarm.%I PARTITION OF pgswarm.event FOR VALUES FROM (%L) TO (%L)',
            'event_' || to_char(v_month, 'YYYY_MM'), v_month, v_month + interval '1 month');
        EXECUTE format(
            'CREATE TABLE pgswarm.%I PARTITION OF pgswarm.attempt FOR VALUES FROM (%L) TO (%L)',
            'attempt_' || to_char(v_month, 'YYYY_MM'), v_month, v_month + interval '1 month');
        v_month := v_month + interval '1 month';
    END LOOP;
END
$$;
