-- Seats: a role that one session at a time holds by lease, with an epoch that grows with each holder.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm.take_seat(name text, session uuid, ttl interval DEFAULT '30 seconds')
RETURNS TABLE ("leading" boolean, holder text, until timestamptz, epoch bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_session pgswarm.session := pgswarm._live_session(take_seat.session);
    v_seat    pgswarm.seat;
    v_epoch   bigint;
    v_now     timestamptz;
BEGIN
    PERFORM pgswarm._require_session(v_session, 'coordinator');
    PERFORM pgswarm._lease_length(take_seat.ttl);
    IF name IS NULL OR length(name) NOT BETWEEN 1 AND 100 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a seat has a name of 1 to 100 characters', 'for example: coordinator');
    END IF;
    INSERT INTO pgswarm.seat (name, session, epoch, until)
    VALUES (take_seat.name, v_session.id, 0, '-infinity')
    ON CONFLICT DO NOTHING;
    SELECT * INTO v_seat FROM pgswarm.seat c WHERE c.name = take_seat.name FOR UPDATE;
    v_epoch := v_seat.epoch;
    v_now := pgswarm.clock();
    IF (v_seat.session = v_session.id AND v_seat.until > v_now) OR v_seat.until <= v_now
        OR NOT EXISTS (SELECT FROM pgswarm.session s
                       WHERE s.id = v_seat.session AND s.ended_at IS NULL AND s.expires_at > v_now)
    THEN
        UPDATE pgswarm.seat c
        SET session = v_session.id, until = v_now + take_seat.ttl,
            epoch = c.epoch + CASE WHEN c.session = v_session.id AND c.until > v_now THEN 0 ELSE 1 END
        WHERE c.name = take_seat.name
        RETURNING * INTO v_seat;
        IF v_seat.epoch > v_epoch THEN
            PERFORM pgswarm._record('seat_taken', NULL, v_session.id, NULL, NULL,
                jsonb_build_object('seat', v_seat.name, 'epoch', v_seat.epoch), v_now);
        END IF;
    END IF;
    PERFORM pgswarm._touch(v_session, v_now);
    RETURN QUERY
    SELECT v_seat.session = v_session.id, a.name, v_seat.until, v_seat.epoch
    FROM pgswarm.session s JOIN pgswarm.agent a ON a.id = s.agent WHERE s.id = v_seat.session;
END
$$;
COMMENT ON FUNCTION pgswarm.take_seat IS 'Takes or keeps a seat until ttl from now, if nobody else has it.';

CREATE FUNCTION pgswarm.leave_seat(name text, session uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_session pgswarm.session := pgswarm._live_session(leave_seat.session);
BEGIN
    PERFORM pgswarm._require_session(v_session, 'coordinator');
    UPDATE pgswarm.seat c SET until = '-infinity'
    WHERE c.name = leave_seat.name AND c.session = v_session.id AND c.until > '-infinity';
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM pgswarm._record('seat_left', NULL, v_session.id, NULL, NULL, jsonb_build_object('seat', name), pgswarm.clock());
    RETURN true;
END
$$;
COMMENT ON FUNCTION pgswarm.leave_seat IS 'Gives a seat up, so that another need not wait for its end.';
