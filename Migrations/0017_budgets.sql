-- Budgets: how much money, tokens, attempts or time may be used up, by the swarm, a queue, a plan or a task.
SET LOCAL ROLE pgswarm_owner;

CREATE TABLE pgswarm.budget (
    id          integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope       text        NOT NULL CHECK (scope IN ('swarm', 'queue', 'plan', 'task')),
    target      bigint      NOT NULL,            -- the id of that queue, plan or task; 0 for the swarm
    axis        text        NOT NULL CHECK (axis IN ('money', 'tokens', 'attempts', 'seconds')),
    soft        numeric     CHECK (soft >= 0 AND soft < 'Infinity'),  -- from here on it is told
    hard        numeric     CHECK (hard >= 0 AND hard < 'Infinity'),  -- beyond this nothing begins
    hold        numeric     CHECK (hold >= 0 AND hold < 'Infinity'),  -- of a task without an estimate
    -- What was added up so far. Holds that have ended since count beside it, until the next claim adds them up.
    spent       numeric     NOT NULL DEFAULT 0,
    held        numeric     NOT NULL DEFAULT 0,
    unreported  bigint      NOT NULL DEFAULT 0,  -- holds that were charged in full because nobody said what was used
    created_at  timestamptz NOT NULL,
    set_at      timestamptz NOT NULL,
    set_by      integer     NOT NULL,
    dropped_at  timestamptz
);
CREATE UNIQUE INDEX budget_key ON pgswarm.budget (scope, target, axis) WHERE dropped_at IS NULL;
COMMENT ON TABLE pgswarm.budget IS 'Limits. Written only by who has the turn, see _take_budget_turn.';

CREATE TABLE pgswarm.budget_hold (
    task        bigint      NOT NULL,
    epoch       integer     NOT NULL,
    budget      integer     NOT NULL,
    at          timestamptz NOT NULL,
    session     bigint      NOT NULL,
    amount      numeric     NOT NULL,            -- set aside at the claim
    used        numeric,                         -- reported so far
    ended_at    timestamptz,
    outcome     text,
    charged     numeric,                         -- what it came to
    unreported  boolean     NOT NULL DEFAULT false,
    folded      boolean     NOT NULL DEFAULT false,  -- added up in its budget
    PRIMARY KEY (task, epoch, budget)
);
CREATE INDEX budget_hold_ended ON pgswarm.budget_hold (budget) WHERE ended_at IS NOT NULL AND NOT folded;
CREATE INDEX budget_hold_over ON pgswarm.budget_hold (budget) WHERE used > amount AND ended_at IS NULL;
COMMENT ON TABLE pgswarm.budget_hold IS 'What each hold on a task has set aside. While it stands only its holder writes it.';

CREATE TABLE pgswarm.budget_wait (
    task         bigint      PRIMARY KEY,
    since        timestamptz NOT NULL,
    admitted_at  timestamptz,                    -- let out, and not claimed yet: room is kept for it
    length       interval    NOT NULL,           -- of the lease that was refused
    need         numeric     NOT NULL,
    budget       integer     NOT NULL,           -- the one that refused
    priority     smallint    NOT NULL,
    needs        jsonb       NOT NULL            -- budget -> amount, of all its budgets
);
CREATE INDEX budget_wait_parked ON pgswarm.budget_wait (priority, since, task) WHERE admitted_at IS NULL;
CREATE INDEX budget_wait_admitted ON pgswarm.budget_wait (task) WHERE admitted_at IS NOT NULL;
COMMENT ON TABLE pgswarm.budget_wait IS 'Tasks that a budget has parked, and those let out that nobody has claimed yet.';

CREATE TABLE pgswarm.budget_signal (
    budget   integer     NOT NULL,
    what     text        NOT NULL CHECK (what IN ('soft', 'hard')),
    at       timestamptz NOT NULL,
    told_at  timestamptz,                        -- when the coordinators were written to
    PRIMARY KEY (budget, what)
);
COMMENT ON TABLE pgswarm.budget_signal IS 'Which limits were reached: each is told once, until the budget is set again.';
