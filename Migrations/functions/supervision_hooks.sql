-- The places where supervision asks what is not built yet.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._plan_gate(task bigint) RETURNS text LANGUAGE sql STABLE AS 'SELECT NULL::text';
CREATE FUNCTION pgswarm._is_plan_frozen(plan integer) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT false';
CREATE FUNCTION pgswarm._fits(lane pgswarm.lane, session pgswarm.session) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true';
CREATE FUNCTION pgswarm._refuse_unfit(session pgswarm.session, task pgswarm.task) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION pgswarm._next_fit(
    session pgswarm.session, lane pgswarm.lane, count integer, kinds text[], at timestamptz, OUT "rows" tid[], OUT tasks bigint[]
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    SELECT array_agg(x.address), array_agg(x.task) INTO "rows", tasks
    FROM (SELECT r.ctid AS address, r.task FROM pgswarm.ready r
          WHERE r.lane = _next_fit.lane.id AND (NOT _next_fit.lane.apart OR pgswarm._apart_ok(r.task, session))
          ORDER BY r.priority, r.position LIMIT CASE WHEN _next_fit.lane.apart THEN 1 ELSE _next_fit.count END FOR UPDATE OF r SKIP LOCKED) x;
END $$;

CREATE FUNCTION pgswarm._contract_gate(task bigint) RETURNS text LANGUAGE sql STABLE AS 'SELECT NULL::text';
CREATE FUNCTION pgswarm._contract_pins(item integer, what text, pins jsonb) RETURNS integer[] LANGUAGE sql STABLE AS 'SELECT NULL::integer[]';
CREATE FUNCTION pgswarm._brief_contracts(task bigint) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';
CREATE FUNCTION pgswarm._refused_output(task bigint, result jsonb) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';

CREATE FUNCTION pgswarm._artifact_hashes(task bigint) RETURNS text[] LANGUAGE sql STABLE AS 'SELECT NULL::text[]';
CREATE FUNCTION pgswarm._brief_artifacts(task bigint) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';
CREATE FUNCTION pgswarm._brief_notes(plan integer) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';
CREATE FUNCTION pgswarm._brief_decisions(plan integer, task bigint) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';

CREATE FUNCTION pgswarm._brief_answers(task bigint) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';


CREATE FUNCTION pgswarm._check_estimate(item integer, estimate jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION pgswarm._budget_refusal(
    task pgswarm.task, ready pgswarm.ready, session pgswarm.session, length interval, at timestamptz
) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT NULL::text';
CREATE FUNCTION pgswarm._settle_budget(lease pgswarm.lease, outcome text, at timestamptz) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION pgswarm._brief_budget(task bigint) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';
