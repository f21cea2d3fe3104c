internal import FoundationEssentials
import Postgres

extension Swarm {
    /// Sends a message, and wakes who waits for it.
    ///
    /// ```swift
    /// let receipts = try await swarm.send(MessageDraft(to: ["ada"], "which port does the server use?"))
    /// ```
    ///
    /// - Returns: An answer for each recipient; what was not stored for one does not keep it from others.
    /// - Throws: `lost_claim` for a handle that is no longer current, `too_large`, `invalid_argument`, `request_mismatch`;
    ///   `outcome_unknown` when the answer was lost, unless the draft has a request id.
    @discardableResult
    public func send(_ draft: MessageDraft) async throws(SwarmError) -> [MessageReceipt] {
        let author = try await author()
        let receipts = try await write("message_send", repeatable: draft.requestID != nil) { db throws(SwarmError) in
            try db.send(draft, agent: author.agent, session: author.session)
        }
        let stored = receipts.filter { $0.id != nil }.map(\.recipient)
        // Not part of the send: a ring that gets lost costs a poll interval.
        _ = try? await write("message_ring") { db throws(SwarmError) in try db.ring(stored) }
        return receipts
    }

    /// Takes messages under a lease, of each thread the next one; waits for one if there is none.
    ///
    /// Acknowledge them with ``ack(_:)``, or they come again after `visibility`.
    ///
    /// - Parameters:
    ///   - mailboxes: `nil`: all that this agent reads: its own, those of its roles and of the tasks it holds.
    ///   - max: At most so many.
    ///   - visibility: How long they are delivered to nobody else; `nil`: five minutes.
    ///   - handle: A task whose mailbox is read too, by its current holder.
    ///   - wait: How long to wait for a first one.
    /// - Throws: `not_allowed` for somebody else's mailbox.
    public func receive(
        _ mailboxes: [MailAddress]? = nil, max: Int = 10, visibility: Duration? = nil, handle: Handle? = nil,
        wait: Duration = .zero
    ) async throws(SwarmError) -> [ReceivedMessage] {
        let author = try await author()
        @Sendable func take() async throws(SwarmError) -> [ReceivedMessage] {
            // What a lost answer had in it comes again after its visibility.
            try await write("message_receive") { db throws(SwarmError) in
                try db.receive(
                    mailboxes, max: max, visibility: visibility, handle: handle, agent: author.agent,
                    session: author.session)
            }
        }
        let end = ContinuousClock.now + wait
        var mail = try await take()
        guard mail.isEmpty, wait > .zero else { return mail }
        let call = WakeUpCall()
        // Whose mailboxes these are the database knows; until it has said so, this only starts the listener.
        var subscription = wakeUps.subscribe(mail: [], call)
        defer { wakeUps.unsubscribe(subscription) }
        var isRegistered = false
        while true {
            var due: Date?
            if !isRegistered, wakeUps.isListening {
                let asked = try await write("message_wait") { db throws(SwarmError) in
                    try db.waitForMail(mailboxes, handle: handle, agent: author.agent, session: author.session)
                }
                wakeUps.unsubscribe(subscription)
                subscription = wakeUps.subscribe(mail: asked.recipients, call)
                due = asked.due
                isRegistered = true
                // What was sent before the registration rang for nobody.
                mail = try await take()
            }
            let pause = min(pollPause(until: due), end - .now)
            guard mail.isEmpty, pause > .zero, !Task.isCancelled else { return mail }
            // A ring uses the registration up; a poll leaves it.
            if await call.wait(for: pause) { isRegistered = false }
            mail = try await take()
            guard mail.isEmpty else { return mail }
        }
    }

    /// Is done with messages.
    ///
    /// - Returns: An answer for each; `lost_claim` when it has been delivered again.
    @discardableResult
    public func ack(_ deliveries: [DeliveryHandle]) async throws(SwarmError) -> [DeliveryEnd] {
        try await write("message_ack") { db throws(SwarmError) in try db.ack(deliveries) }
    }

    /// Gives messages back; each comes again, after `delay`, before anything later of its thread.
    @discardableResult
    public func nack(
        _ deliveries: [DeliveryHandle], delay: Duration? = nil, error: String? = nil
    ) async throws(SwarmError) -> [DeliveryEnd] {
        try await write("message_nack", repeatable: false) { db throws(SwarmError) in
            try db.nack(deliveries, delay: delay, error: error)
        }
    }

    /// Shows what is in mailboxes and takes nothing.
    public func peek(_ mailboxes: [MailAddress]? = nil, max: Int = 20) async throws(SwarmError) -> [MessageInfo] {
        let author = try await author()
        return try await read("message_peek") { db throws(SwarmError) in
            try db.peek(mailboxes, max: max, agent: author.agent, session: author.session)
        }
    }

    /// A conversation, by its name or one of its messages, with what has become of each message.
    public func thread(_ thread: String? = nil, of message: MessageID? = nil) async throws(SwarmError) -> [MessageInfo]
    {
        let author = try await author()
        return try await read("message_thread") { db throws(SwarmError) in
            try db.thread(thread, of: message, agent: author.agent, session: author.session)
        }
    }

    /// Joins a role or a topic.
    ///
    /// - Returns: Whether that is new.
    @discardableResult
    public func subscribe(to address: MailAddress) async throws(SwarmError) -> Bool {
        let author = try await author()
        return try await write("message_subscribe") { db throws(SwarmError) in
            try db.subscribe(to: address, agent: author.agent, session: author.session)
        }
    }

    /// Leaves a role or a topic.
    @discardableResult
    public func unsubscribe(from address: MailAddress) async throws(SwarmError) -> Bool {
        let author = try await author()
        return try await write("message_unsubscribe") { db throws(SwarmError) in
            try db.unsubscribe(from: address, agent: author.agent, session: author.session)
        }
    }
}
