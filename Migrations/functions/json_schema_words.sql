-- The words of JSON Schema 2020-12: which keywords there are, what each may hold, where schemas are inside of schemas.
-- A word that isn't here is refused: a keyword that nobody looks at would let through what it was meant to stop.
SET LOCAL ROLE pgswarm_owner;

-- What a keyword holds; NULL: no such keyword.
CREATE FUNCTION pgswarm._schema_word(keyword text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE
        WHEN keyword IN ('items', 'contains', 'additionalProperties', 'propertyNames', 'if', 'then', 'else', 'not',
                         'unevaluatedItems', 'unevaluatedProperties', 'contentSchema') THEN 'schema'
        WHEN keyword IN ('properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas') THEN 'schemas'
        WHEN keyword IN ('allOf', 'anyOf', 'oneOf', 'prefixItems') THEN 'schema list'
        WHEN keyword IN ('maxLength', 'minLength', 'maxItems', 'minItems', 'maxContains', 'minContains', 'maxProperties',
                         'minProperties') THEN 'count'
        WHEN keyword IN ('maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum', 'multipleOf') THEN 'number'
        WHEN keyword IN ('$schema', '$id', '$ref', '$anchor', '$dynamicRef', '$dynamicAnchor', '$comment', 'pattern', 'title',
                         'description', 'format', 'contentEncoding', 'contentMediaType') THEN 'string'
        WHEN keyword IN ('uniqueItems', 'deprecated', 'readOnly', 'writeOnly') THEN 'boolean'
        WHEN keyword IN ('enum', 'examples') THEN 'list'
        WHEN keyword IN ('const', 'default') THEN 'value'
        WHEN keyword = 'type' THEN 'types'
        WHEN keyword = 'required' THEN 'names'
        WHEN keyword = 'dependentRequired' THEN 'names by name'
        WHEN keyword = '$vocabulary' THEN 'booleans'
        WHEN keyword LIKE 'x-%' THEN 'value'
    END
$$;

CREATE FUNCTION pgswarm._is_schema(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$ SELECT jsonb_typeof(value) IN ('object', 'boolean') $$;

CREATE FUNCTION pgswarm._are_names(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE WHEN jsonb_typeof(value) = 'array' THEN NOT EXISTS (
        SELECT FROM jsonb_array_elements(value) x GROUP BY x HAVING count(*) > 1 OR jsonb_typeof(x) <> 'string')
    ELSE false END
$$;

-- What is wrong with the value of a keyword; NULL: nothing.
CREATE FUNCTION pgswarm._schema_fault(keyword text, value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_type text := jsonb_typeof(value);
    v_word text := pgswarm._schema_word(keyword);
    v_name text;
BEGIN
    CASE v_word
    WHEN 'schema' THEN
        RETURN CASE WHEN NOT pgswarm._is_schema(value) THEN 'must be a schema: an object, true or false' END;
    WHEN 'schemas' THEN
        IF v_type <> 'object' THEN
            RETURN 'must be an object of schemas';
        END IF;
        SELECT x.key INTO v_name FROM jsonb_each(value) x WHERE NOT pgswarm._is_schema(x.value) LIMIT 1;
        RETURN CASE WHEN FOUND THEN format('must be an object of schemas, and %s is none', to_jsonb(v_name)) END;
    WHEN 'schema list' THEN
        IF v_type <> 'array' OR jsonb_array_length(value) = 0
            OR EXISTS (SELECT FROM jsonb_array_elements(value) x WHERE NOT pgswarm._is_schema(x))
        THEN
            RETURN 'must be a list of at least one schema';
        END IF;
    WHEN 'count' THEN
        IF v_type <> 'number' OR (value::text)::numeric <> trunc((value::text)::numeric)
            OR (value::text)::numeric NOT BETWEEN 0 AND 2147483647
        THEN
            RETURN 'must be a whole number from 0 to 2147483647';
        END IF;
    WHEN 'number' THEN
        IF v_type <> 'number' OR length(value::text) > 400 THEN
            RETURN 'must be a number of at most 400 digits';
        END IF;
        RETURN CASE WHEN keyword = 'multipleOf' AND (value::text)::numeric <= 0 THEN 'must be above 0' END;
    WHEN 'string' THEN
        RETURN CASE
            WHEN v_type <> 'string' THEN 'must be a string'
            WHEN keyword IN ('$anchor', '$dynamicAnchor') AND value #>> '{}' !~ '^[A-Za-z_][-A-Za-z0-9._]*$'
                THEN 'must be a plain name: letters, digits and the characters - . _'
            WHEN keyword = '$id' AND value #>> '{}' ~ '#.' THEN 'must not have a fragment'
        END;
    WHEN 'boolean' THEN
        RETURN CASE WHEN v_type <> 'boolean' THEN 'must be true or false' END;
    WHEN 'list' THEN
        RETURN CASE WHEN v_type <> 'array' THEN 'must be a list' END;
    WHEN 'names' THEN
        RETURN CASE WHEN NOT pgswarm._are_names(value) THEN 'must be a list of different strings' END;
    WHEN 'names by name' THEN
        RETURN CASE WHEN v_type <> 'object' OR EXISTS (SELECT FROM jsonb_each(value) x WHERE NOT pgswarm._are_names(x.value))
                    THEN 'must be an object of lists of different strings' END;
    WHEN 'booleans' THEN
        RETURN CASE WHEN v_type <> 'object' OR EXISTS (SELECT FROM jsonb_each(value) x WHERE jsonb_typeof(x.value) <> 'boolean')
                    THEN 'must be an object of true and false' END;
    WHEN 'types' THEN
        IF (v_type <> 'string' AND (NOT pgswarm._are_names(value) OR jsonb_array_length(value) = 0))
            OR EXISTS (SELECT FROM jsonb_array_elements_text(CASE v_type WHEN 'array' THEN value ELSE jsonb_build_array(value) END) x
                       WHERE x NOT IN ('null', 'boolean', 'object', 'array', 'number', 'string', 'integer'))
        THEN
            RETURN 'must be one or several different ones of null, boolean, object, array, number, string, integer';
        END IF;
    WHEN 'value' THEN
        NULL;
    ELSE
        RETURN 'is no keyword of JSON Schema 2020-12; what is yours begins with x-';
    END CASE;
    RETURN NULL;
END
$$;

-- The part of a JSON Pointer that names a key.
CREATE FUNCTION pgswarm._pointer_part(key text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT '/' || replace(replace(key, '~', '~0'), '/', '~1') $$;

-- The schemas directly inside of a schema, each with its place.
CREATE FUNCTION pgswarm._schema_parts(schema jsonb) RETURNS TABLE (part_at text, part jsonb)
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_key   text;
    v_value jsonb;
BEGIN
    IF jsonb_typeof(schema) <> 'object' THEN
        RETURN;
    END IF;
    FOR v_key, v_value IN SELECT * FROM jsonb_each(schema) LOOP
        CASE pgswarm._schema_word(v_key)
        WHEN 'schema' THEN
            IF pgswarm._is_schema(v_value) THEN
                part_at := '/' || v_key;
                part := v_value;
                RETURN NEXT;
            END IF;
        WHEN 'schemas' THEN
            IF jsonb_typeof(v_value) = 'object' THEN
                RETURN QUERY SELECT '/' || v_key || pgswarm._pointer_part(x.key), x.value
                FROM jsonb_each(v_value) x WHERE pgswarm._is_schema(x.value);
            END IF;
        WHEN 'schema list' THEN
            IF jsonb_typeof(v_value) = 'array' THEN
                RETURN QUERY SELECT '/' || v_key || '/' || (x.n - 1), x.value
                FROM jsonb_array_elements(v_value) WITH ORDINALITY x (value, n) WHERE pgswarm._is_schema(x.value);
            END IF;
        ELSE
            NULL;
        END CASE;
    END LOOP;
END
$$;

-- A reference made absolute (RFC 3986, 5.2), as far as the names of schemas need it.
CREATE FUNCTION pgswarm._uri_resolved(base text, reference text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_base   text := split_part(base, '#', 1);
    v_root   text := coalesce(substring(v_base FROM '^[A-Za-z][A-Za-z0-9+.-]*://[^/?]*'), substring(v_base FROM '^[A-Za-z][A-Za-z0-9+.-]*:'), '');
    v_path   text;
    v_parts  text[] := '{}';
    v_part   text;
    v_tail   text := coalesce(substring(reference FROM '[?#].*$'), '');
BEGIN
    IF reference ~ '^[A-Za-z][A-Za-z0-9+.-]*:' THEN
        RETURN reference;
    ELSIF reference = '' OR reference ~ '^#' THEN
        RETURN v_base || reference;
    ELSIF reference ~ '^//' THEN
        RETURN substring(v_root FROM '^[^:]*:') || reference;
    END IF;
    v_path := left(reference, length(reference) - length(v_tail));
    IF v_path = '' THEN
        RETURN split_part(v_base, '?', 1) || v_tail;
    ELSIF v_path !~ '^/' THEN
        v_path := regexp_replace(substr(split_part(v_base, '?', 1), length(v_root) + 1), '[^/]*$', '') || v_path;
    END IF;
    FOREACH v_part IN ARRAY string_to_array(ltrim(v_path, '/'), '/') LOOP
        IF v_part = '..' THEN
            v_parts := v_parts[:cardinality(v_parts) - 1];
        ELSIF v_part <> '.' THEN
            v_parts := v_parts || v_part;
        END IF;
    END LOOP;
    RETURN v_root || CASE WHEN v_root <> '' OR v_path ~ '^/' THEN '/' ELSE '' END || array_to_string(v_parts, '/') || v_tail;
END
$$;
