public import FoundationEssentials
import Postgres

/// Something to be told to a webhook, taken to be sent.
public struct WebhookDelivery: Sendable {
    /// Its number; the header `webhook-id` is `msg_` and this.
    public var id: Int64
    /// Proves that it is ours to send.
    public var lease: UUID
    /// Where to.
    public var url: String
    /// What happened.
    public var event: String
    /// Which try this is.
    public var attempt: Int
    /// The header `webhook-timestamp`.
    public var timestamp: Int64
    /// The header `webhook-signature`.
    public var signature: String
    /// The JSON to post.
    public var body: String

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        lease = try row[1, as: UUID.self]
        url = try row[2, as: String.self]
        event = try row[3, as: String.self]
        attempt = try row[4, as: Int.self]
        timestamp = try row[5, as: Int64.self]
        signature = try row[6, as: String.self]
        body = try row[7, as: String.self]
    }
}

/// The webhook's settings, and how it goes.
public struct WebhookInfo: Sendable {
    /// Where people are told.
    public var url: String
    /// Of what.
    public var events: [String]
    /// Since when.
    public var setAt: Date
    /// Who set it.
    public var setBy: String
    /// How many deliveries are on their way.
    public var waiting: Int
    /// How many were given up.
    public var dead: Int

    init(_ row: Row) throws(PostgresError) {
        url = try row[0, as: String.self]
        events = try row[1, as: [String].self]
        setAt = try row[2, as: Date.self]
        setBy = try row[3, as: String.self]
        waiting = try row[4, as: Int.self]
        dead = try row[5, as: Int.self]
    }
}

/// A delivery as people see it.
public struct WebhookRecord: Sendable {
    /// Its number.
    public var id: Int64
    /// What happened.
    public var event: String
    /// `waiting`, `delivered` or `dead`.
    public var state: String
    /// How often it was tried.
    public var attempts: Int
    /// When it happened.
    public var at: Date
    /// When it is tried next.
    public var due: Date
    /// The last cause of failure.
    public var error: String?

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        event = try row[1, as: String.self]
        state = try row[2, as: String.self]
        attempts = try row[3, as: Int.self]
        at = try row[4, as: Date.self]
        due = try row[5, as: Date.self]
        error = try row[6, as: String?.self]
    }
}
