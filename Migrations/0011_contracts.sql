-- Contracts: what tasks promise one another, fixed before the work. A published version is never changed: only its status is.
SET LOCAL ROLE pgswarm_owner;

CREATE TABLE pgswarm.contract (
    id          integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text        NOT NULL UNIQUE
                CONSTRAINT contract_name_form CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$'),
    owner       integer     NOT NULL,
    compat      text        NOT NULL CHECK (compat IN ('backward', 'forward', 'full', 'none')),
    created_at  timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL    -- written by every act that tasks must not pass by unseen
);
COMMENT ON TABLE pgswarm.contract IS 'A named promise between tasks, with the rule by which its versions may differ.';

CREATE TABLE pgswarm.contract_version (
    id             integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contract       integer     NOT NULL REFERENCES pgswarm.contract,
    version        text        NOT NULL,
    major          integer     NOT NULL,
    minor          integer     NOT NULL,
    patch          integer     NOT NULL,
    pre            text[]      COLLATE "C",     -- NULL: a release, which comes after what came before it
    kind           text        NOT NULL CHECK (kind IN ('json_schema', 'openapi', 'sql', 'signature', 'text')),
    body           jsonb       NOT NULL,        -- a text is a JSON string
    digest         bytea       NOT NULL,
    compiled       jsonb,
    examples       jsonb,                       -- {"valid": […], "invalid": […]}
    check_command  text,                        -- how to find out, where the database can't
    note           text,
    status         text        NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'agreed', 'deprecated', 'withdrawn')),
    compared_with  integer,
    verdict        text        CHECK (verdict IN ('compatible', 'incompatible', 'unknown')),
    reasons        jsonb,
    superseded_by  integer,                     -- the breaking version that came after it
    published_by   integer     NOT NULL,
    published_at   timestamptz NOT NULL,
    agreed_by      integer,
    agreed_at      timestamptz,
    ended_by       integer,                     -- deprecated or withdrawn
    ended_at       timestamptz,
    ended_reason   text,
    UNIQUE (contract, version)
);
COMMENT ON TABLE pgswarm.contract_version IS 'What was published under a version, for good.';

CREATE TABLE pgswarm.contract_waiver (
    task     bigint      NOT NULL,
    version  integer     NOT NULL,
    at       timestamptz NOT NULL,
    by       integer     NOT NULL,
    reason   text        NOT NULL,
    PRIMARY KEY (task, version)
);
COMMENT ON TABLE pgswarm.contract_waiver IS 'Tasks that may go on by a version that was broken or withdrawn, because a human said so.';
