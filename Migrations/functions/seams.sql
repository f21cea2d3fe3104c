-- Where the task engine asks the other nouns. Each of these is answered in the noun's own file once it is there.
SET LOCAL ROLE pgswarm_owner;

-- How many messages an agent has not read, those to the task that it is about to hold included.
CREATE FUNCTION pgswarm._unread(agent integer, task bigint) RETURNS integer
LANGUAGE sql STABLE
AS 'SELECT 0';

-- What the problem log knows about a task that is being granted: at most three entries.
CREATE FUNCTION pgswarm._known_problems(task pgswarm.task, epoch integer) RETURNS jsonb
LANGUAGE sql STABLE
AS 'SELECT NULL::jsonb';

-- An attempt has failed with this error: the problem log wants to know.
CREATE FUNCTION pgswarm._failed_with(lease pgswarm.lease, error text, at timestamptz) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
END
$$;
