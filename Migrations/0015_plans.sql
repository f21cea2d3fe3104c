-- Plans: what their tasks were made from, every version of them, what workers propose, and who gets a task first.
SET LOCAL ROLE pgswarm_owner;

ALTER TABLE pgswarm.plan ADD COLUMN limits jsonb NOT NULL DEFAULT '{}';
ALTER TABLE pgswarm.plan ADD COLUMN followups jsonb NOT NULL DEFAULT '{}';
ALTER TABLE pgswarm.queue ADD COLUMN followups jsonb NOT NULL DEFAULT '{}';  -- of tasks that belong to no plan

CREATE TABLE pgswarm.plan_version (
    plan      integer     NOT NULL,
    version   integer     NOT NULL,
    at        timestamptz NOT NULL,
    agent     integer     NOT NULL,
    seat      bigint      NOT NULL,   -- epoch of the seat under which it was written
    reason    text,
    summary   jsonb       NOT NULL,   -- what changed, key by key
    spec      jsonb       NOT NULL,
    PRIMARY KEY (plan, version)
);
COMMENT ON TABLE pgswarm.plan_version IS 'Every version of every plan. Append-only.';

CREATE TABLE pgswarm.plan_task (
    plan      integer  NOT NULL,
    key       text     NOT NULL,
    task      bigint   NOT NULL PRIMARY KEY,
    ord       integer  NOT NULL,      -- where it stands in the file
    version   integer  NOT NULL,      -- that wrote it last
    queue     text     NOT NULL,
    payload   jsonb    NOT NULL,
    options   jsonb    NOT NULL,      -- defaults included
    after     jsonb    NOT NULL,      -- edges by key
    gone_in   integer,                -- the version without it
    gone_as   text     CHECK (gone_as IN ('replaced', 'removed')),
    successor bigint
);
CREATE UNIQUE INDEX plan_task_key ON pgswarm.plan_task (plan, key) WHERE gone_in IS NULL;
COMMENT ON TABLE pgswarm.plan_task IS 'Which task stands for which key of a plan.';

CREATE TABLE pgswarm.followup (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    task       bigint      NOT NULL,  -- whose holder proposed it
    epoch      integer     NOT NULL,
    agent      integer     NOT NULL,
    plan       integer,
    queue      integer     NOT NULL,  -- of the task
    depth      smallint    NOT NULL,  -- 1; of a follow-up's follow-up 2
    times      integer     NOT NULL DEFAULT 1,  -- how often it was proposed
    state      text        NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'accepted', 'declined')),
    why        text,
    draft      jsonb       NOT NULL,
    hash       bytea       NOT NULL,  -- of title and payload, normalised
    decided_at timestamptz,
    decided_by integer,               -- NULL: the policy
    reason     text,
    made       bigint                 -- the task that came of it
);
CREATE UNIQUE INDEX followup_same ON pgswarm.followup (plan, hash) WHERE plan IS NOT NULL;
CREATE UNIQUE INDEX followup_same_queue ON pgswarm.followup (queue, hash) WHERE plan IS NULL;
CREATE INDEX followup_task ON pgswarm.followup (task);
CREATE INDEX followup_made ON pgswarm.followup (made) WHERE made IS NOT NULL;
CREATE INDEX followup_proposed ON pgswarm.followup (id) WHERE state = 'proposed';
COMMENT ON TABLE pgswarm.followup IS 'Work that workers propose. It becomes a task only when somebody, or a policy, accepts it.';

CREATE TABLE pgswarm.preference (
    task   bigint      PRIMARY KEY,
    queue  integer     NOT NULL,
    until  timestamptz NOT NULL
);
CREATE INDEX preference_due ON pgswarm.preference (queue, until);
COMMENT ON TABLE pgswarm.preference IS 'Until when a ready task is for the agents that it prefers.';
