-- Why an agent was paused, drained or stopped: it is told with each claim that finds nothing.
SET LOCAL ROLE pgswarm_owner;

ALTER TABLE pgswarm.agent ADD COLUMN draining_reason text;
