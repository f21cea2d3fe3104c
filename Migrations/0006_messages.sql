-- The relay: mailboxes, messages and their deliveries.
SET LOCAL ROLE pgswarm_owner;

CREATE TABLE pgswarm.message_setting (
    singleton       boolean  PRIMARY KEY DEFAULT true CHECK (singleton),
    max_count       integer  NOT NULL DEFAULT 200 CHECK (max_count BETWEEN 1 AND 1000000),      -- messages in a mailbox
    max_bytes       integer  NOT NULL DEFAULT 262144 CHECK (max_bytes >= 1024),
    urgent_reserve  real     NOT NULL DEFAULT 0.1 CHECK (urgent_reserve BETWEEN 0 AND 0.9),  -- of both, for urgent ones alone
    max_body        integer  NOT NULL DEFAULT 4096 CHECK (max_body BETWEEN 64 AND 65536),
    max_recipients  integer  NOT NULL DEFAULT 100 CHECK (max_recipients BETWEEN 1 AND 1000),  -- of a call, subscribers included
    sender_rate     integer  NOT NULL DEFAULT 30 CHECK (sender_rate > 0),      -- messages a minute
    sender_fanout   integer  NOT NULL DEFAULT 300 CHECK (sender_fanout > 0),   -- deliveries a minute
    sender_bytes    integer  NOT NULL DEFAULT 1048576 CHECK (sender_bytes >= 1024),  -- in a minute, over all recipients
    max_hops        integer  NOT NULL DEFAULT 8 CHECK (max_hops BETWEEN 1 AND 100),
    max_deliveries  integer  NOT NULL DEFAULT 5 CHECK (max_deliveries BETWEEN 1 AND 1000),
    visibility      interval NOT NULL DEFAULT '5 minutes' CHECK (visibility BETWEEN '1 second' AND '24 hours'),
    ttl             interval NOT NULL DEFAULT '7 days' CHECK (ttl BETWEEN '1 second' AND '365 days')
);
COMMENT ON TABLE pgswarm.message_setting IS 'One row: the limits of the relay.';
INSERT INTO pgswarm.message_setting DEFAULT VALUES;

-- A send locks the row of each recipient's mailbox, and takes its number there: numbers are in the order of commits. What
-- a topic gets goes to the mailboxes of its subscribers; its own stays empty.
CREATE TABLE pgswarm.mailbox (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text    NOT NULL CHECK (kind IN ('agent', 'role', 'topic', 'human', 'task')),
    name       text    NOT NULL CHECK (length(name) BETWEEN 1 AND 200 AND name !~ '[[:cntrl:]]'),
    agent      integer UNIQUE,
    task       bigint  UNIQUE,
    seq        bigint  NOT NULL DEFAULT 0,   -- the last number given
    unread     integer NOT NULL DEFAULT 0,   -- not delivered, or delivered in vain
    depth      integer NOT NULL DEFAULT 0,   -- unread and in delivery: what the quota counts
    bytes      bigint  NOT NULL DEFAULT 0,
    max_count  integer CHECK (max_count > 0),       -- NULL: the relay's
    max_bytes  integer CHECK (max_bytes >= 1024),
    UNIQUE (kind, name),
    CHECK ((kind = 'agent') = (agent IS NOT NULL) AND (kind = 'task') = (task IS NOT NULL))
) WITH (fillfactor = 50);
COMMENT ON TABLE pgswarm.mailbox IS 'Where messages wait: of an agent, a role, a human, or of a task for whoever holds it.';
-- What nobody has answered is told to this one. The first id: it is locked first.
INSERT INTO pgswarm.mailbox (kind, name) VALUES ('human', 'operator');

-- Who reads the mailbox of a role, and who gets what is sent to a topic.
CREATE TABLE pgswarm.member (
    mailbox    integer     NOT NULL REFERENCES pgswarm.mailbox,
    agent      integer     NOT NULL REFERENCES pgswarm.agent,
    since      timestamptz NOT NULL,
    PRIMARY KEY (mailbox, agent)
);
CREATE INDEX member_agent ON pgswarm.member (agent);

