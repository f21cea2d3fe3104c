-- Plans.
SET LOCAL ROLE pgswarm_owner;
