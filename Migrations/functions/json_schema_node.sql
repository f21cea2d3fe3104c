-- One schema in the form that validation reads; see json_schema_compile.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._schema_node(schema jsonb, base text, within text, urls jsonb, dyn jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_here   text := base || '#' || within;
    v_target text;
    v_node   jsonb := '{}';
    v_part   jsonb;
BEGIN
    IF schema = 'false' THEN
        RETURN '{"no": true}';
    ELSIF schema = 'true' THEN
        RETURN '{}';
    END IF;
    IF schema ? 'type' THEN
        v_node := jsonb_build_object('t',
            CASE jsonb_typeof(schema -> 'type') WHEN 'array' THEN schema -> 'type' ELSE jsonb_build_array(schema -> 'type') END);
    END IF;
    IF schema ? 'enum' THEN
        v_node := v_node || jsonb_build_object('e', schema -> 'enum');
    END IF;
    IF schema ? 'const' THEN
        v_node := v_node || jsonb_build_object('c', schema -> 'const');
    END IF;
    v_part := pgswarm._schema_picked(schema, '{minimum,maximum,exclusiveMinimum,exclusiveMaximum,multipleOf}', '{min,max,xmin,xmax,mult}');
    IF v_part <> '{}' THEN
        v_node := v_node || jsonb_build_object('n', v_part);
    END IF;
    v_part := pgswarm._schema_picked(schema, '{minLength,maxLength,pattern}', '{min,max,word}');
    IF schema ? 'pattern' THEN
        v_part := v_part || (SELECT jsonb_build_object('pat', p.translated, 'icu', p.is_unicode) FROM pgswarm._pattern_translated(schema ->> 'pattern') p);
    END IF;
    IF v_part <> '{}' THEN
        v_node := v_node || jsonb_build_object('s', v_part);
    END IF;
    v_part := pgswarm._schema_picked(schema, '{minItems,maxItems,minContains,maxContains}', '{min,max,minc,maxc}')
        || pgswarm._schema_inside(schema, v_here, urls, '{items,contains}', '{items,contains}')
        || CASE WHEN schema -> 'uniqueItems' = 'true' THEN '{"unique": true}'::jsonb ELSE '{}' END;
    IF schema ? 'prefixItems' THEN
        v_part := v_part || jsonb_build_object('prefix', pgswarm._schema_listed(schema, 'prefixItems', v_here, urls));
    END IF;
    IF v_part - '{minc,maxc}'::text[] <> '{}' THEN
        v_node := v_node || jsonb_build_object('a', v_part);
    END IF;
    v_part := pgswarm._schema_picked(schema, '{minProperties,maxProperties,required,dependentRequired}', '{min,max,req,deps}')
        || pgswarm._schema_inside(schema, v_here, urls, '{additionalProperties,propertyNames}', '{add,names}');
    IF schema ? 'properties' THEN
        v_part := v_part || jsonb_build_object('props', (
            SELECT coalesce(jsonb_object_agg(p.key, urls ->> (v_here || '/properties' || pgswarm._pointer_part(p.key))), '{}')
            FROM jsonb_each(schema -> 'properties') p));
    END IF;
    IF schema ? 'patternProperties' THEN
        v_part := v_part || jsonb_build_object('pats', (
            SELECT coalesce(jsonb_agg(jsonb_build_array(t.translated, t.is_unicode,
                                          urls ->> (v_here || '/patternProperties' || pgswarm._pointer_part(p.key)))), '[]')
            FROM jsonb_each(schema -> 'patternProperties') p CROSS JOIN LATERAL pgswarm._pattern_translated(p.key) t));
    END IF;
    IF v_part <> '{}' THEN
        v_node := v_node || jsonb_build_object('o', v_part);
    END IF;
    v_part := pgswarm._schema_inside(schema, v_here, urls, '{not,if,then,else}', '{not,if,then,else}');
    IF NOT v_part ? 'if' THEN
        v_part := v_part - '{then,else}'::text[];
    END IF;
    IF schema ? '$ref' THEN
        v_part := v_part || jsonb_build_object('ref', urls ->> pgswarm._schema_target(base, schema ->> '$ref'));
    END IF;
    IF schema ? '$dynamicRef' THEN
        v_target := pgswarm._schema_target(base, schema ->> '$dynamicRef');
        -- Only a reference whose first target is a dynamic anchor is dynamic.
        v_part := v_part || jsonb_build_object('dyn', jsonb_build_array(urls ->> v_target,
            (SELECT split_part(v_target, '#', 2) FROM jsonb_each_text(dyn -> split_part(v_target, '#', 2)) d
             WHERE d.value = urls ->> v_target LIMIT 1)));
    END IF;
    v_part := v_part
        || CASE WHEN schema ? 'allOf' THEN jsonb_build_object('all', pgswarm._schema_listed(schema, 'allOf', v_here, urls)) ELSE '{}' END
        || CASE WHEN schema ? 'anyOf' THEN jsonb_build_object('any', pgswarm._schema_listed(schema, 'anyOf', v_here, urls)) ELSE '{}' END
        || CASE WHEN schema ? 'oneOf' THEN jsonb_build_object('one', pgswarm._schema_listed(schema, 'oneOf', v_here, urls)) ELSE '{}' END;
    IF schema ? 'dependentSchemas' THEN
        v_part := v_part || jsonb_build_object('when', (
            SELECT coalesce(jsonb_object_agg(p.key, urls ->> (v_here || '/dependentSchemas' || pgswarm._pointer_part(p.key))), '{}')
            FROM jsonb_each(schema -> 'dependentSchemas') p));
    END IF;
    IF v_part <> '{}' THEN
        v_node := v_node || jsonb_build_object('l', v_part);
    END IF;
    v_part := pgswarm._schema_inside(schema, v_here, urls, '{unevaluatedProperties,unevaluatedItems}', '{props,items}');
    IF v_part <> '{}' THEN
        v_node := v_node || jsonb_build_object('u', v_part);
    END IF;
    IF dyn IS NOT NULL THEN
        v_node := v_node || jsonb_build_object('r', base);
    END IF;
    RETURN v_node;
END
$$;

-- Some keywords under shorter names; a count may be written 2.0.
CREATE FUNCTION pgswarm._schema_picked(schema jsonb, keywords text[], names text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
    SELECT coalesce(jsonb_object_agg(x.name, CASE WHEN pgswarm._schema_word(x.keyword) = 'count'
                                                  THEN to_jsonb((schema -> x.keyword)::integer) ELSE schema -> x.keyword END)
                    FILTER (WHERE schema ? x.keyword), '{}')
    FROM unnest(keywords, names) x (keyword, name)
$$;

-- The numbers of the schemas under some keywords.
CREATE FUNCTION pgswarm._schema_inside(schema jsonb, here text, urls jsonb, keywords text[], names text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
    SELECT coalesce(jsonb_object_agg(x.name, urls ->> (here || '/' || x.keyword)) FILTER (WHERE schema ? x.keyword), '{}')
    FROM unnest(keywords, names) x (keyword, name)
$$;

-- Those of a list of schemas.
CREATE FUNCTION pgswarm._schema_listed(schema jsonb, keyword text, here text, urls jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
AS $$
    SELECT jsonb_agg(urls ->> (here || '/' || keyword || '/' || i) ORDER BY i)
    FROM generate_series(0, jsonb_array_length(schema -> keyword) - 1) i
$$;
