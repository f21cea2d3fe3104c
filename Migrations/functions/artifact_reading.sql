-- Reading artifacts: who read which content is a fact that taint follows later.
SET LOCAL ROLE pgswarm_owner;

-- The artifact that is meant: by its number, or the newest of a name, of a task or of a plan.
CREATE FUNCTION pgswarm._known_artifact(
    artifact bigint, task bigint, name text, plan text, version integer, accepted_only boolean, scope integer
) RETURNS pgswarm.artifact
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_name text := pgswarm._artifact_name(_known_artifact.name);
    v_id   bigint;
    a      pgswarm.artifact;
BEGIN
    IF (artifact IS NULL) = (v_name IS NULL) OR (artifact IS NOT NULL AND num_nonnulls(task, plan, version) > 0)
        OR num_nonnulls(task, plan) = 2
    THEN
        PERFORM pgswarm._refuse('invalid_argument', 'it is not clear which artifact is meant',
            'give its number, or a name with the task or the plan that it belongs to');
    END IF;
    v_id := CASE
        WHEN artifact IS NOT NULL THEN
            (SELECT x.id FROM pgswarm.artifacts x WHERE x.id = _known_artifact.artifact
             AND (NOT accepted_only OR x.state IN ('accepted', 'given')))
        WHEN task IS NOT NULL THEN
            (SELECT x.id FROM pgswarm.artifacts x
             WHERE x.task_id = _known_artifact.task AND x.name = v_name
               AND (_known_artifact.version IS NULL OR x.version = _known_artifact.version)
               AND (NOT accepted_only OR x.state IN ('accepted', 'given'))
             ORDER BY x.version DESC LIMIT 1)
        ELSE
            (SELECT x.id FROM pgswarm.artifact c JOIN pgswarm.artifacts x ON x.id = c.id
             WHERE coalesce(c.plan, 0) = coalesce(scope, 0) AND c.name = v_name
               AND (_known_artifact.version IS NULL OR x.version = _known_artifact.version)
               AND (NOT accepted_only OR x.state IN ('accepted', 'given'))
             ORDER BY x.id DESC LIMIT 1) END;
    SELECT * INTO a FROM pgswarm.artifact x WHERE x.id = v_id;
    IF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('there is no %sartifact %s%s%s', CASE WHEN accepted_only THEN 'accepted ' END,
                coalesce(artifact::text, '"' || v_name || '"'), ' in version ' || version, ' of task ' || task),
            'see what there is with: SELECT * FROM pgswarm.artifact_list(), or pgswarm artifact list');
    END IF;
    RETURN a;
END
$$;

-- That it was read, by a hold or by somebody who looked. The generation is the one in which the content stands now: a
-- result that was accepted again is another version than the one that was taken back.
CREATE FUNCTION pgswarm._record_reading(
    artifact pgswarm.artifact, reader bigint, generation smallint, epoch integer, agent integer, at timestamptz
) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_generation smallint := artifact.generation;
    v_submission bigint;
BEGIN
    SELECT x.generation, x.submission INTO v_generation, v_submission
    FROM (SELECT o.generation, o.submission FROM pgswarm.outcome o
          WHERE o.task = artifact.task AND o.epoch = artifact.epoch AND o.state = 'done' AND o.retried_at IS NULL
          UNION ALL
          SELECT s.generation, s.id FROM pgswarm.submission s
          WHERE s.task = artifact.task AND s.epoch = artifact.epoch AND s.state = 'open') x LIMIT 1;
    v_generation := coalesce(v_generation, artifact.generation);
    IF EXISTS (
        SELECT FROM pgswarm.reading r
        WHERE r.artifact = artifact.id AND r.reader IS NOT DISTINCT FROM _record_reading.reader
          AND r.epoch IS NOT DISTINCT FROM _record_reading.epoch AND r.agent = _record_reading.agent
          AND r.source_generation IS NOT DISTINCT FROM v_generation AND r.submission IS NOT DISTINCT FROM v_submission
          AND (r.reader IS NOT NULL OR r.at > _record_reading.at - interval '1 hour'))
    THEN
        RETURN;
    END IF;
    INSERT INTO pgswarm.reading (source, source_generation, reader, generation, epoch, agent, submission, artifact, at)
    VALUES (artifact.task, v_generation, _record_reading.reader, _record_reading.generation, _record_reading.epoch,
            _record_reading.agent, v_submission, artifact.id, _record_reading.at);
END
$$;

