-- Reviews.
SET LOCAL ROLE pgswarm_owner;
