-- Proofs that all values that fit some compiled schemas fit another one; see json_compat.
--
-- ok is only true when it is proven. What can't be proven is not wrong by that: it is left to the search for an example, and
-- else it is unknown. A pair that is asked for within its own proof is taken as proven: a schema can only come back to
-- itself further inside of the value, which is finite.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._compat_proof(
    a jsonb, ids text[], kinds text[], b jsonb, id text, path text, seen text[], spent integer,
    OUT ok boolean, OUT steps integer, OUT at text, OUT message text
)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_flat   text[] := pgswarm._compat_flat(a, ids);
    v_types  text[] := pgswarm._compat_types(a, v_flat, kinds);
    v_key    text;
    v_values jsonb;
    r        record;
BEGIN
    steps := spent + 1;
    at := path;
    ok := true;
    IF NOT b ? id OR cardinality(v_types) = 0 THEN
        RETURN;
    END IF;
    ok := false;
    IF steps > 1500 THEN
        message := 'is too large to be compared';
        RETURN;
    END IF;
    v_key := array_to_string(ARRAY(SELECT unnest(v_flat) ORDER BY 1), ',') || '|' || array_to_string(v_types, ',') || '|' || id;
    IF v_key = ANY (seen) THEN
        ok := true;
        RETURN;
    END IF;
    -- Values that can be counted are tried.
    v_values := pgswarm._compat_values(a, v_flat, v_types);
    IF v_values IS NOT NULL THEN
        SELECT 'may be ' || pgswarm._json_written(x) INTO message
        FROM jsonb_array_elements(v_values) x
        WHERE pgswarm._compat_fits(a, v_flat, x) IS NOT FALSE AND pgswarm._compat_fits(b, ARRAY[id], x) IS NOT TRUE
        LIMIT 1;
        ok := NOT FOUND;
        RETURN;
    END IF;
    SELECT * INTO r FROM pgswarm._compat_direct(a, v_flat, v_types, b, id, path, seen || v_key, steps);
    ok := r.ok;
    steps := r.steps;
    at := r.at;
    message := r.message;
    IF NOT ok THEN
        SELECT * INTO r FROM pgswarm._compat_split(a, v_flat, v_types, b, id, path, seen || v_key, steps);
        ok := r.ok;
        steps := r.steps;
    END IF;
END
$$;

-- Each thing that the other schema asks for, against all that is known of these.
CREATE FUNCTION pgswarm._compat_direct(
    a jsonb, flat text[], types text[], b jsonb, id text, path text, seen text[], spent integer,
    OUT ok boolean, OUT steps integer, OUT at text, OUT message text
)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_node jsonb := b -> id;
    r      record;
BEGIN
    steps := spent;
    at := path;
    ok := true;
    -- The same schema needs no proof.
    IF (v_node ?| '{l,u}' OR v_node -> 'a' ? 'contains' OR v_node -> 'o' ?| '{names,pats}') AND EXISTS (
        SELECT FROM unnest(flat) i WHERE pgswarm._compat_written(a, i, '{}', 20000) = pgswarm._compat_written(b, id, '{}', 20000))
    THEN
        RETURN;
    END IF;
    ok := false;
    message := CASE
        WHEN v_node ? 'u' THEN 'has unevaluatedProperties or unevaluatedItems, which can not be compared'
        WHEN v_node ? 'no' THEN 'is not allowed'
        WHEN v_node ?| '{e,c}' THEN 'has a list of values where there was none'
        WHEN v_node ? 't' AND NOT types <@ pgswarm._compat_atoms(v_node -> 't')
            THEN 'may be of type ' || (SELECT CASE x WHEN 'fraction' THEN 'number' ELSE x END FROM unnest(types) x
                                       WHERE x <> ALL (pgswarm._compat_atoms(v_node -> 't')) LIMIT 1)
        WHEN v_node ? 'n' AND types && '{integer,fraction}' THEN pgswarm._compat_number(a, flat, types, v_node -> 'n')
    END;
    IF message IS NULL AND v_node ? 's' AND 'string' = ANY (types) THEN
        message := pgswarm._compat_string(a, flat, v_node -> 's');
    END IF;
    IF message IS NOT NULL THEN
        RETURN;
    END IF;
    IF v_node ? 'a' AND 'array' = ANY (types) THEN
        SELECT * INTO r FROM pgswarm._compat_list(a, flat, b, v_node -> 'a', path, seen, steps);
        steps := r.steps;
        at := r.at;
        message := r.message;
        IF NOT r.ok THEN
            RETURN;
        END IF;
    END IF;
    IF v_node ? 'o' AND 'object' = ANY (types) THEN
        SELECT * INTO r FROM pgswarm._compat_object(a, flat, b, v_node -> 'o', path, seen, steps);
        steps := r.steps;
        at := r.at;
        message := r.message;
        IF NOT r.ok THEN
            RETURN;
        END IF;
    END IF;
    IF v_node ? 'l' THEN
        SELECT * INTO r FROM pgswarm._compat_logic(a, flat, types, b, id, path, seen, steps);
        ok := r.ok;
        steps := r.steps;
        at := r.at;
        message := r.message;
        RETURN;
    END IF;
    ok := true;
