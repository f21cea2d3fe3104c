-- Contracts: publishing a version.
SET LOCAL ROLE pgswarm_owner;

-- May the caller's login plan and steer? Whoever may not publishes only what is their own.
CREATE FUNCTION pgswarm._steers() RETURNS boolean
LANGUAGE sql STABLE
AS $$ SELECT pg_has_role(session_user, 'pgswarm_coordinator', 'MEMBER') OR pg_has_role(session_user, 'pgswarm_operator', 'MEMBER') $$;

CREATE FUNCTION pgswarm.contract_publish(
    name text,
    version text,
    body jsonb,
    kind text DEFAULT 'json_schema',
    examples jsonb DEFAULT NULL,
    compat text DEFAULT NULL,
    "check" text DEFAULT NULL,
    note text DEFAULT NULL,
    dry_run boolean DEFAULT false,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (
    contract text, published text, status text, created boolean, digest text, compared_with text, verdict text, reasons jsonb,
    breaking boolean, affected jsonb
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_actor    integer := pgswarm._actor_as(contract_publish.agent, contract_publish.session, 'worker', 'coordinator');
    v_contract pgswarm.contract;
    v_next     pgswarm.contract_version;
    v_there    pgswarm.contract_version;
    v_base     pgswarm.contract_version;
    r          record;
BEGIN
    v_next := pgswarm._contract_drafted(name, version, body, kind, examples, "check", note);
    IF compat IS NOT NULL THEN
        PERFORM pgswarm._check_compat_mode(compat);
    END IF;
    v_contract := pgswarm._contract_made(name, compat, v_actor, coalesce(dry_run, false));
    v_next.contract := v_contract.id;
    contract := v_contract.name;
    published := v_next.version;
    digest := encode(v_next.digest, 'hex');
    affected := '[]';
    SELECT * INTO v_there FROM pgswarm.contract_version v WHERE v.contract = v_contract.id AND v.version = contract_publish.version;
    IF FOUND THEN
        IF v_there.digest <> v_next.digest OR v_there.kind <> v_next.kind
            OR v_there.examples IS DISTINCT FROM v_next.examples OR v_there.check_command IS DISTINCT FROM v_next.check_command
        THEN
            PERFORM pgswarm._refuse('conflict',
                format('%s@%s is published already, with another %s', name, version, CASE
                    WHEN v_there.digest <> v_next.digest THEN 'body' WHEN v_there.kind <> v_next.kind THEN 'kind'
                    WHEN v_there.examples IS DISTINCT FROM v_next.examples THEN 'set of examples' ELSE 'check' END),
                'a published version is never changed: publish the next one');
        END IF;
        created := false;
        status := v_there.status;
        verdict := v_there.verdict;
        reasons := v_there.reasons;
        compared_with := (SELECT v.version FROM pgswarm.contract_version v WHERE v.id = v_there.compared_with);
        breaking := EXISTS (SELECT FROM pgswarm.contract_version v WHERE v.superseded_by = v_there.id);
        RETURN NEXT;
        RETURN;
    END IF;
    IF v_contract.owner <> v_actor AND NOT pgswarm._steers() THEN
        PERFORM pgswarm._refuse('not_allowed',
            format('contract "%s" belongs to %s', name, (SELECT a.name FROM pgswarm.agent a WHERE a.id = v_contract.owner)),
            'its owner or a coordinator publishes its versions; write to them with: pgswarm message send');
    END IF;
    v_next.id := 0;
    v_base := pgswarm._contract_base(v_next);
    SELECT * INTO r FROM pgswarm._contract_compared(v_base, v_next, v_contract.compat);
    PERFORM pgswarm._check_version_step(v_contract, v_base, v_next, r.verdict, r.reasons);
    created := true;
    status := 'draft';
    verdict := r.verdict;
    reasons := r.reasons;
    breaking := r.breaking;
    compared_with := v_base.version;
    IF breaking THEN
        affected := pgswarm._reach_written(pgswarm._left_behind(v_next));
        PERFORM pgswarm._refuse_frozen(format('%s@%s', name, version), pgswarm._left_behind(v_next))
        WHERE NOT coalesce(contract_publish.dry_run, false);
    END IF;
    IF NOT coalesce(dry_run, false) THEN
        INSERT INTO pgswarm.contract_version (contract, version, major, minor, patch, pre, kind, body, digest, compiled, examples,
                                              check_command, note, compared_with, verdict, reasons, published_by, published_at)
        VALUES (v_contract.id, v_next.version, v_next.major, v_next.minor, v_next.patch, v_next.pre, v_next.kind, v_next.body,
                v_next.digest, v_next.compiled, v_next.examples, v_next.check_command, v_next.note, v_base.id, r.verdict, r.reasons,
                v_actor, pgswarm.clock());
        PERFORM pgswarm._record('contract_published', NULL, NULL, v_actor, NULL, jsonb_strip_nulls(jsonb_build_object(
            'contract', contract_publish.name, 'version', contract_publish.version, 'verdict', r.verdict, 'breaking', r.breaking)), pgswarm.clock());
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.contract_publish IS
    'Publishes a version of a contract as a draft; it counts once it is agreed (contract_agree). The same again changes nothing, '
    'another body under the same version is refused. It is compared with the last agreed version before it: what breaks that '
    'needs a new major version (compat: backward, forward, full, none; fixed with the first version). dry_run tells what it '
    'would do, and which tasks agreeing to it would hold, signal and taint.';

-- The contract, locked; made with its first version. A dry run makes none.
CREATE FUNCTION pgswarm._contract_made(name text, compat text, owner integer, dry_run boolean) RETURNS pgswarm.contract
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_contract pgswarm.contract;
    v_now      timestamptz := pgswarm.clock();
BEGIN
    IF name IS NULL OR name !~ '^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not the name of a contract', name),
            'a name has 1 to 128 letters, digits and the characters . _ : / - and begins with a letter or digit');
    END IF;
    IF NOT dry_run THEN
        INSERT INTO pgswarm.contract (name, owner, compat, created_at, changed_at)
        VALUES (_contract_made.name, _contract_made.owner, coalesce(_contract_made.compat, 'backward'), v_now, v_now)
        ON CONFLICT ON CONSTRAINT contract_name_key DO NOTHING;
    END IF;
    SELECT * INTO v_contract FROM pgswarm.contract c WHERE c.name = _contract_made.name FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        v_contract := ROW(0, name, owner, coalesce(compat, 'backward'), v_now, v_now);
    ELSIF compat <> v_contract.compat THEN
        PERFORM pgswarm._refuse('conflict', format('the compatibility of contract "%s" is %s', name, v_contract.compat),
            'it is fixed with the first version, for those who build on it: leave it out, or publish under another name');
    END IF;
    RETURN v_contract;
