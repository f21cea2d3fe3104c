-- Validation with a compiled schema; see json_schema_compile for its form.
--
-- ok is NULL when the budget ended before there was an answer: it counts steps, so that the same value gets the same answer
-- on every machine. most says how many errors are wanted; with 0 only the answer is, which is faster. Which properties and
-- items were looked at is answered where a schema asks for the rest of them (collect).
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._schema_budget() RETURNS integer
LANGUAGE sql IMMUTABLE
AS 'SELECT 50000';

CREATE FUNCTION pgswarm._schema_error(path text, message text) RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$ SELECT jsonb_build_array(jsonb_build_object('path', path, 'message', message)) $$;

-- A value in a sentence.
CREATE FUNCTION pgswarm._json_written(value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE WHEN length(value::text) > 60 THEN left(value::text, 57) || '…' ELSE value::text END $$;

CREATE FUNCTION pgswarm._schema_eval(
    compiled jsonb, id text, value jsonb, path text, depth integer, spent integer, most integer, collect boolean, scope text[],
    OUT ok boolean, OUT steps integer, OUT errors jsonb, OUT props text[], OUT items integer, OUT hits integer[]
)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_node    jsonb := compiled -> id;
    v_type    text;
    v_part    jsonb;
    v_number  numeric;
    v_faults  text[];
    v_collect boolean := collect;
    v_scope   text[] := scope;
    r         record;
BEGIN
    steps := spent + 1;
    ok := true;
    IF v_node IS NULL THEN
        RETURN;
    ELSIF depth > 150 OR steps > pgswarm._schema_budget() THEN
        ok := NULL;
        RETURN;
    END IF;
    v_type := jsonb_typeof(value);
    IF v_node ? 'r' AND v_node ->> 'r' IS DISTINCT FROM v_scope[cardinality(v_scope)] THEN
        v_scope := v_scope || (v_node ->> 'r');
    END IF;
    v_part := v_node -> 't';
    IF v_part IS NOT NULL AND NOT v_part ? v_type THEN
        IF v_type = 'number' AND v_part ? 'integer' THEN
            v_number := value;
            IF v_number <> trunc(v_number) THEN
                v_faults := ARRAY['must be a whole number, not ' || pgswarm._json_written(value)];
            END IF;
        ELSE
            v_faults := ARRAY[format('must be %s, not %s', (SELECT string_agg(t, ' or ') FROM jsonb_array_elements_text(v_part) t), v_type)];
        END IF;
    END IF;
    IF v_node ? 'c' AND value <> v_node -> 'c' THEN
        v_faults := v_faults || ('must be ' || pgswarm._json_written(v_node -> 'c'));
    END IF;
    IF v_node ? 'e' AND NOT (v_type NOT IN ('array', 'object') AND v_node -> 'e' @> value)
        AND (v_type NOT IN ('array', 'object') OR NOT EXISTS (SELECT FROM jsonb_array_elements(v_node -> 'e') x WHERE x = _schema_eval.value))
    THEN
        v_faults := v_faults || ('must be one of ' || (SELECT string_agg(pgswarm._json_written(x), ', ') FROM (
            SELECT x FROM jsonb_array_elements(v_node -> 'e') x LIMIT 20) y));
    END IF;
    IF v_node ? 'no' THEN
        v_faults := ARRAY['is not allowed here'];
    END IF;
    IF v_type = 'number' THEN
        v_part := v_node -> 'n';
        IF v_part IS NOT NULL THEN
            v_faults := v_faults || pgswarm._number_faults(v_part, value::numeric);
        END IF;
    ELSIF v_type = 'string' THEN
        v_part := v_node -> 's';
        IF v_part IS NOT NULL THEN
            v_faults := v_faults || pgswarm._string_faults(v_part, value #>> '{}');
        END IF;
    END IF;
    IF cardinality(v_faults) > 0 THEN
        ok := false;
        IF most > 0 THEN
            SELECT jsonb_agg(jsonb_build_object('path', _schema_eval.path, 'message', f)) INTO errors FROM unnest(v_faults) f;
        END IF;
        IF most <= cardinality(v_faults) THEN
            RETURN;
        END IF;
    END IF;
    v_collect := v_collect OR v_node ? 'u';
    IF v_type = 'array' AND v_node ? 'a' THEN
        r := pgswarm._schema_eval_list(compiled, v_node -> 'a', value, path, depth, steps,
                greatest(most - coalesce(jsonb_array_length(errors), 0), 0), v_scope, v_collect);
        ok := ok AND r.ok;
        steps := r.steps;
        items := r.items;
        hits := r.hits;
        errors := coalesce(errors || r.errors, r.errors, errors);
    ELSIF v_type = 'object' AND v_node ? 'o' THEN
        r := pgswarm._schema_eval_object(compiled, v_node -> 'o', value, path, depth, steps,
                greatest(most - coalesce(jsonb_array_length(errors), 0), 0), v_scope, v_collect);
        ok := ok AND r.ok;
        steps := r.steps;
        props := r.props;
        errors := coalesce(errors || r.errors, r.errors, errors);
    END IF;
    IF ok IS NULL OR (NOT ok AND most <= coalesce(jsonb_array_length(errors), 0)) THEN
        RETURN;
    END IF;
    IF v_node ? 'l' THEN
        r := pgswarm._schema_eval_logic(compiled, v_node -> 'l', value, path, depth, steps,
                greatest(most - coalesce(jsonb_array_length(errors), 0), 0), v_scope, v_collect);
        ok := ok AND r.ok;
        steps := r.steps;
        errors := coalesce(errors || r.errors, r.errors, errors);
        IF v_collect THEN
            props := coalesce(props || r.props, r.props, props);
            items := greatest(items, r.items);
            hits := coalesce(hits || r.hits, r.hits, hits);
        END IF;
        IF ok IS NULL OR (NOT ok AND most <= coalesce(jsonb_array_length(errors), 0)) THEN
            RETURN;
        END IF;
    END IF;
    IF v_node ? 'u' THEN
        r := pgswarm._schema_eval_rest(compiled, v_node -> 'u', value, path, depth, steps,
                greatest(most - coalesce(jsonb_array_length(errors), 0), 0), v_scope, props, items, hits);
        ok := ok AND r.ok;
        steps := r.steps;
        errors := coalesce(errors || r.errors, r.errors, errors);
        props := r.props_seen;
        items := r.items_seen;
    END IF;
END
$$;

CREATE FUNCTION pgswarm._number_faults(rules jsonb, number numeric) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    RETURN array_remove(ARRAY[
        CASE WHEN number < (rules -> 'min')::numeric THEN format('must be at least %s', rules ->> 'min') END,
        CASE WHEN number > (rules -> 'max')::numeric THEN format('must be at most %s', rules ->> 'max') END,
        CASE WHEN number <= (rules -> 'xmin')::numeric THEN format('must be above %s', rules ->> 'xmin') END,
        CASE WHEN number >= (rules -> 'xmax')::numeric THEN format('must be below %s', rules ->> 'xmax') END,
        CASE WHEN NOT rules ? 'mult' THEN NULL
             WHEN length(number::text) > 400 THEN 'must be a number of at most 400 digits'
             WHEN number % (rules -> 'mult')::numeric <> 0 THEN format('must be a multiple of %s', rules ->> 'mult') END
    ], NULL);
END
$$;

CREATE FUNCTION pgswarm._string_faults(rules jsonb, string text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_length integer;
BEGIN
    IF rules ?| '{min,max}' THEN
        v_length := length(string);
    END IF;
    RETURN array_remove(ARRAY[
        CASE WHEN v_length < (rules -> 'min')::integer THEN format('must have at least %s', pgswarm._counted((rules ->> 'min')::bigint, 'character')) END,
        CASE WHEN v_length > (rules -> 'max')::integer THEN format('must have at most %s', pgswarm._counted((rules ->> 'max')::bigint, 'character')) END,
        CASE WHEN rules ? 'pat' AND NOT pgswarm._pattern_matches(string, rules ->> 'pat', (rules -> 'icu')::boolean)
             THEN format('must match the pattern %s', rules ->> 'word') END
    ], NULL);
END
$$;

CREATE FUNCTION pgswarm._schema_eval_list(
    compiled jsonb, rules jsonb, value jsonb, path text, depth integer, spent integer, most integer, scope text[], collect boolean,
    OUT ok boolean, OUT steps integer, OUT errors jsonb, OUT items integer, OUT hits integer[]
)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_count  integer := jsonb_array_length(value);
    v_prefix integer := coalesce(jsonb_array_length(rules -> 'prefix'), 0);
    v_items  text := rules ->> 'items';
    v_hits   integer := 0;
    v_fault  text;
    r        record;
BEGIN
    ok := true;
    steps := spent;
    IF v_count < (rules -> 'min')::integer THEN
        v_fault := format('must have at least %s', pgswarm._counted((rules ->> 'min')::bigint, 'item'));
    ELSIF v_count > (rules -> 'max')::integer THEN
        v_fault := format('must have at most %s', pgswarm._counted((rules ->> 'max')::bigint, 'item'));
    ELSIF rules ? 'unique' AND (SELECT count(*) <> count(DISTINCT x) FROM jsonb_array_elements(value) x) THEN
        v_fault := 'must not have equal items';
    END IF;
    IF v_fault IS NOT NULL THEN
        ok := false;
        IF most > 0 THEN
            errors := pgswarm._schema_error(path, v_fault);
        END IF;
        IF most <= 1 THEN
            RETURN;
        END IF;
    END IF;
    FOR i IN 0 .. CASE WHEN v_items IS NULL THEN least(v_prefix, v_count) ELSE v_count END - 1 LOOP
        r := pgswarm._schema_eval(compiled, CASE WHEN i < v_prefix THEN rules -> 'prefix' ->> i ELSE v_items END, value -> i,
            path || '/' || i, depth + 1, steps, greatest(most - coalesce(jsonb_array_length(errors), 0), 0), false, scope);
        steps := r.steps;
        IF r.ok IS NOT TRUE THEN
            ok := ok AND r.ok;
            errors := coalesce(errors || r.errors, r.errors, errors);
            IF ok IS NULL OR most <= coalesce(jsonb_array_length(errors), 0) THEN
                RETURN;
            END IF;
        END IF;
    END LOOP;
    items := CASE WHEN v_items IS NULL THEN least(v_prefix, v_count) ELSE v_count END;
    IF NOT rules ? 'contains' THEN
        RETURN;
    END IF;
    FOR i IN 0 .. v_count - 1 LOOP
        r := pgswarm._schema_eval(compiled, rules ->> 'contains', value -> i, path, depth + 1, steps, 0, false, scope);
        steps := r.steps;
        IF r.ok IS NULL THEN
            ok := NULL;
            RETURN;
        ELSIF r.ok THEN
            v_hits := v_hits + 1;
            IF collect THEN
                hits := hits || i;
            END IF;
        END IF;
    END LOOP;
    IF v_hits < coalesce((rules -> 'minc')::integer, 1) THEN
        v_fault := format('must contain at least %s of the kind under contains', pgswarm._counted(coalesce((rules ->> 'minc')::bigint, 1), 'item'));
    ELSIF v_hits > (rules -> 'maxc')::integer THEN
        v_fault := format('must contain at most %s of the kind under contains', pgswarm._counted((rules ->> 'maxc')::bigint, 'item'));
    ELSE
        RETURN;
    END IF;
    ok := false;
    IF most > 0 THEN
        errors := coalesce(errors, '[]') || pgswarm._schema_error(path, v_fault);
    END IF;
END
$$;

CREATE FUNCTION pgswarm._schema_eval_object(
    compiled jsonb, rules jsonb, value jsonb, path text, depth integer, spent integer, most integer, scope text[], collect boolean,
    OUT ok boolean, OUT steps integer, OUT errors jsonb, OUT props text[]
)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_props  jsonb := rules -> 'props';
    v_pats   jsonb := rules -> 'pats';
    v_add    text := rules ->> 'add';
    v_names  text := rules ->> 'names';
    v_count  integer := 0;
    v_faults text[];
    v_keys   text[];
    v_key    text;
    v_value  jsonb;
    v_each   text;
    v_id     text;
    r        record;
BEGIN
    ok := true;
    steps := spent;
    FOR v_key IN SELECT q FROM jsonb_array_elements_text(rules -> 'req') q WHERE NOT _schema_eval_object.value ? q LOOP
        v_faults := v_faults || format('must have the property %s', to_jsonb(v_key));
    END LOOP;
    IF rules ?| '{min,max,deps}' THEN
        v_keys := ARRAY(SELECT jsonb_object_keys(value));
        IF cardinality(v_keys) < (rules -> 'min')::integer THEN
            v_faults := v_faults || format('must have at least %s properties', rules ->> 'min');
        ELSIF cardinality(v_keys) > (rules -> 'max')::integer THEN
            v_faults := v_faults || format('must have at most %s properties', rules ->> 'max');
        END IF;
        FOR v_key, v_each IN
            SELECT d.key, q FROM jsonb_each(rules -> 'deps') d CROSS JOIN LATERAL jsonb_array_elements_text(d.value) q
            WHERE _schema_eval_object.value ? d.key AND NOT _schema_eval_object.value ? q
        LOOP
            v_faults := v_faults || format('must have the property %s, because it has %s', to_jsonb(v_each), to_jsonb(v_key));
        END LOOP;
    END IF;
    IF v_faults IS NOT NULL THEN
        ok := false;
        IF most > 0 THEN
            SELECT jsonb_agg(jsonb_build_object('path', _schema_eval_object.path, 'message', f)) INTO errors FROM unnest(v_faults) f;
        END IF;
        IF most <= cardinality(v_faults) THEN
            RETURN;
        END IF;
    END IF;
    IF NOT rules ?| '{props,pats,add,names}' THEN
        RETURN;
    END IF;
    FOR v_key, v_value IN SELECT e.key, e.value FROM jsonb_each(value) e LOOP
        v_id := v_props ->> v_key;
        v_keys := '{}';
        IF v_id IS NOT NULL THEN
            v_keys := v_keys || v_id;
        END IF;
        IF v_pats IS NOT NULL THEN
            FOR i IN 0 .. jsonb_array_length(v_pats) - 1 LOOP
                steps := steps + 1;
                IF pgswarm._pattern_matches(v_key, v_pats -> i ->> 0, (v_pats -> i -> 1)::boolean) THEN
                    v_keys := v_keys || (v_pats -> i ->> 2);
                END IF;
            END LOOP;
        END IF;
        IF cardinality(v_keys) = 0 AND v_add IS NOT NULL THEN
            v_keys := v_keys || v_add;
        END IF;
        IF collect AND cardinality(v_keys) > 0 THEN
            props := props || v_key;
        END IF;
        IF v_names IS NOT NULL THEN
            r := pgswarm._schema_eval(compiled, v_names, to_jsonb(v_key), path || pgswarm._pointer_part(v_key), depth + 1, steps, 0, false, scope);
            steps := r.steps;
            IF r.ok IS NOT TRUE THEN
                ok := ok AND r.ok;
                IF ok IS NULL OR most = 0 THEN
                    RETURN;
                END IF;
                errors := coalesce(errors, '[]') || pgswarm._schema_error(path || pgswarm._pointer_part(v_key), 'has a name that is not allowed');
            END IF;
        END IF;
        FOREACH v_id IN ARRAY v_keys LOOP
            r := pgswarm._schema_eval(compiled, v_id, v_value, CASE WHEN most > 0 THEN path || pgswarm._pointer_part(v_key) ELSE '' END,
                depth + 1, steps, greatest(most - coalesce(jsonb_array_length(errors), 0), 0), false, scope);
            steps := r.steps;
            IF r.ok IS NOT TRUE THEN
                ok := ok AND r.ok;
                errors := coalesce(errors || r.errors, r.errors, errors);
                IF ok IS NULL OR most <= coalesce(jsonb_array_length(errors), 0) THEN
                    RETURN;
                END IF;
            END IF;
        END LOOP;
    END LOOP;
END
$$;
