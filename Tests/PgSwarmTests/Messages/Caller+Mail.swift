import Postgres

import struct FoundationEssentials.UUID

/// What a send answers for one recipient.
struct Sent: Sendable, Equatable {
    let recipient: String
    let state: String
    let id: Int?
    let seq: Int?
    let depth: Int?
    let code: String?
    let message: String?
    let hint: String?
}

/// What a receive answers for one message.
struct Mail: Sendable, Equatable {
    let handle: String
    let id: Int
    let seq: Int
    let recipient: String
    let sender: String?
    let thread: String
    let body: String
    let deliveries: Int
    let hop: Int
}

// Writing and reading messages.
extension Caller {
    /// Sends a message; answers a row for each recipient.
    @discardableResult
    func send(
        _ recipients: String..., body: String = "\"hello\"", thread: String? = nil, urgent: Bool = false,
        key: String? = nil,
        replyTo: Int? = nil, replyWithin: Duration? = nil, ttl: Duration? = nil, handle: String? = nil,
        request: String? = nil
    ) async throws -> [Sent] {
        try await send(
            to: recipients, body: body, thread: thread, urgent: urgent, key: key, replyTo: replyTo,
            replyWithin: replyWithin, ttl: ttl, handle: handle, request: request)
    }

    /// Sends a message to a list of recipients; none: to whoever sent what is answered.
    @discardableResult
    func send(
        to recipients: [String]?, body: String = "\"hello\"", subject: String? = nil, thread: String? = nil,
        urgent: Bool = false, key: String? = nil, replyTo: Int? = nil, replyWithin: Duration? = nil,
        ttl: Duration? = nil,
        handle: String? = nil, request: String? = nil
    ) async throws -> [Sent] {
        try await rows(
            """
            SELECT recipient, state, id, seq, depth, code, message, hint FROM pgswarm.message_send(
                \(recipients), \(JSONText(body)), subject => \(subject), thread => \(thread), urgent => \(urgent),
                key => \(key), in_reply_to => \(replyTo), reply_within => \(replyWithin), ttl => \(ttl),
                handle => \(handle), request_id => \(request), agent => \(agent)) ORDER BY ord
            """
        ).map { row in
            Sent(
                recipient: try row[0, as: String.self], state: try row[1, as: String.self],
                id: try row[2, as: Int?.self],
                seq: try row[3, as: Int?.self], depth: try row[4, as: Int?.self], code: try row[5, as: String?.self],
                message: try row[6, as: String?.self], hint: try row[7, as: String?.self])
        }
    }

    /// Takes messages.
    @discardableResult
    func receive(
        _ mailboxes: String..., max: Int = 10, visibility: Duration? = nil, handle: String? = nil, session: UUID? = nil
    ) async throws -> [Mail] {
        try await rows(
            """
            SELECT delivery, id, seq, recipient, sender, thread, body, deliveries, hop FROM pgswarm.message_receive(
                \(mailboxes.isEmpty ? nil : mailboxes), max => \(Int32(max)), visibility => \(visibility),
                handle => \(handle), agent => \(session == nil ? agent : nil), session => \(session))
            """
        ).map { row in
            Mail(
                handle: try row[0, as: String.self], id: try row[1, as: Int.self], seq: try row[2, as: Int.self],
                recipient: try row[3, as: String.self], sender: try row[4, as: String?.self],
                thread: try row[5, as: String.self], body: try row[6, as: JSONText.self].text,
                deliveries: try row[7, as: Int.self], hop: try row[8, as: Int.self])
        }
    }

    /// Acknowledges; answers a code for each.
    @discardableResult
    func ack(_ handles: String...) async throws -> [String] {
        try await column("SELECT code FROM pgswarm.message_ack(\(handles)) ORDER BY ord")
    }

    /// Gives a message back; answers the code.
    @discardableResult
    func nack(_ handle: String, delay: Duration? = nil, error: String? = nil) async throws -> String {
        try await value("SELECT code FROM pgswarm.message_nack(\([handle]), \(delay), \(error))")
    }

    /// The ids of what is in a mailbox, in its order, without taking anything.
    func peek(_ mailboxes: String...) async throws -> [Int] {
        try await column(
            "SELECT id FROM pgswarm.message_peek(\(mailboxes.isEmpty ? nil : mailboxes), agent => \(agent))")
    }

    /// What has become of a message, for each recipient.
    func fate(of message: Int?) async throws -> [String] {
        try await column("SELECT state FROM pgswarm.deliveries WHERE message = \(message) ORDER BY recipient")
    }

    /// Joins a role or a topic.
    func subscribe(_ address: String, member: String? = nil) async throws {
        try await rows("SELECT pgswarm.message_subscribe(\(address), \(member), agent => \(agent))")
    }

    /// Changes limits of the relay or of one mailbox.
    func setMessages(_ settings: String, mailbox: String? = nil) async throws {
        try await rows("SELECT pgswarm.set_messages(\(JSONText(settings)), \(mailbox), agent => \(agent))")
    }

    /// Comes into being, so that others may write to it.
    func introduced() async throws -> Caller {
        try await rows("SELECT pgswarm._agent_id(\(agent))")
        return self
    }
}
