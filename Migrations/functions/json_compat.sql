-- Whether what fits one JSON Schema fits another: the question behind every change of a contract.
--
-- Two witnesses, each sound by itself. A proof (json_compat_proof) says compatible. A value that the one accepts and the
-- other refuses, found by trying values made from the bounds of both, says incompatible, and is shown. Where there is
-- neither, the answer is unknown, and somebody has to look.
SET LOCAL ROLE pgswarm_owner;

-- A few values of each kind that these schemas speak of, those first that the other side refuses.
CREATE FUNCTION pgswarm._compat_examples(a jsonb, ids text[], b jsonb, others text[], depth integer) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_flat   text[] := pgswarm._compat_flat(a, ids);
    v_other  text[] := pgswarm._compat_flat(b, others);
    v_types  text[] := pgswarm._compat_types(a, v_flat, pgswarm._compat_atoms(NULL));
    v_values jsonb := '[]';
    v_part   text;
BEGIN
    IF cardinality(v_types) = 0 THEN
        RETURN '[]';
    END IF;
    v_values := coalesce((SELECT jsonb_agg(x) FROM (
        SELECT x FROM unnest(v_flat) i CROSS JOIN LATERAL jsonb_array_elements(coalesce(a -> i -> 'e', jsonb_build_array(a -> i -> 'c'))) x
        WHERE a -> i ?| '{e,c}'
        UNION
        SELECT x FROM unnest(v_other) i CROSS JOIN LATERAL jsonb_array_elements(coalesce(b -> i -> 'e', jsonb_build_array(b -> i -> 'c'))) x
        WHERE b -> i ?| '{e,c}' LIMIT 60) y), '[]');
    IF 'null' = ANY (v_types) THEN
        v_values := v_values || '[null]';
    END IF;
    IF 'boolean' = ANY (v_types) THEN
        v_values := v_values || '[true, false]';
    END IF;
    IF v_types && '{integer,fraction}' THEN
        v_values := v_values || coalesce((
            SELECT jsonb_agg(DISTINCT n + d)
            FROM (SELECT 0::numeric AS n
                  UNION SELECT (a -> i -> 'n' -> k)::numeric FROM unnest(v_flat) i CROSS JOIN LATERAL jsonb_object_keys(a -> i -> 'n') k
                  UNION SELECT (b -> i -> 'n' -> k)::numeric FROM unnest(v_other) i CROSS JOIN LATERAL jsonb_object_keys(b -> i -> 'n') k
                  LIMIT 12) x
            CROSS JOIN unnest('{0,1,-1,0.5,-0.5,1000000.5,-1000000,7000003}'::numeric[]) d
            WHERE 'fraction' = ANY (v_types) OR n + d = trunc(n + d)), '[]');
    END IF;
    IF 'string' = ANY (v_types) THEN
        v_values := v_values || '["", "a", "A", "0", "abc", "x y", "1.0.0", "2026-01-01", "https://example.com/a", "é", "~"]' || coalesce((
            SELECT jsonb_agg(DISTINCT repeat('a', n + d))
            FROM (SELECT (a -> i -> 's' -> k)::integer AS n FROM unnest(v_flat) i CROSS JOIN unnest('{min,max}'::text[]) k
                  UNION SELECT (b -> i -> 's' -> k)::integer FROM unnest(v_other) i CROSS JOIN unnest('{min,max}'::text[]) k) x
            CROSS JOIN unnest('{-1,0,1}'::integer[]) d
            WHERE n + d BETWEEN 0 AND 2000), '[]');
    END IF;
    IF depth > 0 AND 'array' = ANY (v_types) THEN
        v_values := v_values || pgswarm._compat_lists(a, v_flat, b, v_other, depth - 1);
    END IF;
    IF depth > 0 AND 'object' = ANY (v_types) THEN
        v_values := v_values || pgswarm._compat_objects(a, v_flat, b, v_other, depth - 1);
    ELSIF 'object' = ANY (v_types) THEN
        v_values := v_values || '[{}]';
    END IF;
    -- What is under anyOf and oneOf of either side has values of its own.
    IF depth > 0 THEN
        FOR v_part IN
            SELECT p FROM unnest(v_flat) i
            CROSS JOIN LATERAL jsonb_array_elements_text(coalesce(a -> i #> '{l,any}', '[]') || coalesce(a -> i #> '{l,one}', '[]')) p
            WHERE p <> ALL (v_flat) LIMIT 8
        LOOP
            v_values := v_values || pgswarm._compat_examples(a, v_flat || v_part, b, v_other, depth - 1);
        END LOOP;
    END IF;
    RETURN (
        SELECT coalesce(jsonb_agg(y.x ORDER BY y.kept, y.n), '[]')
        FROM (SELECT x, min(n) AS n, coalesce(pgswarm._compat_fits(b, others, x), true) AS kept
              FROM jsonb_array_elements(v_values) WITH ORDINALITY z (x, n)
              WHERE pgswarm._compat_fits(a, ids, x)
              GROUP BY x ORDER BY kept, n LIMIT 16) y);
END
$$;

CREATE FUNCTION pgswarm._compat_lists(a jsonb, flat text[], b jsonb, others text[], depth integer) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_values jsonb := '[[]]';
    v_base   jsonb := '[]';
    v_length integer;
    v_item   jsonb;
    v_items  jsonb;
    v_last   integer := greatest(pgswarm._compat_places(a, flat), pgswarm._compat_places(b, others));
BEGIN
    -- A list of plain items, and then each of them in turn by every other one.
    FOR i IN 0 .. least(v_last, 8) LOOP
        v_items := pgswarm._compat_examples(a, pgswarm._compat_item(a, flat, i) || CASE WHEN i = v_last THEN ARRAY(
                SELECT a -> f #>> '{a,contains}' FROM unnest(flat) f WHERE a -> f -> 'a' ? 'contains') ELSE '{}' END,
            b, pgswarm._compat_item(b, others, i), depth);
        EXIT WHEN v_items = '[]';
        FOR v_item IN SELECT jsonb_array_elements(v_items) LOOP
            v_values := v_values || jsonb_build_array(v_base || jsonb_build_array(v_item));
        END LOOP;
        v_base := v_base || jsonb_build_array(v_items -> -1);
        v_values := v_values || jsonb_build_array(v_base);
    END LOOP;
    -- Lengths: of equal items, and of different ones.
    FOR v_length IN
        SELECT DISTINCT n + d
        FROM (SELECT 1 AS n
              UNION SELECT (a -> i -> 'a' -> k)::integer FROM unnest(flat) i CROSS JOIN unnest('{min,max,minc,maxc}'::text[]) k
              UNION SELECT (b -> i -> 'a' -> k)::integer FROM unnest(others) i CROSS JOIN unnest('{min,max,minc,maxc}'::text[]) k) x
        CROSS JOIN unnest('{-1,0,1}'::integer[]) d
        WHERE n + d BETWEEN 1 AND 200
    LOOP
        v_items := coalesce(v_items, '[]');
        CONTINUE WHEN v_base = '[]';
        v_values := v_values
            || jsonb_build_array((SELECT jsonb_agg(coalesce(CASE WHEN i < jsonb_array_length(v_base) - 1 THEN v_base -> i END, v_base -> -1)) FROM generate_series(0, v_length - 1) i))
            || jsonb_build_array((SELECT jsonb_agg(coalesce(v_items -> i, to_jsonb(i), v_base -> -1)) FROM generate_series(0, v_length - 1) i));
    END LOOP;
    RETURN v_values;
END
$$;

CREATE FUNCTION pgswarm._compat_objects(a jsonb, flat text[], b jsonb, others text[], depth integer) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_required text[] := pgswarm._compat_required(a, flat);
    v_names    text[] := ARRAY(SELECT x FROM (SELECT unnest(pgswarm._compat_spoken(a, flat)) UNION SELECT unnest(pgswarm._compat_spoken(b, others)) UNION SELECT unnest('{zz,x-1,A9}'::text[])) u (x) ORDER BY x = ANY ('{zz,x-1,A9}'), x LIMIT 60);
    v_choices  jsonb := '{}';
    v_full     jsonb := '{}';
    v_least    jsonb := '{}';
    v_values   jsonb;
    v_name     text;
    v_list     jsonb;
BEGIN
    FOREACH v_name IN ARRAY v_names LOOP
        v_list := pgswarm._compat_examples(a, pgswarm._compat_property(a, flat, v_name), b, pgswarm._compat_property(b, others, v_name), depth);
        CONTINUE WHEN v_list = '[]';
        v_choices := v_choices || jsonb_build_object(v_name, v_list);
        -- The last one is the plainest.
        IF v_name = ANY (v_required) THEN
            v_least := v_least || jsonb_build_object(v_name, v_list -> -1);
        END IF;
        IF v_name <> ALL ('{zz,x-1,A9}') THEN
            v_full := v_full || jsonb_build_object(v_name, v_list -> -1);
        END IF;
    END LOOP;
    v_values := jsonb_build_array(v_full, v_least);
    v_values := v_values || (SELECT coalesce(jsonb_agg(v_full - k), '[]') FROM jsonb_object_keys(v_full) k WHERE k <> ALL (v_required));
    v_values := v_values || (
        SELECT coalesce(jsonb_agg(o || jsonb_build_object(c.key, x)), '[]')
        FROM jsonb_each(v_choices) c
        CROSS JOIN LATERAL (SELECT x FROM jsonb_array_elements(c.value) WITH ORDINALITY y (x, n) ORDER BY n LIMIT 6) y
        CROSS JOIN unnest(ARRAY[v_full, v_least]) o);
    RETURN v_values;
END
$$;

-- Does all that fits a fit b? With the reason, and the example where there is one.
CREATE FUNCTION pgswarm._compat_within(a jsonb, b jsonb, OUT verdict text, OUT reasons jsonb)
LANGUAGE plpgsql STABLE SET jit = off
AS $$
DECLARE
    v_example jsonb;
    v_errors  jsonb;
    r         record;
BEGIN
    SELECT * INTO r FROM pgswarm._compat_proof(a, '{0}', pgswarm._compat_atoms(NULL), b, '0', '', '{}', 0);
    IF r.ok THEN
        verdict := 'compatible';
        reasons := '[]';
        RETURN;
    END IF;
    FOR v_example IN SELECT jsonb_array_elements(pgswarm._compat_examples(a, '{0}', b, '{0}', 4)) LOOP
        v_errors := pgswarm._schema_judged(b, v_example, 3);
        IF v_errors <> '[]' THEN
            verdict := 'incompatible';
            reasons := (SELECT jsonb_agg(e || jsonb_build_object('example', CASE WHEN length(v_example::text) <= 2000 THEN v_example END))
                        FROM jsonb_array_elements(v_errors) e);
            RETURN;
        END IF;
    END LOOP;
    verdict := 'unknown';
    reasons := jsonb_build_array(jsonb_build_object('path', r.at, 'message', r.message));
EXCEPTION WHEN statement_too_complex THEN
    verdict := 'unknown';
    reasons := jsonb_build_array(jsonb_build_object('path', '', 'message', 'is too large to be compared'));
END
$$;

CREATE FUNCTION pgswarm._compat_of(old jsonb, new jsonb, mode text, OUT verdict text, OUT reasons jsonb)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    r record;
BEGIN
    verdict := 'compatible';
    reasons := '[]';
    IF mode IN ('backward', 'full') THEN
        SELECT * INTO r FROM pgswarm._compat_within(old, new);
        verdict := r.verdict;
        reasons := (SELECT coalesce(jsonb_agg(x || '{"direction": "backward"}'), '[]') FROM jsonb_array_elements(r.reasons) x);
    END IF;
    IF mode IN ('forward', 'full') THEN
        SELECT * INTO r FROM pgswarm._compat_within(new, old);
        verdict := CASE WHEN 'incompatible' IN (verdict, r.verdict) THEN 'incompatible'
                        WHEN 'unknown' IN (verdict, r.verdict) THEN 'unknown' ELSE 'compatible' END;
        reasons := reasons || (SELECT coalesce(jsonb_agg(x || '{"direction": "forward"}'), '[]') FROM jsonb_array_elements(r.reasons) x);
    END IF;
END
$$;

CREATE FUNCTION pgswarm.schema_compat(old jsonb, new jsonb, mode text DEFAULT 'backward', OUT verdict text, OUT reasons jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET jit = off
AS $$
BEGIN
    PERFORM pgswarm._check_compat_mode(mode);
    SELECT c.verdict, c.reasons INTO verdict, reasons
    FROM pgswarm._compat_of(pgswarm._schema_ready(old), pgswarm._schema_ready(new), mode) c;
END
$$;
COMMENT ON FUNCTION pgswarm.schema_compat IS
    'Whether a JSON Schema may take the place of another. backward: all that fitted the old one fits the new one; forward: all '
    'that fits the new one fitted the old one; full: both; none: always. Answers compatible (proven), incompatible (with a value '
    'that shows it) or unknown.';

CREATE FUNCTION pgswarm._check_compat_mode(mode text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF mode IS NULL OR mode NOT IN ('backward', 'forward', 'full', 'none') THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a mode of compatibility', mode),
            'it is backward, forward, full or none');
    END IF;
END
$$;
