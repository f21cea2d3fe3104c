-- The places where supervision asks what is not built yet.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._plan_gate(task bigint) RETURNS text LANGUAGE sql STABLE AS 'SELECT NULL::text';
CREATE FUNCTION pgswarm._is_plan_frozen(plan integer) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT false';
CREATE FUNCTION pgswarm._fits(lane pgswarm.lane, session pgswarm.session) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true';
CREATE FUNCTION pgswarm._refuse_unfit(session pgswarm.session, task pgswarm.task) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION pgswarm._next_fit(
    session pgswarm.session, lane pgswarm.lane, count integer, kinds text[], at timestamptz, OUT "rows" tid[], OUT tasks bigint[]
) LANGUAGE plpgsql AS $$ BEGIN SELECT n."rows", n.tasks INTO "rows", tasks FROM pgswarm._next_but(lane.id, count, kinds) n; END $$;
CREATE FUNCTION pgswarm._apart_ok(task bigint, session pgswarm.session) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true';
CREATE FUNCTION pgswarm._plan_contract(item jsonb, agent integer, at timestamptz) RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pgswarm._refuse('wrong_state', 'contracts can not be published from a plan yet', 'publish them first'); END $$;
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    SELECT array_agg(x.address), array_agg(x.task) INTO "rows", tasks
    FROM (SELECT r.ctid AS address, r.task FROM pgswarm.ready r
          WHERE r.lane = _next_fit.lane.id AND (NOT _next_fit.lane.apart OR pgswarm._apart_ok(r.task, session))
          ORDER BY r.priority, r.position LIMIT CASE WHEN _next_fit.lane.apart THEN 1 ELSE _next_fit.count END FOR UPDATE OF r SKIP LOCKED) x;
END $$;
CREATE FUNCTION pgswarm._plan_contract(item jsonb, agent integer, at timestamptz) RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pgswarm._refuse('wrong_state', 'contracts can not be published from a plan yet', 'publish them first'); END $$;

CREATE FUNCTION pgswarm._contract_gate(task bigint) RETURNS text LANGUAGE sql STABLE AS 'SELECT NULL::text';
CREATE FUNCTION pgswarm._contract_pins(item integer, what text, pins jsonb) RETURNS integer[] LANGUAGE sql STABLE AS 'SELECT NULL::integer[]';
CREATE FUNCTION pgswarm._brief_contracts(task bigint) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';
CREATE FUNCTION pgswarm._refused_output(task bigint, result jsonb) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';
CREATE FUNCTION pgswarm._refused_role(lease pgswarm.lease) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';

CREATE FUNCTION pgswarm._artifact_hashes(task bigint) RETURNS text[] LANGUAGE sql STABLE AS 'SELECT NULL::text[]';
CREATE FUNCTION pgswarm._brief_artifacts(task bigint) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';
CREATE FUNCTION pgswarm._brief_notes(plan integer) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';
CREATE FUNCTION pgswarm._brief_decisions(plan integer, task bigint) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';

CREATE FUNCTION pgswarm._artifact_changed_at(task bigint, epoch integer) RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT NULL::timestamptz';

CREATE FUNCTION pgswarm._brief_answers(task bigint) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';

CREATE FUNCTION pgswarm._check_review_terms(item integer, review jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION pgswarm._check_redundancy(item integer, redundancy jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION pgswarm._redundancy_gate(task bigint) RETURNS text LANGUAGE sql STABLE AS 'SELECT NULL::text';
CREATE FUNCTION pgswarm._review_terms(task bigint) RETURNS jsonb LANGUAGE sql STABLE AS
    'SELECT m.review FROM pgswarm.terms m WHERE m.task = $1';
CREATE FUNCTION pgswarm._begin_review(submission pgswarm.submission, at timestamptz) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION pgswarm._open_findings(task bigint) RETURNS text LANGUAGE sql STABLE AS 'SELECT NULL::text';
CREATE FUNCTION pgswarm._brief_findings(task bigint) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';
CREATE FUNCTION pgswarm._count_record(agent integer, task bigint, fact text) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';

CREATE FUNCTION pgswarm._check_estimate(item integer, estimate jsonb) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION pgswarm._budget_refusal(
    task pgswarm.task, ready pgswarm.ready, session pgswarm.session, length interval, at timestamptz
) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT NULL::text';
CREATE FUNCTION pgswarm._settle_budget(lease pgswarm.lease, outcome text, at timestamptz) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION pgswarm._brief_budget(task bigint) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT NULL::jsonb';

CREATE FUNCTION pgswarm._human_actor(agent text, session uuid) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN pgswarm._actor(agent, session); END';
