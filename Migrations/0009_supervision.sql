-- Supervision: what a governed task has beside its body. A task is governed when it belongs to a plan, was enqueued with
-- terms, or its queue asks for something at the end. All others never meet what is kept here.
SET LOCAL ROLE pgswarm_owner;

ALTER TABLE pgswarm.setting ADD COLUMN governed boolean NOT NULL DEFAULT false;  -- every task is, for the swarm has a budget
ALTER TABLE pgswarm.queue ADD COLUMN governed boolean NOT NULL DEFAULT false;
ALTER TABLE pgswarm.queue ADD COLUMN reviews_of integer;  -- its tasks are the reviews of that queue's
ALTER TABLE pgswarm.task ADD COLUMN plan integer;
ALTER TABLE pgswarm.task ADD COLUMN governed boolean NOT NULL DEFAULT false;
ALTER TABLE pgswarm.lease ADD COLUMN governed boolean NOT NULL DEFAULT false;
ALTER TABLE pgswarm.lease ADD COLUMN confidence smallint;  -- the holder's own, a hint and no more

-- Governed tasks stand in lanes of their own, so that a plain claim never meets one. What else a lane asks of its
-- claimers is in its key.
ALTER TABLE pgswarm.lane ADD COLUMN governed boolean NOT NULL DEFAULT false;
ALTER TABLE pgswarm.lane ADD COLUMN capabilities text[];   -- the claimer has all of them
ALTER TABLE pgswarm.lane ADD COLUMN prefer text[];         -- agents that come first, for a time
ALTER TABLE pgswarm.lane ADD COLUMN apart boolean NOT NULL DEFAULT false;  -- each task of a family to another agent
ALTER TABLE pgswarm.lane DROP CONSTRAINT lane_queue_breakers_key;
ALTER TABLE pgswarm.lane ADD CONSTRAINT lane_key
    UNIQUE NULLS NOT DISTINCT (queue, breakers, governed, capabilities, prefer, apart);

CREATE TABLE pgswarm.plan (
    id             integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name           text        NOT NULL UNIQUE
                   CONSTRAINT plan_name_form CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$'),
    version        integer     NOT NULL DEFAULT 0,   -- grows with each edit
    created_at     timestamptz NOT NULL,
    created_by     integer     NOT NULL,
    goal           text,
    frozen_at      timestamptz,
    frozen_by      text,
    frozen_reason  text,
    paused_at      timestamptz,
    paused_by      text,
    paused_reason  text
);
COMMENT ON TABLE pgswarm.plan IS 'A named whole of tasks that belong together.';

CREATE TABLE pgswarm.terms (
    task          bigint    PRIMARY KEY,
    plan          integer,
    key           text,      -- its name inside the plan
    goal          text,
    criteria      jsonb,     -- when it counts as done, for people and reviewers to read: an array of sentences
    size          text       CHECK (size IN ('xs', 's', 'm', 'l', 'xl')),
    paths         text[],    -- what it may touch
    produces      integer[], -- contract versions
    consumes      integer[],
    review        jsonb,     -- where it differs from its queue's policy
    estimate      jsonb,     -- what it will use up, at most
    capabilities  text[],
    prefer        text[],
    prefer_for    interval,
    redundancy    jsonb,
    replica_of    bigint
);
CREATE UNIQUE INDEX terms_plan_key ON pgswarm.terms (plan, key) WHERE plan IS NOT NULL;
CREATE INDEX terms_produces ON pgswarm.terms USING gin (produces) WHERE produces IS NOT NULL;
CREATE INDEX terms_consumes ON pgswarm.terms USING gin (consumes) WHERE consumes IS NOT NULL;
CREATE INDEX terms_replica ON pgswarm.terms (replica_of) WHERE replica_of IS NOT NULL;
COMMENT ON TABLE pgswarm.terms IS 'What was agreed for a governed task.';

-- What an edge waits for, and what becomes of its task when that can not come.
ALTER TABLE pgswarm.dependency ADD COLUMN until text NOT NULL DEFAULT 'accepted'
    CHECK (until IN ('finished', 'accepted'));
