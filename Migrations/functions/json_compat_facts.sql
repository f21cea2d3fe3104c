-- What is known of the values that fit several compiled schemas at once; see json_compat.
SET LOCAL ROLE pgswarm_owner;

-- With the schemas that these refer to or are made of by allOf. What allows everything says nothing and is left out.
CREATE FUNCTION pgswarm._compat_flat(compiled jsonb, ids text[]) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_todo text[] := ids;
    v_flat text[] := '{}';
    v_id   text;
    v_node jsonb;
BEGIN
    WHILE cardinality(v_todo) > 0 LOOP
        v_id := v_todo[1];
        v_todo := v_todo[2:];
        v_node := compiled -> v_id;
        CONTINUE WHEN v_node IS NULL OR v_id = ANY (v_flat);
        v_flat := v_flat || v_id;
        v_todo := v_todo || array_remove(ARRAY[v_node #>> '{l,ref}', CASE WHEN v_node #>> '{l,dyn,1}' IS NULL THEN v_node #>> '{l,dyn,0}' END], NULL)
            || ARRAY(SELECT jsonb_array_elements_text(v_node #> '{l,all}'));
    END LOOP;
    RETURN v_flat;
END
$$;

-- Types as sets that do not overlap: a number is whole or not.
CREATE FUNCTION pgswarm._compat_atoms(types jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE WHEN types IS NULL THEN ARRAY['null', 'boolean', 'object', 'array', 'string', 'integer', 'fraction'] ELSE
        ARRAY(SELECT jsonb_array_elements_text(types - 'number')) || CASE WHEN types ? 'number' THEN '{integer,fraction}'::text[] ELSE '{}' END
    END
$$;

CREATE FUNCTION pgswarm._compat_types(compiled jsonb, flat text[], kinds text[]) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_types text[] := kinds;
    v_id    text;
BEGIN
    FOREACH v_id IN ARRAY flat LOOP
        IF compiled -> v_id ? 'no' THEN
            RETURN '{}';
        ELSIF compiled -> v_id ? 't' THEN
            v_types := ARRAY(SELECT x FROM unnest(v_types) x WHERE x = ANY (pgswarm._compat_atoms(compiled -> v_id -> 't')));
        END IF;
        IF (compiled -> v_id #> '{n,mult}')::numeric % 1 = 0 THEN
            v_types := array_remove(v_types, 'fraction');
        END IF;
    END LOOP;
    RETURN v_types;
END
$$;

-- All values that can fit, where they can be counted; NULL: they can't.
CREATE FUNCTION pgswarm._compat_values(compiled jsonb, flat text[], types text[]) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_values jsonb;
    v_id     text;
BEGIN
    FOREACH v_id IN ARRAY flat LOOP
        IF compiled -> v_id ? 'c' THEN
            v_values := jsonb_build_array(compiled -> v_id -> 'c');
            EXIT;
        ELSIF compiled -> v_id ? 'e' AND (v_values IS NULL OR jsonb_array_length(compiled -> v_id -> 'e') < jsonb_array_length(v_values)) THEN
            v_values := compiled -> v_id -> 'e';
        END IF;
    END LOOP;
    IF v_values IS NULL AND types <@ ARRAY['null', 'boolean'] THEN
        v_values := '[null, true, false]';
    END IF;
    IF v_values IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT coalesce(jsonb_agg(v), '[]') FROM jsonb_array_elements(v_values) v
            WHERE CASE jsonb_typeof(v) WHEN 'number' THEN CASE WHEN v::numeric = trunc(v::numeric) THEN 'integer' ELSE 'fraction' END
                                       ELSE jsonb_typeof(v) END = ANY (types));
END
$$;

-- Whether a value fits all of these; NULL: nobody knows.
CREATE FUNCTION pgswarm._compat_fits(compiled jsonb, ids text[], value jsonb) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_fits boolean := true;
    v_id   text;
BEGIN
    FOREACH v_id IN ARRAY ids LOOP
        v_fits := v_fits AND (pgswarm._schema_eval(compiled, v_id, value, '', 0, 0, 0, false, '{}')).ok;
    END LOOP;
    RETURN v_fits;
END
$$;

-- The tightest of a bound: the largest of a lower one, the smallest of an upper one.
CREATE FUNCTION pgswarm._compat_bound(compiled jsonb, flat text[], part text, name text) RETURNS numeric
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE WHEN name IN ('min', 'xmin', 'minc') THEN max((compiled -> i -> part -> name)::numeric)
                ELSE min((compiled -> i -> part -> name)::numeric) END
    FROM unnest(flat) i
$$;

-- The schemas of a property; a name of NULL stands for all that are named nowhere and match no pattern.
CREATE FUNCTION pgswarm._compat_property(compiled jsonb, flat text[], name text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_ids   text[] := '{}';
    v_own   text[];
    v_id    text;
    v_rules jsonb;
BEGIN
    FOREACH v_id IN ARRAY flat LOOP
        v_rules := compiled -> v_id -> 'o';
        v_own := array_remove(ARRAY[v_rules -> 'props' ->> name], NULL);
        IF name IS NOT NULL THEN
            v_own := v_own || ARRAY(SELECT p ->> 2 FROM jsonb_array_elements(v_rules -> 'pats') p
                                    WHERE pgswarm._pattern_matches(name, p ->> 0, (p -> 1)::boolean));
        END IF;
        IF cardinality(v_own) = 0 AND v_rules ? 'add' THEN
            v_own := v_own || (v_rules ->> 'add');
        END IF;
        v_ids := v_ids || v_own;
    END LOOP;
    RETURN v_ids;
END
$$;

-- The names of properties that schemas speak of, their patterns, and what they require.
CREATE FUNCTION pgswarm._compat_names(compiled jsonb, flat text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE
AS $$ SELECT ARRAY(SELECT DISTINCT k FROM unnest(flat) i CROSS JOIN LATERAL jsonb_object_keys(compiled -> i #> '{o,props}') k ORDER BY k) $$;

CREATE FUNCTION pgswarm._compat_patterns(compiled jsonb, flat text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$ SELECT coalesce(jsonb_agg(p), '[]') FROM unnest(flat) i CROSS JOIN LATERAL jsonb_array_elements(compiled -> i #> '{o,pats}') p $$;

CREATE FUNCTION pgswarm._compat_required(compiled jsonb, flat text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE
AS $$ SELECT ARRAY(SELECT DISTINCT k FROM unnest(flat) i CROSS JOIN LATERAL jsonb_array_elements_text(compiled -> i #> '{o,req}') k ORDER BY k) $$;

-- The names that matter on this side, those that only a condition speaks of too.
CREATE FUNCTION pgswarm._compat_spoken(compiled jsonb, flat text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE
AS $$
    WITH here AS (
        SELECT i FROM unnest(flat) i
        UNION
        SELECT compiled -> i #>> ARRAY['l', w] FROM unnest(flat) i CROSS JOIN unnest(ARRAY['if', 'then', 'else', 'not']) w
        UNION
        SELECT w.value FROM unnest(flat) i CROSS JOIN LATERAL jsonb_each_text(compiled -> i #> '{l,when}') w
        UNION
        SELECT p FROM unnest(flat) i CROSS JOIN unnest(ARRAY['any', 'one']) w CROSS JOIN LATERAL jsonb_array_elements_text(compiled -> i #> ARRAY['l', w]) p
    )
    SELECT ARRAY(
        SELECT k FROM here CROSS JOIN LATERAL jsonb_object_keys(compiled -> i #> '{o,props}') k
        UNION SELECT k FROM here CROSS JOIN LATERAL jsonb_object_keys(compiled -> i #> '{o,deps}') k
        UNION SELECT k FROM here CROSS JOIN LATERAL jsonb_object_keys(compiled -> i #> '{l,when}') k
        UNION SELECT k FROM here CROSS JOIN LATERAL jsonb_array_elements_text(compiled -> i #> '{o,req}') k)
$$;

-- The schemas of an item, and up to where items have schemas of their own.
CREATE FUNCTION pgswarm._compat_item(compiled jsonb, flat text[], place integer) RETURNS text[]
LANGUAGE sql IMMUTABLE
AS $$
    SELECT coalesce(array_agg(x.id) FILTER (WHERE x.id IS NOT NULL), '{}')
    FROM unnest(flat) i
    CROSS JOIN LATERAL (SELECT CASE WHEN place < coalesce(jsonb_array_length(compiled -> i #> '{a,prefix}'), 0)
                                    THEN compiled -> i #> '{a,prefix}' ->> place ELSE compiled -> i #>> '{a,items}' END AS id) x
$$;

CREATE FUNCTION pgswarm._compat_places(compiled jsonb, flat text[]) RETURNS integer
LANGUAGE sql IMMUTABLE
AS $$ SELECT coalesce(max(jsonb_array_length(compiled -> i #> '{a,prefix}')), 0) FROM unnest(flat) i $$;

-- A schema with all that it refers to written out, to tell whether two are the same. What comes back to itself is told by how
-- far above it stands. NULL: it would be too large.
CREATE FUNCTION pgswarm._compat_written(compiled jsonb, id text, above text[], room integer) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_node jsonb := compiled -> id;
    v_here text[] := above || id;
    v_key  text;
    v_out  jsonb;
    v_size integer := 0;
    r      record;
BEGIN
    IF v_node IS NULL THEN
        RETURN '{}';
    ELSIF id = ANY (above) THEN
        RETURN jsonb_build_object('up', cardinality(above) - array_position(above, id));
    ELSIF cardinality(above) > 20 OR v_node #>> '{l,dyn,1}' IS NOT NULL THEN
        RETURN NULL;
    END IF;
    v_out := v_node - 'r';
    FOR r IN
        SELECT * FROM (VALUES
            ('{a,items}'::text[]), ('{a,contains}'), ('{o,add}'), ('{o,names}'), ('{l,ref}'), ('{l,not}'), ('{l,if}'), ('{l,then}'),
            ('{l,else}'), ('{u,props}'), ('{u,items}'), ('{l,dyn,0}')) x (at)
        UNION ALL SELECT ARRAY['a', 'prefix', i::text] FROM generate_series(0, jsonb_array_length(v_node #> '{a,prefix}') - 1) i
        UNION ALL SELECT ARRAY['l', w, i::text] FROM unnest('{all,any,one}'::text[]) w CROSS JOIN LATERAL generate_series(0, jsonb_array_length(v_node #> ARRAY['l', w]) - 1) i
        UNION ALL SELECT ARRAY['o', 'pats', i::text, '2'] FROM generate_series(0, jsonb_array_length(v_node #> '{o,pats}') - 1) i
        UNION ALL SELECT ARRAY['o', 'props', k] FROM jsonb_object_keys(v_node #> '{o,props}') k
        UNION ALL SELECT ARRAY['l', 'when', k] FROM jsonb_object_keys(v_node #> '{l,when}') k
    LOOP
        CONTINUE WHEN v_node #>> r.at IS NULL;
        v_out := jsonb_set(v_out, r.at, pgswarm._compat_written(compiled, v_node #>> r.at, v_here, room));
        v_size := length(v_out::text);
        IF v_out IS NULL OR v_size > room THEN
            RETURN NULL;
        END IF;
    END LOOP;
    RETURN v_out;
END
$$;