CREATE FUNCTION pgswarm.artifact_get(
    artifact bigint DEFAULT NULL,
    task bigint DEFAULT NULL,
    name text DEFAULT NULL,
    plan text DEFAULT NULL,
    version integer DEFAULT NULL,
    accepted_only boolean DEFAULT false,
    first_byte bigint DEFAULT 0,
    max_bytes integer DEFAULT NULL,
    handle text DEFAULT NULL,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (
    id bigint, task_id bigint, plan_name text, kind text, artifact_name text, artifact_version integer, state text, form text,
    media_type text, size bigint, sha256 text, reference text, producer text, producer_epoch integer, contract_version integer,
    created_at timestamptz, body_text text, body bytea
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    a     pgswarm.artifact;
    w     record;
BEGIN
    IF first_byte IS NULL OR first_byte NOT BETWEEN 0 AND 2000000 OR max_bytes < 1 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'this range of bytes is out of range',
            'first_byte is 0 or more, max_bytes 1 or more, or NULL for all');
    END IF;
    w := pgswarm._writer(artifact_get.handle, artifact_get.plan, artifact_get.agent, artifact_get.session);
    a := pgswarm._known_artifact(artifact_get.artifact, artifact_get.task, artifact_get.name, artifact_get.plan,
                                 artifact_get.version, coalesce(accepted_only, false), w.scope);
    PERFORM pgswarm._record_reading(a, w.task, w.generation, w.epoch, w.actor, pgswarm.clock());
    SELECT v.id, v.task_id, v.plan, v.kind, v.name, v.version, v.state, v.form, v.media_type, v.size, v.sha256, v.reference,
           v.producer, v.epoch, v.contract_version, v.created_at
    INTO id, task_id, plan_name, kind, artifact_name, artifact_version, state, form, media_type, size, sha256, reference,
         producer, producer_epoch, contract_version, created_at
    FROM pgswarm.artifacts v WHERE v.id = a.id;
    body := (SELECT CASE WHEN first_byte = 0 AND coalesce(max_bytes >= a.size, true) THEN b.body
                         ELSE substr(b.body, first_byte::integer + 1, coalesce(max_bytes, 1048576)) END
             FROM pgswarm.artifact_body b WHERE b.hash = a.body);
    -- A part may begin or end within a character: it comes as bytes.
    IF a.form IN ('json', 'text') AND first_byte = 0 AND coalesce(max_bytes >= a.size, true) THEN
        body_text := convert_from(body, 'UTF8');
        body := NULL;
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.artifact_get IS
    'Reads an artifact, by its number or by name from a task or a plan (with a handle: its task''s plan), and records the '
    'reading: with a handle as the hold''s. Texts and JSON come as body_text, others and parts of a body as bytes. Look at '
    'the state: unaccepted and tainted content is shown, and is what it says.';

CREATE FUNCTION pgswarm.artifact_list(
    task bigint DEFAULT NULL,
    plan text DEFAULT NULL,
    kind text DEFAULT NULL,
    name text DEFAULT NULL,
    all_versions boolean DEFAULT false,
    accepted_only boolean DEFAULT false,
    count integer DEFAULT 100,
    before bigint DEFAULT NULL
) RETURNS SETOF pgswarm.artifacts
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_plan integer := pgswarm._scope_plan(artifact_list.plan);
BEGIN
    IF count IS NULL OR count NOT BETWEEN 1 AND 10000 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'so many artifacts can not be listed', 'choose 1 to 10000');
    END IF;
    RETURN QUERY
    SELECT v.* FROM pgswarm.artifact a JOIN pgswarm.artifacts v ON v.id = a.id
    WHERE (artifact_list.task IS NULL OR a.task = artifact_list.task)
      AND (artifact_list.plan IS NULL OR coalesce(a.plan, 0) = coalesce(v_plan, 0))
      AND (artifact_list.kind IS NULL OR a.kind = artifact_list.kind)
      AND (artifact_list.name IS NULL OR a.name = artifact_list.name)
      AND (artifact_list.before IS NULL OR a.id < artifact_list.before)
      AND (all_versions OR v.newest)
      AND (NOT accepted_only OR v.state IN ('accepted', 'given'))
    ORDER BY a.id DESC LIMIT artifact_list.count;
END
$$;
COMMENT ON FUNCTION pgswarm.artifact_list IS
    'What there is, without content, newest first: of a task, a plan, a kind, a name; only the newest version of each name '
    'unless all_versions. before: the last number of the page before.';

-- What a task's submission is bound to: everything that was put under it.
CREATE FUNCTION pgswarm._artifact_hashes(task bigint) RETURNS text[]
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT array_agg(format('%s %s %s', a.kind, coalesce(a.name, '-'), encode(a.hash, 'hex')) ORDER BY a.id)
            FROM pgswarm.artifact a WHERE a.task = _artifact_hashes.task);
END
$$;

