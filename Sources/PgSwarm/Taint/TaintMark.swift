public import FoundationEssentials
import Postgres

/// A task that a taint reached, or would reach.
public struct TaintMark: Sendable {
    /// The taint; `nil` in a preview.
    public var taint: Int64?
    /// The task.
    public var taskID: TaskID
    /// Its queue.
    public var queue: QueueName
    /// One line for people.
    public var title: String?
    /// How many readings it is away from what was wrong: 0 for that itself.
    public var depth: Int
    /// The task whose result it read.
    public var via: TaskID?
    /// Its state when the taint reached it.
    public var was: TaskState
    /// What is done about it: `redo`, `review`, `stop`, `signal`, `repair` or `none`.
    public var action: String
    /// Its state now.
    public var state: TaskState?
    /// The task that mends what was integrated.
    public var repair: TaskID?
    /// How the taint was cleared: `verified` by a review, `redone`, or `waived` by a person; `nil` while it stands.
    public var cleared: String?
    /// When it was cleared.
    public var clearedAt: Date?
    /// Why it was waived.
    public var note: String?

    /// Reads the columns of ``TaintSQL/columns``.
    init(_ row: Row) throws(PostgresError) {
        taint = try row[0, as: Int64?.self]
        taskID = try row[1, as: TaskID.self]
        queue = try row[2, as: QueueName.self]
        title = try row[3, as: String?.self]
        depth = try row[4, as: Int.self]
        via = try row[5, as: TaskID?.self]
        was = try row[6, as: TaskState.self]
        action = try row[7, as: String.self]
        state = try row[8, as: TaskState?.self]
        repair = try row[9, as: TaskID?.self]
        cleared = try row[10, as: String?.self]
        clearedAt = try row[11, as: Date?.self]
        note = try row[12, as: String?.self]
    }
}
