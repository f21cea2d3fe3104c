-- Terms: what was agreed for a governed task, read from the options of its enqueue.
SET LOCAL ROLE pgswarm_owner;

-- Do these options make a task governed?
CREATE FUNCTION pgswarm._has_terms(options jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    SELECT coalesce(options ?| ARRAY['goal', 'criteria', 'size', 'paths', 'produces', 'consumes', 'review', 'estimate',
                                     'capabilities', 'prefer', 'prefer_for', 'redundancy'], false)
$$;

-- Reads one item's options into its terms. Every refusal names the item.
CREATE FUNCTION pgswarm._terms(item integer, options jsonb) RETURNS pgswarm.terms
LANGUAGE plpgsql
AS $$
DECLARE
    t      pgswarm.terms;
    v_what text;
BEGIN
    BEGIN
        v_what := 'goal';         t.goal := options ->> 'goal';
        v_what := 'criteria';     t.criteria := nullif(options -> 'criteria', 'null');
        v_what := 'size';         t.size := options ->> 'size';
        v_what := 'paths';        t.paths := pgswarm._texts(options -> 'paths', 100, 1024);
        v_what := 'capabilities'; t.capabilities := pgswarm._texts(options -> 'capabilities', 16, 100);
        v_what := 'prefer';       t.prefer := pgswarm._texts(options -> 'prefer', 16, 200);
        v_what := 'prefer_for';
        t.prefer_for := pgswarm._seconds((options ->> 'prefer_for')::double precision);
        v_what := 'review';       t.review := nullif(options -> 'review', 'null');
        v_what := 'estimate';     t.estimate := nullif(options -> 'estimate', 'null');
        v_what := 'redundancy';   t.redundancy := nullif(options -> 'redundancy', 'null');
    EXCEPTION WHEN data_exception OR invalid_text_representation OR numeric_value_out_of_range THEN
        PERFORM pgswarm._refuse('invalid_argument',
            format('item %s: %s is not a value for "%s"', item, coalesce(left((options -> v_what)::text, 200), 'null'), v_what),
            'paths, capabilities and prefer are arrays of texts, prefer_for is in seconds');
    END;
    CASE
        WHEN length(t.goal) > 4000 THEN v_what := 'goal';
        WHEN t.size NOT IN ('xs', 's', 'm', 'l', 'xl') THEN v_what := 'size';
        WHEN t.criteria IS NOT NULL AND (jsonb_typeof(t.criteria) <> 'array' OR length(t.criteria::text) > 16000
             OR t.criteria @? '$[*] ? (@.type() != "string")') THEN v_what := 'criteria';
        WHEN t.prefer_for NOT BETWEEN interval '1 second' AND interval '30 days' THEN v_what := 'prefer_for';
        ELSE v_what := NULL;
    END CASE;
    IF v_what IS NOT NULL THEN
        PERFORM pgswarm._refuse('invalid_argument', format('item %s: "%s" is out of range', item, v_what),
            'a goal has up to 4000 characters, criteria are an array of sentences, the size is xs, s, m, l or xl, prefer_for '
            'is 1 second to 30 days');
    END IF;
    IF t.prefer IS NOT NULL THEN
        t.prefer_for := coalesce(t.prefer_for, interval '10 minutes');
    END IF;
    t.produces := pgswarm._contract_pins(item, 'produces', options -> 'produces');
    t.consumes := pgswarm._contract_pins(item, 'consumes', options -> 'consumes');
    PERFORM pgswarm._check_review_terms(item, t.review);
    PERFORM pgswarm._check_redundancy(item, t.redundancy);
    PERFORM pgswarm._check_estimate(item, t.estimate);
    RETURN t;
END
$$;

-- An array of short texts, sorted, each once; anything else is no value.
CREATE FUNCTION pgswarm._texts(value jsonb, most integer, longest integer) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    v_texts text[];
BEGIN
    IF coalesce(value, 'null') = 'null' THEN
        RETURN NULL;
    END IF;
    IF jsonb_typeof(value) <> 'array' OR jsonb_array_length(value) > most OR value @? '$[*] ? (@.type() != "string")' THEN
        RAISE data_exception;
    END IF;
    v_texts := ARRAY(SELECT DISTINCT n FROM jsonb_array_elements_text(value) n ORDER BY 1);
    IF EXISTS (SELECT FROM unnest(v_texts) n WHERE length(n) NOT BETWEEN 1 AND longest OR n ~ '[[:cntrl:]]') THEN
        RAISE data_exception;
    END IF;
    RETURN nullif(v_texts, '{}');
END
$$;

-- One edge as the options of a task write it: an id, or an object that says what the edge waits for.
CREATE FUNCTION pgswarm._edge(value jsonb) RETURNS pgswarm.dependency
LANGUAGE plpgsql
AS $$
DECLARE
    d    pgswarm.dependency;
    v_id text := CASE jsonb_typeof(value) WHEN 'object' THEN value ->> 'task' ELSE value #>> '{}' END;
BEGIN
    IF v_id IS NULL OR v_id !~ '^[0-9]+$' OR length(v_id) > 18 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%L is not a task id to wait for', left(coalesce(v_id, value::text), 80)),
            'give the ids that enqueue answered, or objects such as {"task": 17, "until": "finished"}');
    END IF;
    d.on_task := v_id::bigint;
    d.until := 'accepted';
    d.on_failure := 'wait';
    IF jsonb_typeof(value) = 'object' THEN
        d.until := coalesce(value ->> 'until', 'accepted');
        d.on_failure := coalesce(value ->> 'on_failure', 'wait');
        IF value - ARRAY['task', 'until', 'min_score', 'on_failure'] <> '{}'
            OR d.until NOT IN ('finished', 'accepted') OR d.on_failure NOT IN ('wait', 'cancel', 'continue')
            OR coalesce(value ->> 'min_score', '1') !~ '^[1-5]$' OR (d.until = 'finished' AND value ->> 'min_score' IS NOT NULL)
        THEN
            PERFORM pgswarm._refuse('invalid_argument', format('%s is no edge', left(value::text, 200)),
                'until is finished or accepted, min_score is 1 to 5 (of an accepted result), on_failure is wait, cancel or continue');
        END IF;
        d.min_score := (value ->> 'min_score')::smallint;
    END IF;
    RETURN d;
END
$$;
