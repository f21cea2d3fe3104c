-- The operator's views of the relay. No view shows a delivery's secret.
SET LOCAL ROLE pgswarm_owner;

CREATE VIEW pgswarm.mailboxes AS
SELECT m.kind || ':' || m.name AS mailbox, m.kind, m.name, m.unread, m.depth - m.unread AS delivered, m.bytes,
       coalesce(m.max_count, s.max_count) AS max_count, coalesce(m.max_bytes, s.max_bytes) AS max_bytes,
       (SELECT d.queued_at FROM pgswarm.delivery d WHERE d.mailbox = m.id AND d.state IN ('queued', 'leased') ORDER BY d.seq LIMIT 1) AS oldest_at,
       (SELECT count(*) FROM pgswarm.delivery d WHERE d.mailbox = m.id AND d.state = 'dead') AS dead,
       m.seq AS received,
       (SELECT array_agg(a.name ORDER BY a.name) FROM pgswarm.member r JOIN pgswarm.agent a ON a.id = r.agent WHERE r.mailbox = m.id) AS members
FROM pgswarm.mailbox m CROSS JOIN pgswarm.message_setting s;

CREATE VIEW pgswarm.messages AS
SELECT m.id, m.thread, a.name AS sender, m.sent_at, m.subject, m.kind, m.urgent, m.hop::integer AS hop, m.key, m.in_reply_to,
       m.task AS as_holder_of, m.reply_by AS expects_reply_by, m.answered_at, m.overdue_at, m.body, n.recipients, n.open
FROM pgswarm.message m
LEFT JOIN pgswarm.agent a ON a.id = m.sender
CROSS JOIN LATERAL (
    SELECT array_agg(x.kind || ':' || x.name ORDER BY x.id) AS recipients,
           count(*) FILTER (WHERE d.state IN ('queued', 'leased')) AS open
    FROM pgswarm.delivery d JOIN pgswarm.mailbox x ON x.id = d.mailbox WHERE d.message = m.id
) n;

CREATE VIEW pgswarm.deliveries AS
SELECT d.message, x.kind || ':' || x.name AS recipient, d.seq,
       -- The words of _delivery_state, spelled out because a view calls functions with the rights of whoever reads it.
       CASE WHEN d.answered_at IS NOT NULL THEN 'answered' WHEN d.state = 'leased' THEN 'delivered'
            WHEN d.state <> 'queued' THEN d.state WHEN d.offered_at IS NOT NULL THEN 'offered' ELSE 'stored' END AS state,
       d.thread, d.via, d.deliveries::integer AS deliveries, d.generation::integer AS generation, d.queued_at, d.offered_at,
       d.delivered_at, d.ended_at, d.answered_at, a.name AS reader,
       CASE WHEN d.state = 'leased' THEN d.due END AS visible_until, CASE WHEN d.state = 'queued' THEN d.due END AS due_at,
       d.expires_at, d.reason
FROM pgswarm.delivery d
JOIN pgswarm.mailbox x ON x.id = d.mailbox
LEFT JOIN pgswarm.agent a ON a.id = d.reader;

CREATE VIEW pgswarm.dead_messages AS
SELECT d.message, x.kind || ':' || x.name AS recipient, d.seq, s.name AS sender, m.thread, m.subject, m.kind, m.body, m.sent_at,
       d.deliveries::integer AS deliveries, d.generation::integer AS generation, d.ended_at AS died_at, d.reason,
       (SELECT jsonb_agg(jsonb_build_object('generation', t.generation, 'number', t.number, 'outcome', t.outcome, 'error', t.error,
                   'reader', r.name, 'delivered_at', t.delivered_at, 'ended_at', t.ended_at) ORDER BY t.generation, t.number)
        FROM pgswarm.delivery_attempt t
        LEFT JOIN pgswarm.session o ON o.id = t.session LEFT JOIN pgswarm.agent r ON r.id = o.agent
        WHERE t.mailbox = d.mailbox AND t.seq = d.seq) AS causes
FROM pgswarm.delivery d
JOIN pgswarm.mailbox x ON x.id = d.mailbox
JOIN pgswarm.message m ON m.id = d.message
LEFT JOIN pgswarm.agent s ON s.id = m.sender
WHERE d.state = 'dead';

-- The dead letters that somebody has to do with: its own mailboxes' and those it sent. Operators see all.
CREATE FUNCTION pgswarm.message_dead(agent text DEFAULT NULL, session uuid DEFAULT NULL, max integer DEFAULT 100)
RETURNS SETOF pgswarm.dead_messages
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pgswarm, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_actor integer := pgswarm._actor(message_dead.agent, message_dead.session);
BEGIN
    IF max IS NULL OR max NOT BETWEEN 1 AND 1000 THEN
        PERFORM pgswarm._refuse('invalid_argument', format('%s messages is out of range', coalesce(max::text, 'NULL')), 'look at 1 to 1000');
    END IF;
    RETURN QUERY
    SELECT v.* FROM pgswarm.dead_messages v
    WHERE pgswarm._is_operator() OR EXISTS (
        SELECT FROM pgswarm.message m JOIN pgswarm.delivery d ON d.message = m.id AND d.state = 'dead'
        JOIN pgswarm.mailbox x ON x.id = d.mailbox AND x.kind || ':' || x.name = v.recipient
        WHERE m.id = v.message AND (m.sender = v_actor OR pgswarm._may_read(x, v_actor)))
    ORDER BY v.died_at DESC LIMIT max;
END
$$;
COMMENT ON FUNCTION pgswarm.message_dead IS 'Dead letters with the cause of each delivery: those one sent or should have read; operators see all.';
