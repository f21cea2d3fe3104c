-- Fingerprints: what is left of an error's text when all that changes from one time to the next is taken out.
SET LOCAL ROLE pgswarm_owner;

-- A pure function of its text, and quick for any: only the first 4,000 characters count, and no pattern counts.
CREATE FUNCTION pgswarm.error_signature(error text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
DECLARE
    t text := left(error, 4000);
BEGIN
    t := regexp_replace(t, E'\\x1b\\[[0-9;]*[A-Za-z]', '', 'g');                            -- colours
    t := regexp_replace(t, '[A-Za-z][A-Za-z0-9+.-]*://[^[:space:]"''<>]+', '<url>', 'g');
    t := regexp_replace(t, '\m[0-9a-fA-F]+-[0-9a-fA-F]+-[0-9a-fA-F]+-[0-9a-fA-F]+-[0-9a-fA-F]+\M', '<id>', 'g');
    t := regexp_replace(t,
        '\m[0-9]+[-/][0-9]+[-/][0-9]+[T ][0-9]+:[0-9]+(:[0-9]+)?([.,][0-9]+)?(Z|[ ]?[+-][0-9]+:?[0-9]*)?', '<time>', 'g');
    t := regexp_replace(t, '\m[0-9]+:[0-9]+:[0-9]+([.,][0-9]+)?', '<time>', 'g');
    -- An apostrophe inside a word opens no quotation.
    t := regexp_replace(t, '"[^"\n]*"|“[^”\n]*”|‘[^’\n]*’|«[^»\n]*»|`[^`''\n]*[`'']', '<value>', 'g');
    t := regexp_replace(t, '(^|[^[:alnum:]])''[^''\n]*''', '\1<value>', 'g');
    t := regexp_replace(t, '(\m[A-Za-z]:)?[\\/]?([^[:space:]:"''<>|(),;=\\/]+[\\/])+[^[:space:]:"''<>|(),;=\\/]*|[\\/][^[:space:]:"''<>|(),;=\\/]+',
        '<path>', 'g');
    t := regexp_replace(t, '\m0[xX][0-9a-fA-F]+\M', '<number>', 'g');
    t := regexp_replace(t, '\m[0-9a-fA-F]*[0-9][0-9a-fA-F]*\M', '<number>', 'g');             -- hashes and numbers
    t := regexp_replace(t, '\m[0-9]+', '<number>', 'g');                                     -- 12ms
    t := regexp_replace(t, '([a-z][a-z][a-z])[0-9]+', '\1<number>', 'g');                    -- worker12, but not E0308
    t := regexp_replace(t, '[-+]?<number>([.,:]<number>)*', '<number>', 'g');
    RETURN left(btrim(regexp_replace(lower(t), '[[:space:]]+', ' ', 'g')), 1000);
END
$$;
COMMENT ON FUNCTION pgswarm.error_signature IS
    'An error''s text without paths, numbers, addresses, ids, hashes, times and quoted values: two errors of one cause '
    'have one signature.';

CREATE FUNCTION pgswarm._fingerprint(signature text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT left(encode(sha256(convert_to(signature, 'UTF8')), 'hex'), 32) $$;

-- Names of code are found whole: snake_case, dotted.names, CamelCase, and codes such as E0308 or PS001.
CREATE FUNCTION pgswarm._identifiers(body text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    RETURN ARRAY(
        SELECT DISTINCT lower(left(m[1], 100))
        FROM regexp_matches(left(body, 4000),
            '\m([A-Za-z][A-Za-z0-9]*(?:[_.][A-Za-z0-9]+)+|[A-Z]+[0-9]+|[A-Z][a-z0-9]+[A-Z][A-Za-z0-9]*|[a-z]+[A-Z][A-Za-z0-9]*)\M',
            'g') m
        LIMIT 64);
END
$$;

-- What the log is searched by: the title and identifiers weigh most, then the signature, tags, the symptom.
CREATE FUNCTION pgswarm._search_vector(title text, symptom text, signature text, tags text[]) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    RETURN setweight(to_tsvector('pg_catalog.english', title), 'A')
        || setweight(array_to_tsvector(pgswarm._identifiers(title || ' ' || symptom)), 'A')
        || setweight(to_tsvector('pg_catalog.english', pgswarm._without_marks(signature)), 'B')
        || setweight(array_to_tsvector(ARRAY(SELECT lower(x) FROM unnest(tags) x WHERE x <> '')), 'C')
        || setweight(to_tsvector('pg_catalog.english', left(symptom, 4000)), 'D');
END
$$;

CREATE FUNCTION pgswarm._without_marks(signature text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT regexp_replace(signature, '<(url|id|time|value|path|number)>', ' ', 'g') $$;

CREATE FUNCTION pgswarm._quoted_word(word text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT '''' || replace(replace(word, '\', '\\'), '''', '''''') || '''' $$;

-- The words to search by, rarest first, and what each is worth; the probe has so many of them that about budget entries
-- contain one. Values are no words, and a word that no entry has says nothing.
CREATE FUNCTION pgswarm._search_words(
    plain text, names text[], budget integer, OUT words text[], OUT worth real[], OUT probe tsquery
)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    v_entries bigint := greatest(pg_sequence_last_value('pgswarm.problem_id'), 1);
    r         record;
    v_counts  double precision[] := '{}';
    v_count   double precision;
BEGIN
    words := '{}';
    worth := '{}';
    FOR r IN
        SELECT w.word, c.share
        FROM (
            SELECT unnest(tsvector_to_array(to_tsvector('pg_catalog.english', plain))) AS word
            UNION
            SELECT unnest(names)
        ) w
        LEFT JOIN pgswarm.problem_word c ON c.word = w.word
        WHERE length(w.word) BETWEEN 2 AND 100
        ORDER BY coalesce(c.share, 0), length(w.word) DESC, 1
        LIMIT 24
    LOOP
        v_count := r.share * v_entries;
        IF v_count IS NULL THEN
            -- Not in the sample, so rare, or in no entry at all.
            v_count := (SELECT count(*) FROM (
                SELECT FROM pgswarm.problem p WHERE p.search @@ pgswarm._quoted_word(r.word)::tsquery LIMIT 300) x);
            CONTINUE WHEN v_count = 0;
        END IF;
        words := words || r.word;
        v_counts := v_counts || v_count;
        worth := worth || ln(1 + v_entries / greatest(v_count, v_entries * 0.0001))::real;
    END LOOP;
    -- The sample is rough for rare words, so the counts decide anew.
    SELECT array_agg(u.word ORDER BY u.n, u.word), array_agg(u.worth ORDER BY u.n, u.word), array_agg(u.n ORDER BY u.n, u.word)
    INTO words, worth, v_counts FROM unnest(words, worth, v_counts) u (word, worth, n);
    -- Rare words alone, then pairs of less rare ones; what is in every tenth entry leads nowhere even so.
    probe := (
        SELECT string_agg(t.term, ' | ')
        FROM (
            SELECT y.term, row_number() OVER (ORDER BY y.n, y.term) AS nth, sum(y.n) OVER (ORDER BY y.n, y.term) AS sum
            FROM (
                SELECT pgswarm._quoted_word(w.word) AS term, w.n FROM unnest(words, v_counts) w (word, n)
                WHERE w.n <= budget / 2
                UNION ALL
                SELECT '(' || pgswarm._quoted_word(words[a]) || ' & ' || pgswarm._quoted_word(words[b]) || ')',
                       2 * v_counts[a] * v_counts[b] / v_entries
                FROM generate_series(1, least(cardinality(words), 7)) a, generate_series(a + 1, least(cardinality(words), 7)) b
                WHERE v_counts[b] > budget / 4.0
                UNION ALL
                SELECT pgswarm._quoted_word(words[1]), v_counts[1] WHERE cardinality(words) = 1 AND v_counts[1] > budget / 2
            ) y
        ) t
        WHERE t.nth = 1 OR (t.sum <= budget AND t.nth <= 16))::tsquery;
END
$$;

-- Looks at up to 2,000 entries, spread over all, for the words that are common among them.
CREATE FUNCTION pgswarm._sample_words() RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_max bigint := pg_sequence_last_value('pgswarm.problem_id');
    v_ids bigint[];
    v_found bigint;
BEGIN
    v_ids := ARRAY(SELECT DISTINCT 1 + (i * greatest(v_max, 2000) / 2000.0)::bigint FROM generate_series(0, 1999) i);
    v_found := (SELECT count(*) FROM pgswarm.problem p WHERE p.id = ANY (v_ids));
    DELETE FROM pgswarm.problem_word;
    INSERT INTO pgswarm.problem_word (word, share)
    SELECT x.word, (count(*)::double precision / greatest(v_found, 1))::real
    FROM (SELECT unnest(tsvector_to_array(p.search)) AS word FROM pgswarm.problem p WHERE p.id = ANY (v_ids)) x
    GROUP BY x.word
    HAVING count(*) >= 3;
    UPDATE pgswarm.problem_sample SET entries = v_max;
END
$$;
