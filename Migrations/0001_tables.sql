-- pgswarm: roles, schema and tables.
--
-- A task lives where its row is. `task` keeps the body and is never rewritten; a transition moves one narrow
-- row between `waiting`, `ready`, `lease` and `outcome`. Functions (folder functions/) are the only writers.

-- ---------------------------------------------------------------------------------------------------------
-- Roles. They belong to the whole cluster, so another database may have made them already, even at this moment.
-- ---------------------------------------------------------------------------------------------------------
DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY[
        'pgswarm_owner',        -- owns schema, tables and functions; nobody logs in as it
        'pgswarm_worker',       -- claims and settles
        'pgswarm_coordinator',  -- plans and steers, can not execute
        'pgswarm_reviewer',     -- judges, can not execute
        'pgswarm_operator',     -- a human who may change settings and agents
        'pgswarm_reader'        -- looks
    ] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = v_role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
    END LOOP;
    -- The migrating role must be able to hand objects over to the owner, which must be allowed to own them here.
    IF NOT pg_has_role(current_user, 'pgswarm_owner', 'MEMBER') THEN
        EXECUTE format('GRANT pgswarm_owner TO %I', current_user);
    END IF;
    IF NOT has_database_privilege('pgswarm_owner', current_database(), 'CREATE') THEN
        EXECUTE format('GRANT CREATE ON DATABASE %I TO pgswarm_owner', current_database());
    END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS pgswarm;
ALTER SCHEMA pgswarm OWNER TO pgswarm_owner;
ALTER TABLE IF EXISTS pgswarm.migration OWNER TO pgswarm_owner;  -- the migrator's own record
REVOKE ALL ON SCHEMA pgswarm FROM PUBLIC;
GRANT USAGE ON SCHEMA pgswarm
    TO pgswarm_worker, pgswarm_coordinator, pgswarm_reviewer, pgswarm_operator, pgswarm_reader;

SET LOCAL ROLE pgswarm_owner;

-- ---------------------------------------------------------------------------------------------------------
-- Settings, queues, agents, sessions
-- ---------------------------------------------------------------------------------------------------------
CREATE TABLE pgswarm.setting (
    singleton          boolean  PRIMARY KEY DEFAULT true CHECK (singleton),
    open_registration  boolean  NOT NULL DEFAULT false,  -- may an unknown agent name introduce itself?
    max_payload        integer  NOT NULL DEFAULT 1048576 CHECK (max_payload >= 1024),  -- bytes; larger belongs elsewhere
    max_batch          integer  NOT NULL DEFAULT 10000 CHECK (max_batch > 0),      -- items of one array call
    max_lease          interval NOT NULL DEFAULT '24 hours' CHECK (max_lease > '0'),
    retention          interval DEFAULT '90 days'  -- ended tasks and history older than this go; NULL keeps all
);
COMMENT ON TABLE pgswarm.setting IS 'One row: the settings of this swarm.';
INSERT INTO pgswarm.setting DEFAULT VALUES;

CREATE TABLE pgswarm.queue (
    id             integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name           text        NOT NULL UNIQUE
                   CONSTRAINT queue_name_form CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$'),
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    paused_at      timestamptz,
    paused_by      text,
    paused_reason  text,
    lease          interval    NOT NULL DEFAULT '15 minutes' CHECK (lease > '0'),
    max_attempts   integer     NOT NULL DEFAULT 3 CHECK (max_attempts BETWEEN 1 AND 30000),
    max_lost       integer     NOT NULL DEFAULT 3 CHECK (max_lost BETWEEN 1 AND 30000),
    retry_base     interval    NOT NULL DEFAULT '5 seconds' CHECK (retry_base >= '0'),
    retry_cap      interval    NOT NULL DEFAULT '10 minutes' CHECK (retry_cap >= '0'),
    strict_lease   boolean     NOT NULL DEFAULT false,  -- refuse a completion after the lease's end even if unfenced
    backlog_limit  integer     CHECK (backlog_limit > 0),
    max_running    integer     CHECK (max_running > 0),
    stall_after    interval    NOT NULL DEFAULT '30 minutes' CHECK (stall_after > '0'),
    stall_limit    interval    CHECK (stall_limit > '0')  -- take the task back after so long without progress
);
COMMENT ON TABLE pgswarm.queue IS 'Named lines of work, made at first use, with their settings.';

