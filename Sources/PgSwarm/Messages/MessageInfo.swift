public import FoundationEssentials
public import Postgres

/// A message and one of its recipients, as an onlooker sees them.
public struct MessageInfo: Sendable {
    /// What was said.
    public var message: Message
    /// For whom.
    public var recipient: MailAddress
    /// What has become of it: `stored`, `offered` (shown to its reader), `delivered`, `acked`, `answered`, `expired`,
    /// `dead`, `replaced` or `discarded`.
    public var state: String
    /// How often it has been delivered since it was sent or put back.
    public var deliveries: Int
    /// Who read it last.
    public var reader: AgentName?
    /// When it was delivered last.
    public var deliveredAt: Date?
    /// When its delivery was over.
    public var endedAt: Date?
    /// When it comes again, if somebody has it or gave it back for a while.
    public var dueAt: Date?
    /// Why it is dead or was discarded.
    public var reason: String?

    init(_ row: Row) throws(PostgresError) {
        message = try Message(row, id: try row[0, as: Int64.self], from: 9)
        recipient = MailAddress(rawValue: try row[1, as: String.self])
        state = try row[2, as: String.self]
        deliveries = try row[3, as: Int.self]
        reader = try row[4, as: String?.self].map { AgentName($0) }
        deliveredAt = try row[5, as: Date?.self]
        endedAt = try row[6, as: Date?.self]
        dueAt = try row[7, as: Date?.self]
        reason = try row[8, as: String?.self]
    }
}

/// A message that was given up for one recipient.
public struct DeadMessage: Sendable {
    /// The message.
    public var message: MessageID
    /// For whom.
    public var recipient: MailAddress
    /// Who sent it; `nil`: the relay itself.
    public var sender: AgentName?
    /// In a few words.
    public var subject: String?
    /// What is said.
    public var body: JSONText?
    /// How often it was delivered.
    public var deliveries: Int
    /// Grows when it is put back.
    public var generation: Int
    /// When it was given up.
    public var diedAt: Date?
    /// Why.
    public var reason: String?
    /// How each delivery ended, as a JSON array of objects with `outcome`, `error`, `reader` and times.
    public var causes: JSONText?

    init(_ row: Row) throws(PostgresError) {
        message = MessageID(rawValue: try row[0, as: Int64.self])
        recipient = MailAddress(rawValue: try row[1, as: String.self])
        sender = try row[2, as: String?.self].map { AgentName($0) }
        subject = try row[3, as: String?.self]
        body = try row[4, as: JSONText?.self]
        deliveries = try row[5, as: Int.self]
        generation = try row[6, as: Int.self]
        diedAt = try row[7, as: Date?.self]
        reason = try row[8, as: String?.self]
        causes = try row[9, as: JSONText?.self]
    }
}

/// A mailbox as an onlooker sees it.
public struct MailboxInfo: Sendable {
    /// Its address.
    public var mailbox: MailAddress
    /// How many messages nobody has.
    public var unread: Int
    /// How many somebody has and did not acknowledge.
    public var delivered: Int
    /// How many bytes both have.
    public var bytes: Int64
    /// How many messages fit.
    public var limit: Int
    /// Since when the oldest is there.
    public var oldestAt: Date?
    /// How many dead letters it has.
    public var dead: Int
    /// How many messages it ever got.
    public var received: Int64
    /// Of a role or topic: who belongs to it.
    public var members: [String]

    init(_ row: Row) throws(PostgresError) {
        mailbox = MailAddress(rawValue: try row[0, as: String.self])
        unread = try row[1, as: Int.self]
        delivered = try row[2, as: Int.self]
        bytes = try row[3, as: Int64.self]
        limit = try row[4, as: Int.self]
        oldestAt = try row[5, as: Date?.self]
        dead = try row[6, as: Int.self]
        received = try row[7, as: Int64.self]
        members = try row[8, as: [String].self]
    }
}
