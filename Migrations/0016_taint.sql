-- Taint: what becomes of everything that was built on a result that turned out to be wrong.
SET LOCAL ROLE pgswarm_owner;

CREATE TABLE pgswarm.taint (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL,
    by      integer,
    kind    text        NOT NULL CHECK (kind IN ('rejected', 'contract', 'agent')),
    reason  text        NOT NULL
);
COMMENT ON TABLE pgswarm.taint IS 'Each time that something accepted was taken back.';

CREATE TABLE pgswarm.taint_mark (
    taint       bigint      NOT NULL,
    task        bigint      NOT NULL,
    generation  smallint    NOT NULL,   -- the one that is tainted
    depth       integer     NOT NULL,   -- 0: what was wrong itself
    via         bigint,                 -- the task whose result it read
    was         text        NOT NULL,   -- its state then
    action      text        NOT NULL CHECK (action IN ('redo', 'review', 'stop', 'signal', 'repair', 'none')),
    repair      bigint,                 -- the task that mends what was integrated
    cleared_at  timestamptz,
    cleared_by  integer,
    cleared     text        CHECK (cleared IN ('verified', 'redone', 'waived')),
    note        text,
    PRIMARY KEY (taint, task)
);
CREATE INDEX taint_mark_open ON pgswarm.taint_mark (task) WHERE cleared_at IS NULL;
COMMENT ON TABLE pgswarm.taint_mark IS 'Which tasks a taint reached, what was done about each, and how it was cleared.';

CREATE TABLE pgswarm.integration (
    task        bigint      NOT NULL,
    generation  smallint    NOT NULL,
    at          timestamptz NOT NULL,
    by          integer     NOT NULL,
    reference   text        NOT NULL,
    PRIMARY KEY (task, generation)
);
COMMENT ON TABLE pgswarm.integration IS 'Results that have become part of the product: taking the task back does not take them out.';
