-- Near-duplicates: the same work planned twice under two names. They are shown, and never taken away: two tasks that look
-- alike are often meant to be two (one checks the other).
SET LOCAL ROLE pgswarm_owner;

-- The words of a task's title and goal, small, each once; what is too short to tell anything is left out.
CREATE FUNCTION pgswarm._task_words(title text, goal text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    RETURN ARRAY(
        SELECT DISTINCT w FROM regexp_split_to_table(lower(left(coalesce(title, '') || ' ' || coalesce(goal, ''), 2000)), '[^[:alnum:]]+') w
        WHERE length(w) > 2 AND w NOT IN ('the', 'and', 'are', 'for', 'with', 'that', 'this', 'from', 'into', 'has', 'its')
        ORDER BY 1 LIMIT 100);
END
$$;

-- New tasks of a plan beside living ones outside it: shared words by all words, from 0.6. Only the newest 2000 that say
-- what they are for are looked at, and words that nearly everybody uses lead nowhere.
CREATE FUNCTION pgswarm._similar_tasks(plan integer, tasks bigint[]) RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        WITH own AS MATERIALIZED (
            SELECT t.id, m.key, pgswarm._task_words(nullif(t.title, m.key), m.goal) AS words
            FROM pgswarm.task t JOIN pgswarm.terms m ON m.task = t.id WHERE t.id = ANY (tasks)
        ), other AS MATERIALIZED (
            SELECT x.id, pgswarm._task_words(nullif(x.title, x.key), x.goal) AS words
            FROM (SELECT t.id, t.title, m.goal, m.key FROM pgswarm.terms m JOIN pgswarm.task t ON t.id = m.task
                  WHERE m.plan IS DISTINCT FROM _similar_tasks.plan AND m.replica_of IS NULL
                    AND NOT EXISTS (SELECT FROM pgswarm.outcome o WHERE o.task = m.task AND o.retried_at IS NULL)
                  ORDER BY m.task DESC LIMIT 2000) x
        ), word AS MATERIALIZED (
            SELECT w.word, array_agg(o.id) AS ids FROM other o, unnest(o.words) w (word) GROUP BY 1 HAVING count(*) <= 100
        ), pair AS (
            SELECT DISTINCT o.id, i.other FROM own o, unnest(o.words) w (word) JOIN word ON word.word = w.word, unnest(word.ids) i (other)
        ), likeness AS (
            SELECT o.key, o.id, b.id AS other,
                   round(s.n::numeric / nullif(cardinality(o.words) + cardinality(b.words) - s.n, 0), 2) AS likeness
            FROM pair JOIN own o ON o.id = pair.id JOIN other b ON b.id = pair.other,
                 LATERAL (SELECT count(*) AS n FROM unnest(o.words) x WHERE x = ANY (b.words)) s
            WHERE cardinality(o.words) >= 3
        )
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'key', l.key, 'task', l.id::text, 'similar', l.other::text, 'plan', p.name, 'similar_key', m.key, 'queue', q.name,
            'title', t.title, 'state', pgswarm._state(l.other), 'likeness', l.likeness) ORDER BY l.likeness DESC, l.id, l.other), '[]')
        FROM (SELECT * FROM likeness WHERE likeness >= 0.6 ORDER BY likeness DESC, id, other LIMIT 100) l
        JOIN pgswarm.task t ON t.id = l.other
        JOIN pgswarm.queue q ON q.id = t.queue
        JOIN pgswarm.terms m ON m.task = l.other
        LEFT JOIN pgswarm.plan p ON p.id = m.plan);
END
$$;
