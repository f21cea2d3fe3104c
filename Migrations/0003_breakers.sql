-- Circuit breakers and gates, and the lanes that keep work behind an open breaker out of everybody's way.
SET LOCAL ROLE pgswarm_owner;

-- One row for each thing that may break. Policy and state share it: both are read together at every gated claim.
CREATE TABLE pgswarm.breaker (
    id              integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope           text        NOT NULL CHECK (scope IN ('dependency', 'agent', 'kind', 'queue')),
    name            text        NOT NULL CHECK (length(name) BETWEEN 1 AND 500 AND name !~ '[[:cntrl:]]'),
    agent           integer,                                 -- of an agent's breakers: who
    kind            text,                                    -- and with what kind of task
    watched         boolean     NOT NULL DEFAULT false,      -- of an agent, a kind or a queue: claims have to look
    state           text        NOT NULL DEFAULT 'closed' CHECK (state IN ('closed', 'open', 'half_open')),
    version         bigint      NOT NULL DEFAULT 0,          -- grows with each transition
    changed_at      timestamptz NOT NULL DEFAULT '-infinity',
    changed_by      text,
    cause           text,
    until           timestamptz,                             -- open: no probe before
    openings        integer     NOT NULL DEFAULT 0,          -- in a row, without a full recovery between them
    streak          integer     NOT NULL DEFAULT 0,          -- failures since the last success
    successes       integer     NOT NULL DEFAULT 0,          -- of probes, while half-open
    ramp_from       timestamptz,                             -- recovering since
    not_before      timestamptz,                             -- what a Retry-After asked for
    tokens          double precision,
    tokens_at       timestamptz,
    forced          text        CHECK (forced IN ('open', 'closed')),
    forced_by       text,
    forced_reason   text,
    forced_until    timestamptz,
    -- Policy. A row named * holds what new rows of its scope begin with.
    enabled         boolean     NOT NULL DEFAULT true,
    counts          text[]      NOT NULL DEFAULT '{failed,overdue,reported}'
                    CHECK (counts <@ '{failed,lost,overdue,reported}'),  -- what is a failure to it
    measured_over   interval    NOT NULL DEFAULT '60 seconds' CHECK (measured_over BETWEEN '1 second' AND '1 day'),
    min_volume      integer     NOT NULL DEFAULT 20 CHECK (min_volume > 0),
    failure_rate    real        DEFAULT 0.5 CHECK (failure_rate > 0 AND failure_rate <= 1),
    consecutive     integer     DEFAULT 5 CHECK (consecutive > 0),
    min_principals  integer     NOT NULL DEFAULT 1 CHECK (min_principals > 0),
    open_base       interval    NOT NULL DEFAULT '30 seconds' CHECK (open_base > '0'),
    open_cap        interval    NOT NULL DEFAULT '15 minutes' CHECK (open_cap > '0'),
    probes          integer     NOT NULL DEFAULT 1 CHECK (probes > 0),
    probe_lease     interval    NOT NULL DEFAULT '2 minutes' CHECK (probe_lease > '0'),
    probe_successes integer     NOT NULL DEFAULT 3 CHECK (probe_successes > 0),
    ramp_step       interval    NOT NULL DEFAULT '5 seconds' CHECK (ramp_step >= '0'),  -- in which what is allowed doubles
    concurrency     integer     CHECK (concurrency > 0),
    rate            double precision CHECK (rate > 0),       -- grants a second
    burst           integer     CHECK (burst > 0),
    UNIQUE (scope, name)
) WITH (fillfactor = 50);
-- Nearly always empty: one look tells a claim that no agent and no queue is suspicious.
CREATE INDEX breaker_watched ON pgswarm.breaker (id) WHERE watched;
COMMENT ON TABLE pgswarm.breaker IS 'What may break: a dependency, an agent, an agent with a kind of task, a queue.';
INSERT INTO pgswarm.breaker (scope, name, enabled, counts, failure_rate) VALUES
    ('dependency', '*', true, '{failed,overdue,reported}', 0.5),
    ('agent', '*', true, '{lost,reported}', NULL),  -- that a task failed is no news about the agent; that it vanished is
    ('kind', '*', false, '{failed,lost,overdue,reported}', 0.5),
    ('queue', '*', false, '{failed,lost,overdue,reported}', 0.5);
