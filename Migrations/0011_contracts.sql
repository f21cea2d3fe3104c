-- Contracts.
SET LOCAL ROLE pgswarm_owner;
