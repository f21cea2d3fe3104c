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

CREATE FUNCTION pgswarm._similar_problems(task pgswarm.task, without bigint[], count integer) RETURNS TABLE (id bigint, score real)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    v_labels  text[] := ARRAY(SELECT lower(x) FROM unnest(task.needs || task.kind) x WHERE x <> '');
    v_search  record;
    v_queries tsquery[];
    v_total   real;
    v_probe   tsquery;
BEGIN
    v_search := pgswarm._search_words(coalesce(task.title, '') || ' ' || array_to_string(v_labels, ' '), 100);
    v_queries := ARRAY(SELECT pgswarm._quoted_word(w)::tsquery FROM unnest(v_search.words) WITH ORDINALITY u (w, o) ORDER BY o);
    v_total := greatest((SELECT sum(w) FROM unnest(v_search.worth) w), 0.001);
    v_probe := v_search.probe;
    IF v_probe IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT c.id, c.score
    FROM (
        SELECT n.id, n.occurrences,
               ((SELECT sum(w.worth) FROM unnest(v_queries, v_search.worth) w (query, worth) WHERE n.search @@ w.query) / v_total
                + CASE WHEN n.labels && v_labels THEN 0.5 ELSE 0 END)::real AS score
        FROM (SELECT p.id, p.search, p.occurrences, ARRAY(SELECT lower(x) FROM unnest(p.tags) x) AS labels
              FROM pgswarm.problem p
              WHERE p.search @@ v_probe AND p.status IN ('solved', 'solving') AND p.id <> ALL (without)
              LIMIT 200) n
    ) c
    WHERE c.score >= 0.5
    ORDER BY c.score DESC, c.occurrences DESC, c.id LIMIT _similar_problems.count;
END
$$;
