-- Validation: what combines schemas, and what asks for the rest that no other has looked at.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._schema_eval_logic(
    compiled jsonb, rules jsonb, value jsonb, path text, depth integer, spent integer, most integer, scope text[], collect boolean,
    OUT ok boolean, OUT steps integer, OUT errors jsonb, OUT props text[], OUT items integer, OUT hits integer[]
)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_all   text[];     -- all of these must hold
    v_id    text;
    v_word  text;
    v_list  jsonb;
    v_fits  integer;
    v_fault text;
    r       record;
BEGIN
    ok := true;
    steps := spent;
    v_all := array_remove(ARRAY[rules ->> 'ref', pgswarm._dynamic_target(compiled, rules -> 'dyn', scope)], NULL)
        || ARRAY(SELECT jsonb_array_elements_text(rules -> 'all'));
    IF rules ? 'when' AND jsonb_typeof(value) = 'object' THEN
        v_all := v_all || ARRAY(SELECT w.value FROM jsonb_each_text(rules -> 'when') w WHERE _schema_eval_logic.value ? w.key);
    END IF;
    IF rules ? 'if' THEN
        r := pgswarm._schema_eval(compiled, rules ->> 'if', value, path, depth + 1, steps, 0, collect, scope);
        steps := r.steps;
        IF r.ok IS NULL THEN
            ok := NULL;
            RETURN;
        ELSIF r.ok THEN
            IF collect THEN
                props := r.props;
                items := r.items;
                hits := r.hits;
            END IF;
            v_id := rules ->> 'then';
        ELSE
            v_id := rules ->> 'else';
        END IF;
        IF v_id IS NOT NULL THEN
            v_all := v_all || v_id;
        END IF;
    END IF;
    FOREACH v_id IN ARRAY v_all LOOP
        r := pgswarm._schema_eval(compiled, v_id, value, path, depth + 1, steps,
            greatest(most - coalesce(jsonb_array_length(errors), 0), 0), collect, scope);
        steps := r.steps;
        IF r.ok THEN
            IF collect THEN
                props := coalesce(props || r.props, r.props, props);
                items := greatest(items, r.items);
                hits := coalesce(hits || r.hits, r.hits, hits);
            END IF;
        ELSE
            ok := ok AND r.ok;
            errors := coalesce(errors || r.errors, r.errors, errors);
            IF ok IS NULL OR most <= coalesce(jsonb_array_length(errors), 0) THEN
                RETURN;
            END IF;
        END IF;
    END LOOP;
    FOREACH v_word IN ARRAY '{any,one,not}'::text[] LOOP
        v_list := rules -> v_word;
        CONTINUE WHEN v_list IS NULL;
        v_fits := 0;
        v_fault := NULL;
        FOR i IN 0 .. CASE v_word WHEN 'not' THEN 0 ELSE jsonb_array_length(v_list) - 1 END LOOP
            r := pgswarm._schema_eval(compiled, CASE v_word WHEN 'not' THEN v_list #>> '{}' ELSE v_list ->> i END,
                value, path, depth + 1, steps, 0, collect AND v_word <> 'not', scope);
            steps := r.steps;
            IF r.ok IS NULL THEN
                ok := NULL;
                RETURN;
            ELSIF r.ok THEN
                v_fits := v_fits + 1;
                IF collect AND v_word <> 'not' THEN
                    props := coalesce(props || r.props, r.props, props);
                    items := greatest(items, r.items);
                    hits := coalesce(hits || r.hits, r.hits, hits);
                END IF;
                EXIT WHEN (v_word = 'any' AND NOT collect) OR v_fits = 2 AND v_word = 'one';
            END IF;
        END LOOP;
        IF v_word = 'any' AND v_fits = 0 THEN
            v_fault := format('fits none of the %s schemas of anyOf', jsonb_array_length(v_list));
        ELSIF v_word = 'one' AND v_fits = 0 THEN
            v_fault := format('fits none of the %s schemas of oneOf', jsonb_array_length(v_list));
        ELSIF v_word = 'one' AND v_fits > 1 THEN
            v_fault := 'fits more than one schema of oneOf';
        ELSIF v_word = 'not' AND v_fits > 0 THEN
            v_fault := 'fits the schema under not';
        END IF;
        IF v_fault IS NOT NULL THEN
            ok := false;
            IF most > 0 THEN
                errors := coalesce(errors, '[]') || pgswarm._schema_error(path, v_fault);
            END IF;
            IF most <= coalesce(jsonb_array_length(errors), 0) THEN
                RETURN;
            END IF;
        END IF;
    END LOOP;
END
$$;

-- Where a $dynamicRef leads: to the outermost resource on the way here that has the name.
CREATE FUNCTION pgswarm._dynamic_target(compiled jsonb, target jsonb, scope text[]) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_by_resource jsonb;
    v_resource    text;
BEGIN
    IF target IS NULL OR target ->> 1 IS NULL THEN
        RETURN target ->> 0;
    END IF;
    v_by_resource := compiled -> 'dyn' -> (target ->> 1);
    FOREACH v_resource IN ARRAY scope LOOP
        IF v_by_resource ? v_resource THEN
            RETURN v_by_resource ->> v_resource;
        END IF;
    END LOOP;
    RETURN target ->> 0;
END
$$;

CREATE FUNCTION pgswarm._schema_eval_rest(
    compiled jsonb, rules jsonb, value jsonb, path text, depth integer, spent integer, most integer, scope text[],
    props text[], items integer, hits integer[],
    OUT ok boolean, OUT steps integer, OUT errors jsonb, OUT props_seen text[], OUT items_seen integer
)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_key   text;
    v_value jsonb;
    v_at    text;
    r       record;
BEGIN
    ok := true;
    steps := spent;
    props_seen := props;
    items_seen := items;
    FOR v_key, v_value IN
        SELECT e.key, e.value FROM jsonb_each(CASE WHEN rules ? 'props' AND jsonb_typeof(_schema_eval_rest.value) = 'object'
                                                   THEN _schema_eval_rest.value ELSE '{}' END) e
        WHERE e.key <> ALL (coalesce(props, '{}'))
        UNION ALL
        SELECT (e.n - 1)::text, e.value
        FROM jsonb_array_elements(CASE WHEN rules ? 'items' AND jsonb_typeof(_schema_eval_rest.value) = 'array'
                                       THEN _schema_eval_rest.value ELSE '[]' END) WITH ORDINALITY e (value, n)
        WHERE e.n > coalesce(items, 0) AND (e.n - 1)::integer <> ALL (coalesce(hits, '{}'))
    LOOP
        v_at := CASE jsonb_typeof(value) WHEN 'object' THEN 'props' ELSE 'items' END;
        props_seen := props_seen || v_key;
        r := pgswarm._schema_eval(compiled, rules ->> v_at, v_value, path || pgswarm._pointer_part(v_key), depth + 1, steps,
            greatest(most - coalesce(jsonb_array_length(errors), 0), 0), false, scope);
        steps := r.steps;
        IF r.ok IS NOT TRUE THEN
            ok := ok AND r.ok;
            errors := coalesce(errors || r.errors, r.errors, errors);
            IF ok IS NULL OR most <= coalesce(jsonb_array_length(errors), 0) THEN
                RETURN;
            END IF;
        END IF;
    END LOOP;
    IF rules ? 'items' AND jsonb_typeof(value) = 'array' THEN
        items_seen := jsonb_array_length(value);
    END IF;
END
$$;
