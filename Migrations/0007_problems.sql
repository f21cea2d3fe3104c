-- pgswarm: the problem and solution log.
--
-- A problem is one entry for each fingerprint of a scope, however often it is met. What meets it appends a row to
-- problem_hit and locks nothing: failures that are settled together in any order can't wait for one another here.

-- Trigrams make the order of what is found better. Where they are not to be had, full text alone decides.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
    END IF;
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'pg_trgm is not used: %', SQLERRM;
END
$$;

SET LOCAL ROLE pgswarm_owner;

ALTER TABLE pgswarm.setting
    ADD COLUMN epidemic_agents integer DEFAULT 3 CHECK (epidemic_agents >= 2),  -- NULL: no containment
    ADD COLUMN epidemic_window interval NOT NULL DEFAULT '10 minutes' CHECK (epidemic_window > '0'),
    ADD COLUMN problem_decay interval NOT NULL DEFAULT '90 days' CHECK (problem_decay > '0'),
    ADD COLUMN problem_wait interval NOT NULL DEFAULT '1 hour' CHECK (problem_wait > '0'),      -- parked at most
    ADD COLUMN problem_quota integer NOT NULL DEFAULT 60 CHECK (problem_quota > 0);  -- new entries of an agent, an hour

-- Problems and solutions are numbered together, so that a number means one thing wherever it is typed.
CREATE SEQUENCE pgswarm.problem_id AS bigint;

CREATE TABLE pgswarm.problem (
    id            bigint      PRIMARY KEY DEFAULT nextval('pgswarm.problem_id'),
    created_at    timestamptz NOT NULL,
    seen_at       timestamptz NOT NULL,
    occurrences   bigint      NOT NULL DEFAULT 1,
    reporter      integer     NOT NULL,
    automatic     boolean     NOT NULL DEFAULT false,  -- opened by a failed attempt, not by somebody's report
    status        text        NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'solving', 'solved', 'closed')),
    resolution    text        CHECK (resolution IN ('wontfix', 'duplicate')),
    duplicate_of  bigint,
    scope         text        NOT NULL,
    kind          text        NOT NULL,
    title         text        NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    symptom       text        NOT NULL CHECK (octet_length(symptom) <= 16384),
    signature     text        NOT NULL,
    fingerprint   text        NOT NULL,
    environment   text,
    tags          text[]      NOT NULL DEFAULT '{}',
    credit        text,                    -- who reported it, as an imported file says
    search        tsvector    NOT NULL,
    -- The lease of whoever solves it.
    solver        bigint,                  -- its session
    solver_epoch  integer     NOT NULL DEFAULT 0,
    solver_claim  uuid,
    solver_since  timestamptz,
    solver_until  timestamptz,
    contained_at  timestamptz,             -- when it last was an epidemic
    CONSTRAINT problem_fingerprint UNIQUE (fingerprint, scope),
    CONSTRAINT problem_solver CHECK ((status = 'solving') = (solver IS NOT NULL))
) WITH (fillfactor = 80);
COMMENT ON TABLE pgswarm.problem IS 'What goes wrong here: one row for each fingerprint of a scope.';
CREATE INDEX problem_search ON pgswarm.problem USING gin (search) WITH (fastupdate = off);
CREATE INDEX problem_solving ON pgswarm.problem (id) WHERE status = 'solving';
CREATE INDEX problem_telling ON pgswarm.problem (id) WHERE status IN ('solved', 'solving');
CREATE INDEX problem_reporter ON pgswarm.problem (reporter, created_at);

CREATE TABLE pgswarm.solution (
    id             bigint      PRIMARY KEY DEFAULT nextval('pgswarm.problem_id'),
    problem        bigint      NOT NULL REFERENCES pgswarm.problem,
    created_at     timestamptz NOT NULL,
    confirmed_at   timestamptz,
    author         integer     NOT NULL,
    status         text        NOT NULL DEFAULT 'proposed'
                   CHECK (status IN ('proposed', 'confirmed', 'flagged', 'superseded')),
    superseded_by  bigint,
    body           text        NOT NULL CHECK (octet_length(body) BETWEEN 1 AND 16384),
    evidence       text        NOT NULL CHECK (octet_length(evidence) BETWEEN 1 AND 16384),
    credit         text,
    confirmed_by   text[]      NOT NULL DEFAULT '{}'   -- as an imported file says: shown, and counted for nothing
);
COMMENT ON TABLE pgswarm.solution IS 'What helps against a problem, with its evidence.';
CREATE INDEX solution_problem ON pgswarm.solution (problem, id);

CREATE TABLE pgswarm.solution_opinion (
    solution  bigint      NOT NULL REFERENCES pgswarm.solution,
    agent     integer     NOT NULL,
    at        timestamptz NOT NULL,
    verdict   text        NOT NULL CHECK (verdict IN ('confirmed', 'stale', 'wrong', 'duplicate')),
    note      text        CHECK (octet_length(note) <= 2000),
    PRIMARY KEY (solution, agent)
);
COMMENT ON TABLE pgswarm.solution_opinion IS 'The last word of each agent on a solution.';

CREATE TABLE pgswarm.problem_hit (
    at           timestamptz NOT NULL,
    task         bigint,
    problem      bigint,                   -- NULL: somebody else was just making the entry
    agent        integer     NOT NULL,
    queue        integer,
    epoch        integer,
    folded       boolean     NOT NULL DEFAULT false,
    kind         text        NOT NULL DEFAULT '',
    fingerprint  text        NOT NULL
);
COMMENT ON TABLE pgswarm.problem_hit IS 'Who met a problem, with which task. Kept for a day beyond the window of epidemics.';
CREATE INDEX problem_hit_task ON pgswarm.problem_hit (task, at);
CREATE INDEX problem_hit_fingerprint ON pgswarm.problem_hit (fingerprint, at);
CREATE INDEX problem_hit_place ON pgswarm.problem_hit (queue, kind, at);
CREATE INDEX problem_hit_new ON pgswarm.problem_hit (at) WHERE NOT folded;
CREATE INDEX problem_hit_at ON pgswarm.problem_hit (at);

CREATE TABLE pgswarm.problem_shown (
    task     bigint  NOT NULL,
    epoch    integer NOT NULL,
    problem  bigint  NOT NULL,
    PRIMARY KEY (task, epoch, problem)
);
COMMENT ON TABLE pgswarm.problem_shown IS 'Which entries each attempt was shown with its claim.';

CREATE TABLE pgswarm.problem_waiter (
    task     bigint      PRIMARY KEY,
    problem  bigint      NOT NULL,
    until    timestamptz NOT NULL
);
COMMENT ON TABLE pgswarm.problem_waiter IS 'Tasks that are parked until a problem is solved, and until when at most.';
CREATE INDEX problem_waiter_problem ON pgswarm.problem_waiter (problem);
CREATE INDEX problem_waiter_until ON pgswarm.problem_waiter (until);

-- Words that are common among the entries, from a sample: a search begins with the others.
CREATE TABLE pgswarm.problem_word (
    word   text PRIMARY KEY,
    share  real NOT NULL
);
CREATE TABLE pgswarm.problem_sample (
    singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    entries    bigint  NOT NULL
);
INSERT INTO pgswarm.problem_sample (entries) VALUES (0);

INSERT INTO pgswarm.pulse VALUES ('problems', '-infinity');
