-- Roles of agents.
SET LOCAL ROLE pgswarm_owner;
