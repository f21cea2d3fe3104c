-- The functions and views are applied as one set: first everything that the owner has here goes, so that no
-- signature of an older version stays behind and every change of a result type is possible.
DO $$
DECLARE
    v_object text;
BEGIN
    FOR v_object IN
        SELECT format('DROP VIEW IF EXISTS %s CASCADE', c.oid::regclass)
        FROM pg_class c
        WHERE c.relnamespace = 'pgswarm'::regnamespace
          AND c.relkind = 'v'
          AND c.relowner = 'pgswarm_owner'::regrole
    LOOP
        EXECUTE v_object;
    END LOOP;
    FOR v_object IN
        SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', p.oid::regprocedure)
        FROM pg_proc p
        WHERE p.pronamespace = 'pgswarm'::regnamespace
          AND p.proowner = 'pgswarm_owner'::regrole
    LOOP
        EXECUTE v_object;
    END LOOP;
    DROP TYPE IF EXISTS pgswarm.claimed;
END
$$;
