public import FoundationEssentials
public import Postgres

// Sending, receiving and ending deliveries, in a transaction of the caller's own if it has one.
extension Connection {
    /// Sends a message.
    ///
    /// In a transaction nobody is woken by it; call ``ring(_:)-(MailAddress)`` with the recipients after the commit.
    ///
    /// - Returns: An answer for each recipient; what was not stored for one does not keep it from others.
    /// - Throws: `lost_claim` for a handle that is no longer current, `too_large`, `invalid_argument`, `request_mismatch`.
    @discardableResult
    public func send(
        _ draft: MessageDraft, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> [MessageReceipt] {
        try rows(MessagesSQL.send(draft, agent: agent, session: session)) { row throws(PostgresError) in
            try MessageReceipt(row)
        }
    }

    /// Takes messages under a lease; of each thread the next one.
    ///
    /// - Parameters:
    ///   - mailboxes: `nil`: all that the caller reads: its own, those of its roles and of the tasks it holds.
    ///   - visibility: How long they are delivered to nobody else; `nil`: five minutes.
    ///   - handle: A task whose mailbox is read too, by its current holder.
    /// - Throws: `not_allowed` for somebody else's mailbox.
    public func receive(
        _ mailboxes: [MailAddress]? = nil, max: Int = 10, visibility: Duration? = nil, handle: Handle? = nil,
        agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> [ReceivedMessage] {
        let sql = MessagesSQL.receive(
            mailboxes, max: max, visibility: visibility, handle: handle, agent: agent, session: session)
        return try rows(sql) { row throws(PostgresError) in try ReceivedMessage(row) }
    }

    /// Is done with messages.
    ///
    /// In the transaction of a message's effect, the effect happens once.
    ///
    /// - Returns: An answer for each; `lost_claim` when it has been delivered again.
    @discardableResult
    public func ack(_ deliveries: [DeliveryHandle], session: UUID? = nil) throws(SwarmError) -> [DeliveryEnd] {
        try rows(MessagesSQL.ack(deliveries, session: session)) { row throws(PostgresError) in try DeliveryEnd(row) }
    }

    /// Gives messages back; each comes again before anything later of its thread.
    ///
    /// - Parameter delay: Not before.
    /// - Parameter error: Why, kept with the message.
    @discardableResult
    public func nack(
        _ deliveries: [DeliveryHandle], delay: Duration? = nil, error: String? = nil, session: UUID? = nil
    ) throws(SwarmError) -> [DeliveryEnd] {
        try rows(MessagesSQL.nack(deliveries, delay: delay, error: error, session: session)) {
            row throws(PostgresError) in try DeliveryEnd(row)
        }
    }

    /// Asks to be woken by the next message, see ``Swarm/receive(_:max:visibility:handle:wait:)``.
    func waitForMail(
        _ mailboxes: [MailAddress]?, handle: Handle?, agent: AgentName?, session: UUID?
    ) throws(SwarmError) -> (recipients: [String], due: Date?) {
        try row(MessagesSQL.wait(mailboxes, handle: handle, agent: agent, session: session)) {
            row throws(PostgresError) in (try row[0, as: [String].self], try row[1, as: Date?.self])
        }
    }

    /// After a commit that sent messages: wakes who waits for them.
    ///
    /// - Returns: How many mailboxes had somebody waiting.
    @discardableResult
    public func ring(_ recipients: [MailAddress]) throws(SwarmError) -> Int {
        guard !recipients.isEmpty else { return 0 }
        return try row(MessagesSQL.ring(recipients)) { row throws(PostgresError) in try row[0, as: Int.self] }
    }
}

// Looking, and what an operator does.
extension Connection {
    /// Shows what is in mailboxes and takes nothing.
    ///
    /// Operators may look into every mailbox.
    public func peek(
        _ mailboxes: [MailAddress]? = nil, max: Int = 20, handle: Handle? = nil, agent: AgentName? = nil,
        session: UUID? = nil
    ) throws(SwarmError) -> [MessageInfo] {
        try rows(MessagesSQL.peek(mailboxes, max: max, handle: handle, agent: agent, session: session)) {
            row throws(PostgresError) in try MessageInfo(row)
        }
    }

    /// A conversation, by its name or one of its messages, with what has become of each message.
    ///
    /// - Throws: `not_found`, also when the caller takes no part in it.
    public func thread(
        _ thread: String? = nil, of message: MessageID? = nil, max: Int = 100, agent: AgentName? = nil,
        session: UUID? = nil
    ) throws(SwarmError) -> [MessageInfo] {
        try rows(MessagesSQL.thread(thread, message, max: max, agent: agent, session: session)) {
            row throws(PostgresError) in try MessageInfo(row)
        }
    }

    /// Dead letters with the cause of each delivery: those the caller sent or should have read; operators see all.
    public func deadMessages(
        max: Int = 100, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> [DeadMessage] {
        try rows(MessagesSQL.dead(max: max, agent: agent, session: session)) { row throws(PostgresError) in
            try DeadMessage(row)
        }
    }

    /// Puts dead or expired messages back at their old place, under the same id.
    ///
    /// - Returns: In which mailboxes.
    @discardableResult
    public func redrive(
        _ messages: [MessageID], mailbox: MailAddress? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> [MailAddress] {
        try rows(MessagesSQL.redrive(messages, mailbox: mailbox, agent: agent, session: session)) {
            row throws(PostgresError) in MailAddress(rawValue: try row[0, as: String.self])
        }
    }

    /// Gives dead or expired messages up for good.
    ///
    /// - Returns: In which mailboxes.
    @discardableResult
    public func discard(
        _ messages: [MessageID], reason: String, mailbox: MailAddress? = nil, agent: AgentName? = nil,
        session: UUID? = nil
    ) throws(SwarmError) -> [MailAddress] {
        try rows(MessagesSQL.discard(messages, reason: reason, mailbox: mailbox, agent: agent, session: session)) {
            row throws(PostgresError) in MailAddress(rawValue: try row[0, as: String.self])
        }
    }

    /// Joins a role or a topic; operators also open the mailbox of a human, and may do it for another (`member`).
    ///
    /// - Returns: Whether that is new.
    @discardableResult
    public func subscribe(
        to address: MailAddress, member: AgentName? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Bool {
        try row(MessagesSQL.subscribe(address, member: member, agent: agent, session: session)) {
            row throws(PostgresError) in try row[0, as: Bool.self]
        }
    }

    /// Leaves a role or a topic.
    ///
    /// - Returns: Whether the member was in it.
    @discardableResult
    public func unsubscribe(
        from address: MailAddress, member: AgentName? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Bool {
        try row(MessagesSQL.unsubscribe(address, member: member, agent: agent, session: session)) {
            row throws(PostgresError) in try row[0, as: Bool.self]
        }
    }

    /// All mailboxes and what is in them.
    public func mailboxes() throws(SwarmError) -> [MailboxInfo] {
        try rows(MessagesSQL.mailboxes) { row throws(PostgresError) in try MailboxInfo(row) }
    }

    /// Changes limits of the relay, or of one mailbox (`max_count`, `max_bytes`).
    ///
    /// - Returns: The relay's limits, durations in seconds.
    @discardableResult
    public func setMessages(
        _ settings: JSONText, mailbox: MailAddress? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> JSONText {
        try row(MessagesSQL.set(settings, mailbox: mailbox, agent: agent, session: session)) {
            row throws(PostgresError) in try row[0, as: JSONText.self]
        }
    }
}