ALTER TABLE pgswarm.dependency ADD COLUMN min_score smallint CHECK (min_score BETWEEN 1 AND 5);
ALTER TABLE pgswarm.dependency ADD COLUMN on_failure text NOT NULL DEFAULT 'wait'
    CHECK (on_failure IN ('wait', 'cancel', 'continue'));

-- "Done" is the worker's word; that it was accepted is a second fact.
CREATE TABLE pgswarm.submission (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task          bigint      NOT NULL,
    at            timestamptz NOT NULL,
    started_at    timestamptz NOT NULL,
    session       bigint      NOT NULL,
    agent         integer     NOT NULL,
    queue         integer     NOT NULL,
    epoch         integer     NOT NULL,
    generation    smallint    NOT NULL,
    number        integer     NOT NULL,   -- of this generation, from 1
    attempts      smallint    NOT NULL,   -- this one included
    failed        smallint    NOT NULL,
    lost          smallint    NOT NULL,
    late          boolean     NOT NULL,
    claim_id      uuid        NOT NULL,
    result        jsonb,
    digest        bytea       NOT NULL,   -- what verdicts are bound to
    confidence    smallint    CHECK (confidence BETWEEN 1 AND 5),
    state         text        NOT NULL DEFAULT 'open'
                  CHECK (state IN ('open', 'accepted', 'sent_back', 'rejected', 'void')),
    route         text,
    risk          text,
    score         smallint    CHECK (score BETWEEN 1 AND 5),
    acceptance    text        CHECK (acceptance IN ('automatic', 'reviewed', 'human')),
    decided_at    timestamptz,
    decided_by    integer,
    reason        text,
    UNIQUE (task, generation, number)
);
CREATE INDEX submission_open ON pgswarm.submission (task) WHERE state = 'open';
COMMENT ON TABLE pgswarm.submission IS 'Results that wait, or have waited, for acceptance. Content is never changed.';

ALTER TABLE pgswarm.outcome ADD COLUMN submission bigint;
ALTER TABLE pgswarm.outcome ADD COLUMN score smallint;
ALTER TABLE pgswarm.outcome ADD COLUMN acceptance text CHECK (acceptance IN ('automatic', 'reviewed', 'human'));
ALTER TABLE pgswarm.waiting DROP CONSTRAINT waiting_state_check;
ALTER TABLE pgswarm.waiting ADD CONSTRAINT waiting_state_check
    CHECK (state IN ('scheduled', 'blocked', 'parked', 'held', 'review'));
-- An attempt whose result waits for acceptance has no outcome row yet.
ALTER TABLE pgswarm.attempt DROP CONSTRAINT attempt_outcome_check;
ALTER TABLE pgswarm.attempt ADD CONSTRAINT attempt_outcome_check
    CHECK (outcome IN ('completed', 'failed', 'released', 'lost', 'cancelled'));

-- Who read which version of what: what taint follows.
CREATE TABLE pgswarm.reading (
    source             bigint      NOT NULL,   -- the task that was read from
    source_generation  smallint    NOT NULL,
    reader             bigint,                 -- the task that was worked on; NULL: somebody looked
    generation         smallint,
    epoch              integer,
    agent              integer,
    submission         bigint,
    artifact           bigint,
    at                 timestamptz NOT NULL
);
CREATE INDEX reading_source ON pgswarm.reading (source, source_generation);
CREATE INDEX reading_reader ON pgswarm.reading (reader) WHERE reader IS NOT NULL;
COMMENT ON TABLE pgswarm.reading IS 'Which holds read which results. Append-only.';

CREATE TABLE pgswarm.refused_result (
    task      bigint      NOT NULL,
    epoch     integer     NOT NULL,
    at        timestamptz NOT NULL,
    code      text        NOT NULL,
    message   text        NOT NULL,
    body      jsonb,
    hash      bytea       NOT NULL,
    PRIMARY KEY (task, epoch, hash)     -- once, however often it is repeated
);
COMMENT ON TABLE pgswarm.refused_result IS 'What a holder wanted to complete with and its contract refused: kept for people to read.';
