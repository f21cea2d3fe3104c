-- Regular expressions of JSON Schema (ECMA-262, with Unicode) in the words of PostgreSQL.
--
-- Only what means the same in both and can be matched by an automaton, in time linear in the text: no back-references, no
-- look-behind, no words' ends. The outcome is always read with a collation that is given: "C", where classes hold ASCII
-- alone as they do in ECMA-262, or that of Unicode for \p{…}.
SET LOCAL ROLE pgswarm_owner;

-- One character, so that it stands for nothing else wherever it is.
CREATE FUNCTION pgswarm._pattern_char(code integer) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE WHEN code BETWEEN 48 AND 57 OR code BETWEEN 65 AND 90 OR code BETWEEN 97 AND 122 THEN chr(code)
                WHEN code > 65535 THEN '\U' || lpad(to_hex(code), 8, '0')
                ELSE '\u' || lpad(to_hex(code), 4, '0') END
$$;

-- The inside of a bracket expression for an escape that stands for several characters; NULL: there is none.
CREATE FUNCTION pgswarm._pattern_class(name text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE name
        WHEN 'd' THEN '0-9'
        WHEN 'D' THEN '\u0001-\u002f\u003a-\U0010ffff'
        WHEN 'w' THEN 'A-Za-z0-9\u005f'
        WHEN 'W' THEN '\u0001-\u002f\u003a-\u0040\u005b-\u005e\u0060\u007b-\U0010ffff'
        WHEN 's' THEN '\u0009-\u000d\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff'
        WHEN 'S' THEN '\u0001-\u0008\u000e-\u001f\u0021-\u009f\u00a1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e'
            '\u2030-\u205e\u2060-\u2fff\u3001-\ufefe\uff00-\U0010ffff'
        WHEN '.' THEN '\u0001-\u0009\u000b\u000c\u000e-\u2027\u202a-\U0010ffff'
    END
$$;

-- The classes that PostgreSQL takes from ICU are general categories of Unicode, exactly.
CREATE FUNCTION pgswarm._pattern_property(name text) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE regexp_replace(name, '^(gc|General_Category)=', '')
        WHEN 'L' THEN '[:alpha:]'  WHEN 'Letter' THEN '[:alpha:]'
        WHEN 'Lu' THEN '[:upper:]' WHEN 'Uppercase_Letter' THEN '[:upper:]'
        WHEN 'Ll' THEN '[:lower:]' WHEN 'Lowercase_Letter' THEN '[:lower:]'
        WHEN 'Nd' THEN '[:digit:]' WHEN 'Decimal_Number' THEN '[:digit:]'
        WHEN 'P' THEN '[:punct:]'  WHEN 'Punctuation' THEN '[:punct:]'
    END
$$;

-- Reads an escape at a place of a pattern: how long it is, the one character or the class that it stands for.
CREATE FUNCTION pgswarm._pattern_escape(
    pattern text, place integer, OUT length integer, OUT code integer, OUT class text, OUT is_unicode boolean, OUT fault text
)
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_rest text := substr(pattern, place + 1, 40);
    v_next text := left(v_rest, 1);
    v_hex  text;
BEGIN
    length := 2;
    is_unicode := false;
    IF v_next ~ '[dDwWsS]' THEN
        class := pgswarm._pattern_class(v_next);
    ELSIF strpos('tnvfr', v_next) > 0 AND v_next <> '' THEN
        code := CASE v_next WHEN 't' THEN 9 WHEN 'n' THEN 10 WHEN 'v' THEN 11 WHEN 'f' THEN 12 ELSE 13 END;
    ELSIF v_next IN ('p', 'P') THEN
        v_hex := substring(v_rest FROM '^[pP]\{([A-Za-z_=]+)\}');
        class := pgswarm._pattern_property(v_hex);
        is_unicode := true;
        length := 4 + length(v_hex);
        IF class IS NULL OR v_next = 'P' THEN
            fault := format('\%s can not be translated', coalesce(substring(v_rest FROM '^[pP]\{[^}]*\}'), v_next));
        END IF;
    ELSIF v_rest ~ '^u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}' THEN
        code := 65536 + (('x' || substr(v_rest, 2, 4))::bit(16)::integer - 55296) * 1024
              + ('x' || substr(v_rest, 8, 4))::bit(16)::integer - 56320;
        length := 12;
    ELSIF v_rest ~ '^(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|u\{[0-9a-fA-F]{1,6}\})' THEN
        v_hex := substring(v_rest FROM '^(?:u([0-9a-fA-F]{4})|x[0-9a-fA-F]{2}|u\{[0-9a-fA-F]{1,6}\})');
        v_hex := coalesce(v_hex, substring(v_rest FROM '^x([0-9a-fA-F]{2})'), substring(v_rest FROM '^u\{([0-9a-fA-F]{1,6})\}'));
        code := ('x' || lpad(v_hex, 8, '0'))::bit(32)::integer;
        length := CASE WHEN v_rest LIKE 'u{%' THEN 4 ELSE 2 END + length(v_hex);
        IF code > 1114111 OR code BETWEEN 55296 AND 57343 THEN
            fault := format('\%s is no character', left(v_rest, length - 1));
        END IF;
    ELSIF v_rest ~ '^c[A-Za-z]' THEN
        code := ascii(substr(v_rest, 2, 1)) % 32;
        length := 3;
    ELSIF v_next <> '' AND v_next ~ '[-/^$\\.*+?()[\]{}|]' THEN
        code := ascii(v_next);
    ELSE
        fault := CASE
            WHEN v_next ~ '[1-9k]' THEN 'back-references are not allowed'
            WHEN v_next IN ('b', 'B') THEN '\b and \B are not allowed: the two languages do not agree on what a word is'
            WHEN v_next = '' THEN 'it ends with a \'
            ELSE format('\%s is not known', v_next) END;
    END IF;
    IF fault IS NULL AND code = 0 THEN
        fault := 'no text has the character 0';
    END IF;
END
$$;

-- Reads a bracket expression at a place of a pattern.
CREATE FUNCTION pgswarm._pattern_bracket(
    pattern text, place integer, OUT length integer, OUT translated text, OUT is_unicode boolean, OUT fault text
)
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_at     integer := place + 1;
    v_char   text;
    v_escape record;
    v_code   integer;
    v_class  text;
    v_first  integer;          -- the beginning of what may become a range
    v_range  boolean := false;
    v_in     text := '';
    v_not    boolean := substr(pattern, place + 1, 1) = '^';
BEGIN
    is_unicode := false;
    IF v_not THEN
        v_at := v_at + 1;
    END IF;
    LOOP
        v_char := substr(pattern, v_at, 1);
        IF v_char = '' THEN
            fault := 'a [ is not closed';
            RETURN;
        END IF;
        IF v_char = ']' OR (v_char = '-' AND v_first IS NOT NULL AND NOT v_range AND substr(pattern, v_at + 1, 1) <> ']') THEN
            IF v_char = ']' THEN
                v_in := v_in || coalesce(pgswarm._pattern_char(v_first), '') || CASE WHEN v_range THEN '\u002d' ELSE '' END;
                EXIT;
            END IF;
            v_range := true;
            v_at := v_at + 1;
            CONTINUE;
        END IF;
        v_code := ascii(v_char);
        v_class := NULL;
        IF v_char = '\' THEN
            SELECT * INTO v_escape FROM pgswarm._pattern_escape(pattern, v_at);
            fault := v_escape.fault;
            IF fault IS NOT NULL THEN
                RETURN;
            END IF;
            v_code := v_escape.code;
            v_class := v_escape.class;
            is_unicode := is_unicode OR v_escape.is_unicode;
            v_at := v_at + v_escape.length;
        ELSE
            v_at := v_at + 1;
        END IF;
        IF v_range THEN
            IF v_class IS NOT NULL OR v_code < v_first THEN
                fault := 'a range in [ ] has no order';
                RETURN;
            END IF;
            v_in := v_in || pgswarm._pattern_char(v_first) || '-' || pgswarm._pattern_char(v_code);
            v_first := NULL;
            v_range := false;
        ELSE
            v_in := v_in || coalesce(pgswarm._pattern_char(v_first), '') || coalesce(v_class, '');
            v_first := CASE WHEN v_class IS NULL THEN v_code END;
        END IF;
    END LOOP;
    length := v_at - place + 1;
    IF v_in = '' AND NOT v_not THEN
        fault := '[] matches nothing';
    END IF;
    translated := CASE WHEN v_in = '' THEN '(?:.|\u000a)' ELSE '[' || CASE WHEN v_not THEN '^' ELSE '' END || v_in || ']' END;
END
$$;

-- A pattern in PostgreSQL's words, or why there is none. The size is that of the automaton: what counted repetitions
-- multiply is bounded, and with it what a match can cost.
CREATE FUNCTION pgswarm._pattern_translated(
    pattern text, OUT translated text, OUT is_unicode boolean, OUT fault text
)
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_at      integer := 1;
    v_char    text;
    v_out     text := '';
    v_part    record;
    v_count   text;
    v_bounds  integer[];
    v_atom    numeric;              -- the size of what a quantifier would repeat; NULL: there is nothing to repeat
    v_size    numeric := 0;         -- of the sequence so far, without that
    v_outer   numeric[] := '{}';    -- those of the groups around
    v_plain   boolean[] := '{}';    -- and whether a quantifier may follow them
BEGIN
    is_unicode := false;
    IF length(pattern) > 1000 THEN
        fault := 'it has more than 1000 characters';
        RETURN;
    END IF;
    WHILE v_at <= length(pattern) AND fault IS NULL LOOP
        v_char := substr(pattern, v_at, 1);
        v_count := NULL;
        IF v_char = '{' THEN
            v_count := substring(substr(pattern, v_at) FROM '^\{[0-9]{1,6}(?:,(?:[0-9]{1,6})?)?\}');
        END IF;
        IF v_char IN ('*', '+', '?') OR v_count IS NOT NULL THEN
            IF v_atom IS NULL THEN
                fault := format('there is nothing before %s to repeat', coalesce(v_count, v_char));
                RETURN;
            END IF;
            IF v_count IS NOT NULL THEN
                v_bounds := string_to_array(trim(v_count, '{}'), ',', '')::integer[];
                IF v_bounds[1] > 255 OR v_bounds[cardinality(v_bounds)] > 255 OR v_bounds[1] > v_bounds[2] THEN
                    fault := format('the bounds of %s must be in order and at most 255', v_count);
                    RETURN;
                END IF;
                v_atom := v_atom * greatest(1, v_bounds[1], v_bounds[2]);
            END IF;
            v_out := v_out || coalesce(v_count, v_char);
            v_size := v_size + v_atom;
            v_atom := NULL;
            IF v_size > 5000 THEN
                fault := 'what it repeats makes it too large';
            END IF;
            v_at := v_at + length(coalesce(v_count, v_char));
            IF substr(pattern, v_at, 1) = '?' THEN
                v_at := v_at + 1;  -- which match is found is all one: only whether there is one
            END IF;
            CONTINUE;
        END IF;
        v_size := v_size + coalesce(v_atom, 0);
        v_atom := 1;
        IF v_char = '\' THEN
            SELECT * INTO v_part FROM pgswarm._pattern_escape(pattern, v_at);
            fault := v_part.fault;
            v_out := v_out || coalesce('[' || v_part.class || ']', pgswarm._pattern_char(v_part.code), '');
            is_unicode := is_unicode OR v_part.is_unicode;
            v_at := v_at + v_part.length;
        ELSIF v_char = '[' THEN
            SELECT * INTO v_part FROM pgswarm._pattern_bracket(pattern, v_at);
            fault := v_part.fault;
            v_out := v_out || coalesce(v_part.translated, '');
            is_unicode := is_unicode OR v_part.is_unicode;
            v_at := v_at + coalesce(v_part.length, 1);
        ELSIF v_char = '(' THEN
            v_count := substring(substr(pattern, v_at, 60) FROM '^\((?:\?(?::|=|!|<[A-Za-z_][A-Za-z0-9_]*>))?');
            IF substr(pattern, v_at + 1, 1) = '?' AND length(v_count) = 1 THEN
                fault := 'of what begins with (? only groups and look-ahead are allowed';
            END IF;
            v_out := v_out || CASE WHEN v_count IN ('(?=', '(?!') THEN v_count ELSE '(?:' END;
            v_plain := v_plain || (v_count NOT IN ('(?=', '(?!'));
            v_outer := v_outer || v_size;
            v_size := 0;
            v_atom := NULL;
            v_at := v_at + length(v_count);
        ELSIF v_char = ')' THEN
            IF cardinality(v_outer) = 0 THEN
                fault := 'a ) has no (';
            END IF;
            v_atom := CASE WHEN v_plain[cardinality(v_plain)] THEN v_size + 1 END;
            v_size := v_outer[cardinality(v_outer)] + CASE WHEN v_atom IS NULL THEN v_size ELSE 0 END;
            v_outer := v_outer[:cardinality(v_outer) - 1];
            v_plain := v_plain[:cardinality(v_plain) - 1];
            v_out := v_out || ')';
            v_at := v_at + 1;
        ELSIF v_char IN ('|', '^', '$') THEN
            v_out := v_out || v_char;
            v_atom := NULL;
            v_at := v_at + 1;
        ELSIF v_char IN (']', '}', '{') THEN
            fault := format('a %s stands alone: write \%s', v_char, v_char);
        ELSE
            v_out := v_out || CASE v_char WHEN '.' THEN '[' || pgswarm._pattern_class('.') || ']'
                                          ELSE pgswarm._pattern_char(ascii(v_char)) END;
            v_at := v_at + 1;
        END IF;
    END LOOP;
    IF fault IS NULL AND cardinality(v_outer) > 0 THEN
        fault := 'a ( is not closed';
    END IF;
    IF fault IS NOT NULL THEN
        RETURN;
    END IF;
    translated := v_out;
    IF is_unicode AND NOT EXISTS (SELECT FROM pg_catalog.pg_collation c WHERE c.collname = 'und-x-icu') THEN
        fault := '\p{…} needs a server with ICU';
        RETURN;
    END IF;
    PERFORM pgswarm._pattern_matches('', translated, is_unicode);
EXCEPTION WHEN invalid_regular_expression THEN
    fault := SQLERRM;
END
$$;

CREATE FUNCTION pgswarm._pattern_matches(value text, translated text, is_unicode boolean) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    IF is_unicode THEN
        RETURN value COLLATE "und-x-icu" ~ translated;
    END IF;
    RETURN value COLLATE "C" ~ translated;
END
$$;
