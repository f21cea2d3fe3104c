-- Risk: how much is at stake with a submission, and why. Computed, never claimed.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._risk(submission pgswarm.submission, OUT level text, OUT reasons text[])
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    m       pgswarm.terms;
    v_level integer := 1;
    v_count bigint;
    v_good  double precision;
    v_all   double precision;
    r       record;
BEGIN
    reasons := '{}';
    SELECT * INTO m FROM pgswarm.terms t WHERE t.task = _risk.submission.task;
    SELECT p.glob, p.level, array_position('{low,medium,high}', p.level) AS n INTO r
    FROM pgswarm.risk_path p
    WHERE p.queue = _risk.submission.queue AND EXISTS (SELECT FROM unnest(m.paths) x WHERE pgswarm._touches(x, p.glob))
    ORDER BY 3 DESC, 1 LIMIT 1;
    IF r.n > 1 THEN
        v_level := r.n;
        reasons := reasons || format('it works on %s', r.glob);
    END IF;
    IF m.produces <> '{}' THEN
        v_level := greatest(v_level, 2);
        reasons := reasons || 'it makes what a contract fixes'::text;
    END IF;
    IF m.size = 'xl' THEN
        v_level := greatest(v_level, 2);
        reasons := reasons || 'it is very large'::text;
    END IF;
    v_count := pgswarm._blocked_by(submission.task);
    IF v_count >= 5 THEN
        v_level := greatest(v_level, CASE WHEN v_count >= 20 THEN 3 ELSE 2 END);
        reasons := reasons || format('%s wait for it', pgswarm._counted(v_count, 'task'));
    END IF;
    SELECT sum(f.accepted), sum(f.accepted + f.sent_back + 2 * f.rejected + 3 * f.tainted + f.lost) INTO v_good, v_all
    FROM pgswarm._records_of(submission.agent, (SELECT t.kind FROM pgswarm.task t WHERE t.id = _risk.submission.task)) f;
    IF v_all >= 3 AND v_good < 0.7 * v_all THEN
        v_level := greatest(v_level, CASE WHEN v_good < 0.4 * v_all THEN 3 ELSE 2 END);
        reasons := reasons || format('of the author''s results of this kind %s %% were accepted at once', round(100 * v_good / v_all));
    END IF;
    level := (ARRAY['low', 'medium', 'high'])[v_level];
END
$$;

-- Does what a task says of its paths meet this glob? What is no path meets nothing.
CREATE FUNCTION pgswarm._touches(path text, glob text) RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN pgswarm._globs_meet((pgswarm._normal_glob(path, true)).normal, glob);
EXCEPTION WHEN SQLSTATE 'PS003' OR SQLSTATE 'PS009' THEN
    RETURN false;
END
$$;

-- How many tasks wait for this one, and for those, and so on. Counting ends at 1000.
CREATE FUNCTION pgswarm._blocked_by(task bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        WITH RECURSIVE after (id) AS (
            SELECT d.task FROM pgswarm.dependency d WHERE d.on_task = _blocked_by.task AND NOT d.met
            UNION
            SELECT d.task FROM after a JOIN pgswarm.dependency d ON d.on_task = a.id AND NOT d.met
        )
        SELECT count(*) FROM (SELECT a.id FROM after a LIMIT 1000) n
        WHERE EXISTS (SELECT FROM pgswarm.waiting w WHERE w.task = n.id));
END
$$;
