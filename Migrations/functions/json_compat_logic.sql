-- Proofs about schemas that are combined; see json_compat.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._compat_logic(
    a jsonb, flat text[], types text[], b jsonb, id text, path text, seen text[], spent integer,
    OUT ok boolean, OUT steps integer, OUT at text, OUT message text
)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_rules jsonb := b -> id -> 'l';
    v_all   text[];
    v_id    text;
    v_word  text;
    v_fits  boolean;
    r       record;
BEGIN
    steps := spent;
    at := path;
    ok := false;
    IF v_rules #>> '{dyn,1}' IS NOT NULL THEN
        message := 'has $dynamicRef, which can not be compared';
        RETURN;
    END IF;
    -- What this side asks for in the same words needs no proof.
    IF EXISTS (SELECT FROM unnest(flat) i
               WHERE pgswarm._compat_written(a, i, '{}', 20000) -> 'l' = pgswarm._compat_written(b, _compat_logic.id, '{}', 20000) -> 'l')
    THEN
        ok := true;
        RETURN;
    END IF;
    -- then and else both: which of them decides is not known here. What depends on a property holds if it holds always.
    v_all := array_remove(ARRAY[v_rules ->> 'ref', v_rules #>> '{dyn,0}', v_rules ->> 'then', v_rules ->> 'else'], NULL)
        || ARRAY(SELECT jsonb_array_elements_text(v_rules -> 'all'))
        || ARRAY(SELECT w.value FROM jsonb_each_text(v_rules -> 'when') w
                 WHERE cardinality(pgswarm._compat_types(a, pgswarm._compat_flat(a, pgswarm._compat_property(a, flat, w.key)), pgswarm._compat_atoms(NULL))) > 0);
    FOREACH v_id IN ARRAY v_all LOOP
        SELECT * INTO r FROM pgswarm._compat_proof(a, flat, types, b, v_id, path, seen, steps);
        steps := r.steps;
        IF NOT r.ok THEN
            at := r.at;
            message := r.message;
            RETURN;
        END IF;
    END LOOP;
    IF v_rules ? 'not' AND NOT pgswarm._compat_apart(a, flat, types, b, v_rules ->> 'not') THEN
        message := 'has not, which is not proven to hold';
        RETURN;
    END IF;
    FOREACH v_word IN ARRAY '{any,one}'::text[] LOOP
        CONTINUE WHEN NOT v_rules ? v_word;
        v_fits := false;
        FOR v_id IN SELECT jsonb_array_elements_text(v_rules -> v_word) LOOP
            SELECT * INTO r FROM pgswarm._compat_proof(a, flat, types, b, v_id, path, seen, steps);
            steps := r.steps;
            v_fits := r.ok AND (v_word = 'any' OR NOT EXISTS (
                SELECT FROM jsonb_array_elements_text(v_rules -> 'one') WITH ORDINALITY o (id, n)
                WHERE (o.id <> v_id OR o.n <> array_position(ARRAY(SELECT jsonb_array_elements_text(v_rules -> 'one')), v_id))
                  AND NOT pgswarm._compat_apart(a, flat, types, b, o.id)));
            EXIT WHEN v_fits;
        END LOOP;
        IF NOT v_fits AND cardinality(types) > 1 THEN
            -- Each type apart may fit another of them. What is proven of the parts holds for all of this schema.
            FOREACH v_word IN ARRAY types LOOP
                SELECT * INTO r FROM pgswarm._compat_proof(a, flat, ARRAY[v_word], b, id, path, seen, steps);
                steps := r.steps;
                at := r.at;
                message := r.message;
                IF NOT r.ok THEN
                    RETURN;
                END IF;
            END LOOP;
            ok := true;
            RETURN;
        ELSIF NOT v_fits THEN
            message := format('is not proven to fit what is under %sOf', v_word);
            RETURN;
        END IF;
    END LOOP;
    ok := true;
END
$$;

-- The same question for each of the schemas that the known side combines by anyOf or oneOf.
CREATE FUNCTION pgswarm._compat_split(
    a jsonb, flat text[], types text[], b jsonb, id text, path text, seen text[], spent integer, OUT ok boolean, OUT steps integer
)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_parts jsonb;
    v_part  text;
    r       record;
BEGIN
    steps := spent;
    ok := false;
    SELECT coalesce(a -> i #> '{l,any}', a -> i #> '{l,one}') INTO v_parts
    FROM unnest(flat) i
    WHERE NOT EXISTS (SELECT FROM jsonb_array_elements_text(coalesce(a -> i #> '{l,any}', a -> i #> '{l,one}')) p
                      WHERE p = ANY (flat) OR NOT a ? p)
      AND a -> i -> 'l' ?| '{any,one}'
    LIMIT 1;
    IF v_parts IS NULL THEN
        RETURN;
    END IF;
    FOR v_part IN SELECT jsonb_array_elements_text(v_parts) LOOP
        SELECT * INTO r FROM pgswarm._compat_proof(a, flat || v_part, types, b, id, path, seen, steps);
        steps := r.steps;
        IF NOT r.ok THEN
            RETURN;
        END IF;
    END LOOP;
    ok := true;
END
$$;

-- Whether it is certain that no value fits both sides.
CREATE FUNCTION pgswarm._compat_apart(a jsonb, flat text[], types text[], b jsonb, id text) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_flat   text[] := pgswarm._compat_flat(b, ARRAY[id]);
    v_types  text[] := pgswarm._compat_types(b, v_flat, types);
    v_values jsonb;
    v_name   text;
BEGIN
    IF cardinality(v_types) = 0 THEN
        RETURN true;
    END IF;
    v_values := coalesce(pgswarm._compat_values(a, flat, types), pgswarm._compat_values(b, v_flat, v_types));
    IF v_values IS NOT NULL THEN
        RETURN NOT EXISTS (SELECT FROM jsonb_array_elements(v_values) x
                           WHERE pgswarm._compat_fits(a, flat, x) IS NOT FALSE AND pgswarm._compat_fits(b, ARRAY[id], x) IS NOT FALSE);
    ELSIF v_types <> '{object}' THEN
        RETURN false;
    END IF;
    -- Objects: one must have a property that the other can't have, or not with such a value.
    FOR v_name IN SELECT unnest(pgswarm._compat_required(a, flat) || pgswarm._compat_required(b, v_flat)) LOOP
        IF pgswarm._compat_apart_inside(a, pgswarm._compat_property(a, flat, v_name), b, pgswarm._compat_property(b, v_flat, v_name)) THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END
$$;

CREATE FUNCTION pgswarm._compat_apart_inside(a jsonb, ids text[], b jsonb, others text[]) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_flat  text[] := pgswarm._compat_flat(a, ids);
    v_other text[] := pgswarm._compat_flat(b, others);
    v_types text[] := pgswarm._compat_types(b, v_other, pgswarm._compat_types(a, v_flat, pgswarm._compat_atoms(NULL)));
    v_values jsonb;
BEGIN
    v_values := coalesce(pgswarm._compat_values(a, v_flat, v_types), pgswarm._compat_values(b, v_other, v_types));
    RETURN cardinality(v_types) = 0 OR (v_values IS NOT NULL AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(v_values) x
        WHERE pgswarm._compat_fits(a, v_flat, x) IS NOT FALSE AND pgswarm._compat_fits(b, v_other, x) IS NOT FALSE));
END
$$;
