-- Taint.
SET LOCAL ROLE pgswarm_owner;
