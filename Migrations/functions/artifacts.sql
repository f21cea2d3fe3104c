-- Artifacts: what a hold makes besides its result. Immutable, named by the hash of their content.
SET LOCAL ROLE pgswarm_owner;

-- The plan that is meant: NULL and the word swarm are the whole swarm's.
CREATE FUNCTION pgswarm._scope_plan(plan text) RETURNS integer
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    v_plan integer;
BEGIN
    IF plan IS NULL OR plan = 'swarm' THEN
        RETURN NULL;
    END IF;
    SELECT p.id INTO v_plan FROM pgswarm.plan p WHERE p.name = _scope_plan.plan;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('there is no plan %L', left(plan, 80)),
            'name a plan that was applied, or none for what is the whole swarm''s');
    END IF;
    RETURN v_plan;
END
$$;

-- Who writes, and into which plan: the holder into that of its task, everybody else into the one that is named. A lease
-- is locked by this to the end of the transaction.
CREATE FUNCTION pgswarm._writer(
    handle text, plan text, agent text, session uuid,
    OUT actor integer, OUT run bigint, OUT task bigint, OUT epoch integer, OUT generation smallint, OUT scope integer,
    OUT queue integer
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_lease pgswarm.lease;
BEGIN
    IF _writer.handle IS NULL THEN
        actor := pgswarm._actor(_writer.agent, _writer.session);
        run := (SELECT s.id FROM pgswarm.session s WHERE s.token = _writer.session);
        scope := pgswarm._scope_plan(_writer.plan);
        RETURN;
    END IF;
    v_lease := pgswarm._held(_writer.handle);
    run := v_lease.session;
    actor := (SELECT s.agent FROM pgswarm.session s WHERE s.id = v_lease.session);
    task := v_lease.task;
    epoch := v_lease.epoch;
    generation := v_lease.generation;
    queue := v_lease.queue;
    scope := CASE WHEN _writer.plan IS NULL THEN (SELECT t.plan FROM pgswarm.task t WHERE t.id = v_lease.task)
                  ELSE pgswarm._scope_plan(_writer.plan) END;
END
$$;

-- Keeps a content, once. The row is locked against the upkeep that removes what nothing points to.
CREATE FUNCTION pgswarm._keep_body(hash bytea, body bytea) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    LOOP
        PERFORM FROM pgswarm.artifact_body b WHERE b.hash = _keep_body.hash FOR KEY SHARE;
        EXIT WHEN FOUND;
        INSERT INTO pgswarm.artifact_body (hash, body) VALUES (_keep_body.hash, _keep_body.body) ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
    END LOOP;
END
$$;

-- Code is made by those who execute. Whoever coordinates plans it, and does not write it by another door.
CREATE FUNCTION pgswarm._check_maker(kind text, actor integer, run bigint) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_agent   jsonb := (SELECT to_jsonb(a) FROM pgswarm.agent a WHERE a.id = actor);
    v_session jsonb := (SELECT to_jsonb(s) FROM pgswarm.session s WHERE s.id = run);
BEGIN
    IF kind NOT IN ('code', 'diff') THEN
        RETURN;
    END IF;
    IF v_agent ->> 'role' = 'coordinator' OR v_session ->> 'kind' = 'coordinator' OR v_session ->> 'role' = 'coordinator'
        OR NOT (pg_has_role(session_user, 'pgswarm_worker', 'MEMBER') OR pg_has_role(session_user, 'pgswarm_operator', 'MEMBER'))
    THEN
        PERFORM pgswarm._refuse('not_allowed', format('%s does not execute: it may not put an artifact of kind %s', v_agent ->> 'name', kind),
            'enqueue a task for it; a worker makes and puts it');
    END IF;
END
$$;

-- The contract version that an artifact is made to: the one that is named, or the only one that its task produces.
CREATE FUNCTION pgswarm._artifact_contract(task bigint, contract text) RETURNS integer
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_produces integer[] := (SELECT m.produces FROM pgswarm.terms m WHERE m.task = _artifact_contract.task);
    v_pin      integer;
BEGIN
    IF contract IS NULL THEN
        RETURN CASE WHEN cardinality(v_produces) = 1 THEN v_produces[1] END;
    END IF;
    v_pin := (pgswarm._contract_pins(1, 'contract', jsonb_build_array(contract)))[1];
    IF v_pin IS NULL OR NOT coalesce(v_pin = ANY (v_produces), false) THEN
        PERFORM pgswarm._refuse('contract_mismatch',
            format('%s does not produce contract %L', coalesce('task ' || task, 'nobody''s task'), left(contract, 80)),
            'name a version that the task was enqueued to produce; the claim''s brief lists them');
    END IF;
    RETURN v_pin;
END
$$;

CREATE FUNCTION pgswarm.artifact_put(
    kind text,
    handle text DEFAULT NULL,
    name text DEFAULT NULL,
    body_json jsonb DEFAULT NULL,
    body_text text DEFAULT NULL,
    body_bytes bytea DEFAULT NULL,
    reference text DEFAULT NULL,
    media_type text DEFAULT NULL,
    sha256 text DEFAULT NULL,
    size bigint DEFAULT NULL,
    contract text DEFAULT NULL,
    plan text DEFAULT NULL,
    request_id text DEFAULT NULL,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (id bigint, created boolean, version integer, hash text, bytes bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_kind   text := pgswarm._artifact_kind(artifact_put.kind);
    v_name   text := pgswarm._artifact_name(artifact_put.name);
    v_type   text := pgswarm._media_type(artifact_put.media_type);
    v_given  bytea := pgswarm._given_hash(artifact_put.sha256);
    v_limit  integer := (SELECT s.artifact_inline FROM pgswarm.setting s);
    v_body   bytea;
    v_new    pgswarm.artifact;
    v_old    pgswarm.artifact;
    v_answer jsonb;
    v_put    record;
    w        record;
BEGIN
    IF num_nonnulls(body_json, body_text, body_bytes, artifact_put.reference) <> 1 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'an artifact has one body or one reference',
            'give one of body_json, body_text, body_bytes and reference');
    END IF;
    IF artifact_put.reference IS NOT NULL THEN
        v_new.reference := pgswarm._reference(artifact_put.reference);
        IF v_given IS NULL OR artifact_put.size IS NULL THEN
            PERFORM pgswarm._refuse('invalid_argument', 'a reference needs the SHA-256 and the size of what it points at',
                'they say which content is meant, whatever the reference leads to later; sha256sum and wc -c print them');
        END IF;
        IF artifact_put.size NOT BETWEEN 0 AND 9007199254740991 THEN
            PERFORM pgswarm._refuse('invalid_argument', format('a size of %s bytes is out of range', artifact_put.size), 'give 0 or more');
        END IF;
        v_new.form := 'reference';
        v_new.hash := v_given;
        v_new.size := artifact_put.size;
        v_new.media_type := coalesce(v_type, 'application/octet-stream');
    ELSE
        v_body := coalesce(body_bytes, convert_to(coalesce(body_text, body_json::text), 'UTF8'));
        v_new.size := octet_length(v_body);
        IF v_new.size > v_limit THEN
            PERFORM pgswarm._refuse('too_large', format('the body has %s bytes, the limit is %s', v_new.size, v_limit),
                'store it elsewhere, and put a reference with its SHA-256 and size');
        END IF;
        v_new.media_type := coalesce(v_type, CASE WHEN body_json IS NOT NULL THEN 'application/json'
                                                  WHEN body_text IS NOT NULL THEN 'text/plain'
                                                  ELSE 'application/octet-stream' END);
        v_new.form := pgswarm._artifact_form(v_body, v_new.media_type);
        IF body_json IS NOT NULL AND v_new.form <> 'json' THEN
            PERFORM pgswarm._refuse('invalid_argument', format('a JSON body is not %s', v_new.media_type),
                'leave media_type out, or name a type of JSON such as application/schema+json');
        END IF;
        v_new.hash := sha256(v_body);
        v_new.body := v_new.hash;
        IF v_given <> v_new.hash THEN
            PERFORM pgswarm._refuse('invalid_argument',
                format('the body''s SHA-256 is %s, not %s', encode(v_new.hash, 'hex'), encode(v_given, 'hex')),
                'the body was changed on its way, or the hash is another''s: read the source again');
        END IF;
        IF artifact_put.size <> v_new.size THEN
            PERFORM pgswarm._refuse('invalid_argument', format('the body has %s bytes, not %s', v_new.size, artifact_put.size),
                'the body was cut on its way: read the source again');
        END IF;
    END IF;
    w := pgswarm._writer(artifact_put.handle, artifact_put.plan, artifact_put.agent, artifact_put.session);
    PERFORM pgswarm._check_maker(v_kind, w.actor, w.run);
    IF artifact_put.request_id IS NOT NULL THEN
        v_answer := pgswarm._begin_request(w.actor, 'artifact_put', artifact_put.request_id, jsonb_build_array(
            v_kind, v_name, encode(v_new.hash, 'hex'), v_new.reference, v_new.media_type, contract, w.scope, w.task, w.epoch));
        IF v_answer IS NOT NULL THEN
            RETURN QUERY SELECT * FROM jsonb_to_record(v_answer)
                AS a (id bigint, created boolean, version integer, hash text, bytes bigint);
            RETURN;
        END IF;
    END IF;
    v_new.task := w.task;
    v_new.epoch := w.epoch;
    v_new.generation := w.generation;
    v_new.plan := w.scope;
    v_new.agent := w.actor;
    v_new.session := w.run;
    v_new.kind := v_kind;
    v_new.name := v_name;
    v_new.contract_version := pgswarm._artifact_contract(w.task, contract);
    v_put := pgswarm._put(v_new, v_body);
    v_old := v_put.artifact;
    created := v_put.created;
    id := v_old.id;
    version := v_old.version;
    hash := encode(v_old.hash, 'hex');
    bytes := v_old.size;
    IF created THEN
        PERFORM pgswarm._record('artifact_put', w.queue, w.run, w.actor, CASE WHEN w.task IS NOT NULL THEN ARRAY[w.task] END,
            jsonb_strip_nulls(jsonb_build_object('artifact', id::text, 'kind', v_kind, 'name', v_name, 'version', version,
                                                 'sha256', hash, 'size', bytes)), v_old.created_at);
    END IF;
    IF artifact_put.request_id IS NOT NULL THEN
        PERFORM pgswarm._end_request(w.actor, 'artifact_put', artifact_put.request_id, jsonb_build_object(
            'id', id, 'created', created, 'version', version, 'hash', hash, 'bytes', bytes));
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.artifact_put IS
    'Keeps a content, or a reference with its SHA-256 and size, for good. Under a handle it belongs to that hold; without one '
    'to a plan or the swarm. The same put under one hold answers the same artifact (created: false); other content under '
    'the same name is the next version.';

-- Enters an artifact, unless this hold has just put the same: then that one is answered.
CREATE FUNCTION pgswarm._put(new pgswarm.artifact, content bytea, OUT artifact pgswarm.artifact, OUT created boolean)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_row   pgswarm.artifact := new;
    v_quota integer := (SELECT s.artifact_quota FROM pgswarm.setting s);
    v_last  integer;
BEGIN
    IF v_row.task IS NULL THEN
        -- A hold is locked by its lease. Without one, those who put under one name come one after the other.
        PERFORM pg_advisory_xact_lock(hashtextextended(format('artifact %s %s', coalesce(v_row.plan, 0), coalesce(v_row.name, '')), 1885828979));
    END IF;
    v_row.created_at := pgswarm.clock();
    created := false;
    v_last := CASE WHEN v_row.name IS NULL THEN 0 WHEN v_row.task IS NOT NULL
        THEN (SELECT max(x.version) FROM pgswarm.artifact x WHERE x.task = v_row.task AND x.name = v_row.name)
        ELSE (SELECT max(x.version) FROM pgswarm.artifact x
              WHERE x.task IS NULL AND coalesce(x.plan, 0) = coalesce(v_row.plan, 0) AND x.name = v_row.name) END;
    SELECT * INTO artifact FROM (
        SELECT * FROM pgswarm.artifact h WHERE h.task = v_row.task AND h.epoch = v_row.epoch
        UNION ALL
        SELECT * FROM pgswarm.artifact h
        WHERE v_row.task IS NULL AND h.task IS NULL AND h.agent = v_row.agent
          AND h.created_at > v_row.created_at - interval '1 hour') x
    WHERE x.plan IS NOT DISTINCT FROM v_row.plan AND x.name IS NOT DISTINCT FROM v_row.name
      AND (x.name IS NULL OR x.version = v_last) AND x.kind = v_row.kind AND x.hash = v_row.hash
      AND x.media_type = v_row.media_type AND x.reference IS NOT DISTINCT FROM v_row.reference
      AND x.contract_version IS NOT DISTINCT FROM v_row.contract_version
    ORDER BY x.id LIMIT 1;
    IF FOUND THEN
        RETURN;
    END IF;
    IF (SELECT count(*) FROM (
        SELECT * FROM pgswarm.artifact h WHERE h.task = v_row.task AND h.epoch = v_row.epoch
        UNION ALL
        SELECT * FROM pgswarm.artifact h
        WHERE v_row.task IS NULL AND h.task IS NULL AND h.agent = v_row.agent
          AND h.created_at > v_row.created_at - interval '1 hour') x) >= v_quota THEN
        PERFORM pgswarm._refuse('too_large', format('%s has put %s, which is the limit',
                CASE WHEN v_row.task IS NULL THEN 'this agent' ELSE 'this hold' END, pgswarm._counted(v_quota, 'artifact')),
            'put what belongs together as one artifact; an operator can raise artifact_quota');
    END IF;
    IF v_row.body IS NOT NULL THEN
        PERFORM pgswarm._keep_body(v_row.body, content);
    END IF;
    INSERT INTO pgswarm.artifact (task, created_at, session, size, agent, plan, epoch, contract_version, version, generation,
                                  form, kind, name, media_type, reference, hash, body)
    VALUES (v_row.task, v_row.created_at, v_row.session, v_row.size, v_row.agent, v_row.plan, v_row.epoch,
            v_row.contract_version, coalesce(v_last, 0) + 1, v_row.generation, v_row.form, v_row.kind, v_row.name,
            v_row.media_type, v_row.reference, v_row.hash, v_row.body)
    RETURNING * INTO artifact;
    created := true;
END
$$;
