public import FoundationEssentials
import Postgres

/// Why a queue has nothing to claim, and when to come back.
public struct EmptyQueue: Sendable {
    /// The queue.
    public var queue: QueueName
    /// `empty`, `paused`, `scheduled`, `blocked`, `max_running`, `all_running`, `breaker` or `agent_breaker`.
    public var reason: String
    /// The reason in a sentence.
    public var message: String
    /// When claiming again makes sense, if that is known.
    public var retryAt: Date?
    /// How many tasks could be claimed if nothing else stood in the way.
    public var ready: Int
    /// How many wait for their due time.
    public var scheduled: Int
    /// How many wait for other tasks.
    public var blocked: Int
    /// How many are held.
    public var running: Int
    /// How many a breaker keeps from being claimed.
    public var held: Int

    init(_ row: Row) throws(PostgresError) {
        queue = try row[0, as: QueueName.self]
        reason = try row[1, as: String.self]
        message = try row[2, as: String.self]
        retryAt = try row[3, as: Date?.self]
        ready = try row[4, as: Int?.self] ?? 0
        scheduled = try row[5, as: Int?.self] ?? 0
        blocked = try row[6, as: Int?.self] ?? 0
        running = try row[7, as: Int?.self] ?? 0
        held = try row[8, as: Int?.self] ?? 0
    }
}
