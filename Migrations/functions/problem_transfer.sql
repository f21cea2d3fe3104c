-- The log as a file: out in one order, and in again by fingerprint, so that nothing is there twice.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.problem_export() RETURNS SETOF jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET timezone = 'UTC'
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'id', p.id, 'status', CASE p.status WHEN 'solving' THEN 'open' ELSE p.status END, 'resolution', p.resolution,
        'duplicate_of', p.duplicate_of, 'scope', p.scope, 'kind', p.kind, 'title', p.title, 'symptom', p.symptom,
        'environment', p.environment, 'tags', to_jsonb(p.tags), 'reporter', coalesce(p.credit, a.name),
        'reported', to_char(p.created_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'occurrences', p.occurrences + (SELECT count(*) FROM pgswarm.problem_hit h WHERE h.problem = p.id AND NOT h.folded),
        'solutions', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                'id', s.id, 'status', s.status, 'superseded_by', s.superseded_by, 'author', s.author,
                'written', to_char(s.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                'confirmed_by', to_jsonb(s.confirmed_by), 'solution', s.solution, 'evidence', s.evidence) ORDER BY s.id)
            FROM pgswarm.solutions s WHERE s.problem_id = p.id), '[]')))
    FROM pgswarm.problem p
    LEFT JOIN pgswarm.agent a ON a.id = p.reporter
    ORDER BY p.id;
END
$$;
COMMENT ON FUNCTION pgswarm.problem_export IS 'All entries with all their solutions, in the order of their numbers.';

-- One entry of a file. Nothing is taken away that a file does not name; what a file changes is changed.
CREATE FUNCTION pgswarm._import_problem(e jsonb, actor integer, at timestamptz, OUT id bigint, OUT code text, OUT changes text[])
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_symptom   text := pgswarm._problem_text('symptom', coalesce(nullif(pgswarm._trimmed(e ->> 'symptom'), ''), e ->> 'title'), 16384);
    v_title     text := left(btrim(regexp_replace(coalesce(nullif(btrim(e ->> 'title'), ''), pgswarm._title_of(v_symptom)), '[[:cntrl:]]+', ' ', 'g')), 200);
    v_scope     text := pgswarm._problem_label('scope', e ->> 'scope', 'swarm');
    v_kind      text := pgswarm._problem_label('kind', e ->> 'kind', 'error');
    v_tags      text[] := coalesce(pgswarm._problem_tags(ARRAY(SELECT jsonb_array_elements_text(coalesce(e -> 'tags', '[]')))), '{}');
    v_place     text := pgswarm._problem_text('environment', e ->> 'environment', 2000, false);
    v_signature text := pgswarm.error_signature(v_symptom);
    v_print     text := pgswarm._fingerprint(v_signature);
    v_closed    text := CASE WHEN e ->> 'status' = 'closed' THEN CASE e ->> 'resolution' WHEN 'duplicate' THEN 'duplicate' ELSE 'wontfix' END END;
    p           pgswarm.problem;
    s           jsonb;