CREATE TABLE pgswarm.agent (
    id             integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name           text        NOT NULL UNIQUE
                   CONSTRAINT agent_name_form CHECK (length(name) BETWEEN 1 AND 200 AND name !~ '[[:cntrl:]]'),
    credential     bytea,                        -- SHA-256; NULL: the name alone introduces the agent
    incarnation    integer     NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    draining_since timestamptz,
    retired_at     timestamptz,
    successor      text
);
COMMENT ON TABLE pgswarm.agent IS 'Who works here, for good: a name is never given to somebody else.';

-- Nothing that a heartbeat changes is indexed, and pages keep room, so that a beat is one heap-only update.
CREATE TABLE pgswarm.session (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token        uuid        NOT NULL UNIQUE,    -- the caller's secret; the table is readable by the owner alone
    expires_at   timestamptz NOT NULL,
    opened_at    timestamptz NOT NULL,
    ended_at     timestamptz,
    ttl          interval    NOT NULL CHECK (ttl > '0'),
    agent        integer     NOT NULL REFERENCES pgswarm.agent,
    incarnation  integer     NOT NULL,
    pid          integer,
    queues       integer[],              -- what it asked for last: tells whether a queue has a live worker
    draining     boolean     NOT NULL DEFAULT false,  -- its agent's: a claim needn't look there
    kind         text        NOT NULL CHECK (kind IN ('runtime', 'bare', 'coordinator')),
    login        text        NOT NULL,
    host         text,
    client       text
) WITH (fillfactor = 50);
COMMENT ON TABLE pgswarm.session IS 'One run of an agent. While it lives, its leases may live.';
-- A bare caller has no process that beats: all its calls share one session per agent and login.
CREATE UNIQUE INDEX session_bare ON pgswarm.session (agent, login) WHERE kind = 'bare' AND ended_at IS NULL;

-- ---------------------------------------------------------------------------------------------------------
-- Where a task lives
-- ---------------------------------------------------------------------------------------------------------
-- One sequence numbers tasks and positions, so that a fresh task's position is its id and a returning task's
-- new position is behind everything that was enqueued before it came back.
CREATE SEQUENCE pgswarm.task_id AS bigint;

CREATE TABLE pgswarm.task (
    id            bigint      PRIMARY KEY,
    created_at    timestamptz NOT NULL,
    due_at        timestamptz,
    parent        bigint,
    queue         integer     NOT NULL,
    creator       integer     NOT NULL,
    max_attempts  smallint,
    max_lost      smallint,
    priority      smallint    NOT NULL,
    lease         interval,
    deadline      interval,
    kind          text,
    title         text,
    key           text,
    trace         text,
    needs         text[],
    payload       jsonb       NOT NULL
) WITH (fillfactor = 100);
COMMENT ON TABLE pgswarm.task IS 'The body of a task. Append-only: never updated, removed by retention alone.';

CREATE TABLE pgswarm.ready (
    position    bigint   NOT NULL,
    task        bigint   NOT NULL,
    queue       integer  NOT NULL,
    epoch       integer  NOT NULL,
    priority    smallint NOT NULL,
    generation  smallint NOT NULL,
    attempts    smallint NOT NULL,   -- charged attempts that have ended
    failed      smallint NOT NULL,   -- classified failures among them
    lost        smallint NOT NULL,   -- leases lost in a row without progress
    CONSTRAINT ready_pkey PRIMARY KEY (queue, priority, position)
) WITH (fillfactor = 100, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_vacuum_insert_scale_factor = 0.5);
COMMENT ON TABLE pgswarm.ready IS 'What can be claimed now. The order of its key is the order of claims.';
-- A fresh task is found by (queue, priority, its id). Only one that came back needs a way from task to position,
-- so the path of a task that succeeds at once pays for no second index.
CREATE UNIQUE INDEX ready_moved ON pgswarm.ready (task) WHERE position <> task;

