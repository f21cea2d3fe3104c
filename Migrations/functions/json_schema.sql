-- JSON Schema 2020-12, in the database: whether a value fits a schema, where it does not, whether a schema is one.
--
-- What is left out, and refused where it would matter: references to other documents, dialects other than 2020-12, patterns
-- that an automaton can't match. "format" says something to readers and decides nothing, as the specification has it.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._schema_ready(schema jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_compiled jsonb := pgswarm._schema_compiled(schema);
BEGIN
    IF v_compiled ? 'errors' THEN
        PERFORM pgswarm._refuse('invalid_argument',
            format('the schema can not be used: %s %s', coalesce(nullif(v_compiled #>> '{errors,0,path}', ''), 'it'), v_compiled #>> '{errors,0,message}'),
            'see all of it with: SELECT * FROM pgswarm.schema_check(…)');
    END IF;
    RETURN v_compiled;
END
$$;

-- Errors of a value by a compiled schema: an empty list when it fits; NULL when there was no answer within the budget.
CREATE FUNCTION pgswarm._schema_judged(compiled jsonb, value jsonb, most integer) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    r record;
BEGIN
    r := pgswarm._schema_eval(compiled, '0', value, '', 0, 0, 0, false, '{}');
    IF r.ok THEN
        RETURN '[]';
    ELSIF NOT r.ok THEN
        r := pgswarm._schema_eval(compiled, '0', value, '', 0, 0, most, false, '{}');
        IF r.ok IS NOT NULL THEN
            RETURN r.errors;
        END IF;
    END IF;
    RETURN NULL;
EXCEPTION WHEN statement_too_complex THEN
    RETURN NULL;
END
$$;

CREATE FUNCTION pgswarm.schema_errors(schema jsonb, value jsonb, "limit" integer DEFAULT 20)
RETURNS TABLE (path text, message text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET jit = off
AS $$
DECLARE
    v_errors jsonb;
BEGIN
    IF "limit" IS NULL OR "limit" NOT BETWEEN 1 AND 1000 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('a limit of %s is out of range', coalesce("limit"::text, 'NULL')), 'choose 1 to 1000');
    END IF;
    v_errors := pgswarm._schema_judged(pgswarm._schema_ready(schema), pgswarm._bounded('value', value), "limit");
    IF v_errors IS NULL THEN
        PERFORM pgswarm._refuse('too_large',
            format('there is no answer within %s steps and 150 levels', pgswarm._schema_budget()), 'make the value or the schema smaller');
    END IF;
    RETURN QUERY SELECT e ->> 'path', e ->> 'message' FROM jsonb_array_elements(v_errors) e LIMIT "limit";
END
$$;
COMMENT ON FUNCTION pgswarm.schema_errors IS
    'What is wrong with a value by a JSON Schema (2020-12), with the place of each error as a JSON Pointer. None: it fits.';

CREATE FUNCTION pgswarm.schema_validate(schema jsonb, value jsonb, OUT valid boolean, OUT path text, OUT message text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET jit = off
AS $$
BEGIN
    SELECT e.path, e.message INTO path, message FROM pgswarm.schema_errors(schema, value, 1) e;
    valid := NOT FOUND;
END
$$;
COMMENT ON FUNCTION pgswarm.schema_validate IS 'Whether a value fits a JSON Schema (2020-12), and if not, the first place where it does not.';

CREATE FUNCTION pgswarm.schema_check(schema jsonb) RETURNS TABLE (path text, message text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp SET jit = off
AS $$
BEGIN
    RETURN QUERY SELECT e ->> 'path', e ->> 'message' FROM jsonb_array_elements(pgswarm._schema_compiled(schema) -> 'errors') e;
END
$$;
COMMENT ON FUNCTION pgswarm.schema_check IS
    'What is wrong with a JSON Schema (2020-12) itself: unknown keywords, references to elsewhere, patterns that can not be '
    'used, a size beyond the bounds. No row: it can be used.';
