-- Reviews: who judges results, what they found and what speaks for it, and how well all of them do.
SET LOCAL ROLE pgswarm_owner;

ALTER TABLE pgswarm.submission ADD COLUMN risk_reasons text[];
ALTER TABLE pgswarm.submission ADD COLUMN needed smallint NOT NULL DEFAULT 0;   -- verdicts wanted
ALTER TABLE pgswarm.submission ADD COLUMN round smallint NOT NULL DEFAULT 1;

CREATE TABLE pgswarm.review_policy (
    queue           integer     PRIMARY KEY,
    settings        jsonb       NOT NULL DEFAULT '{}',  -- where it differs from the defaults
    auto_since      timestamptz NOT NULL,               -- what counts for the floor is younger
    auto_off_at     timestamptz,
    auto_off_reason text,
    changed_at      timestamptz NOT NULL,
    changed_by      integer     NOT NULL
);
COMMENT ON TABLE pgswarm.review_policy IS 'What becomes of results of a queue.';

-- A review is a task like others; here stands what it is about.
CREATE TABLE pgswarm.review_task (
    task        bigint PRIMARY KEY,
    submission  bigint NOT NULL,
    subject     bigint NOT NULL     -- the task whose result it is
);
CREATE INDEX review_task_submission ON pgswarm.review_task (submission);

CREATE TABLE pgswarm.review (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    submission   bigint      NOT NULL,
    subject      bigint      NOT NULL,
    task         bigint      NOT NULL,
    claim_id     uuid        NOT NULL,
    at           timestamptz NOT NULL,
    session      bigint      NOT NULL,
    agent        integer     NOT NULL,
    owner        text,
    family       text,
    score        smallint    NOT NULL CHECK (score BETWEEN 1 AND 5),
    summary      text        NOT NULL,
    digest       bytea       NOT NULL,
    UNIQUE (submission, agent)       -- one verdict a principal
);
CREATE INDEX review_agent ON pgswarm.review (agent, at);
COMMENT ON TABLE pgswarm.review IS 'Verdicts. Append-only; what they are about is their submission, and that alone.';

CREATE TABLE pgswarm.finding (
    id               bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    review           bigint      NOT NULL,
    submission       bigint      NOT NULL,
    subject          bigint      NOT NULL,
    at               timestamptz NOT NULL,
    severity         text        NOT NULL CHECK (severity IN ('info', 'minor', 'major', 'critical')),
    location         text,
    claim            text        NOT NULL,
    suggested_check  text,
    answer           text        CHECK (answer IN ('fixed', 'disputed', 'accepted')),
    note             text,
    answered_at      timestamptz,
    answered_by      integer,
    answered_epoch   integer
);
CREATE INDEX finding_subject ON pgswarm.finding (subject, id);
CREATE INDEX finding_submission ON pgswarm.finding (submission);
COMMENT ON TABLE pgswarm.finding IS 'What reviewers found, and what the next holder says to it.';

CREATE TABLE pgswarm.evidence (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task         bigint      NOT NULL,   -- what it is about
    submission   bigint,                 -- of a review: about that very content
    generation   smallint    NOT NULL,
    epoch        integer     NOT NULL,
    at           timestamptz NOT NULL,
    session      bigint      NOT NULL,
    agent        integer     NOT NULL,
    tier         smallint    NOT NULL CHECK (tier BETWEEN 0 AND 4),
    kind         text        NOT NULL,
    body         jsonb,
    exit_status  integer,
    artifact     text                    -- hash of the artifact that it is about
);
CREATE INDEX evidence_task ON pgswarm.evidence (task, id);
COMMENT ON TABLE pgswarm.evidence IS 'What speaks for a result, by who vouches for it. Append-only.';

CREATE TABLE pgswarm.risk_path (
    queue  integer NOT NULL,
    glob   text    NOT NULL,
    level  text    NOT NULL CHECK (level IN ('low', 'medium', 'high')),
    PRIMARY KEY (queue, glob)
);
COMMENT ON TABLE pgswarm.risk_path IS 'How much is at stake where a task works.';

-- A share of what was accepted automatically, looked at afterwards.
CREATE TABLE pgswarm.audit (
    submission  bigint      PRIMARY KEY,
    task        bigint      NOT NULL,
    queue       integer     NOT NULL,
    at          timestamptz NOT NULL,
    decided_at  timestamptz,
    decided_by  integer,
    decision    text
);
CREATE INDEX audit_open ON pgswarm.audit (task) WHERE decided_at IS NULL;

CREATE TABLE pgswarm.canary (
    task        bigint      PRIMARY KEY,
    submission  bigint      NOT NULL UNIQUE,
    queue       integer     NOT NULL,
    expected    text        NOT NULL CHECK (expected IN ('good', 'bad')),
    planted_at  timestamptz NOT NULL,
    planted_by  integer     NOT NULL,
    closed_at   timestamptz
);
COMMENT ON TABLE pgswarm.canary IS 'Made submissions with a known answer: they measure reviewers, and never count as work.';

-- What verdicts were worth, as later facts tell.
CREATE TABLE pgswarm.calibration_fact (
    review     bigint      NOT NULL,
    source     text        NOT NULL CHECK (source IN ('human', 'audit', 'taint', 'canary')),
    at         timestamptz NOT NULL,
    agent      integer     NOT NULL,
    queue      integer     NOT NULL,
    said_good  boolean     NOT NULL,
    was_good   boolean     NOT NULL,
    PRIMARY KEY (review, source)
);
CREATE INDEX calibration_fact_queue ON pgswarm.calibration_fact (queue, at);

-- What is known of an agent, for each kind of task and each model. The numbers fade: at says as of when they are.
CREATE TABLE pgswarm.agent_record (
    agent         integer          NOT NULL,
    kind          text             NOT NULL,   -- '' where a task has none
    model         text             NOT NULL,   -- '' where it is not known
    at            timestamptz      NOT NULL,
    completed     double precision NOT NULL DEFAULT 0,
    failed        double precision NOT NULL DEFAULT 0,
    released      double precision NOT NULL DEFAULT 0,
    lost          double precision NOT NULL DEFAULT 0,
    accepted      double precision NOT NULL DEFAULT 0,
    sent_back     double precision NOT NULL DEFAULT 0,
    rejected      double precision NOT NULL DEFAULT 0,
    tainted       double precision NOT NULL DEFAULT 0,
    canary_right  double precision NOT NULL DEFAULT 0,
    canary_wrong  double precision NOT NULL DEFAULT 0,
    PRIMARY KEY (agent, kind, model)
);

-- Tasks that several agents do apart from each other.
CREATE TABLE pgswarm.redundant (
    task       bigint   NOT NULL,
    round      integer  NOT NULL,
    replicas   bigint[] NOT NULL,
    opened_at  timestamptz NOT NULL,
    closed_at  timestamptz,
    agreed     integer,          -- how many were of one mind
    PRIMARY KEY (task, round)
);

-- Whoever held a task's parent, children or siblings does not review it.
CREATE INDEX task_parent ON pgswarm.task (parent) WHERE parent IS NOT NULL;
ALTER TABLE pgswarm.submission ADD COLUMN separated boolean;  -- decided by a person: was that shown apart from agents?
