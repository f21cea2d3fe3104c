-- Pausing, draining and stopping more than a queue.
SET LOCAL ROLE pgswarm_owner;

ALTER TABLE pgswarm.setting ADD COLUMN paused_at timestamptz;      -- the whole swarm
ALTER TABLE pgswarm.setting ADD COLUMN paused_how text CHECK (paused_how IN ('pause', 'drain', 'stop'));
ALTER TABLE pgswarm.setting ADD COLUMN paused_by text;
ALTER TABLE pgswarm.setting ADD COLUMN paused_reason text;
ALTER TABLE pgswarm.agent ADD COLUMN draining_how text NOT NULL DEFAULT 'drain'
    CHECK (draining_how IN ('pause', 'drain', 'stop'));

CREATE TABLE pgswarm.paused_task (
    task    bigint      PRIMARY KEY,
    at      timestamptz NOT NULL,
    by      text,
    reason  text
);
COMMENT ON TABLE pgswarm.paused_task IS 'Tasks that are not to be claimed until somebody resumes them.';