UPDATE pgswarm.breaker SET ramp_step = '1 second' WHERE scope = 'queue';  -- a queue that goes on after a pause

-- Outcomes in slices of time, in several rows for each slice, so that those who count do not wait for one another.
CREATE TABLE pgswarm.breaker_count (
    breaker   integer  NOT NULL,
    slice     bigint   NOT NULL,   -- number of the tenth of measured_over, counted from the epoch
    shard     smallint NOT NULL,
    succeeded integer  NOT NULL DEFAULT 0,
    failed    integer  NOT NULL DEFAULT 0,
    slow      integer  NOT NULL DEFAULT 0,
    ignored   integer  NOT NULL DEFAULT 0,
    PRIMARY KEY (breaker, slice, shard)
) WITH (fillfactor = 50);

-- Failures one by one: who had them, and each claim once.
CREATE TABLE pgswarm.breaker_failure (
    breaker   integer     NOT NULL,
    at        timestamptz NOT NULL,
    agent     integer,
    claim_id  uuid,
    error     text
);
CREATE INDEX breaker_failure_recent ON pgswarm.breaker_failure (breaker, at);

-- What a holder has reported itself: the end of its task is not counted again.
CREATE TABLE pgswarm.breaker_report (
    breaker   integer     NOT NULL,
    claim_id  uuid        NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (breaker, claim_id)
);

-- Leave to use a breaker that lets only some through. Under a task it is worth as much as the task's lease: when that
-- ends, by whatever road, the permit is void without being touched.
CREATE TABLE pgswarm.permit (
    breaker   integer     NOT NULL,
    claim_id  uuid        NOT NULL,
    task      bigint,              -- NULL: a permit of its own
    session   bigint      NOT NULL,
    version   bigint      NOT NULL,  -- of the breaker, when it was given
    probe     boolean     NOT NULL,
    given_at  timestamptz NOT NULL,
    until     timestamptz,         -- NULL: as long as the lease
    PRIMARY KEY (breaker, claim_id)
);

-- Ready tasks with the same needs form a lane of their own queue. A lane whose breaker is open is passed over as a
-- whole: no row is moved, and nobody reads past it.
CREATE TABLE pgswarm.lane (
    id        integer   GENERATED ALWAYS AS IDENTITY (INCREMENT -1 MINVALUE -2147483647 MAXVALUE -1 START -1) PRIMARY KEY,
    queue     integer   NOT NULL,
    breakers  integer[] NOT NULL,
    UNIQUE (queue, breakers)
);
COMMENT ON TABLE pgswarm.lane IS 'Ready tasks of a queue that need the same dependencies. Other tasks are in the lane with the id of their queue.';

ALTER TABLE pgswarm.task ADD COLUMN lane integer;             -- NULL: it needs nothing
ALTER TABLE pgswarm.lease ADD COLUMN gates integer[];         -- the breakers that want to know how it ends
ALTER TABLE pgswarm.queue ADD COLUMN lanes boolean NOT NULL DEFAULT false;
ALTER TABLE pgswarm.queue ADD COLUMN retry_rate integer CHECK (retry_rate > 0);  -- retries a minute; NULL: no limit
ALTER TABLE pgswarm.queue ADD COLUMN retry_at timestamptz;    -- when the next retry may begin, where there is a limit

ALTER TABLE pgswarm.ready ADD COLUMN lane integer;
UPDATE pgswarm.ready SET lane = queue;
ALTER TABLE pgswarm.ready ALTER COLUMN lane SET NOT NULL;
ALTER TABLE pgswarm.ready DROP CONSTRAINT ready_pkey;
ALTER TABLE pgswarm.ready ADD CONSTRAINT ready_pkey PRIMARY KEY (lane, priority, position);
