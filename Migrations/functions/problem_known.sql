-- What the log knows about a task that is being granted, shown with the claim: at most three entries in 1,600 characters.
SET LOCAL ROLE pgswarm_owner;

-- First what the task itself has met; then what others met with this kind of task in this queue; then what is tagged with
-- its kind or needs, or shares enough of the rare words of its title, and has something to say: a solution, or a solver.
CREATE FUNCTION pgswarm._known_problems(task pgswarm.task, epoch integer) RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    IF pg_sequence_last_value('pgswarm.problem_id') IS NULL THEN
        RETURN NULL;  -- the log is empty: nothing else may cost a claim anything
    END IF;
    RETURN pgswarm._relevant_problems(task, epoch, pgswarm.clock());
END
$$;

CREATE FUNCTION pgswarm._relevant_problems(task pgswarm.task, epoch integer, at timestamptz) RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_ids  bigint[] := '{}';
    v_why  text[] := '{}';
    v_more bigint[];
    v_all  jsonb;
    v_kept integer;
BEGIN
    IF epoch > 1 THEN
        v_ids := ARRAY(
            SELECT h.problem
            FROM (SELECT coalesce(p.duplicate_of, p.id) AS problem, max(x.at) AS at
                  FROM pgswarm.problem_hit x JOIN pgswarm.problem p ON p.id = x.problem
                  WHERE x.task = _relevant_problems.task.id GROUP BY 1) h
            JOIN pgswarm.problem q ON q.id = h.problem AND q.status <> 'closed'
            ORDER BY h.at DESC LIMIT 3);
        v_why := array_fill('met by this task'::text, ARRAY[cardinality(v_ids)]);
    END IF;
    IF cardinality(v_ids) = 0 AND NOT EXISTS (SELECT FROM pgswarm.problem p WHERE p.status IN ('solved', 'solving')) THEN
        RETURN NULL;
    END IF;
    IF cardinality(v_ids) < 3 THEN
        v_more := ARRAY(
            SELECT h.problem
            FROM (SELECT x.problem, count(*) AS n
                  FROM (SELECT y.problem FROM pgswarm.problem_hit y
                        WHERE y.queue = _relevant_problems.task.queue AND y.kind = coalesce(_relevant_problems.task.kind, '')
                        ORDER BY y.queue DESC, y.kind DESC, y.at DESC LIMIT 50) x
                  WHERE x.problem IS NOT NULL GROUP BY 1) h
            JOIN pgswarm.problem p ON p.id = h.problem AND p.status IN ('solved', 'solving')
            WHERE p.id <> ALL (v_ids)
            ORDER BY h.n DESC, h.problem DESC LIMIT 3 - cardinality(v_ids));
        v_ids := v_ids || v_more;
        v_why := v_why || array_fill('met by others in this queue'::text, ARRAY[cardinality(v_more)]);
    END IF;
    IF cardinality(v_ids) < 3 THEN
        v_more := ARRAY(SELECT s.id FROM pgswarm._similar_problems(task, v_ids, 3 - cardinality(v_ids)) s);
        v_ids := v_ids || v_more;
        v_why := v_why || array_fill('looks related'::text, ARRAY[cardinality(v_more)]);
    END IF;
    IF cardinality(v_ids) = 0 THEN
        RETURN NULL;
    END IF;
    SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               'id', p.id::text, 'why', u.why, 'title', left(p.title, 120),
               'status', CASE WHEN p.status = 'solving' AND NOT l.live THEN 'open' ELSE p.status END,
               'solver', CASE WHEN l.live THEN (SELECT a.name FROM pgswarm.session s JOIN pgswarm.agent a ON a.id = s.agent WHERE s.id = p.solver) END,
               'solver_until', CASE WHEN l.live THEN pgswarm._moment(p.solver_until) END,
               'solutions', pgswarm._solutions(p.id, at, 1, 220))) ORDER BY u.ord)
    INTO v_all
    FROM unnest(v_ids, v_why) WITH ORDINALITY u (id, why, ord)
    JOIN pgswarm.problem p ON p.id = u.id
    CROSS JOIN LATERAL (SELECT pgswarm._is_being_solved(p, at) AS live) l;
    v_kept := jsonb_array_length(v_all);
    WHILE length(v_all::text) > 1600 AND v_kept > 1 LOOP
        v_kept := v_kept - 1;
        v_all := v_all - v_kept;
    END LOOP;
    INSERT INTO pgswarm.problem_shown (task, epoch, problem)
    SELECT _relevant_problems.task.id, _relevant_problems.epoch, i FROM unnest(v_ids[1:v_kept]) i
    ON CONFLICT DO NOTHING;
    RETURN v_all;
