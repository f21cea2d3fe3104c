-- The places where supervision asks what is not built yet.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._plan_contract(item jsonb, agent integer, at timestamptz) RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pgswarm._refuse('wrong_state', 'contracts can not be published from a plan yet', 'publish them first'); END $$;

CREATE FUNCTION pgswarm._contract_gate(task bigint) RETURNS text LANGUAGE sql STABLE AS 'SELECT NULL::text';
CREATE FUNCTION pgswarm._contract_pins(item integer, what text, pins jsonb) RETURNS integer[] LANGUAGE sql STABLE AS 'SELECT NULL::integer[]';
CREATE FUNCTION pgswarm._brief_contracts(task bigint) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';
CREATE FUNCTION pgswarm._refused_output(task bigint, result jsonb) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';


CREATE FUNCTION pgswarm._brief_answers(task bigint) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';


CREATE FUNCTION pgswarm._check_estimate(item integer, estimate jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION pgswarm._budget_refusal(
    task pgswarm.task, ready pgswarm.ready, session pgswarm.session, length interval, at timestamptz
) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT NULL::text';
CREATE FUNCTION pgswarm._settle_budget(lease pgswarm.lease, outcome text, at timestamptz) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION pgswarm._brief_budget(task bigint) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';
