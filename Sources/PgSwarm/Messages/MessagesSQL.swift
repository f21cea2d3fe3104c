import Postgres

import struct FoundationEssentials.UUID

/// The calls of the relay.
enum MessagesSQL {
    /// The columns of a message in the order in which ``Message/init(_:id:from:)`` reads them.
    private static let columns = """
        sender, trust, sent_at, thread, kind, subject, body, urgent, hop, in_reply_to, as_holder_of, expects_reply_by
        """

    static func send(_ draft: MessageDraft, agent: AgentName?, session: UUID?) -> SQL {
        let recipients = draft.recipients.isEmpty ? nil : draft.recipients.map(\.rawValue)
        return """
            SELECT recipient, state, id, seq, depth, code, message, hint, retry_at, last_seen, via
            FROM pgswarm.message_send(
                recipients => \(recipients), body => \(draft.body), subject => \(draft.subject), thread => \(draft.thread),
                kind => \(draft.kind), urgent => \(draft.isUrgent), key => \(draft.key),
                in_reply_to => \(draft.inReplyTo?.rawValue), reply_within => \(draft.replyWithin), ttl => \(draft.ttl),
                handle => \(draft.handle?.text), request_id => \(draft.requestID), agent => \(agent), session => \(session))
            ORDER BY ord
            """
    }

    static func receive(
        _ mailboxes: [MailAddress]?, max: Int, visibility: Duration?, handle: Handle?, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT delivery, id, recipient, seq, deliveries, generation, via, visible_until, \(raw: columns), left_unread
        FROM pgswarm.message_receive(
            mailboxes => \(mailboxes?.map(\.rawValue)), max => \(Int32(clamping: max)), visibility => \(visibility),
            handle => \(handle?.text), agent => \(agent), session => \(session))
        """
    }

    static func ack(_ deliveries: [DeliveryHandle], session: UUID?) -> SQL {
        """
        SELECT delivery, code, id, state, message
        FROM pgswarm.message_ack(\(deliveries.map(\.rawValue)), session => \(session)) ORDER BY ord
        """
    }

    static func nack(_ deliveries: [DeliveryHandle], delay: Duration?, error: String?, session: UUID?) -> SQL {
        """
        SELECT delivery, code, id, state, message
        FROM pgswarm.message_nack(\(deliveries.map(\.rawValue)), delay => \(delay), error => \(error),
            session => \(session)) ORDER BY ord
        """
    }

    static func peek(_ mailboxes: [MailAddress]?, max: Int, handle: Handle?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT id, recipient, state, deliveries, NULL::text, NULL::timestamptz, NULL::timestamptz, due_at, NULL::text,
               \(raw: columns)
        FROM pgswarm.message_peek(
            mailboxes => \(mailboxes?.map(\.rawValue)), max => \(Int32(clamping: max)), handle => \(handle?.text),
            agent => \(agent), session => \(session))
        """
    }

    static func thread(_ thread: String?, _ message: MessageID?, max: Int, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT id, recipient, state, deliveries, reader, delivered_at, ended_at, NULL::timestamptz, reason, sender, trust,
               sent_at, in_thread, kind, subject, body, urgent, hop, in_reply_to, as_holder_of, expects_reply_by
        FROM pgswarm.message_thread(
            thread => \(thread), message => \(message?.rawValue), max => \(Int32(clamping: max)), agent => \(agent),
            session => \(session))
        """
    }

    static func dead(max: Int, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT message, recipient, sender, subject, body, deliveries, generation, died_at, reason, causes
        FROM pgswarm.message_dead(agent => \(agent), session => \(session), max => \(Int32(clamping: max)))
        """
    }

    static func redrive(_ messages: [MessageID], mailbox: MailAddress?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT recipient FROM pgswarm.message_redrive(
            \(messages.map(\.rawValue)), mailbox => \(mailbox?.rawValue), agent => \(agent), session => \(session))
        """
    }

    static func discard(
        _ messages: [MessageID], reason: String, mailbox: MailAddress?, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT recipient FROM pgswarm.message_discard(
            \(messages.map(\.rawValue)), reason => \(reason), mailbox => \(mailbox?.rawValue), agent => \(agent),
            session => \(session))
        """
    }

    static func subscribe(_ address: MailAddress, member: AgentName?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT pgswarm.message_subscribe(\(address.rawValue), member => \(member), agent => \(agent), session => \(session))
        """
    }

    static func unsubscribe(_ address: MailAddress, member: AgentName?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT pgswarm.message_unsubscribe(\(address.rawValue), member => \(member), agent => \(agent), session => \(session))
        """
    }

    static func wait(_ mailboxes: [MailAddress]?, handle: Handle?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT recipients, due_at FROM pgswarm.message_wait(
            \(mailboxes?.map(\.rawValue)), handle => \(handle?.text), agent => \(agent), session => \(session))
        """
    }

    static func ring(_ recipients: [MailAddress]) -> SQL {
        "SELECT pgswarm.message_ring(\(recipients.map(\.rawValue)))"
    }

    static func set(_ settings: JSONText, mailbox: MailAddress?, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT pgswarm.set_messages(\(settings), mailbox => \(mailbox?.rawValue), agent => \(agent), session => \(session))
        """
    }

    static let mailboxes: SQL = """
        SELECT mailbox, unread, delivered, bytes, max_count, oldest_at, dead, received, coalesce(members, '{}')
        FROM pgswarm.mailboxes ORDER BY kind, name
        """
}