END
$$;

-- A version as its publisher wrote it, looked at as far as that is possible without any other.
CREATE FUNCTION pgswarm._contract_drafted(
    name text, version text, body jsonb, kind text, examples jsonb, "check" text, note text
) RETURNS pgswarm.contract_version
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v       pgswarm.contract_version;
    v_error jsonb;
BEGIN
    PERFORM pgswarm._check_semver(version);
    IF kind IS NULL OR kind NOT IN ('json_schema', 'openapi', 'sql', 'signature', 'text') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is no kind of contract', kind),
            'it is json_schema, openapi, sql, signature or text');
    END IF;
    IF body IS NULL OR (kind <> 'json_schema' AND (jsonb_typeof(body) NOT IN ('string', 'object') OR body IN ('""', '{}'))) THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the contract says nothing', 'give its body: a JSON Schema, or a text as a JSON string');
    END IF;
    IF octet_length(body::text) > 262144 OR octet_length(examples::text) > 262144 THEN
        PERFORM pgswarm._refuse('too_large', 'body and examples of a contract have at most 262144 bytes each',
            'split the contract, or keep it elsewhere and publish its digest');
    END IF;
    IF length(note) > 4000 OR length("check") > 4000 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a note and a check have at most 4000 characters', 'shorten it');
    END IF;
    IF examples IS NOT NULL AND (jsonb_typeof(examples) <> 'object' OR examples - ARRAY['valid', 'invalid'] <> '{}'
        OR jsonb_typeof(coalesce(examples -> 'valid', '[]')) <> 'array' OR jsonb_typeof(coalesce(examples -> 'invalid', '[]')) <> 'array')
    THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the examples are not in order', 'write {"valid": [ … ], "invalid": [ … ]}');
    END IF;
    SELECT s.major, s.minor, s.patch, s.pre INTO v.major, v.minor, v.patch, v.pre FROM pgswarm._semver(version) s;
    v.version := version;
    v.kind := kind;
    v.body := body;
    v.examples := nullif(examples, '{}');
    v.check_command := nullif("check", '');
    v.note := nullif(note, '');
    -- Of a text that of the text itself, so that it can be compared with a file's.
    v.digest := sha256(convert_to(CASE jsonb_typeof(body) WHEN 'string' THEN body #>> '{}' ELSE body::text END, 'UTF8'));
    IF kind = 'json_schema' THEN
        v.compiled := pgswarm._schema_compiled(body);
        v_error := v.compiled #> '{errors,0}';
        IF v_error IS NOT NULL THEN
            PERFORM pgswarm._refuse('invalid_argument', format('the schema can not be used: %s %s%s',
                    coalesce(nullif(v_error ->> 'path', ''), 'it'), v_error ->> 'message',
                    CASE WHEN jsonb_array_length(v.compiled -> 'errors') > 1
                         THEN format(' (and %s more)', jsonb_array_length(v.compiled -> 'errors') - 1) ELSE '' END),
                'see all of it with: SELECT * FROM pgswarm.schema_check(…)');
        END IF;
        PERFORM pgswarm._check_examples(v);
    END IF;
    RETURN v;
END
$$;

-- The examples say what the author meant; a schema that says otherwise is not published.
CREATE FUNCTION pgswarm._check_examples(version pgswarm.contract_version) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_errors jsonb;
    r        record;
BEGIN
    FOR r IN
        SELECT e.key AS word, x.value, x.n - 1 AS n
        FROM jsonb_each(version.examples) e CROSS JOIN LATERAL jsonb_array_elements(e.value) WITH ORDINALITY x (value, n)
        ORDER BY e.key DESC, x.n
    LOOP
        v_errors := pgswarm._schema_judged(version.compiled, r.value, 1);
        IF v_errors IS NULL THEN
            PERFORM pgswarm._refuse('too_large', format('%s example %s could not be checked within %s steps', r.word, r.n, pgswarm._schema_budget()),
                'make the example or the schema smaller');
        ELSIF r.word = 'valid' AND v_errors <> '[]' THEN
            PERFORM pgswarm._refuse('contract_mismatch', format('valid example %s does not fit the schema: %s %s', r.n,
                    coalesce(nullif(v_errors #>> '{0,path}', ''), 'it'), v_errors #>> '{0,message}'),
                'mend the example or the schema; examples are counted from 0');
        ELSIF r.word = 'invalid' AND v_errors = '[]' THEN
            PERFORM pgswarm._refuse('contract_mismatch', format('invalid example %s fits the schema', r.n),
                'mend the example or the schema; examples are counted from 0');
        END IF;
    END LOOP;
END
$$;

-- What breaks the version before it needs a line of its own.
CREATE FUNCTION pgswarm._check_version_step(
    contract pgswarm.contract, base pgswarm.contract_version, next pgswarm.contract_version, verdict text, reasons jsonb
) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF verdict = 'incompatible' AND pgswarm._same_line(base, next) THEN
        PERFORM pgswarm._refuse('contract_breaking',
            format('%s@%s breaks %s (compatibility %s): %s', contract.name, next.version, base.version, contract.compat,
                   pgswarm._reasons_written(reasons)),
            format('publish it as %s, or keep what was promised', CASE WHEN next.major = 0 THEN format('0.%s.0', base.minor + 1)
                                                                       ELSE format('%s.0.0', base.major + 1) END));
    END IF;
END
$$;
