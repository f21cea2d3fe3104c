import Postgres

/// The answer to a task that was cancelled or retried from outside.
public struct SteeringAnswer: Sendable, Hashable {
    /// The task.
    public var id: TaskID
    /// `ok`, `already_cancelled`, `already_cleared`, `not_found` or `wrong_state`.
    public var code: String
    /// The state the task is in now, if it exists.
    public var state: TaskState?

    /// Whether the task is now as the caller wants it.
    public var wasAccepted: Bool { code == "ok" || code == "already_cancelled" || code == "already_cleared" }

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: TaskID.self]
        code = try row[1, as: String.self]
        state = try row[2, as: TaskState?.self]
    }
}
