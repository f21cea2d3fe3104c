public import FoundationEssentials
import Postgres

/// How one attempt at a task went.
public struct AttemptInfo: Sendable {
    /// Which attempt, from 1.
    public var attempt: Int
    /// The grant under which it ran.
    public var epoch: Int
    /// Who ran it.
    public var agent: String?
    /// `completed`, `failed`, `released`, `lost`, `cancelled` or `running`.
    public var outcome: String
    /// Why it failed.
    public var error: String?
    /// What it left for the next holder.
    public var note: String?
    /// When it began.
    public var startedAt: Date?
    /// When it ended.
    public var endedAt: Date?

    init(_ row: Row) throws(PostgresError) {
        attempt = try row[0, as: Int?.self] ?? 0
        epoch = try row[1, as: Int.self]
        agent = try row[2, as: String?.self]
        outcome = try row[3, as: String.self]
        error = try row[4, as: String?.self]
        note = try row[5, as: String?.self]
        startedAt = try row[6, as: Date?.self]
        endedAt = try row[7, as: Date?.self]
    }
}
