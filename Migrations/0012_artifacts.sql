-- Artifacts, the scratchpad and decisions.
SET LOCAL ROLE pgswarm_owner;
