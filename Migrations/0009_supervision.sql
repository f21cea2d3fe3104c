-- Supervision: what a governed task has beside its body.
SET LOCAL ROLE pgswarm_owner;
