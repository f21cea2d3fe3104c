-- Request ids: the row is inserted before the work, so that a second caller waits for the first one's commit.
SET LOCAL ROLE pgswarm_owner;

CREATE FUNCTION pgswarm._begin_request(agent integer, operation text, request_id text, body jsonb) RETURNS jsonb
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    v_hash    bytea := sha256(convert_to(body::text, 'UTF8'));
    v_request pgswarm.request;
BEGIN
    IF length(request_id) NOT BETWEEN 1 AND 200 THEN
        PERFORM pgswarm._refuse('invalid_argument', 'a request id has 1 to 200 characters', 'a UUID is a good one');
    END IF;
    INSERT INTO pgswarm.request (at, agent, operation, request_id, hash)
    VALUES (pgswarm.clock(), _begin_request.agent, _begin_request.operation, _begin_request.request_id, v_hash)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN NULL;
    END IF;
    SELECT * INTO v_request FROM pgswarm.request r
    WHERE r.agent = _begin_request.agent AND r.operation = _begin_request.operation
      AND r.request_id = _begin_request.request_id;
    IF v_request.hash <> v_hash THEN
        PERFORM pgswarm._refuse('request_mismatch',
            format('request id "%s" was used for another %s', _begin_request.request_id, _begin_request.operation),
            'a request id belongs to one request; choose a new one for a new request');
    END IF;
    RETURN v_request.answer;
END
$$;

CREATE FUNCTION pgswarm._end_request(agent integer, operation text, request_id text, answer jsonb) RETURNS void
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    IF answer IS NULL THEN
        -- Nothing happened: the same id may ask again.
        DELETE FROM pgswarm.request r
        WHERE r.agent = _end_request.agent AND r.operation = _end_request.operation
          AND r.request_id = _end_request.request_id;
    ELSE
        UPDATE pgswarm.request r SET answer = _end_request.answer
        WHERE r.agent = _end_request.agent AND r.operation = _end_request.operation
          AND r.request_id = _end_request.request_id;
    END IF;
END
$$;