-- What the tasks before it made, and what earlier holds of the task itself have left. Named, not carried: reading is
-- recorded.
CREATE FUNCTION pgswarm._brief_artifacts(task bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                   'id', x.id::text, 'task', x.task::text, 'kind', x.kind, 'name', x.name, 'version', x.version,
                   'size', x.size, 'sha256', encode(x.hash, 'hex'), 'state', x.state)) ORDER BY x.own, x.id)
        FROM (
            SELECT y.* FROM (
                SELECT DISTINCT ON (a.task, coalesce(a.name, a.id::text))
                       a.*, false AS own, CASE u.state WHEN 'done' THEN 'accepted' ELSE 'unaccepted' END AS state
                FROM pgswarm._upstream_of(_brief_artifacts.task) u
                JOIN pgswarm.artifact a ON a.task = u.source AND a.epoch = coalesce(
                    (SELECT o.epoch FROM pgswarm.outcome o
                     WHERE o.task = u.source AND o.generation = u.generation AND o.retried_at IS NULL),
                    (SELECT s.epoch FROM pgswarm.submission s WHERE s.id = u.submission))
                ORDER BY a.task, coalesce(a.name, a.id::text), a.id DESC) y
            UNION ALL
            SELECT z.* FROM (
                SELECT DISTINCT ON (coalesce(a.name, a.id::text)) a.*, true AS own, 'unaccepted' AS state
                FROM pgswarm.artifact a WHERE a.task = _brief_artifacts.task
                ORDER BY coalesce(a.name, a.id::text), a.id DESC) z
            ORDER BY own, id DESC LIMIT 20) x);
END
$$;

-- Removes artifacts whose task is gone, old ones that have no task (the newest of a name stays), and the contents to which
-- nothing points any more.
CREATE FUNCTION pgswarm._upkeep_artifacts(before timestamptz, batch integer) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_hashes bytea[];
BEGIN
    DELETE FROM pgswarm.artifact a
    WHERE a.id = ANY (ARRAY(
        SELECT x.id FROM pgswarm.artifact x
        WHERE x.created_at < _upkeep_artifacts.before
          AND CASE WHEN x.task IS NOT NULL THEN NOT EXISTS (SELECT FROM pgswarm.task t WHERE t.id = x.task)
                   ELSE x.name IS NULL OR EXISTS (
                       SELECT FROM pgswarm.artifact n
                       WHERE n.task IS NULL AND coalesce(n.plan, 0) = coalesce(x.plan, 0) AND n.name = x.name
                         AND n.version > x.version) END
        ORDER BY x.created_at LIMIT batch));
    DELETE FROM pgswarm.reading r
    WHERE r.ctid = ANY (ARRAY(
        SELECT x.ctid FROM pgswarm.reading x
        WHERE x.at < _upkeep_artifacts.before
          AND (x.reader IS NULL OR NOT EXISTS (SELECT FROM pgswarm.task t WHERE t.id = x.reader))
        LIMIT batch));
    -- First locked, then looked at again: somebody may just have put the same content.
    v_hashes := ARRAY(
        SELECT b.hash FROM pgswarm.artifact_body b
        WHERE NOT EXISTS (SELECT FROM pgswarm.artifact a WHERE a.body = b.hash)
        ORDER BY b.hash LIMIT batch FOR UPDATE SKIP LOCKED);
    DELETE FROM pgswarm.artifact_body b
    WHERE b.hash = ANY (v_hashes) AND NOT EXISTS (SELECT FROM pgswarm.artifact a WHERE a.body = b.hash);
    DELETE FROM pgswarm.note n WHERE n.value IS NULL AND n.at < _upkeep_artifacts.before;
END
$$;

CREATE FUNCTION pgswarm.artifact_set(settings jsonb, agent text DEFAULT NULL, session uuid DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._human_actor(artifact_set.agent, artifact_set.session);
    v_known text[] := ARRAY['artifact_inline', 'artifact_quota', 'note_keys', 'note_versions', 'decision_quota'];
    v_name  text;
    v_value text;
BEGIN
    IF jsonb_typeof(settings) IS DISTINCT FROM 'object' THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the settings are no JSON object', 'for example: {"artifact_inline": 65536}');
    END IF;
    FOR v_name, v_value IN SELECT s.key, s.value #>> '{}' FROM jsonb_each(settings) s ORDER BY 1 LOOP
        IF v_name <> ALL (v_known) THEN
            PERFORM pgswarm._refuse('invalid_argument', format('artifacts and notes have no setting "%s"', left(v_name, 80)),
                'the settings are ' || array_to_string(v_known, ', '));
        END IF;
        BEGIN
            EXECUTE format('UPDATE pgswarm.setting SET %I = $1::integer', v_name) USING v_value;
        EXCEPTION WHEN data_exception OR check_violation OR not_null_violation THEN
            PERFORM pgswarm._refuse('invalid_argument', format('%L is not a value for "%s"', left(v_value, 80), v_name),
                'each is a whole number above 0; artifact_inline is at most 1048576');
        END;
    END LOOP;
    PERFORM pgswarm._record('artifacts_set', NULL, NULL, v_actor, NULL, settings, pgswarm.clock());
    RETURN (SELECT jsonb_object_agg(x.key, x.value) FROM pgswarm.setting s, jsonb_each(to_jsonb(s)) x WHERE x.key = ANY (v_known));
END
$$;
COMMENT ON FUNCTION pgswarm.artifact_set IS
    'Changes settings and answers all: artifact_inline (bytes of a body), artifact_quota (artifacts of a hold, or of an agent '
    'in an hour), note_keys (of a plan), note_versions (kept of a key), decision_quota (of an agent in an hour).';