CREATE TABLE pgswarm.message (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sent_at      timestamptz NOT NULL,
    reply_by     timestamptz,
    answered_at  timestamptz,
    overdue_at   timestamptz,             -- when somebody was told that no answer came
    session      bigint,
    task         bigint,                  -- sent by its holder
    in_reply_to  bigint,
    sender       integer,                 -- NULL: the relay itself
    bytes        integer     NOT NULL,
    hop          smallint    NOT NULL,
    urgent       boolean     NOT NULL,
    thread       text        NOT NULL,
    kind         text,
    subject      text,
    key          text,
    body         jsonb
);
COMMENT ON TABLE pgswarm.message IS 'What was said, once for all recipients. Sender, time and hop are the database''s word.';
CREATE INDEX message_thread ON pgswarm.message (thread, id);
CREATE INDEX message_reply_by ON pgswarm.message (reply_by) WHERE reply_by IS NOT NULL AND answered_at IS NULL AND overdue_at IS NULL;
CREATE INDEX message_sent ON pgswarm.message (sent_at);

CREATE TABLE pgswarm.delivery (
    mailbox      integer     NOT NULL,
    seq          bigint      NOT NULL,
    message      bigint      NOT NULL,
    queued_at    timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    -- queued: not before; leased: the end of the lease. What is live and due is redelivered, what is past expires_at is not.
    due          timestamptz NOT NULL,
    offered_at   timestamptz,             -- shown to its reader, not taken
    delivered_at timestamptz,             -- the last time
    ended_at     timestamptz,
    answered_at  timestamptz,
    session      bigint,                  -- who has it or had it last
    reader       integer,
    claim_id     uuid,
    task_claim   uuid,                    -- a task's mailbox: under which hold of the task
    bytes        integer     NOT NULL,
    deliveries   smallint    NOT NULL DEFAULT 0,  -- of this generation
    generation   smallint    NOT NULL DEFAULT 1,  -- grows with each redrive
    urgent       boolean     NOT NULL,
    state        text        NOT NULL DEFAULT 'queued'
                 CHECK (state IN ('queued', 'leased', 'acked', 'expired', 'dead', 'replaced', 'discarded')),
    thread       text        NOT NULL,
    key          text,
    via          text,                    -- the topic
    reason       text,                    -- why it is dead, or discarded
    PRIMARY KEY (mailbox, seq),
    CONSTRAINT delivery_leased_has_claim CHECK (state <> 'leased' OR (claim_id IS NOT NULL AND session IS NOT NULL))
) WITH (fillfactor = 80);
COMMENT ON TABLE pgswarm.delivery IS 'A message in a mailbox. Redelivery and redrive keep its number and its message''s id.';
CREATE UNIQUE INDEX delivery_message ON pgswarm.delivery (message, mailbox);
CREATE INDEX delivery_live ON pgswarm.delivery (mailbox, seq) WHERE state IN ('queued', 'leased');
-- What stands before a message of its thread, whatever the thread's past; and its past, for roles.
CREATE INDEX delivery_ahead ON pgswarm.delivery (mailbox, thread, seq) WHERE state IN ('queued', 'leased');
CREATE INDEX delivery_thread ON pgswarm.delivery (mailbox, thread, seq);
CREATE INDEX delivery_out ON pgswarm.delivery (mailbox, seq) WHERE state = 'leased';
CREATE INDEX delivery_expiry ON pgswarm.delivery (expires_at) WHERE state IN ('queued', 'leased');
CREATE INDEX delivery_lapse ON pgswarm.delivery (due) WHERE state = 'leased';
CREATE INDEX delivery_dead ON pgswarm.delivery (mailbox, seq) WHERE state = 'dead';
CREATE INDEX delivery_reader ON pgswarm.delivery (reader) WHERE state = 'leased';

-- How each delivery that was not acknowledged ended: the causes of a dead letter.
CREATE TABLE pgswarm.delivery_attempt (
    mailbox      integer     NOT NULL,
    seq          bigint      NOT NULL,
    generation   smallint    NOT NULL,
    number       smallint    NOT NULL,
    claim_id     uuid        NOT NULL,
    delivered_at timestamptz NOT NULL,
    ended_at     timestamptz NOT NULL,
    session      bigint,
    outcome      text        NOT NULL CHECK (outcome IN ('nacked', 'lapsed')),
    error        text,
    PRIMARY KEY (mailbox, seq, generation, number)
);

-- What each sender has sent within the current minute.
CREATE TABLE pgswarm.sender (
    agent     integer     PRIMARY KEY,
    since     timestamptz NOT NULL,
    messages  integer     NOT NULL DEFAULT 0,
    fanout    integer     NOT NULL DEFAULT 0,
    bytes     bigint      NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE pgswarm.mailbox_waiter (
    mailbox  integer     NOT NULL,
    session  bigint      NOT NULL,
    since    timestamptz NOT NULL,
    PRIMARY KEY (mailbox, session)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE pgswarm.mailbox_waiter IS 'Sessions that sleep until a mailbox rings. One ring uses a registration up.';