CREATE TABLE pgswarm.waiting (
    task        bigint   PRIMARY KEY,
    due         timestamptz,
    since       timestamptz NOT NULL,
    queue       integer  NOT NULL,
    epoch       integer  NOT NULL,
    unmet       integer  NOT NULL DEFAULT 0 CHECK (unmet >= 0),
    priority    smallint NOT NULL,
    generation  smallint NOT NULL,
    attempts    smallint NOT NULL,
    failed      smallint NOT NULL,
    lost        smallint NOT NULL,
    state       text     NOT NULL CHECK (state IN ('scheduled', 'blocked', 'parked', 'held')),
    reason      text     NOT NULL,
    CONSTRAINT waiting_scheduled_has_due CHECK (state <> 'scheduled' OR due IS NOT NULL),
    CONSTRAINT waiting_blocked_has_unmet CHECK (state <> 'blocked' OR unmet > 0)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE pgswarm.waiting IS 'What can not be claimed yet: outside the ready index, so that it costs claims nothing.';
-- What is due next, of all and of one queue: a queue's claimers must not read through the schedules of others.
CREATE INDEX waiting_due ON pgswarm.waiting (due) WHERE state = 'scheduled';
CREATE INDEX waiting_queue_due ON pgswarm.waiting (queue, due) WHERE state = 'scheduled';

CREATE TABLE pgswarm.lease (
    task         bigint      PRIMARY KEY,
    session      bigint      NOT NULL,
    claim_id     uuid        NOT NULL,
    until        timestamptz NOT NULL,
    started_at   timestamptz NOT NULL,
    progress_at  timestamptz,            -- NULL: nothing reported under this lease
    deadline     timestamptz,            -- no renewal reaches beyond it
    queue        integer     NOT NULL,
    epoch        integer     NOT NULL,
    priority     smallint    NOT NULL,
    generation   smallint    NOT NULL,
    attempts     smallint    NOT NULL,
    failed       smallint    NOT NULL,
    lost         smallint    NOT NULL,
    seconds      real        NOT NULL,   -- the length that a renewal grants anew
    percent      real,
    strict_lease boolean     NOT NULL
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE pgswarm.lease IS
    'Who holds what. The key is the only index: renewals stay heap-only updates, and a settled task costs one entry.';

CREATE TABLE pgswarm.outcome (
    task         bigint      NOT NULL,
    session      bigint,
    started_at   timestamptz,
    finished_at  timestamptz NOT NULL,
    retried_at   timestamptz,            -- set once, when a later generation begins
    queue        integer     NOT NULL,
    epoch        integer     NOT NULL,
    generation   smallint    NOT NULL,
    attempts     smallint    NOT NULL,   -- this one included
    failed       smallint    NOT NULL,
    lost         smallint    NOT NULL,
    late         boolean     NOT NULL DEFAULT false,
    state        text        NOT NULL CHECK (state IN ('done', 'dead', 'cancelled')),
    claim_id     uuid,
    result       jsonb,
    error        text,
    ended_by     text,
    PRIMARY KEY (task, generation)       -- what makes completion at most once
) WITH (fillfactor = 100);
COMMENT ON TABLE pgswarm.outcome IS 'How a task ended, once for each generation.';
-- Dead letters and cancellations are rare and looked for; the many done ones pay nothing for it.
CREATE INDEX outcome_not_done ON pgswarm.outcome (queue, finished_at) WHERE state <> 'done';

-- ---------------------------------------------------------------------------------------------------------
-- What belongs to a task
-- ---------------------------------------------------------------------------------------------------------
CREATE TABLE pgswarm.task_key (
    queue  integer NOT NULL,
    key    text    NOT NULL CHECK (length(key) BETWEEN 1 AND 500),
    task   bigint  NOT NULL,
    hash   bytea   NOT NULL,   -- of the request: the same key with another body is refused
    PRIMARY KEY (queue, key)
);

CREATE TABLE pgswarm.dependency (
    task     bigint  NOT NULL,
    on_task  bigint  NOT NULL,
    met      boolean NOT NULL DEFAULT false,
    PRIMARY KEY (task, on_task)
);
CREATE INDEX dependency_unmet ON pgswarm.dependency (on_task) WHERE NOT met;

CREATE TABLE pgswarm.progress (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task        bigint      NOT NULL,
    at          timestamptz NOT NULL,
    session     bigint      NOT NULL,
    epoch       integer     NOT NULL,
    percent     real,
    note        text,
    checkpoint  jsonb,
    usage       jsonb
);
CREATE INDEX progress_task ON pgswarm.progress (task, id);

CREATE TABLE pgswarm.effect (
    task          bigint      NOT NULL,
    key           text        NOT NULL CHECK (length(key) BETWEEN 1 AND 500),
    intended_at   timestamptz NOT NULL,
    confirmed_at  timestamptz,
    session       bigint      NOT NULL,
    epoch         integer     NOT NULL,
    detail        jsonb,
    result        jsonb,
    PRIMARY KEY (task, key)
);
COMMENT ON TABLE pgswarm.effect IS
    'Actions outside the database: intent before, confirmation after. An intent without one means: look first.';

CREATE TABLE pgswarm.late_result (
    id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task     bigint      NOT NULL,
    at       timestamptz NOT NULL,
    session  bigint,
    epoch    integer     NOT NULL,
    verb     text        NOT NULL,
    reason   text        NOT NULL,
    body     jsonb,
    UNIQUE (task, epoch, verb)           -- once for each lost hold, however often it is repeated
);
COMMENT ON TABLE pgswarm.late_result IS 'What a superseded holder brought: kept for the next holder to read, never applied.';

CREATE TABLE pgswarm.request (
    at          timestamptz NOT NULL,
    agent       integer     NOT NULL,
    operation   text        NOT NULL,
    request_id  text        NOT NULL CHECK (length(request_id) BETWEEN 1 AND 200),
    hash        bytea       NOT NULL,
    answer      jsonb,
    PRIMARY KEY (agent, operation, request_id)
);
COMMENT ON TABLE pgswarm.request IS 'Answers given to request ids: a repetition gets the same answer and has no second effect.';

-- ---------------------------------------------------------------------------------------------------------
-- Waking and housekeeping
-- ---------------------------------------------------------------------------------------------------------
CREATE TABLE pgswarm.waiter (
    queue    integer     NOT NULL,
    session  bigint      NOT NULL,
    since    timestamptz NOT NULL,
    PRIMARY KEY (queue, session)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE pgswarm.waiter IS 'Sessions that sleep until a queue rings. One ring uses a registration up.';

CREATE TABLE pgswarm.pulse (
    duty     text        PRIMARY KEY,
    next_at  timestamptz NOT NULL
) WITH (fillfactor = 10);
COMMENT ON TABLE pgswarm.pulse IS 'When a duty that rides on claims is due next, so that not every claim does it.';
INSERT INTO pgswarm.pulse VALUES ('sweep', '-infinity'), ('promote', '-infinity');

CREATE TABLE pgswarm.seat (
    name     text        PRIMARY KEY,
    session  bigint      NOT NULL,
    epoch    bigint      NOT NULL,
    until    timestamptz NOT NULL
);
COMMENT ON TABLE pgswarm.seat IS 'A role that one session at a time holds, by lease: the leading coordinator.';