BEGIN
    changes := '{}';
    PERFORM pg_advisory_xact_lock(hashtextextended(v_print, 1885828979));
    SELECT * INTO p FROM pgswarm.problem x WHERE x.fingerprint = v_print AND x.scope = v_scope FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        INSERT INTO pgswarm.problem (created_at, seen_at, reporter, status, resolution, scope, kind, title, symptom, signature,
                                     fingerprint, environment, tags, search, occurrences, credit)
        VALUES (least(coalesce((e ->> 'reported')::timestamptz, at), at), at, actor, CASE WHEN v_closed IS NULL THEN 'open' ELSE 'closed' END,
                v_closed, v_scope, v_kind, v_title, v_symptom, v_signature, v_print, v_place, v_tags,
                pgswarm._search_vector(v_title, v_symptom, v_signature, v_tags),
                least(greatest(coalesce((e ->> 'occurrences')::bigint, 1), 0), 1000000000000), left(e ->> 'reporter', 200))
        RETURNING * INTO p;
        code := 'created';
    ELSIF (p.title, p.kind, p.symptom, p.tags, p.environment) IS DISTINCT FROM (v_title, v_kind, v_symptom, v_tags, v_place) THEN
        changes := array_remove(ARRAY[
            CASE WHEN p.title <> v_title THEN 'title' END, CASE WHEN p.kind <> v_kind THEN 'kind' END,
            CASE WHEN p.symptom <> v_symptom THEN 'symptom' END, CASE WHEN p.tags <> v_tags THEN 'tags' END,
            CASE WHEN p.environment IS DISTINCT FROM v_place THEN 'environment' END], NULL);
        UPDATE pgswarm.problem x
        SET title = v_title, kind = v_kind, symptom = v_symptom, signature = v_signature, tags = v_tags, environment = v_place,
            search = pgswarm._search_vector(v_title, v_symptom, v_signature, v_tags)
        WHERE x.id = p.id;
    END IF;
    id := p.id;
    FOR s IN SELECT jsonb_array_elements(coalesce(e -> 'solutions', '[]')) LOOP
        changes := changes || pgswarm._import_solution(p, s, actor, at);
    END LOOP;
    IF 'solution' = ANY (changes) AND p.status IN ('open', 'solved') THEN
        UPDATE pgswarm.problem x SET status = pgswarm._status_without_solver(x.id) WHERE x.id = p.id;
        PERFORM pgswarm._end_waits(p.id, at) WHERE pgswarm._status_without_solver(p.id) = 'solved';
    END IF;
    code := coalesce(code, CASE WHEN cardinality(changes) > 0 THEN 'updated' ELSE 'unchanged' END);
END
$$;

-- A solution that is not there yet is added; one that was edited replaces the one with its number.
CREATE FUNCTION pgswarm._import_solution(problem pgswarm.problem, s jsonb, actor integer, at timestamptz) RETURNS text[]
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_body     text := pgswarm._problem_text('solution', s ->> 'solution', 16384);
    v_evidence text := coalesce(pgswarm._problem_text('evidence', s ->> 'evidence', 16384, false), 'as written in an imported file');
    v_by       text[] := ARRAY(SELECT left(x, 200) FROM jsonb_array_elements_text(coalesce(s -> 'confirmed_by', '[]')) x ORDER BY 1 LIMIT 100);
    v_old      bigint;
    v_new      bigint;
BEGIN
    IF EXISTS (SELECT FROM pgswarm.solution x WHERE x.problem = _import_solution.problem.id AND x.body = v_body) THEN
        RETURN '{}';
    END IF;
    SELECT x.id INTO v_old FROM pgswarm.solution x
    WHERE x.problem = _import_solution.problem.id AND x.id = (s ->> 'id')::bigint AND x.status <> 'superseded';
    v_new := pgswarm._solution_added(problem, v_body, v_evidence, actor, left(s ->> 'author', 200), v_old, at);
    UPDATE pgswarm.solution x
    SET created_at = least(coalesce((s ->> 'written')::timestamptz, at), at), confirmed_by = v_by,
        status = CASE WHEN s ->> 'status' IN ('proposed', 'confirmed', 'flagged') THEN s ->> 'status'
                      WHEN s ->> 'status' = 'superseded' AND v_old IS NULL THEN 'superseded' ELSE 'proposed' END
    WHERE x.id = v_new;
    RETURN ARRAY['solution'];
END
$$;

