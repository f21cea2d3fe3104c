-- Contracts: what tasks pin, and what that means when they begin and when they complete.
SET LOCAL ROLE pgswarm_owner;

-- The versions that an item of an enqueue names, such as ["api@1.2.0"]. The contract is locked against a change that would
-- not see this task.
CREATE FUNCTION pgswarm._contract_pins(item integer, what text, pins jsonb) RETURNS integer[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_ids integer[] := '{}';
    v_id  integer;
    v_pin text;
BEGIN
    IF coalesce(pins, 'null') = 'null' THEN
        RETURN NULL;
    END IF;
    IF jsonb_typeof(pins) = 'string' THEN
        pins := jsonb_build_array(pins);
    END IF;
    IF jsonb_typeof(pins) <> 'array' OR jsonb_array_length(pins) > 50 OR pins @? '$[*] ? (@.type() != "string")' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('item %s: "%s" is no list of contracts', item, what),
            'name up to 50 of them, each with its version: ["api@1.2.0"]');
    END IF;
    FOR v_pin IN SELECT DISTINCT p FROM jsonb_array_elements_text(pins) p ORDER BY 1 LOOP
        v_id := NULL;
        SELECT v.id INTO v_id FROM pgswarm.contract_version v JOIN pgswarm.contract c ON c.id = v.contract
        WHERE c.name = split_part(v_pin, '@', 1) AND v.version = split_part(v_pin, '@', 2) AND v_pin LIKE '%@%'
        FOR SHARE OF c;
        IF v_id IS NULL THEN
            PERFORM pgswarm._refuse('not_found', format('item %s: "%s" names the contract %s, which there is not', item, what, quote_literal(left(v_pin, 200))),
                'write NAME@VERSION of a published version; see: pgswarm contract list');
        END IF;
        v_ids := v_ids || v_id;
    END LOOP;
    RETURN nullif(v_ids, '{}');
END
$$;

-- A task waits until all that it pins is agreed, and is held when that was broken or withdrawn after.
CREATE FUNCTION pgswarm._contract_gate(task bigint) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT 'contract' FROM pgswarm.terms t
        JOIN pgswarm.contract_version v ON v.id = ANY (coalesce(t.produces, '{}') || coalesce(t.consumes, '{}'))
        WHERE t.task = _contract_gate.task
          AND (v.status = 'draft' OR ((v.status = 'withdrawn' OR v.superseded_by IS NOT NULL) AND NOT EXISTS (
                  SELECT FROM pgswarm.contract_waiver w WHERE w.task = _contract_gate.task AND w.version = v.id)))
        LIMIT 1);
END
$$;

-- The same in a sentence, for whoever asks why.
CREATE FUNCTION pgswarm._contract_gate_written(task bigint) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT string_agg(format('%s %s', pgswarm._pin_written(v.id), CASE
                   WHEN v.status = 'draft' THEN 'is not agreed yet (pgswarm contract agree)'
                   WHEN v.status = 'withdrawn' THEN 'was withdrawn'
                   ELSE format('was broken by %s: pin that with pgswarm contract repin %s, or have a human waive it',
                               pgswarm._pin_written(v.superseded_by), _contract_gate_written.task) END), '; ' ORDER BY v.id)
        FROM pgswarm.terms t
        JOIN pgswarm.contract_version v ON v.id = ANY (coalesce(t.produces, '{}') || coalesce(t.consumes, '{}'))
        WHERE t.task = _contract_gate_written.task
          AND (v.status = 'draft' OR ((v.status = 'withdrawn' OR v.superseded_by IS NOT NULL) AND NOT EXISTS (
                  SELECT FROM pgswarm.contract_waiver w WHERE w.task = _contract_gate_written.task AND w.version = v.id))));
END
$$;

-- What a claim brings of the contracts of its task.
CREATE FUNCTION pgswarm._brief_contracts(task bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('name', c.name, 'version', v.version, 'role', p.role, 'kind', v.kind,
                   'status', v.status, 'digest', encode(v.digest, 'hex'), 'check', v.check_command, 'note', v.note))
                   || CASE WHEN pg_column_size(v.body) > 32768 THEN '{"body_too_large": true}'::jsonb
                           ELSE jsonb_build_object('body', v.body) END ORDER BY p.role DESC, c.name)
        FROM pgswarm.terms t
        CROSS JOIN LATERAL (SELECT 'produces' AS role, unnest(t.produces) AS id UNION ALL SELECT 'consumes', unnest(t.consumes)) p
        JOIN pgswarm.contract_version v ON v.id = p.id
        JOIN pgswarm.contract c ON c.id = v.contract
        WHERE t.task = _brief_contracts.task);
END
$$;

-- Why a result is not what its task promised; NULL: it is. With one schema among what it produces the result is that; with
-- several, each is under the name of its contract.
CREATE FUNCTION pgswarm._refused_output(task bigint, result jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_ids    integer[];
    v_part   jsonb;
    v_errors jsonb;
    v_path   text;
    r        record;
BEGIN
    SELECT ARRAY(SELECT v.id FROM pgswarm.contract_version v WHERE v.id = ANY (t.produces) AND v.kind = 'json_schema' ORDER BY v.id)
    INTO v_ids FROM pgswarm.terms t WHERE t.task = _refused_output.task;
    IF coalesce(cardinality(v_ids), 0) = 0 THEN
        RETURN NULL;
    END IF;
    FOR r IN SELECT v, c.name FROM pgswarm.contract_version v JOIN pgswarm.contract c ON c.id = v.contract WHERE v.id = ANY (v_ids) ORDER BY v.id LOOP
        v_path := '';
        v_part := coalesce(result, 'null');
        IF cardinality(v_ids) > 1 THEN
            v_path := pgswarm._pointer_part(r.name);
            v_part := result -> r.name;
            IF v_part IS NULL THEN
                RETURN jsonb_build_object('code', 'contract_mismatch', 'message',
                    format('the result does not keep contract %s %s: there is nothing at %s, where it belongs, because the task has several contracts',
                           r.name, (r.v).version, v_path));
            END IF;
        END IF;
        v_errors := pgswarm._schema_judged(pgswarm._contract_compiled(r.v), v_part, 5);
        IF v_errors IS NULL THEN
            RETURN jsonb_build_object('code', 'contract_mismatch', 'message',
                format('the result could not be checked against contract %s %s: it needs more than %s steps or 150 levels',
                       r.name, (r.v).version, pgswarm._schema_budget()));
        ELSIF v_errors <> '[]' THEN
            RETURN jsonb_build_object('code', 'contract_mismatch', 'message', left(
                format('the result does not keep contract %s %s: %s', r.name, (r.v).version, (
                    SELECT string_agg(coalesce(nullif(v_path || (e ->> 'path'), ''), 'it') || ' ' || (e ->> 'message'), '; ')
                    FROM (SELECT e FROM jsonb_array_elements(v_errors) e LIMIT 5) x)), 2000));
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
