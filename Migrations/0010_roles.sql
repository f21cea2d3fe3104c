-- Roles of agents: what an agent is for, who answers for it, what it runs on, and who gave it its credential.
SET LOCAL ROLE pgswarm_owner;

ALTER TABLE pgswarm.agent ADD COLUMN role text CHECK (role IN ('worker', 'coordinator', 'reviewer', 'human'));
ALTER TABLE pgswarm.agent ADD COLUMN owner text
    CHECK (length(owner) BETWEEN 1 AND 200 AND owner !~ '[[:cntrl:]]');
-- Family and version: the family is what stands before the slash.
ALTER TABLE pgswarm.agent ADD COLUMN model text
    CHECK (length(model) BETWEEN 1 AND 200 AND model ~ '^[A-Za-z0-9][A-Za-z0-9._:@+-]*(/[A-Za-z0-9._:@+/-]+)?$');
ALTER TABLE pgswarm.agent ADD COLUMN capabilities text[];
ALTER TABLE pgswarm.agent ADD COLUMN minted_by integer REFERENCES pgswarm.agent;
-- A child was minted by an agent for its own use: it ends with it, and never outlives it.
ALTER TABLE pgswarm.agent ADD COLUMN child boolean NOT NULL DEFAULT false;
ALTER TABLE pgswarm.agent ADD COLUMN expires_at timestamptz;
-- Sessions of this agent that coordinate, for one that has no role.
ALTER TABLE pgswarm.agent ADD COLUMN coordinating bigint[];
COMMENT ON COLUMN pgswarm.agent.role IS
    'For good. NULL: an unregistered name, which may what its login may, but never reviews and is never proven human.';
CREATE INDEX agent_minted_by ON pgswarm.agent (minted_by) WHERE minted_by IS NOT NULL;
CREATE INDEX agent_successor ON pgswarm.agent (successor) WHERE successor IS NOT NULL;

-- Copied from the agent when the session is opened, so that a claim need not look there.
ALTER TABLE pgswarm.session ADD COLUMN role text NOT NULL DEFAULT 'worker'
    CHECK (role IN ('worker', 'coordinator', 'reviewer', 'human'));
ALTER TABLE pgswarm.session ADD COLUMN ends_by timestamptz;                    -- its agent's credential ends then
ALTER TABLE pgswarm.session ADD COLUMN seated boolean NOT NULL DEFAULT false;  -- its agent coordinates, or once did
UPDATE pgswarm.session SET role = 'coordinator' WHERE kind = 'coordinator';