END
$$;

-- A claim has little time: only the rarest words of the title, and the task's labels, lead to few candidates.
CREATE FUNCTION pgswarm._similar_problems(task pgswarm.task, without bigint[], count integer) RETURNS TABLE (id bigint, score real)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_entries bigint := pg_sequence_last_value('pgswarm.problem_id');
    v_labels  text[] := array_remove(task.needs || task.kind, NULL);
    v_queries tsquery[] := '{}';
    v_worth   real[] := '{}';
    v_total   real := 0;
    v_probe   tsquery;
    v_count   double precision;
    r         record;
BEGIN
    FOR r IN
        SELECT w.word, c.share
        FROM (
            SELECT x.word FROM unnest(tsvector_to_array(to_tsvector('pg_catalog.english', left(task.title, 300)))) x (word)
            WHERE x.word ~ '^[a-z_]+$'
            UNION
            SELECT lower(l) FROM unnest(v_labels) l
        ) w
        LEFT JOIN pgswarm.problem_word c ON c.word = w.word
        WHERE length(w.word) BETWEEN 3 AND 100
        ORDER BY coalesce(c.share, 0), w.word
        LIMIT 6
    LOOP
        v_count := r.share * v_entries;
        IF v_count IS NULL THEN
            v_count := (SELECT count(*) FROM (
                SELECT FROM pgswarm.problem p WHERE p.search @@ pgswarm._quoted_word(r.word)::tsquery LIMIT 40) x);
            CONTINUE WHEN v_count = 0;
        END IF;
        v_queries := v_queries || pgswarm._quoted_word(r.word)::tsquery;
        v_worth := v_worth || ln(1 + v_entries / v_count)::real;
        v_total := v_total + ln(1 + v_entries / v_count)::real;
        IF v_count <= 40 THEN
            v_probe := coalesce(v_probe || v_queries[cardinality(v_queries)], v_queries[cardinality(v_queries)]);
        END IF;
    END LOOP;
    IF cardinality(v_queries) = 0 THEN
        RETURN;
    END IF;
    v_probe := coalesce(v_probe, v_queries[1] && v_queries[2] && coalesce(v_queries[3], v_queries[2]), v_queries[1]);
    RETURN QUERY
    SELECT c.id, c.score
    FROM (
        SELECT n.id, n.occurrences,
               ((SELECT sum(w.worth) FROM unnest(v_queries, v_worth) w (query, worth) WHERE n.search @@ w.query) / v_total
                + CASE WHEN n.tags && v_labels THEN 0.5 ELSE 0 END)::real AS score
        -- Looked up by words and by nothing else: a plan for any words might prefer the index of solved ones.
        FROM (SELECT p.id, p.search, p.occurrences, p.tags, p.status
              FROM pgswarm.problem p WHERE p.search @@ v_probe LIMIT 60) n
        WHERE n.status IN ('solved', 'solving') AND n.id <> ALL (without)
    ) c
    WHERE c.score >= 0.5
    ORDER BY c.score DESC, c.occurrences DESC, c.id LIMIT _similar_problems.count;
END
$$;
