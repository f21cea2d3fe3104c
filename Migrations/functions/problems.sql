-- Problems: one entry for each fingerprint of a scope, and the lease of whoever solves it.
SET LOCAL ROLE pgswarm_owner;

-- The problem that is meant; it must be there. A solution's number leads to its problem.
CREATE FUNCTION pgswarm._known_problem(id bigint, lock boolean DEFAULT false) RETURNS pgswarm.problem
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_id bigint := coalesce((SELECT s.problem FROM pgswarm.solution s WHERE s.id = _known_problem.id), _known_problem.id);
    p    pgswarm.problem;
BEGIN
    IF lock THEN
        SELECT * INTO p FROM pgswarm.problem x WHERE x.id = v_id FOR NO KEY UPDATE;
    ELSE
        SELECT * INTO p FROM pgswarm.problem x WHERE x.id = v_id;
    END IF;
    IF p.id IS NULL THEN
        PERFORM pgswarm._refuse('not_found', format('there is no problem %s', coalesce(_known_problem.id::text, 'without a number')),
            'see the problems with: SELECT * FROM pgswarm.problems, or pgswarm problem list');
    END IF;
    RETURN p;
END
$$;

-- Without empty lines before and blanks behind it, so that a text comes back from a file as it went.
CREATE FUNCTION pgswarm._trimmed(body text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT rtrim(ltrim(body, E'\n\r'), E' \t\n\r') $$;

-- Texts of strangers have an upper bound, and none of them is empty where one is needed.
CREATE FUNCTION pgswarm._problem_text(what text, body text, most integer, needed boolean DEFAULT true) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    IF btrim(coalesce(body, ''), E' \t\n\r') = '' THEN
        IF needed THEN
            PERFORM pgswarm._refuse('invalid_argument', format('the %s is empty', what), format('say it in up to %s bytes', most));
        END IF;
        RETURN NULL;
    END IF;
    IF octet_length(body) > most THEN
        PERFORM pgswarm._refuse('too_large', format('the %s has %s bytes, the limit is %s', what, octet_length(body), most),
            'keep what tells the cause, and store the rest elsewhere');
    END IF;
    RETURN pgswarm._trimmed(body);
END
$$;

-- Labels: short, printable, on one line.
CREATE FUNCTION pgswarm._problem_label(what text, label text, fallback text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_label text := coalesce(nullif(btrim(label), ''), fallback);
BEGIN
    IF length(v_label) > 128 OR v_label ~ '[[:cntrl:]]' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a %s', left(label, 80), what),
            'it has 1 to 128 characters and no control characters');
    END IF;
    RETURN v_label;
END
$$;

CREATE FUNCTION pgswarm._problem_tags(tags text[]) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    IF cardinality(tags) > 32 THEN
        PERFORM pgswarm._refuse('too_large', format('%s tags are too many', cardinality(tags)), 'give up to 32');
    END IF;
    RETURN ARRAY(SELECT DISTINCT pgswarm._problem_label('tag', t, NULL) FROM unnest(tags) t WHERE btrim(t) <> '' ORDER BY 1);
END
$$;

-- The entry with a fingerprint, made if it isn't there. One transaction at a time makes an entry of a fingerprint: a
-- reporter waits for the other, a failing task does not (wait: false) and gets no entry then.
CREATE FUNCTION pgswarm._problem_made(
    scope text, kind text, title text, symptom text, environment text, tags text[], agent integer, automatic boolean,
    at timestamptz, OUT problem pgswarm.problem, OUT created boolean
)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_signature   text := pgswarm.error_signature(symptom);
    v_fingerprint text := pgswarm._fingerprint(v_signature);
    v_lock        bigint := hashtextextended(v_fingerprint, 1885828979);
BEGIN
    created := false;
    SELECT * INTO problem FROM pgswarm.problem p WHERE p.fingerprint = v_fingerprint AND p.scope = _problem_made.scope;
    IF FOUND THEN
        RETURN;
    END IF;
    IF automatic THEN
        IF NOT pg_try_advisory_xact_lock(v_lock) THEN
            RETURN;
        END IF;
    ELSE
        PERFORM pg_advisory_xact_lock(v_lock);
    END IF;
    IF (SELECT count(*) FROM (
            SELECT FROM pgswarm.problem p
            WHERE p.reporter = _problem_made.agent AND p.created_at > _problem_made.at - interval '1 hour'
            LIMIT (SELECT s.problem_quota FROM pgswarm.setting s)) x) >= (SELECT s.problem_quota FROM pgswarm.setting s)
    THEN
        IF automatic THEN
            RETURN;
        END IF;
        PERFORM pgswarm._refuse('too_large', 'this agent has made as many entries within an hour as it may',
            'look for the entry that fits with: pgswarm problem find; an operator can raise problem_quota');
    END IF;
    INSERT INTO pgswarm.problem (created_at, seen_at, reporter, automatic, scope, kind, title, symptom, signature,
                                 fingerprint, environment, tags, search, occurrences)
    VALUES (_problem_made.at, _problem_made.at, _problem_made.agent, _problem_made.automatic, _problem_made.scope,
            _problem_made.kind, _problem_made.title, _problem_made.symptom, v_signature, v_fingerprint,
            _problem_made.environment, _problem_made.tags,
            pgswarm._search_vector(_problem_made.title, _problem_made.symptom, v_signature, _problem_made.tags), 0)
    ON CONFLICT ON CONSTRAINT problem_fingerprint DO NOTHING
    RETURNING * INTO problem;
    created := FOUND;
    IF NOT FOUND THEN
        SELECT * INTO problem FROM pgswarm.problem p WHERE p.fingerprint = v_fingerprint AND p.scope = _problem_made.scope;
        RETURN;
    END IF;
    PERFORM pgswarm._record('problem_reported', NULL, NULL, agent, NULL,
        jsonb_build_object('problem', problem.id::text, 'title', problem.title, 'automatic', automatic), at);
END
$$;

-- A title out of a symptom: its first line that says something.
CREATE FUNCTION pgswarm._title_of(symptom text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT coalesce((
        SELECT left(btrim(regexp_replace(l.line, '[[:cntrl:]]+', ' ', 'g')), 200)
        FROM regexp_split_to_table(left(symptom, 4000), E'[\n\r]+') WITH ORDINALITY l (line, ord)
        WHERE btrim(l.line) ~ '[[:alnum:]]' ORDER BY l.ord LIMIT 1), 'untitled')
$$;

CREATE FUNCTION pgswarm.problem_report(
    symptom text,
    title text DEFAULT NULL,
    scope text DEFAULT NULL,
    kind text DEFAULT NULL,
    environment text DEFAULT NULL,
    tags text[] DEFAULT NULL,
    handle text DEFAULT NULL,
    same_as bigint DEFAULT NULL,
    request_id text DEFAULT NULL,
    agent text DEFAULT NULL,
    session uuid DEFAULT NULL
) RETURNS TABLE (id bigint, created boolean, occurrences bigint, status text, entry text, similar_entries jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET enable_seqscan = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_symptom text := pgswarm._problem_text('symptom', problem_report.symptom, 16384);
    v_place   text := pgswarm._problem_text('environment', problem_report.environment, 2000, false);
    v_lease   pgswarm.lease;
    v_actor   integer;
    v_title   text;
    v_answer  jsonb;
    v_made    record;
    v_problem pgswarm.problem;
    v_now     timestamptz;
BEGIN
    v_title := coalesce(nullif(btrim(problem_report.title), ''), pgswarm._title_of(v_symptom));
    IF length(v_title) > 200 THEN
        PERFORM pgswarm._refuse('too_large', format('the title has %s characters, the limit is 200', length(v_title)),
            'the title names the problem; the rest belongs into the symptom');
    END IF;
    v_title := btrim(regexp_replace(v_title, '[[:cntrl:]]+', ' ', 'g'));
    IF handle IS NOT NULL THEN
        v_lease := pgswarm._held(handle);
        v_actor := (SELECT s.agent FROM pgswarm.session s WHERE s.id = v_lease.session);
    ELSE
        v_actor := pgswarm._actor_as(problem_report.agent, problem_report.session, 'worker', 'coordinator');
    END IF;
    IF problem_report.request_id IS NOT NULL THEN
        v_answer := pgswarm._begin_request(v_actor, 'problem_report', problem_report.request_id,
            jsonb_build_array(symptom, problem_report.title, scope, kind, environment, tags, same_as));
        IF v_answer IS NOT NULL THEN
            RETURN QUERY SELECT * FROM jsonb_to_record(v_answer)
                AS a (id bigint, created boolean, occurrences bigint, status text, entry text, similar_entries jsonb);
            RETURN;
        END IF;
    END IF;
    IF same_as IS NOT NULL THEN
        v_problem := pgswarm._known_problem(same_as);
        created := false;
    ELSE
        SELECT m.problem AS problem, m.created AS created INTO v_made
        FROM pgswarm._problem_made(
            pgswarm._problem_label('scope', problem_report.scope, 'swarm'),
            pgswarm._problem_label('kind', problem_report.kind, 'error'), v_title, v_symptom,
            v_place, coalesce(pgswarm._problem_tags(tags), '{}'), v_actor, false, pgswarm.clock()) m;
        v_problem := v_made.problem;
        created := v_made.created;
    END IF;
    v_now := pgswarm.clock();
    PERFORM pgswarm._met(v_problem.id, v_problem.fingerprint, v_lease, v_actor, v_now);
    PERFORM pgswarm._contain(v_problem.id, v_lease, v_now);
    id := v_problem.id;
    entry := v_problem.title;
    status := (SELECT p.status FROM pgswarm.problem p WHERE p.id = v_problem.id);
    occurrences := v_problem.occurrences + (SELECT count(*) FROM pgswarm.problem_hit h WHERE h.problem = v_problem.id AND NOT h.folded);
    IF created THEN
        similar_entries := (
            SELECT jsonb_agg(jsonb_build_object('id', f.id::text, 'title', f.title, 'status', f.status, 'score', f.score))
            FROM pgswarm._problem_find(v_symptom, NULL, NULL, NULL, 4, v_now) f WHERE f.id <> v_problem.id AND f.score >= 0.5);
    END IF;
    IF problem_report.request_id IS NOT NULL THEN
        PERFORM pgswarm._end_request(v_actor, 'problem_report', problem_report.request_id, jsonb_build_object(
            'id', id, 'created', created, 'occurrences', occurrences, 'status', status, 'entry', entry,
            'similar_entries', similar_entries));
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION pgswarm.problem_report IS
    'Enters a problem, or counts one more occurrence of the entry with its fingerprint (created: false). Entries that look '
    'alike are shown; to join one of them instead, report again with same_as.';

-- Does somebody solve this problem, by a lease that still stands?
CREATE FUNCTION pgswarm._is_being_solved(problem pgswarm.problem, at timestamptz) RETURNS boolean
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN problem.status = 'solving' AND problem.solver_until > at
       AND EXISTS (SELECT FROM pgswarm.session s
                   WHERE s.id = _is_being_solved.problem.solver AND s.ended_at IS NULL AND s.expires_at > _is_being_solved.at);
END
$$;

CREATE FUNCTION pgswarm._solver_handle(problem pgswarm.problem) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT 'p' || pgswarm._handle(problem.id, problem.solver_epoch, problem.solver_claim) $$;

-- Who solves it, in a sentence.
CREATE FUNCTION pgswarm._solver_message(problem pgswarm.problem) RETURNS text
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT format('problem %s is being solved by %s since %s until %s', problem.id, a.name,
                      pgswarm._moment(problem.solver_since), pgswarm._moment(problem.solver_until))
        FROM pgswarm.session s JOIN pgswarm.agent a ON a.id = s.agent WHERE s.id = problem.solver);
END
$$;

-- The problem behind a solver's handle, locked; refused unless that lease is the current one and stands.
CREATE FUNCTION pgswarm._solving(solver text) RETURNS pgswarm.problem
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    p pgswarm.problem;
BEGIN
    IF solver IS NULL OR solver NOT LIKE 'p%' OR NOT pgswarm._is_handle(substr(solver, 2)) THEN
        PERFORM pgswarm._refuse('invalid_handle', format('%L is not the handle of a solver', left(solver, 80)),
            'pass the handle as problem_begin (pgswarm problem solve ID) answered it: it begins with p');
    END IF;
    p := pgswarm._known_problem(split_part(substr(solver, 2), '.', 1)::bigint, true);
    IF NOT pgswarm._is_being_solved(p, pgswarm.clock()) OR pgswarm._solver_handle(p) <> solver THEN
        PERFORM pgswarm._refuse('lost_claim',
            coalesce(CASE WHEN pgswarm._is_being_solved(p, pgswarm.clock()) THEN pgswarm._solver_message(p) END,
                     format('problem %s is no longer yours to solve: it is %s', p.id,
                            CASE p.status WHEN 'solving' THEN 'open' ELSE p.status END)),
            'look at it with: pgswarm problem show, and begin again with: pgswarm problem solve');
    END IF;
    RETURN p;
END
$$;
