-- Budgets.
SET LOCAL ROLE pgswarm_owner;