END
$$;

-- What a bound asks for that the other side does not promise; NULL: it promises all.
CREATE FUNCTION pgswarm._compat_number(a jsonb, flat text[], types text[], rules jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_min  numeric := pgswarm._compat_bound(a, flat, 'n', 'min');
    v_max  numeric := pgswarm._compat_bound(a, flat, 'n', 'max');
    v_xmin numeric := pgswarm._compat_bound(a, flat, 'n', 'xmin');
    v_xmax numeric := pgswarm._compat_bound(a, flat, 'n', 'xmax');
BEGIN
    IF NOT 'fraction' = ANY (types) THEN
        -- Whole numbers: every bound is one that can be reached.
        v_min := greatest(ceil(v_min), floor(v_xmin) + 1);
        v_max := least(floor(v_max), ceil(v_xmax) - 1);
        v_xmin := v_min - 1;
        v_xmax := v_max + 1;
        IF (v_min > v_max) THEN
            RETURN NULL;
        END IF;
        RETURN CASE
            WHEN rules ? 'min' AND (v_min >= (rules -> 'min')::numeric) IS NOT TRUE THEN format('must be at least %s', rules ->> 'min')
            WHEN rules ? 'max' AND (v_max <= (rules -> 'max')::numeric) IS NOT TRUE THEN format('must be at most %s', rules ->> 'max')
            WHEN rules ? 'xmin' AND (v_min > (rules -> 'xmin')::numeric) IS NOT TRUE THEN format('must be above %s', rules ->> 'xmin')
            WHEN rules ? 'xmax' AND (v_max < (rules -> 'xmax')::numeric) IS NOT TRUE THEN format('must be below %s', rules ->> 'xmax')
            WHEN rules ? 'mult' AND 1 % (rules -> 'mult')::numeric <> 0 AND NOT EXISTS (
                    SELECT FROM unnest(flat) i WHERE (a -> i #> '{n,mult}')::numeric % (rules -> 'mult')::numeric = 0)
                THEN format('must be a multiple of %s', rules ->> 'mult') END;
    END IF;
    RETURN CASE
        WHEN rules ? 'min' AND (greatest(v_min, v_xmin) >= (rules -> 'min')::numeric) IS NOT TRUE THEN format('must be at least %s', rules ->> 'min')
        WHEN rules ? 'max' AND (least(v_max, v_xmax) <= (rules -> 'max')::numeric) IS NOT TRUE THEN format('must be at most %s', rules ->> 'max')
        WHEN rules ? 'xmin' AND (v_min > (rules -> 'xmin')::numeric OR v_xmin >= (rules -> 'xmin')::numeric) IS NOT TRUE
            THEN format('must be above %s', rules ->> 'xmin')
        WHEN rules ? 'xmax' AND (v_max < (rules -> 'xmax')::numeric OR v_xmax <= (rules -> 'xmax')::numeric) IS NOT TRUE
            THEN format('must be below %s', rules ->> 'xmax')
        WHEN rules ? 'mult' AND NOT EXISTS (
                SELECT FROM unnest(flat) i WHERE (a -> i #> '{n,mult}')::numeric % (rules -> 'mult')::numeric = 0)
            THEN format('must be a multiple of %s', rules ->> 'mult') END;
END
$$;

CREATE FUNCTION pgswarm._compat_string(a jsonb, flat text[], rules jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    RETURN CASE
        WHEN (rules -> 'min')::integer > coalesce(pgswarm._compat_bound(a, flat, 's', 'min'), 0)
            THEN format('must have at least %s', pgswarm._counted((rules -> 'min')::bigint, 'character'))
        WHEN rules ? 'max' AND ((rules -> 'max')::integer >= pgswarm._compat_bound(a, flat, 's', 'max')) IS NOT TRUE
            THEN format('must have at most %s', pgswarm._counted((rules -> 'max')::bigint, 'character'))
        WHEN rules ? 'pat' AND NOT EXISTS (
                SELECT FROM unnest(flat) i WHERE a -> i #> '{s,pat}' = rules -> 'pat' AND a -> i #> '{s,icu}' = rules -> 'icu')
            THEN format('must match the pattern %s', rules ->> 'word') END;
END
$$;

CREATE FUNCTION pgswarm._compat_list(
    a jsonb, flat text[], b jsonb, rules jsonb, path text, seen text[], spent integer,
    OUT ok boolean, OUT steps integer, OUT at text, OUT message text
)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_min    numeric := coalesce(pgswarm._compat_bound(a, flat, 'a', 'min'), 0);
    v_max    numeric := pgswarm._compat_bound(a, flat, 'a', 'max');
    v_prefix integer := coalesce(jsonb_array_length(rules -> 'prefix'), 0);
    v_last   integer := greatest(v_prefix, pgswarm._compat_places(a, flat));
    v_fewest integer := coalesce((rules -> 'minc')::integer, 1);
    v_found  boolean := false;
    v_id     text;
    r        record;
BEGIN
    steps := spent;
    at := path;
    ok := false;
    message := CASE
        WHEN (rules -> 'min')::integer > v_min THEN format('must have at least %s', pgswarm._counted((rules -> 'min')::bigint, 'item'))
        WHEN rules ? 'max' AND ((rules -> 'max')::integer >= v_max) IS NOT TRUE
            THEN format('must have at most %s', pgswarm._counted((rules -> 'max')::bigint, 'item'))
        WHEN rules ? 'unique' AND (v_max > 1) IS NOT FALSE AND NOT EXISTS (SELECT FROM unnest(flat) i WHERE a -> i -> 'a' ? 'unique')
            THEN 'must not have equal items' END;
    IF message IS NOT NULL THEN
        RETURN;
    END IF;
    FOR i IN 0 .. v_last LOOP  -- the last stands for all that follow
        EXIT WHEN i >= v_max;
        v_id := CASE WHEN i < v_prefix THEN rules -> 'prefix' ->> i ELSE rules ->> 'items' END;
        CONTINUE WHEN v_id IS NULL;
        SELECT * INTO r FROM pgswarm._compat_proof(a, pgswarm._compat_item(a, flat, i), pgswarm._compat_atoms(NULL), b, v_id,
            path || '/' || i, seen, steps);
        steps := r.steps;
        IF NOT r.ok THEN
            at := r.at;
            message := r.message;
            RETURN;
        END IF;
    END LOOP;
    IF rules ? 'contains' AND (v_fewest > 0 OR rules ? 'maxc') THEN
        message := 'has contains, which is not proven to hold';
        IF rules ? 'maxc' AND NOT coalesce(v_max <= (rules -> 'maxc')::integer, false) THEN
            RETURN;
        END IF;
        IF v_fewest > 0 THEN
            FOR v_id IN
                SELECT a -> i #>> '{a,contains}' FROM unnest(flat) i
                WHERE a -> i -> 'a' ? 'contains' AND coalesce((a -> i #> '{a,minc}')::integer, 1) >= v_fewest
            LOOP
                SELECT * INTO r FROM pgswarm._compat_proof(a, ARRAY[v_id], pgswarm._compat_atoms(NULL), b, rules ->> 'contains', path, seen, steps);
                steps := r.steps;
                v_found := r.ok;
                EXIT WHEN v_found;
            END LOOP;
            IF NOT v_found THEN
                RETURN;
            END IF;
        END IF;
    END IF;
    ok := true;
END
$$;

CREATE FUNCTION pgswarm._compat_object(
    a jsonb, flat text[], b jsonb, rules jsonb, path text, seen text[], spent integer,
    OUT ok boolean, OUT steps integer, OUT at text, OUT message text
)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_names    text[] := pgswarm._compat_names(a, flat);
    v_required text[] := pgswarm._compat_required(a, flat);
    v_patterns jsonb := pgswarm._compat_patterns(a, flat);
    v_rest     text[] := pgswarm._compat_property(a, flat, NULL);
    v_closed   boolean := v_patterns = '[]' AND cardinality(pgswarm._compat_types(a, pgswarm._compat_flat(a, v_rest), pgswarm._compat_atoms(NULL))) = 0;
    r          record;
    c          record;
BEGIN
    steps := spent;
    at := path;
    ok := false;
    SELECT format('must have the property %s', to_jsonb(q)) INTO message
    FROM jsonb_array_elements_text(rules -> 'req') q WHERE q <> ALL (v_required) LIMIT 1;
    IF message IS NULL THEN
        SELECT format('must have the property %s where it has %s', to_jsonb(q), to_jsonb(d.key)) INTO message
        FROM jsonb_each(rules -> 'deps') d CROSS JOIN LATERAL jsonb_array_elements_text(d.value) q
        WHERE q <> ALL (v_required)
          AND NOT EXISTS (SELECT FROM unnest(flat) i WHERE a -> i #> ARRAY['o', 'deps', d.key] ? q)
          AND cardinality(pgswarm._compat_types(a, pgswarm._compat_flat(a, pgswarm._compat_property(a, flat, d.key)), pgswarm._compat_atoms(NULL))) > 0
        LIMIT 1;
    END IF;
    message := coalesce(message, CASE
        WHEN (rules -> 'min')::integer > greatest(pgswarm._compat_bound(a, flat, 'o', 'min'), cardinality(v_required))
            THEN format('must have at least %s properties', rules ->> 'min')
        WHEN rules ? 'max' AND (least(pgswarm._compat_bound(a, flat, 'o', 'max'), CASE WHEN v_closed THEN cardinality(v_names) END)
                                <= (rules -> 'max')::integer) IS NOT TRUE
            THEN format('must have at most %s properties', rules ->> 'max') END);
    IF message IS NOT NULL THEN
        RETURN;
    END IF;
    -- What each kind of property is by the one side, and what it must be by the other.
    FOR c IN
        -- Those with names, of either side.
        SELECT n.name, pgswarm._compat_property(a, flat, n.name) AS given, wanted.id
        FROM (SELECT unnest(v_names) UNION SELECT jsonb_object_keys(rules -> 'props')) n (name)
        CROSS JOIN LATERAL unnest(pgswarm._compat_property(jsonb_build_object('0', jsonb_build_object('o', rules)), '{0}', n.name)) wanted (id)
        UNION ALL
        -- Those that only a pattern of this side tells.
        SELECT '(' || (p ->> 0) || ')', ARRAY[p ->> 2], w.id
        FROM jsonb_array_elements(v_patterns) p
        CROSS JOIN LATERAL (
            SELECT x ->> 2 FROM jsonb_array_elements(rules -> 'pats') x
            UNION ALL
            SELECT rules ->> 'add'
            WHERE rules ? 'add' AND NOT EXISTS (
                SELECT FROM jsonb_array_elements(rules -> 'pats') x WHERE x -> 0 = p -> 0 AND x -> 1 = p -> 1)
        ) w (id)
        UNION ALL
        -- And the rest. A pattern of the other side may be one of this side's: then the rest does not match it.
        SELECT '(any other)', v_rest, w.id
        FROM (
            SELECT x ->> 2 FROM jsonb_array_elements(rules -> 'pats') x
            WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(v_patterns) p WHERE p -> 0 = x -> 0 AND p -> 1 = x -> 1)
            UNION ALL
            SELECT rules ->> 'add' WHERE rules ? 'add'
        ) w (id)
        ORDER BY 1
    LOOP
        SELECT * INTO r FROM pgswarm._compat_proof(a, c.given, pgswarm._compat_atoms(NULL), b, c.id,
            path || pgswarm._pointer_part(c.name), seen, steps);
        steps := r.steps;
        IF NOT r.ok THEN
            at := r.at;
            message := r.message;
            RETURN;
        END IF;
    END LOOP;
    IF rules ? 'names' THEN
        message := 'has propertyNames, which is not proven to hold';
        SELECT * INTO r FROM pgswarm._compat_proof(a,
            ARRAY(SELECT a -> i #>> '{o,names}' FROM unnest(flat) i WHERE a -> i -> 'o' ? 'names'), '{string}', b, rules ->> 'names', path, seen, steps);
        steps := r.steps;
        IF NOT r.ok AND NOT (v_closed AND (
            SELECT bool_and(pgswarm._compat_fits(b, ARRAY[rules ->> 'names'], to_jsonb(n))) FROM unnest(v_names) n))
        THEN
            RETURN;
        END IF;
    END IF;
    ok := true;
    message := NULL;
END
$$;
