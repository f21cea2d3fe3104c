public import FoundationEssentials
public import Postgres

/// Why a task is where it is.
public struct TaskReason: Sendable {
    /// Where it stands.
    public var state: TaskState
    /// The reason in a word: `paused`, `scheduled`, `retrying`, `blocked`, `upstream_failed`, `max_running`,
    /// `no_worker`, `behind`, `held`, `done`, `dead`, `cancelled` or `ready`.
    public var reason: String
    /// The reason in a sentence, with what to do about it.
    public var message: String
    /// Until when, if that is known.
    public var until: Date?
    /// More for programs.
    public var detail: JSONText?

    init(_ row: Row) throws(PostgresError) {
        state = try row[0, as: TaskState.self]
        reason = try row[1, as: String.self]
        message = try row[2, as: String.self]
        until = try row[3, as: Date?.self]
        detail = try row[4, as: JSONText?.self]
    }
}
