-- Artifacts, the scratchpad and decisions.
SET LOCAL ROLE pgswarm_owner;

ALTER TABLE pgswarm.setting
    ADD COLUMN artifact_inline integer NOT NULL DEFAULT 262144        -- bytes; larger bodies belong elsewhere
        CHECK (artifact_inline BETWEEN 1 AND 1048576),
    ADD COLUMN artifact_quota integer NOT NULL DEFAULT 1000 CHECK (artifact_quota > 0),  -- of a hold; of an agent an hour
    ADD COLUMN note_keys integer NOT NULL DEFAULT 1000 CHECK (note_keys > 0),            -- of a plan
    ADD COLUMN note_versions integer NOT NULL DEFAULT 1000 CHECK (note_versions > 0),    -- kept of a key
    ADD COLUMN decision_quota integer NOT NULL DEFAULT 60 CHECK (decision_quota > 0);    -- of an agent an hour

CREATE TABLE pgswarm.artifact_body (
    hash  bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    body  bytea NOT NULL CHECK (octet_length(body) <= 1048576)
);
COMMENT ON TABLE pgswarm.artifact_body IS 'What artifacts contain, each content once, by its SHA-256. Never updated.';

CREATE TABLE pgswarm.artifact (
    id                bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task              bigint,     -- NULL: put by somebody who holds no task
    created_at        timestamptz NOT NULL,
    session           bigint,
    size              bigint      NOT NULL CHECK (size >= 0),
    agent             integer     NOT NULL,
    plan              integer,
    epoch             integer,
    contract_version  integer,    -- that its task produces
    version           integer     NOT NULL,   -- among those of the same name of the task, or of the plan without a task
    generation        smallint,
    form              text        NOT NULL CHECK (form IN ('json', 'text', 'binary', 'reference')),
    kind              text        NOT NULL,
    name              text,
    media_type        text        NOT NULL,
    reference         text,
    hash              bytea       NOT NULL CHECK (octet_length(hash) = 32),
    body              bytea       REFERENCES pgswarm.artifact_body,
    CONSTRAINT artifact_place CHECK ((body IS NULL) = (reference IS NOT NULL) AND (body IS NULL OR body = hash)),
    CONSTRAINT artifact_producer CHECK ((task IS NULL) = (epoch IS NULL) AND (task IS NULL) = (generation IS NULL))
);
COMMENT ON TABLE pgswarm.artifact IS 'What was made: content or a reference to it, and which hold made it. Never updated.';
CREATE INDEX artifact_task ON pgswarm.artifact (task, epoch) WHERE task IS NOT NULL;
CREATE UNIQUE INDEX artifact_task_name ON pgswarm.artifact (task, name, version) WHERE task IS NOT NULL AND name IS NOT NULL;
CREATE UNIQUE INDEX artifact_plan_name ON pgswarm.artifact (coalesce(plan, 0), name, version)
    WHERE task IS NULL AND name IS NOT NULL;
CREATE INDEX artifact_plan ON pgswarm.artifact (coalesce(plan, 0), name, id);
CREATE INDEX artifact_agent ON pgswarm.artifact (agent, created_at) WHERE task IS NULL;
CREATE INDEX artifact_body_of ON pgswarm.artifact (body) WHERE body IS NOT NULL;
CREATE INDEX artifact_created_at ON pgswarm.artifact (created_at);

-- What nobody's task made has been read from no task.
ALTER TABLE pgswarm.reading ALTER COLUMN source DROP NOT NULL;
ALTER TABLE pgswarm.reading ALTER COLUMN source_generation DROP NOT NULL;
CREATE INDEX reading_at ON pgswarm.reading USING brin (at);  -- for retention alone
CREATE INDEX reading_artifact ON pgswarm.reading (artifact) WHERE artifact IS NOT NULL;

-- Plan 0 is the whole swarm's.
CREATE TABLE pgswarm.note (
    plan     integer     NOT NULL,
    key      text        NOT NULL,
    at       timestamptz NOT NULL,
    version  bigint      NOT NULL CHECK (version > 0),
    session  bigint,
    task     bigint,
    agent    integer     NOT NULL,
    epoch    integer,
    value    jsonb,      -- NULL: it was removed; the version goes on
    PRIMARY KEY (plan, key)
) WITH (fillfactor = 80);
COMMENT ON TABLE pgswarm.note IS 'The scratchpad of each plan as it stands.';
CREATE INDEX note_at ON pgswarm.note (plan, at);

CREATE TABLE pgswarm.note_past (
    LIKE pgswarm.note,
    PRIMARY KEY (plan, key, version)
);
COMMENT ON TABLE pgswarm.note_past IS 'What notes said before, in bounded numbers.';

CREATE TABLE pgswarm.decision (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan        integer     NOT NULL,
    task        bigint,     -- that it is about; NULL: all of the plan
    at          timestamptz NOT NULL,
    supersedes  bigint      UNIQUE REFERENCES pgswarm.decision,
    session     bigint,
    held        bigint,     -- the task under which it was logged
    agent       integer     NOT NULL,
    epoch       integer,
    paths       text[],     -- that it is about; NULL: all
    decision    text        NOT NULL CHECK (octet_length(decision) BETWEEN 1 AND 4096),
    why         text        CHECK (octet_length(why) <= 4096)
);
COMMENT ON TABLE pgswarm.decision IS 'What was decided, and why. Append-only.';
CREATE INDEX decision_plan ON pgswarm.decision (plan, id);
CREATE INDEX decision_agent ON pgswarm.decision (agent, at);
