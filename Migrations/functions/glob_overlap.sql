-- Whether two globs can match the same path. Both are in their normal form, see globs.sql.
SET LOCAL ROLE pgswarm_owner;

-- Can one name match both segments? The product of the two as automata, walked in the one way that can matter: with a
-- star on both sides only the fixed beginnings and ends can disagree; with a star on one side each of its fixed pieces
-- is best found as far left as possible. So it takes at most the product of the lengths, and mostly their sum.
CREATE FUNCTION pgswarm._segments_meet(a text, b text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_a     int4multirange[];
    v_b     int4multirange[];
    v_swap  int4multirange[];
    v_na    integer;
    v_nb    integer;
    v_star  integer := 0;
    v_mark  integer;
    i       integer := 1;
    j       integer := 1;
BEGIN
    IF a = b OR a = '*' OR b = '*' THEN
        RETURN true;
    ELSIF a !~ '[*?[\\]' AND b !~ '[*?[\\]' THEN
        RETURN false;
    END IF;
    v_a := pgswarm._glob_tokens(a);
    v_b := pgswarm._glob_tokens(b);
    IF array_position(v_b, NULL) IS NOT NULL AND array_position(v_a, NULL) IS NULL THEN
        v_swap := v_a;
        v_a := v_b;
        v_b := v_swap;
    END IF;
    v_na := cardinality(v_a);
    v_nb := cardinality(v_b);
    IF array_position(v_a, NULL) IS NULL THEN
        IF v_na <> v_nb THEN
            RETURN false;
        END IF;
        FOR k IN 1..v_na LOOP
            IF NOT v_a[k] && v_b[k] THEN
                RETURN false;
            END IF;
        END LOOP;
        RETURN true;
    ELSIF array_position(v_b, NULL) IS NOT NULL THEN
        WHILE v_a[i] IS NOT NULL AND v_b[i] IS NOT NULL LOOP
            IF NOT v_a[i] && v_b[i] THEN
                RETURN false;
            END IF;
            i := i + 1;
        END LOOP;
        WHILE v_a[v_na] IS NOT NULL AND v_b[v_nb] IS NOT NULL LOOP
            IF NOT v_a[v_na] && v_b[v_nb] THEN
                RETURN false;
            END IF;
            v_na := v_na - 1;
            v_nb := v_nb - 1;
        END LOOP;
        RETURN true;
    END IF;
    WHILE j <= v_nb LOOP
        IF i <= v_na AND v_a[i] IS NULL THEN
            v_star := i;
            v_mark := j;
            i := i + 1;
        ELSIF i <= v_na AND v_a[i] && v_b[j] THEN
            i := i + 1;
            j := j + 1;
        ELSIF v_star > 0 THEN
            v_mark := v_mark + 1;
            j := v_mark;
            i := v_star + 1;
        ELSE
            RETURN false;
        END IF;
    END LOOP;
    WHILE i <= v_na AND v_a[i] IS NULL LOOP
        i := i + 1;
    END LOOP;
    RETURN i > v_na;
END
$$;

-- The same one level up: segments are what characters are there, and ** is the star.
CREATE FUNCTION pgswarm._globs_meet(a text, b text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_a    text[] := string_to_array(a, '/');
    v_b    text[] := string_to_array(b, '/');
    v_swap text[];
    v_na   integer;
    v_nb   integer;
    v_star integer := 0;
    v_mark integer;
    i      integer := 1;
    j      integer := 1;
BEGIN
    IF a = b THEN
        RETURN true;
    END IF;
    IF '**' = ANY (v_b) AND NOT '**' = ANY (v_a) THEN
        v_swap := v_a;
        v_a := v_b;
        v_b := v_swap;
    END IF;
    v_na := cardinality(v_a);
    v_nb := cardinality(v_b);
    IF NOT '**' = ANY (v_a) THEN
        IF v_na <> v_nb THEN
            RETURN false;
        END IF;
        FOR k IN REVERSE v_na..1 LOOP  -- files of one folder differ at their ends
            CONTINUE WHEN v_a[k] = v_b[k];
            IF v_a[k] !~ '[*?[\\]' AND v_b[k] !~ '[*?[\\]' OR NOT pgswarm._segments_meet(v_a[k], v_b[k]) THEN
                RETURN false;
            END IF;
        END LOOP;
        RETURN true;
    END IF;
    -- What is fixed at the end must fit there. This alone decides most pairs.
    WHILE v_a[v_na] <> '**' AND (v_nb = 0 OR v_b[v_nb] <> '**') LOOP
        IF v_nb = 0 THEN
            RETURN false;
        ELSIF v_a[v_na] <> v_b[v_nb] AND NOT pgswarm._segments_meet(v_a[v_na], v_b[v_nb]) THEN
            RETURN false;
        END IF;
        v_na := v_na - 1;
        v_nb := v_nb - 1;
    END LOOP;
    IF '**' = ANY (v_b) THEN
        WHILE v_a[i] <> '**' AND v_b[i] <> '**' LOOP
            IF v_a[i] <> v_b[i] AND NOT pgswarm._segments_meet(v_a[i], v_b[i]) THEN
                RETURN false;
            END IF;
            i := i + 1;
        END LOOP;
        RETURN true;
    END IF;
    WHILE j <= v_nb LOOP
        IF i <= v_na AND v_a[i] = '**' THEN
            v_star := i;
            v_mark := j;
            i := i + 1;
        ELSIF i <= v_na AND pgswarm._segments_meet(v_a[i], v_b[j]) THEN
            i := i + 1;
            j := j + 1;
        ELSIF v_star > 0 THEN
            v_mark := v_mark + 1;
            j := v_mark;
            i := v_star + 1;
        ELSE
            RETURN false;
        END IF;
    END LOOP;
    WHILE i <= v_na AND v_a[i] = '**' LOOP
        i := i + 1;
    END LOOP;
    RETURN i > v_na;
END
$$;

CREATE FUNCTION pgswarm.globs_overlap(a text, b text, case_sensitive boolean DEFAULT true) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
BEGIN
    RETURN pgswarm._globs_meet((pgswarm._normal_glob(a, case_sensitive)).normal,
                               (pgswarm._normal_glob(b, case_sensitive)).normal);
END
$$;
COMMENT ON FUNCTION pgswarm.globs_overlap IS
    'Whether some path matches both globs. Exact, and in bounded time: a glob has at most 1024 characters and 128 segments.';
