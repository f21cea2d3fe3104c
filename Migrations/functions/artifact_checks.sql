-- Forms: what a kind, a name, a type, a reference and a body of an artifact must look like.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._artifact_kind(kind text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    IF kind IS NULL OR kind !~ '^[a-z][a-z0-9_-]*$' OR length(kind) > 64 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a kind of artifact', left(kind, 80)),
            'it is code, document, data, report, log, diff, or another word of small letters, digits, _ and -');
    END IF;
    RETURN kind;
END
$$;

-- A name looks like a path, and is none: nothing here may lead out of the folder into which somebody puts it.
CREATE FUNCTION pgswarm._artifact_name(name text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    IF name !~ '^[A-Za-z0-9._][A-Za-z0-9._/@+=-]*$' OR length(name) > 200
        OR name ~ '(^|/)\.(/|$)' OR strpos(name, '..') > 0 OR strpos(name, '//') > 0 OR name LIKE '%/'
    THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not the name of an artifact', left(name, 80)),
            'a name has up to 200 letters, digits and the characters . _ / @ + = -, no "..", and neither begins nor ends with /');
    END IF;
    RETURN name;
END
$$;

CREATE FUNCTION pgswarm._media_type(media_type text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    IF lower(media_type) !~ '^[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*$' OR length(media_type) > 127 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a media type', left(media_type, 80)),
            'write type/subtype without parameters, for example text/markdown or application/json; texts are UTF-8');
    END IF;
    RETURN lower(media_type);
END
$$;

CREATE FUNCTION pgswarm._is_json_type(media_type text) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$ SELECT media_type = 'application/json' OR media_type LIKE '%+json' $$;

-- A reference is kept as it is written, and never followed by the database. Printable ASCII, so that it shows what it is.
CREATE FUNCTION pgswarm._reference(reference text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_plain text := replace(replace(lower(reference), '%2e', '.'), '%2f', '/');
BEGIN
    IF octet_length(reference) > 2000 THEN
        PERFORM pgswarm._refuse('too_large', format('the reference has %s bytes, the limit is 2000', octet_length(reference)),
            'point at the thing itself, without what it contains');
    END IF;
    IF reference !~ '^[!-~]+$' OR v_plain ~ '%([01][0-9a-f]|7f)' THEN
        PERFORM pgswarm._refuse('invalid_argument', 'the reference has blanks, control characters or others outside ASCII',
            'write what is not printable ASCII as %XX; control characters have no place in a reference');
    END IF;
    IF v_plain ~ '(^|[/:])\.\.?(/|$)' THEN
        PERFORM pgswarm._refuse('invalid_argument', format('the reference %L has a step . or ..', left(reference, 200)),
            'write the path from its root, in its normal form');
    END IF;
    IF reference !~ '^git:[0-9a-f]+:[^/]' AND reference !~ '^file:.' AND reference !~ '^(https|s3|gs|oci)://[^/@]+(/[^@]*)?$'
        OR reference LIKE 'git:%' AND length(split_part(reference, ':', 2)) NOT IN (40, 64)
    THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a reference', left(reference, 200)),
            'write git:<whole commit hash>:<path>, file:<path>, or an address with https, s3, gs or oci, without user or password');
    END IF;
    RETURN reference;
END
$$;

CREATE FUNCTION pgswarm._given_hash(sha256 text) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_hash text := regexp_replace(lower(sha256), '^sha256:', '');
BEGIN
    IF v_hash !~ '^[0-9a-f]+$' OR length(v_hash) <> 64 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a SHA-256', left(sha256, 80)),
            'give 64 hexadecimal digits, as sha256sum prints them');
    END IF;
    RETURN decode(v_hash, 'hex');
END
$$;

-- What is said to be text must be text: it is shown to people and agents as such.
CREATE FUNCTION pgswarm._artifact_form(body bytea, media_type text) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_text text;
BEGIN
    IF NOT pgswarm._is_json_type(media_type) AND media_type NOT LIKE 'text/%' THEN
        RETURN 'binary';
    END IF;
    BEGIN
        v_text := convert_from(body, 'UTF8');
    EXCEPTION WHEN data_exception THEN
        PERFORM pgswarm._refuse('invalid_argument',
            format('the body is not %s: it is no UTF-8, or has a zero byte (%s)', media_type, SQLERRM),
            'convert it to UTF-8 without zero bytes, or put it as application/octet-stream');
    END;
    IF media_type LIKE 'text/%' THEN
        RETURN 'text';
    END IF;
    BEGIN
        PERFORM v_text::jsonb;
    EXCEPTION WHEN data_exception OR statement_too_complex THEN
        PERFORM pgswarm._refuse('invalid_argument', format('the body is not %s: %s', media_type, SQLERRM),
            'put one JSON value without \u0000, or put it as text/plain');
    END;
    RETURN 'json';
END
$$;
