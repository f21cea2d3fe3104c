-- Contracts: looking at them, and trying them.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.contract_get(name text, version text DEFAULT NULL)
RETURNS TABLE (
    contract text, contract_version text, kind text, status text, compat text, owner text, digest text, body jsonb, examples jsonb,
    check_command text, note text, superseded_by text, published_by text, published_at timestamptz, agreed_by text, agreed_at timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v pgswarm.contract_version := pgswarm._known_contract(name, version);
BEGIN
    RETURN QUERY
    SELECT c.name, v.version, v.kind, v.status, c.compat, o.name, encode(v.digest, 'hex'), v.body, v.examples, v.check_command, v.note,
           (SELECT s.version FROM pgswarm.contract_version s WHERE s.id = v.superseded_by), p.name, v.published_at, a.name, v.agreed_at
    FROM pgswarm.contract c
    LEFT JOIN pgswarm.agent o ON o.id = c.owner
    LEFT JOIN pgswarm.agent p ON p.id = v.published_by
    LEFT JOIN pgswarm.agent a ON a.id = v.agreed_by
    WHERE c.id = v.contract;
END
$$;
COMMENT ON FUNCTION pgswarm.contract_get IS 'One version of a contract with its body; without a version, the newest agreed one.';

CREATE FUNCTION pgswarm.contract_check(name text, version text, body jsonb)
RETURNS TABLE (contract text, checked_version text, valid boolean, errors jsonb, check_command text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v pgswarm.contract_version := pgswarm._known_contract(name, version);
BEGIN
    contract := contract_check.name;
    checked_version := v.version;
    check_command := v.check_command;
    IF v.kind = 'json_schema' THEN
        errors := pgswarm._schema_judged(pgswarm._contract_compiled(v), pgswarm._bounded('value', coalesce(body, 'null')), 20);
        IF errors IS NULL THEN
            PERFORM pgswarm._refuse('too_large',
                format('there is no answer within %s steps and 150 levels', pgswarm._schema_budget()), 'make the value smaller');
        END IF;
        errors := (SELECT coalesce(jsonb_agg(e), '[]') FROM (SELECT e FROM jsonb_array_elements(errors) e LIMIT 20) x);
        valid := errors = '[]';
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.contract_check IS
    'Whether a value keeps a contract, and where it does not; without a version, the newest agreed one. Of a contract that is '
    'a text the database can not tell (valid is NULL): check_command can, where there is one.';

CREATE FUNCTION pgswarm.contract_compat(name text, version text, body jsonb, mode text DEFAULT NULL)
RETURNS TABLE (compared_with text, compat text, verdict text, reasons jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v pgswarm.contract_version := pgswarm._known_contract(name, version);
BEGIN
    compared_with := v.version;
    compat := coalesce(mode, (SELECT c.compat FROM pgswarm.contract c WHERE c.id = v.contract));
    PERFORM pgswarm._check_compat_mode(compat);
    IF v.kind = 'json_schema' THEN
        SELECT c.verdict, c.reasons INTO verdict, reasons
        FROM pgswarm._compat_of(pgswarm._contract_compiled(v), pgswarm._schema_ready(body), contract_compat.compat) c;
    ELSE
        verdict := CASE WHEN compat = 'none' OR v.body = body THEN 'compatible' ELSE 'unknown' END;
        reasons := CASE verdict WHEN 'unknown' THEN '[{"path": "", "message": "is a text, which can not be compared"}]'::jsonb ELSE '[]' END;
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.contract_compat IS
    'How a new body compares with a version (without one: the newest agreed): compatible, incompatible or unknown, with reasons.';

CREATE VIEW pgswarm.contracts AS
SELECT c.name, v.version, v.kind, v.status, c.compat, o.name AS owner, encode(v.digest, 'hex') AS digest,
       (SELECT s.version FROM pgswarm.contract_version s WHERE s.id = v.superseded_by) AS superseded_by,
       (SELECT s.version FROM pgswarm.contract_version s WHERE s.id = v.compared_with) AS compared_with, v.verdict,
       p.name AS published_by, v.published_at, a.name AS agreed_by, v.agreed_at, e.name AS ended_by, v.ended_at, v.ended_reason,
       v.check_command, v.note, v.major, v.minor, v.patch, v.pre IS NOT NULL AS prerelease,
       row_number() OVER (PARTITION BY c.id ORDER BY v.major, v.minor, v.patch, v.pre IS NULL, v.pre)::integer AS place
FROM pgswarm.contract c
JOIN pgswarm.contract_version v ON v.contract = c.id
LEFT JOIN pgswarm.agent o ON o.id = c.owner
LEFT JOIN pgswarm.agent p ON p.id = v.published_by
LEFT JOIN pgswarm.agent a ON a.id = v.agreed_by
LEFT JOIN pgswarm.agent e ON e.id = v.ended_by;

-- Which task promises or builds on which version.
CREATE VIEW pgswarm.contract_dependents AS
SELECT c.name, v.version, p.role, p.task AS task_id, t.queue, t.title, t.state, t.agent, t.plan,
       v.status, (SELECT s.version FROM pgswarm.contract_version s WHERE s.id = v.superseded_by) AS superseded_by,
       (SELECT w.reason FROM pgswarm.contract_waiver w WHERE w.task = p.task AND w.version = v.id) AS waived
FROM (SELECT m.task, 'produces' AS role, unnest(m.produces) AS id FROM pgswarm.terms m WHERE m.produces IS NOT NULL
      UNION ALL
      SELECT m.task, 'consumes', unnest(m.consumes) FROM pgswarm.terms m WHERE m.consumes IS NOT NULL) p
JOIN pgswarm.contract_version v ON v.id = p.id
JOIN pgswarm.contract c ON c.id = v.contract
JOIN LATERAL (SELECT q.name AS queue, k.title, k.plan_name AS plan, pgswarm._state_of(k.id) AS state,
                     (SELECT a.name FROM pgswarm.lease l JOIN pgswarm.session s ON s.id = l.session JOIN pgswarm.agent a ON a.id = s.agent
                      WHERE l.task = k.id) AS agent
              FROM (SELECT x.*, (SELECT n.name FROM pgswarm.plan n WHERE n.id = x.plan) AS plan_name FROM pgswarm.task x WHERE x.id = p.task) k
              JOIN pgswarm.queue q ON q.id = k.queue OFFSET 0) t ON true;

CREATE FUNCTION pgswarm.contract_dependents(name text, version text DEFAULT NULL)
RETURNS TABLE (
    pinned text, role text, task_id bigint, queue text, title text, state text, agent text, plan text, superseded_by text, waived text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF version IS NOT NULL OR NOT EXISTS (SELECT FROM pgswarm.contract c WHERE c.name = contract_dependents.name) THEN
        PERFORM pgswarm._known_contract(name, version);
    END IF;
    RETURN QUERY
    SELECT d.version, d.role, d.task_id, d.queue, d.title, d.state, d.agent, d.plan, d.superseded_by, d.waived
    FROM pgswarm.contract_dependents d
    WHERE d.name = contract_dependents.name AND (contract_dependents.version IS NULL OR d.version = contract_dependents.version)
    ORDER BY d.version, d.role DESC, array_position(ARRAY['running', 'review', 'ready', 'scheduled', 'blocked', 'parked', 'held', 'done'], d.state), d.task_id;
END
$$;
COMMENT ON FUNCTION pgswarm.contract_dependents IS 'The tasks that produce or consume a contract, with the version that each pins and its state.';
