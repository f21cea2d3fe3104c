-- Contracts: names, semantic versions and their order, and how two versions compare.
SET LOCAL ROLE pgswarm_owner;

-- A version taken apart (https://semver.org); its numbers stay NULL where it is none.
CREATE FUNCTION pgswarm._semver(version text, OUT major integer, OUT minor integer, OUT patch integer, OUT pre text[])
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_part text[] := regexp_match(version, '^(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})(?:-([0-9A-Za-z.-]{1,100}))?$');
BEGIN
    IF v_part IS NULL OR v_part[4] ~ '(^|\.)(\.|$|0[0-9]+(\.|$)|[0-9]{10})' THEN
        RETURN;
    END IF;
    major := v_part[1];
    minor := v_part[2];
    patch := v_part[3];
    -- Numbers come before words and in their own order; the array compares as the specification asks.
    pre := ARRAY(SELECT CASE WHEN p ~ '^[0-9]+$' THEN '0' || lpad(p, 10, '0') ELSE '1' || p END
                 FROM unnest(string_to_array(v_part[4], '.')) WITH ORDINALITY x (p, n) ORDER BY n);
    pre := nullif(pre, '{}');
END
$$;

CREATE FUNCTION pgswarm._check_semver(version text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF version IS NULL OR (pgswarm._semver(version)).major IS NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a version', left(coalesce(version, ''), 80)),
            'write MAJOR.MINOR.PATCH, such as 1.4.0, with -rc.1 or the like behind it for what is not final');
    END IF;
END
$$;

-- Of versions of one line a later one may take an earlier one's place. While the major version is 0, anything may change
-- with the minor one.
CREATE FUNCTION pgswarm._same_line(one pgswarm.contract_version, other pgswarm.contract_version) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$ SELECT one.major = other.major AND (one.major > 0 OR one.minor = other.minor) $$;

CREATE FUNCTION pgswarm._comes_before(one pgswarm.contract_version, other pgswarm.contract_version) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    SELECT (one.major, one.minor, one.patch, one.pre IS NULL, coalesce(one.pre, '{}'))
         < (other.major, other.minor, other.patch, other.pre IS NULL, coalesce(other.pre, '{}'))
$$;

CREATE FUNCTION pgswarm._pin_written(version integer) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT c.name || '@' || v.version FROM pgswarm.contract_version v JOIN pgswarm.contract c ON c.id = v.contract
            WHERE v.id = _pin_written.version);
END
$$;

-- One version by name, or the newest that was agreed (version NULL).
CREATE FUNCTION pgswarm._known_contract(name text, version text) RETURNS pgswarm.contract_version
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v pgswarm.contract_version;
BEGIN
    IF NOT EXISTS (SELECT FROM pgswarm.contract c WHERE c.name = _known_contract.name) THEN
        PERFORM pgswarm._refuse('not_found', format('there is no contract "%s"', name),
            'see them with: SELECT name, version FROM pgswarm.contracts, or pgswarm contract list');
    END IF;
    SELECT x.* INTO v FROM pgswarm.contract_version x JOIN pgswarm.contract c ON c.id = x.contract
    WHERE c.name = _known_contract.name
      AND CASE WHEN _known_contract.version IS NULL THEN x.status = 'agreed' ELSE x.version = _known_contract.version END
    ORDER BY x.major DESC, x.minor DESC, x.patch DESC, x.pre IS NULL DESC, x.pre DESC LIMIT 1;
    IF NOT FOUND AND version IS NULL THEN
        PERFORM pgswarm._refuse('not_found', format('contract "%s" has no agreed version yet', name),
            format('name a version; see them with: pgswarm contract list %s', name));
    ELSIF NOT FOUND THEN
        PERFORM pgswarm._refuse('not_found', format('contract "%s" has no version %s', name, version),
            format('it has %s', (SELECT string_agg(x.version, ', ' ORDER BY x.major, x.minor, x.patch, x.pre IS NULL, x.pre)
                                 FROM pgswarm.contract_version x JOIN pgswarm.contract c ON c.id = x.contract
                                 WHERE c.name = _known_contract.name)));
    END IF;
    RETURN v;
END
$$;

-- What a version is compared with: the last one before it that was agreed.
CREATE FUNCTION pgswarm._contract_base(version pgswarm.contract_version) RETURNS pgswarm.contract_version
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
DECLARE
    v_base pgswarm.contract_version;
BEGIN
    SELECT * INTO v_base FROM pgswarm.contract_version v
    WHERE v.contract = (_contract_base.version).contract AND v.status IN ('agreed', 'deprecated')
      AND pgswarm._comes_before(v, _contract_base.version)
    ORDER BY v.major DESC, v.minor DESC, v.patch DESC, v.pre IS NULL DESC, v.pre DESC LIMIT 1;
    RETURN v_base;
END
$$;

-- A compiled schema, made anew where an older form of it was kept.
CREATE FUNCTION pgswarm._contract_compiled(version pgswarm.contract_version) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
BEGIN
    IF version.compiled -> 'v' = '1' THEN
        RETURN version.compiled || '{}';  -- read and unpacked once, not at each look
    END IF;
    RETURN pgswarm._schema_compiled(version.body);
END
$$;

-- How a version compares with the one before it. Of texts nobody but a reader can tell; a new line is a break by its
-- number, unless it is proven to be none.
CREATE FUNCTION pgswarm._contract_compared(
    base pgswarm.contract_version, next pgswarm.contract_version, mode text, OUT verdict text, OUT reasons jsonb, OUT breaking boolean
)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    reasons := '[]';
    breaking := false;
    IF base.id IS NULL THEN
        RETURN;
    ELSIF mode = 'none' THEN
        verdict := 'compatible';
        breaking := NOT pgswarm._same_line(base, next);
        RETURN;
    ELSIF base.digest = next.digest AND base.kind = next.kind THEN
        verdict := 'compatible';
    ELSIF base.kind <> next.kind THEN
        verdict := 'incompatible';
        reasons := jsonb_build_array(jsonb_build_object('path', '', 'message', format('was %s, is %s', base.kind, next.kind)));
    ELSIF base.kind = 'json_schema' THEN
        SELECT c.verdict, c.reasons INTO verdict, reasons
        FROM pgswarm._compat_of(pgswarm._contract_compiled(base), pgswarm._contract_compiled(next), mode) c;
    ELSE
        verdict := 'unknown';
        reasons := jsonb_build_array(jsonb_build_object('path', '', 'message', 'is a text, which can not be compared'));
    END IF;
    breaking := verdict = 'incompatible' OR (verdict = 'unknown' AND NOT pgswarm._same_line(base, next));
END
$$;

-- Reasons in a sentence.
CREATE FUNCTION pgswarm._reasons_written(reasons jsonb) RETURNS text
LANGUAGE sql STABLE
AS $$
    SELECT coalesce(nullif(reasons #>> '{0,path}', ''), 'it') || ' ' || (reasons #>> '{0,message}')
        || coalesce('; for example ' || pgswarm._json_written(reasons #> '{0,example}'), '')
$$;
