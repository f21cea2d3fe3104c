-- Reservations: who may touch what. A hold is what one handle shows; its reservations are the names it covers.
SET LOCAL ROLE pgswarm_owner;

CREATE TABLE pgswarm.reservation_namespace (
    id              integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text        NOT NULL UNIQUE
                    CONSTRAINT reservation_namespace_name_form CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$'),
    created_at      timestamptz NOT NULL,
    epoch           bigint      NOT NULL DEFAULT 0,     -- grows with each grant: a later holder has a larger one
    case_sensitive  boolean     NOT NULL DEFAULT true,
    max_per_agent   integer     NOT NULL DEFAULT 200 CHECK (max_per_agent BETWEEN 1 AND 10000)
) WITH (fillfactor = 50);
COMMENT ON TABLE pgswarm.reservation_namespace IS
    'A space of names, such as a repository. Its row is the lock under which reservations are decided, one taker at a time.';

CREATE TABLE pgswarm.reservation_hold (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    claim_id    uuid        NOT NULL,            -- the lease's, or the secret of a handle of its own
    until       timestamptz,
    taken_at    timestamptz NOT NULL,
    epoch       bigint      NOT NULL,            -- the namespace's at its first grant
    session     bigint      NOT NULL,
    task        bigint,
    namespace   integer     NOT NULL REFERENCES pgswarm.reservation_namespace,
    agent       integer     NOT NULL,
    task_epoch  integer,
    seconds     real,                            -- the length that an extension grants anew
    -- Under a task it lives by the task's lease and has no time of its own.
    CONSTRAINT reservation_hold_lives CHECK
        ((task IS NULL) = (until IS NOT NULL) AND (task IS NULL) = (seconds IS NOT NULL)
         AND (task IS NULL) = (task_epoch IS NULL))
) WITH (fillfactor = 70);
COMMENT ON TABLE pgswarm.reservation_hold IS
    'What one handle holds in a namespace. Under a task it is valid while the lease with this epoch and claim id is.';
CREATE UNIQUE INDEX reservation_hold_task ON pgswarm.reservation_hold (task, task_epoch, namespace) WHERE task IS NOT NULL;
CREATE INDEX reservation_hold_agent ON pgswarm.reservation_hold (namespace, agent);

CREATE TABLE pgswarm.reservation (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hold        bigint      NOT NULL REFERENCES pgswarm.reservation_hold ON DELETE CASCADE,
    epoch       bigint      NOT NULL,
    taken_at    timestamptz NOT NULL,
    namespace   integer     NOT NULL,
    mode        text        NOT NULL CHECK (mode IN ('exclusive', 'shared', 'intent')),
    kind        text        NOT NULL,
    pattern     text        NOT NULL,            -- in its normal form
    head        text        NOT NULL,            -- what every path that it matches begins with
    tail        text        NOT NULL,            -- what each of them ends with, read backwards
    CONSTRAINT reservation_once UNIQUE (hold, kind, pattern)
);
CREATE INDEX reservation_kind ON pgswarm.reservation (namespace, kind);

CREATE TABLE pgswarm.reservation_waiter (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- its place
    ticket      uuid        NOT NULL UNIQUE,     -- chosen by the caller, who shows it at each look
    since       timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    session     bigint      NOT NULL,
    task        bigint,
    namespace   integer     NOT NULL REFERENCES pgswarm.reservation_namespace,
    agent       integer     NOT NULL,
    mode        text        NOT NULL,
    kinds       text[]      NOT NULL,
    patterns    text[]      NOT NULL,
    heads       text[]      NOT NULL,
    tails       text[]      NOT NULL
);
COMMENT ON TABLE pgswarm.reservation_waiter IS
    'Takers who stand in line. Whoever comes later and wants the same stands behind them. A row that nobody looks after '
    'for some seconds is dead.';
CREATE INDEX reservation_waiter_place ON pgswarm.reservation_waiter (namespace, id);
