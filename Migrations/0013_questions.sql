-- Questions to people, and the webhook that tells them.
SET LOCAL ROLE pgswarm_owner;

CREATE TABLE pgswarm.question (
    id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at             timestamptz NOT NULL,
    asker          integer     NOT NULL,
    plan           integer,
    scope          text        NOT NULL CHECK (scope IN ('task', 'paths', 'plan')),
    topic          text,
    hash           bytea       NOT NULL,   -- what makes two questions one: the topic, or text and options, in a plan
    text           text        NOT NULL,
    options        text[],                 -- NULL: any text is an answer
    fallback       text,                   -- the answer when nobody gives one
    severity       text        NOT NULL CHECK (severity IN ('low', 'normal', 'high', 'blocking')),
    on_deadline    text        NOT NULL CHECK (on_deadline IN ('wait', 'default', 'deny', 'escalate')),
    patience       interval,               -- how long each rung has
    deadline       timestamptz,            -- when the present rung's time is over; NULL: never
    overdue_since  timestamptz,            -- its last deadline has passed, and it waits on
    rungs          text[]      NOT NULL,   -- who may answer: coordinator, human or an agent's name; a human always may
    rung           integer     NOT NULL DEFAULT 1,
    state          text        NOT NULL DEFAULT 'open'
                   CHECK (state IN ('open', 'answered', 'defaulted', 'denied', 'withdrawn')),
    answer         text,
    note           text,
    answered_at    timestamptz,
    answered_by    text,
    decision       boolean     NOT NULL DEFAULT false,  -- the answer holds for whoever asks the same again
    logged         bigint,                 -- in the log of decisions
    loose          boolean     NOT NULL DEFAULT false,  -- it has ended, and some that waited were locked at that moment
    CONSTRAINT question_default_has_fallback CHECK (on_deadline <> 'default' OR fallback IS NOT NULL),
    CONSTRAINT question_answered_has_answer CHECK (state NOT IN ('answered', 'defaulted') OR answer IS NOT NULL)
);
COMMENT ON TABLE pgswarm.question IS 'What agents ask people. One question, however many ask it.';
-- Who asks the same but wants something else at the deadline has a question of its own: each ends as it was declared.
CREATE UNIQUE INDEX question_open ON pgswarm.question
    (hash, on_deadline, (CASE WHEN on_deadline = 'default' THEN fallback ELSE '' END)) WHERE state = 'open';
CREATE INDEX question_decided ON pgswarm.question (hash, id) WHERE decision;
CREATE INDEX question_deadline ON pgswarm.question (deadline) WHERE state = 'open' AND deadline IS NOT NULL;
CREATE INDEX question_asker ON pgswarm.question (asker, at);
CREATE INDEX question_loose ON pgswarm.question (id) WHERE loose;
CREATE INDEX question_ended ON pgswarm.question (answered_at) WHERE state <> 'open' AND NOT decision;

CREATE TABLE pgswarm.question_waiter (
    question  bigint      NOT NULL,
    task      bigint      NOT NULL,
    at        timestamptz NOT NULL,
    agent     integer     NOT NULL,
    parked    boolean     NOT NULL,   -- it waits for the answer; otherwise it only wants to know
    ended     text        CHECK (ended IN ('resumed', 'denied', 'gone')),  -- gone: it waited no more when the answer came
    PRIMARY KEY (question, task)
);
CREATE INDEX question_waiter_task ON pgswarm.question_waiter (task);
CREATE INDEX question_waiter_parked ON pgswarm.question_waiter (question) WHERE parked AND ended IS NULL;

-- Everything that anybody answered, the first and those that came too late.
CREATE TABLE pgswarm.question_answer (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    question  bigint      NOT NULL,
    at        timestamptz NOT NULL,
    agent     integer     NOT NULL,
    separated boolean     NOT NULL,   -- proven to be a person
    answer    text        NOT NULL,
    note      text,
    late      boolean     NOT NULL
);
CREATE INDEX question_answer_question ON pgswarm.question_answer (question, id);

CREATE TABLE pgswarm.webhook (
    singleton  boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    url        text        NOT NULL,
    secret     bytea       NOT NULL,
    events     text[]      NOT NULL,
    set_at     timestamptz NOT NULL,
    set_by     text        NOT NULL
);
COMMENT ON TABLE pgswarm.webhook IS 'Where people are told. The secret leaves the database only as a signature.';

CREATE TABLE pgswarm.webhook_delivery (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    event      text        NOT NULL,
    body       text        NOT NULL,
    due        timestamptz NOT NULL,
    attempts   smallint    NOT NULL DEFAULT 0,
    lease      uuid,                    -- whoever sends it at this moment
    until      timestamptz,
    state      text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
    ended_at   timestamptz,
    error      text
);
CREATE INDEX webhook_delivery_due ON pgswarm.webhook_delivery (due) WHERE state = 'waiting';
CREATE INDEX webhook_delivery_ended ON pgswarm.webhook_delivery (ended_at) WHERE state <> 'waiting';
COMMENT ON TABLE pgswarm.webhook_delivery IS 'What is to be told, written in the transaction of what happened, sent after it.';

INSERT INTO pgswarm.pulse VALUES ('questions', '-infinity');
