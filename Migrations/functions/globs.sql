-- Names of paths and globs: one normal form, and whether two of them can match the same path.
--
-- Within a segment: * any characters, ? one, [abc] [a-z] [!a-z] one of a set, \ takes the next character as it is.
-- A segment ** stands for any number of segments, none included: a/** is a and all below it.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._refuse_glob(pattern text, message text, hint text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pgswarm._refuse('invalid_argument', format('%L is no path or glob: %s', left(pattern, 80), message), hint);
END
$$;

-- One text for all spellings of a name.
CREATE FUNCTION pgswarm._folded(name text, case_sensitive boolean) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    IF NOT case_sensitive THEN
        name := lower(name);
    END IF;
    RETURN CASE WHEN getdatabaseencoding() = 'UTF8' THEN normalize(name, NFC) ELSE name END;
END
$$;

-- The tokens of a segment in its normal form: which characters each of them accepts, as ranges of code points. NULL
-- is a star.
CREATE FUNCTION pgswarm._glob_tokens(segment text) RETURNS int4multirange[]
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    c_any    CONSTANT int4multirange := '{[1,47),[48,1114112)}';  -- a slash is never part of a name
    v_chars  text[] := string_to_array(segment, NULL);
    v_count  integer := cardinality(v_chars);
    v_tokens int4multirange[] := '{}';
    v_set    int4multirange;
    v_not    boolean;
    v_first  boolean;
    v_low    integer;
    v_high   integer;
    i        integer := 1;
BEGIN
    WHILE i <= v_count LOOP
        CASE v_chars[i]
        WHEN '*' THEN
            v_tokens := array_append(v_tokens, NULL);
        WHEN '?' THEN
            v_tokens := array_append(v_tokens, c_any);
        WHEN '[' THEN
            v_set := '{}';
            v_first := true;
            v_not := coalesce(v_chars[i + 1] IN ('!', '^'), false);
            i := i + CASE WHEN v_not THEN 2 ELSE 1 END;
            WHILE v_first OR v_chars[i] IS DISTINCT FROM ']' LOOP
                IF v_chars[i] = '[' AND v_chars[i + 1] IN (':', '.', '=') THEN
                    PERFORM pgswarm._refuse_glob(segment, 'a set has no named classes', 'write a range, such as [a-z]');
                END IF;
                IF v_chars[i] = '\' THEN
                    i := i + 1;
                END IF;
                v_low := ascii(v_chars[i]);
                v_high := v_low;
                IF v_chars[i + 1] = '-' AND v_chars[i + 2] <> ']' THEN
                    i := i + CASE WHEN v_chars[i + 2] = '\' THEN 3 ELSE 2 END;
                    v_high := ascii(v_chars[i]);
                END IF;
                IF i > v_count THEN
                    PERFORM pgswarm._refuse_glob(segment, 'a [ has no ]', 'close it, or write \[ for the character itself');
                ELSIF v_high < v_low THEN
                    PERFORM pgswarm._refuse_glob(segment, 'a range in a set is empty', 'put the smaller end first');
                END IF;
                v_set := v_set + int4multirange(int4range(v_low, v_high, '[]'));
                v_first := false;
                i := i + 1;
            END LOOP;
            v_set := CASE WHEN v_not THEN c_any - v_set ELSE c_any * v_set END;
            IF isempty(v_set) THEN
                PERFORM pgswarm._refuse_glob(segment, 'a set has no character in it', 'no path could match it');
            END IF;
            v_tokens := array_append(v_tokens, v_set);
        ELSE
            IF v_chars[i] = '\' THEN
                i := i + 1;
            END IF;
            v_tokens := array_append(v_tokens, int4multirange(int4range(ascii(v_chars[i]), ascii(v_chars[i]), '[]')));
        END CASE;
        i := i + 1;
    END LOOP;
    RETURN v_tokens;
END
$$;

-- In a namespace that ignores case, names are folded to small letters. A range that reaches into the capitals in part
-- has no small counterpart.
CREATE FUNCTION pgswarm._check_fold(pattern text) RETURNS void
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_range text[];
BEGIN
    FOR v_range IN SELECT r.ends FROM regexp_matches(pattern, '([^\\])-([^\]])', 'g') r (ends) LOOP
        IF pattern ~ '\[' AND v_range[1] <= v_range[2] COLLATE "C" AND v_range[1] <= 'Z' COLLATE "C"
            AND v_range[2] >= 'A' COLLATE "C"
            AND NOT (v_range[1] >= 'A' COLLATE "C" AND v_range[2] <= 'Z' COLLATE "C")
            AND NOT (v_range[1] < 'A' COLLATE "C" AND v_range[2] >= 'z' COLLATE "C")
        THEN
            PERFORM pgswarm._refuse_glob(pattern,
                format('the range %s-%s mixes cases, and this namespace ignores case', v_range[1], v_range[2]),
                'write its parts one by one, such as [A-Z_]');
        END IF;
    END LOOP;
END
$$;

-- The normal form of one segment, and its literal beginning and end.
CREATE FUNCTION pgswarm._normal_segment(
    segment text, OUT normal text, OUT head text, OUT tail text, OUT wild boolean
)
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_chars text[];
    v_char  text;
    v_end   integer;
    v_stars boolean := false;
    i       integer := 1;
BEGIN
    wild := false;
    IF segment !~ '[*?[\\{]' THEN  -- most names
        normal := segment;
        head := segment;
        tail := segment;
    ELSE
        v_chars := string_to_array(segment, NULL);
        normal := '';
        head := '';
        tail := '';
        WHILE i <= cardinality(v_chars) LOOP
            v_char := v_chars[i];
            IF v_char IN ('*', '?', '[') THEN
                wild := true;
                tail := '';
                IF v_char = '[' THEN
                    v_end := i + CASE WHEN v_chars[i + 1] IN ('!', '^') THEN 2 ELSE 1 END;
                    v_end := v_end + CASE WHEN v_chars[v_end] = '\' THEN 2 ELSE 1 END;  -- the first is never the end
                    WHILE v_end < cardinality(v_chars) AND v_chars[v_end] <> ']' LOOP
                        v_end := v_end + CASE WHEN v_chars[v_end] = '\' THEN 2 ELSE 1 END;
                    END LOOP;
                    v_char := array_to_string(v_chars[i:v_end], '');
                    i := v_end;
                END IF;
                IF v_char <> '*' OR NOT v_stars THEN
                    normal := normal || v_char;
                END IF;
                v_stars := v_char = '*';
            ELSE
                IF v_char = '\' THEN
                    i := i + 1;
                    v_char := v_chars[i];
                    IF v_char IS NULL THEN
                        PERFORM pgswarm._refuse_glob(segment, 'nothing follows the \',
                            'a backslash takes the next character as it is; write \\ for one, and / between folders');
                    END IF;
                ELSIF v_char = '{' AND array_to_string(v_chars[i:], '') ~ '^\{[^}]*,[^}]*\}' THEN
                    PERFORM pgswarm._refuse_glob(segment, 'braces don''t list alternatives here',
                        'name each alternative by itself, or write \{ for the character');
                END IF;
                normal := normal || CASE WHEN v_char IN ('*', '?', '[', '\', '{') THEN '\' ELSE '' END || v_char;
                tail := tail || v_char;
                IF NOT wild THEN
                    head := head || v_char;
                END IF;
                v_stars := false;
            END IF;
            i := i + 1;
        END LOOP;
    END IF;
    IF cardinality(CASE WHEN length(normal) > 255 OR strpos(normal, '[') > 0
                        THEN pgswarm._glob_tokens(normal) END) > 255 THEN
        PERFORM pgswarm._refuse_glob(segment, 'a name in it is longer than 255 characters', 'shorten it with a *');
    END IF;
END
$$;

-- The normal form of a path or glob, with what all its paths begin with, and what they end with, read backwards.
CREATE FUNCTION pgswarm._normal_glob(
    pattern text, case_sensitive boolean, OUT normal text, OUT head text, OUT tail text
)
LANGUAGE plpgsql IMMUTABLE
AS $$
#variable_conflict use_column
DECLARE
    v_parts   text[] := '{}';
    v_part    text;
    v_segment record;
    v_heads   text[] := '{}';
    v_tails   text[] := '{}';
    v_wild    boolean[] := '{}';
    v_count   integer;
BEGIN
    IF pattern IS NULL OR pattern = '' THEN
        PERFORM pgswarm._refuse_glob(coalesce(pattern, ''), 'it is empty', 'for example: src/**/*.ts');
    ELSIF length(pattern) > 16384 THEN
        PERFORM pgswarm._refuse('too_large', format('a glob of %s characters is too long', length(pattern)),
            'a glob has at most 1024 characters');
    ELSIF pattern ~ '[[:cntrl:]]' THEN
        PERFORM pgswarm._refuse_glob(pattern, 'it has a control character', 'write ? in its place');
    END IF;
    IF NOT case_sensitive THEN
        PERFORM pgswarm._check_fold(pattern);
    END IF;
    FOREACH v_part IN ARRAY string_to_array(pgswarm._folded(pattern, case_sensitive), '/') LOOP
        v_count := cardinality(v_parts);
        CASE
        WHEN v_part IN ('', '.') THEN
            NULL;
        WHEN v_part = '..' THEN
            IF v_count = 0 THEN
                PERFORM pgswarm._refuse_glob(pattern, 'it leaves the root of its namespace',
                    'paths begin at the root, such as src/main.ts');
            ELSIF v_parts[v_count] = '**' THEN
                PERFORM pgswarm._refuse_glob(pattern, '.. has no meaning after **', 'name the folder itself');
            END IF;
            v_parts := v_parts[:v_count - 1];
        WHEN v_part ~ '^\*\*+$' THEN
            IF v_count = 0 OR v_parts[v_count] <> '**' THEN
                v_parts := v_parts || '**'::text;
            END IF;
        ELSE
            v_parts := v_parts || v_part;
        END CASE;
    END LOOP;
    -- A folder named with its slash is meant with all that is in it.
    IF right(pattern, 1) = '/' AND v_parts[cardinality(v_parts)] IS DISTINCT FROM '**' THEN
        v_parts := v_parts || '**'::text;
    END IF;
    v_count := cardinality(v_parts);
    IF v_count = 0 THEN
        PERFORM pgswarm._refuse_glob(pattern, 'it names the root itself', 'write ** for everything');
    ELSIF v_count > 128 THEN
        PERFORM pgswarm._refuse('too_large', format('a glob of %s segments is too deep', v_count),
            'a glob has at most 128 segments');
    END IF;
    FOR i IN 1..v_count LOOP
        IF v_parts[i] <> '**' THEN
            v_segment := pgswarm._normal_segment(v_parts[i]);
            v_parts[i] := v_segment.normal;
            v_heads[i] := v_segment.head;
            v_tails[i] := v_segment.tail;
            v_wild[i] := v_segment.wild;
        END IF;
    END LOOP;
    normal := array_to_string(v_parts, '/');
    IF length(normal) > 1024 THEN
        PERFORM pgswarm._refuse('too_large', format('a glob of %s characters is too long', length(normal)),
            'a glob has at most 1024 characters');
    END IF;
    head := '';
    FOR i IN 1..v_count LOOP
        EXIT WHEN v_parts[i] = '**';
        head := head || CASE WHEN i > 1 THEN '/' ELSE '' END || v_heads[i];
        EXIT WHEN v_wild[i];
    END LOOP;
    tail := '';
    FOR i IN REVERSE v_count..1 LOOP
        EXIT WHEN v_parts[i] = '**';
        tail := v_tails[i] || CASE WHEN i < v_count THEN '/' ELSE '' END || tail;
        EXIT WHEN v_wild[i];
    END LOOP;
    tail := reverse(tail);
END
$$;

-- A path as a glob that matches it and nothing else.
CREATE FUNCTION pgswarm._escaped(path text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE WHEN path ~ '[*?[\\{]' THEN regexp_replace(path, '([*?[\\{])', '\\\1', 'g') ELSE path END $$;
