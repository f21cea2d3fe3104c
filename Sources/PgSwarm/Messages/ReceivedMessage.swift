public import FoundationEssentials
import Postgres

/// A message under a lease: acknowledge it, or it comes again.
public struct ReceivedMessage: Sendable {
    /// What to acknowledge with.
    public var delivery: DeliveryHandle
    /// What was said.
    public var message: Message
    /// In whose mailbox it was.
    public var recipient: MailAddress
    /// Its number there.
    public var sequence: Int64
    /// How often it has been delivered, this time included.
    public var deliveries: Int
    /// Grows when a dead letter is put back.
    public var generation: Int
    /// The topic by which it came.
    public var via: MailAddress?
    /// Until when it is delivered to nobody else.
    public var visibleUntil: Date
    /// How many messages are left in the mailboxes that were asked.
    public var leftUnread: Int

    init(_ row: Row) throws(PostgresError) {
        delivery = DeliveryHandle(rawValue: try row[0, as: String.self])
        message = try Message(row, id: try row[1, as: Int64.self], from: 8)
        recipient = MailAddress(rawValue: try row[2, as: String.self])
        sequence = try row[3, as: Int64.self]
        deliveries = try row[4, as: Int.self]
        generation = try row[5, as: Int.self]
        via = try row[6, as: String?.self].map(MailAddress.init(rawValue:))
        visibleUntil = try row[7, as: Date.self]
        leftUnread = try row[20, as: Int.self]
    }
}

/// What a reader shows to acknowledge a message.
///
/// It is a capability, like a task's handle; the database checks it.
public struct DeliveryHandle: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// As it was answered; begins with `m`.
    public let rawValue: String

    /// Takes a handle as it was answered.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The text of the handle.
    public var description: String { rawValue }
}

/// The answer to an acknowledgement.
public struct DeliveryEnd: Sendable {
    /// The delivery.
    public var delivery: DeliveryHandle
    /// The message; `nil` when the delivery is not the caller's any more.
    public var message: MessageID?
    /// What it is now: `acked`, `queued` (comes again) or `dead`.
    public var state: String?
    /// Why it had no effect: `lost_claim`.
    public var refusal: SwarmError?

    init(_ row: Row) throws(PostgresError) {
        delivery = DeliveryHandle(rawValue: try row[0, as: String.self])
        message = try row[2, as: Int64?.self].map(MessageID.init(rawValue:))
        state = try row[3, as: String?.self]
        let code = SwarmError.Code(rawValue: try row[1, as: String.self])
        if code != SwarmError.Code(rawValue: "ok") {
            refusal = SwarmError(
                code, try row[4, as: String?.self] ?? "this delivery is not yours",
                hint: "What it led you to do stands; the message comes again, or somebody else has it.")
        }
    }
}