CREATE FUNCTION pgswarm.problem_import(
    entries jsonb[], dry_run boolean DEFAULT false, agent text DEFAULT NULL, session uuid DEFAULT NULL
) RETURNS TABLE (ord integer, id bigint, code text, changes text[], message text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET timezone = 'UTC'
AS $$
#variable_conflict use_column
DECLARE
    v_actor   integer := pgswarm._actor_as(problem_import.agent, problem_import.session, 'coordinator');
    v_answers jsonb := '[]';
    v_numbers jsonb := '{}';
    v_now     timestamptz;
    v_one     record;
    v_hint    text;
BEGIN
    IF cardinality(entries) > (SELECT s.max_batch FROM pgswarm.setting s) THEN
        PERFORM pgswarm._refuse('too_large', format('%s entries are too many for one call', cardinality(entries)),
            format('import up to %s at a time', (SELECT s.max_batch FROM pgswarm.setting s)));
    END IF;
    -- Imports come one after the other: each locks many entries, in the order of its file.
    PERFORM pg_advisory_xact_lock(hashtextextended('pgswarm.problem_import', 0));
    v_now := pgswarm.clock();
    BEGIN
        FOR i IN 1..coalesce(cardinality(entries), 0) LOOP
            BEGIN
                SELECT x.id, x.code, x.changes INTO v_one FROM pgswarm._import_problem(entries[i], v_actor, v_now) x;
                v_answers := v_answers || jsonb_build_object('ord', i, 'id', v_one.id, 'code', v_one.code, 'changes', to_jsonb(v_one.changes));
                v_numbers := v_numbers || jsonb_build_object(coalesce(entries[i] ->> 'id', ''), v_one.id);
            EXCEPTION WHEN OTHERS THEN
                IF SQLSTATE NOT LIKE 'PS%' AND SQLSTATE NOT LIKE '22%' AND SQLSTATE NOT LIKE '23%' THEN
                    RAISE;
                END IF;
                v_answers := v_answers || jsonb_build_object('ord', i, 'code', 'refused', 'message', left(SQLERRM, 500));
            END;
        END LOOP;
        PERFORM pgswarm._import_links(entries, v_numbers);
        PERFORM pgswarm._record('problems_imported', NULL, NULL, v_actor, NULL,
            (SELECT jsonb_object_agg(c.code, c.n) FROM (
                SELECT a ->> 'code' AS code, count(*) AS n FROM jsonb_array_elements(v_answers) a GROUP BY 1) c), v_now);
        IF dry_run THEN
            RAISE EXCEPTION USING ERRCODE = 'PS000', MESSAGE = 'only tried';
        END IF;
    EXCEPTION WHEN SQLSTATE 'PS000' THEN
        NULL;  -- undone; what would have happened is known
    END;
    RETURN QUERY
    SELECT (a ->> 'ord')::integer, CASE WHEN dry_run AND a ->> 'code' = 'created' THEN NULL ELSE (a ->> 'id')::bigint END,
           a ->> 'code', ARRAY(SELECT DISTINCT jsonb_array_elements_text(a -> 'changes') ORDER BY 1), a ->> 'message'
    FROM jsonb_array_elements(v_answers) a;
END
$$;
COMMENT ON FUNCTION pgswarm.problem_import IS
    'Takes entries of a file in, each by its fingerprint: created, updated, unchanged or refused with a message. dry_run only '
    'tells what would happen.';

-- Numbers in a file that name other entries of the file, where both are here now.
CREATE FUNCTION pgswarm._import_links(entries jsonb[], numbers jsonb) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    UPDATE pgswarm.problem p SET duplicate_of = (numbers ->> (e ->> 'duplicate_of'))::bigint
    FROM unnest(entries) e
    WHERE e ->> 'resolution' = 'duplicate' AND p.id = (numbers ->> (e ->> 'id'))::bigint AND p.status = 'closed'
      AND p.duplicate_of IS NULL AND numbers ? (e ->> 'duplicate_of')
      AND (numbers ->> (e ->> 'duplicate_of'))::bigint <> p.id;
    -- Solutions find their successor by its text.
    UPDATE pgswarm.solution o
    SET superseded_by = n.id
    FROM unnest(entries) e, jsonb_array_elements(e -> 'solutions') a, jsonb_array_elements(e -> 'solutions') b, pgswarm.solution n
    WHERE a ->> 'superseded_by' = b ->> 'id' AND o.problem = (numbers ->> (e ->> 'id'))::bigint AND n.problem = o.problem
      AND o.body = pgswarm._trimmed(a ->> 'solution') AND n.body = pgswarm._trimmed(b ->> 'solution')
      AND o.status = 'superseded' AND o.superseded_by IS NULL;
END
$$;
