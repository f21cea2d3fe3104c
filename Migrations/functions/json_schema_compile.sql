-- A schema made ready for use: flat, its references resolved, its patterns translated.
--
-- A compiled schema is an object: "0" is the schema itself, the other numbers are the schemas in it. What allows everything
-- isn't there. A node holds what concerns each type of value apart, so that one look tells what there is to do:
--   no          nothing is allowed                   t, e, c      types, enum, const
--   n, s, a, o  for numbers, strings, lists, objects
--   l           references and combinations          u            unevaluated…
--   r           the resource it is in, where $dynamicRef asks for it
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._percent_decoded(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_bytes bytea := '';
    v_part  text;
BEGIN
    IF strpos(value, '%') = 0 THEN
        RETURN value;
    END IF;
    FOR v_part IN SELECT m[1] FROM regexp_matches(value, '%[0-9A-Fa-f]{2}|[^%]+|%', 'g') m LOOP
        v_bytes := v_bytes || CASE WHEN v_part ~ '^%..$' THEN decode(substr(v_part, 2), 'hex') ELSE convert_to(v_part, 'UTF8') END;
    END LOOP;
    RETURN convert_from(v_bytes, 'UTF8');
EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
    RETURN value;
END
$$;

-- The key of a reference in the list of all places.
CREATE FUNCTION pgswarm._schema_target(base text, reference text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_uri text := pgswarm._uri_resolved(base, reference);
BEGIN
    RETURN split_part(v_uri, '#', 1) || '#' || pgswarm._percent_decoded(substr(v_uri, length(split_part(v_uri, '#', 1)) + 2));
END
$$;

-- How deep a value is nested, and of how many values it consists. One that is too deep is looked at no further.
CREATE FUNCTION pgswarm._json_extent(value jsonb, deepest integer, OUT depth integer, OUT parts bigint)
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    WITH RECURSIVE inside AS (
        SELECT value AS item, 1 AS level
        UNION ALL
        SELECT x.item, i.level + 1
        FROM inside i
        CROSS JOIN LATERAL (
            SELECT e.value AS item FROM jsonb_each(CASE jsonb_typeof(i.item) WHEN 'object' THEN i.item ELSE '{}' END) e
            UNION ALL
            SELECT e FROM jsonb_array_elements(CASE jsonb_typeof(i.item) WHEN 'array' THEN i.item ELSE '[]' END) e
        ) x
        WHERE i.level <= deepest
    )
    SELECT max(level), count(*) INTO depth, parts FROM inside;
END
$$;

-- All schemas of a document and of the others that it may refer to, each with its place.
CREATE FUNCTION pgswarm._schema_places(schema jsonb, others jsonb)
RETURNS TABLE (number bigint, own boolean, place text, base text, within text, outer_place text, node jsonb)
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    RETURN QUERY
    WITH RECURSIVE walk AS (
        SELECT d.own, ''::text AS place, split_part(pgswarm._uri_resolved(d.uri, coalesce(d.body ->> '$id', '')), '#', 1) AS base,
               ''::text AS within, CASE WHEN d.uri <> '' THEN d.uri || '#' END AS outer_place, d.body, 1 AS level
        FROM (SELECT true AS own, '' AS uri, schema AS body
              UNION ALL
              SELECT false, o.key, o.value FROM jsonb_each(others) o) d
        UNION ALL
        SELECT w.own, w.place || p.part_at,
               CASE WHEN i.id IS NULL THEN w.base ELSE split_part(pgswarm._uri_resolved(w.base, i.id), '#', 1) END,
               CASE WHEN i.id IS NULL THEN w.within || p.part_at ELSE '' END,
               CASE WHEN i.id IS NOT NULL THEN w.base || '#' || w.within || p.part_at END,
               p.part, w.level + 1
        FROM walk w
        CROSS JOIN LATERAL pgswarm._schema_parts(w.body) p
        CROSS JOIN LATERAL (SELECT CASE WHEN jsonb_typeof(p.part -> '$id') = 'string' THEN p.part ->> '$id' END AS id) i
    )
    SELECT row_number() OVER (ORDER BY w.own DESC, w.level, w.base, w.place) - 1, w.own, w.place, w.base, w.within, w.outer_place, w.body
    FROM walk w;
END
$$;

-- What is wrong with a schema that is read alone: too large, not a word of JSON Schema.
CREATE FUNCTION pgswarm._schema_faults(schema jsonb) RETURNS TABLE (path text, message text)
LANGUAGE plpgsql IMMUTABLE SET jit = off
AS $$
DECLARE
    v_extent record;
BEGIN
    path := '';
    message := CASE
        WHEN schema IS NULL OR NOT pgswarm._is_schema(schema) THEN 'must be a schema: an object, true or false'
        WHEN octet_length(schema::text) > 262144 THEN format('has %s bytes, the limit is 262144', octet_length(schema::text))
    END;
    IF message IS NULL THEN
        SELECT * INTO v_extent FROM pgswarm._json_extent(schema, 64);
        message := CASE
            WHEN v_extent.depth > 64 THEN 'is nested more than 64 levels deep'
            WHEN v_extent.parts > 20000 THEN format('has %s values, the limit is 20000', v_extent.parts)
        END;
    END IF;
    IF message IS NOT NULL THEN
        RETURN NEXT;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT s.place || pgswarm._pointer_part(k.key), f.fault
    FROM pgswarm._schema_places(schema, '{}') s
    CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(s.node) WHEN 'object' THEN s.node ELSE '{}' END) k
    CROSS JOIN LATERAL (
        SELECT coalesce(
            pgswarm._schema_fault(k.key, k.value),
            CASE k.key
            WHEN '$schema' THEN CASE WHEN rtrim(k.value #>> '{}', '#') <> 'https://json-schema.org/draft/2020-12/schema'
                THEN 'must be https://json-schema.org/draft/2020-12/schema, the only dialect that is known' END
            WHEN 'pattern' THEN (SELECT 'is no pattern that can be used: ' || p.fault FROM pgswarm._pattern_translated(k.value #>> '{}') p WHERE p.fault IS NOT NULL)
            WHEN 'patternProperties' THEN (
                SELECT format('has a name that is no pattern that can be used: %s: %s', quote_literal(n), p.fault)
                FROM jsonb_object_keys(k.value) n CROSS JOIN LATERAL pgswarm._pattern_translated(n) p
                WHERE p.fault IS NOT NULL ORDER BY n LIMIT 1)
            END) AS fault
    ) f
    WHERE f.fault IS NOT NULL
    ORDER BY s.number, k.key;
END
$$;

-- A schema made ready, or {"errors": [{path, message}]}. Others are documents that it may refer to, by their names: nothing
-- is ever fetched.
CREATE FUNCTION pgswarm._schema_compiled(schema jsonb, others jsonb DEFAULT '{}') RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    v_errors jsonb;
    v_urls   jsonb;
    v_loop   text;
    v_nodes  jsonb;
    v_edges  jsonb;
    v_places jsonb;
    v_dyn    jsonb;
BEGIN
    SELECT jsonb_agg(jsonb_build_object('path', f.path, 'message', f.message)) INTO v_errors
    FROM (SELECT * FROM pgswarm._schema_faults(schema) LIMIT 20) f;
    IF v_errors IS NOT NULL THEN
        RETURN jsonb_build_object('errors', v_errors);
    END IF;
    v_places := (SELECT jsonb_agg(to_jsonb(s) ORDER BY s.number) FROM pgswarm._schema_places(schema, others) s);
    -- Every name that a reference may use.
    WITH place AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(v_places) s (number bigint, own boolean, place text, base text, within text, outer_place text, node jsonb)
    ), name AS (
        SELECT s.base || '#' || s.within AS key, s.number, s.own, s.place FROM place s
        UNION ALL
        SELECT s.outer_place, s.number, s.own, s.place FROM place s WHERE s.outer_place IS NOT NULL AND s.outer_place <> s.base || '#' || s.within
        UNION ALL
        SELECT DISTINCT s.base || '#' || (s.node ->> a), s.number, s.own, s.place
        FROM place s CROSS JOIN unnest(ARRAY['$anchor', '$dynamicAnchor']) a WHERE s.node ? a
    ), twice AS (
        SELECT n.key, max(n.place) AS place FROM name n GROUP BY n.key HAVING count(DISTINCT n.number) > 1 AND bool_or(n.own)
    )
    SELECT (SELECT jsonb_object_agg(n.key, n.number) FROM name n),
           (SELECT jsonb_agg(jsonb_build_object('path', t.place, 'message', format('two schemas have the name %s', t.key))) FROM twice t)
    INTO v_urls, v_errors;
    IF v_errors IS NULL THEN
        SELECT jsonb_agg(jsonb_build_object('path', s.place || '/' || k, 'message',
                   format('refers to %s, which is not in this document; nothing is fetched', s.node ->> k)) ORDER BY s.number)
        INTO v_errors
        FROM jsonb_to_recordset(v_places) s (number bigint, place text, base text, node jsonb)
        CROSS JOIN unnest(ARRAY['$ref', '$dynamicRef']) k
        WHERE s.node ? k AND NOT v_urls ? pgswarm._schema_target(s.base, s.node ->> k);
    END IF;
    IF v_errors IS NOT NULL THEN
        RETURN jsonb_build_object('errors', v_errors);
    END IF;
    -- Which resource answers for a name that is resolved when it is used.
    SELECT jsonb_object_agg(d.name, d.by_resource) INTO v_dyn
    FROM (SELECT s.node ->> '$dynamicAnchor' AS name, jsonb_object_agg(s.base, s.number::text) AS by_resource
          FROM jsonb_to_recordset(v_places) s (number bigint, base text, node jsonb)
          WHERE s.node ? '$dynamicAnchor' GROUP BY 1) d;
    SELECT jsonb_object_agg(n.number, n.made) FILTER (WHERE n.made <> '{}'), jsonb_object_agg(n.number, n.made -> 'l') FILTER (WHERE n.made ? 'l')
    INTO v_nodes, v_edges
    FROM (SELECT s.number, pgswarm._schema_node(s.node, s.base, s.within, v_urls, v_dyn) AS made
          FROM jsonb_to_recordset(v_places) s (number bigint, base text, within text, node jsonb)) n;
    v_loop := pgswarm._schema_loop(v_edges);
    IF v_loop IS NOT NULL THEN
        RETURN jsonb_build_object('errors', jsonb_build_array(jsonb_build_object(
            'path', (SELECT s ->> 'place' FROM jsonb_array_elements(v_places) s WHERE s ->> 'number' = v_loop),
            'message', 'refers to itself without looking into the value')));
    END IF;
    RETURN coalesce(v_nodes, '{}') || jsonb_strip_nulls(jsonb_build_object('v', 1, 'dyn', v_dyn));
END
$$;

-- A schema that leads back to itself at the same value; NULL: there is none.
CREATE FUNCTION pgswarm._schema_loop(edges jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_loop text;
BEGIN
    WITH RECURSIVE edge AS MATERIALIZED (
        SELECT n.key AS source, x.target
        FROM jsonb_each(edges) n
        CROSS JOIN LATERAL jsonb_each(n.value) k
        CROSS JOIN LATERAL (
            SELECT k.value #>> '{}' WHERE jsonb_typeof(k.value) = 'string'
            UNION ALL
            SELECT e FROM jsonb_array_elements_text(CASE WHEN k.key IN ('all', 'any', 'one') THEN k.value ELSE '[]' END) e
            UNION ALL
            SELECT k.value ->> 0 WHERE k.key = 'dyn'
            UNION ALL
            SELECT e.value FROM jsonb_each_text(CASE WHEN k.key = 'when' THEN k.value ELSE '{}' END) e
        ) x (target)
    ), reach AS (
        SELECT e.source, e.target FROM edge e
        UNION
        SELECT r.source, e.target FROM reach r JOIN edge e ON e.source = r.target
    )
    SELECT r.source INTO v_loop FROM reach r WHERE r.source = r.target ORDER BY r.source::bigint LIMIT 1;
    RETURN v_loop;
END
$$;
