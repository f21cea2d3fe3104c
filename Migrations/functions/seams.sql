-- Where the task engine asks the other nouns. Each of these is answered in the noun's own file once it is there.
SET LOCAL ROLE pgswarm_owner;

-- How many messages an agent has not read, those to the task that it is about to hold included.
CREATE FUNCTION pgswarm._unread(agent integer, task bigint) RETURNS integer
LANGUAGE sql STABLE
AS 'SELECT 0';
