-- Questions to humans.
SET LOCAL ROLE pgswarm_owner;
