public import FoundationEssentials
import Postgres

/// What has become of a send, for one recipient.
public struct MessageReceipt: Sendable {
    /// The recipient; of a topic each subscriber.
    public var recipient: MailAddress
    /// Whether the message is there.
    public var state: State
    /// The message, if it was stored for anybody.
    public var id: MessageID?
    /// Its number in the recipient's mailbox.
    public var sequence: Int64?
    /// How many messages the mailbox has now.
    public var depth: Int?
    /// Why it was not stored: nobody has this address, or something is full.
    public var refusal: SwarmError?
    /// When to try again, if something is full.
    public var retryAt: Date?
    /// Since when the recipient has not been there; `nil` if it is, or is not an agent.
    public var lastSeen: Date?
    /// The topic by which the recipient gets it.
    public var via: MailAddress?

    /// Whether a message was stored.
    public enum State: String, Sendable {
        /// It is in the mailbox.
        case queued
        /// It is in the mailbox, in place of an unread one with the same key.
        case coalesced
        /// The mailbox or the sender's quota is full; nothing was stored.
        case full
        /// Nobody gets it; ``MessageReceipt/refusal`` says why.
        case refused
    }

    init(_ row: Row) throws(PostgresError) {
        recipient = MailAddress(rawValue: try row[0, as: String.self])
        let word = try row[1, as: String.self]
        guard let state = State(rawValue: word) else { throw .decoding("\"\(word)\" is no state of a sent message") }
        self.state = state
        id = try row[2, as: Int64?.self].map(MessageID.init(rawValue:))
        sequence = try row[3, as: Int64?.self]
        depth = try row[4, as: Int?.self]
        if let code = try row[5, as: String?.self] {
            refusal = SwarmError(
                SwarmError.Code(rawValue: code), try row[6, as: String?.self] ?? code,
                hint: try row[7, as: String?.self])
        }
        retryAt = try row[8, as: Date?.self]
        lastSeen = try row[9, as: Date?.self]
        via = try row[10, as: String?.self].map(MailAddress.init(rawValue:))
    }
}
