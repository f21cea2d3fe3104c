public import FoundationEssentials
import Postgres

/// A review that is to be done, or is being done.
public struct ReviewInfo: Sendable {
    /// The review's own task.
    public var review: TaskID
    /// The task whose result it is about.
    public var taskID: TaskID
    /// The task's queue.
    public var queue: QueueName
    /// The task in one line.
    public var title: String?
    /// The round, from 1.
    public var round: Int
    /// Who does it.
    public var agent: String?
    /// Until when.
    public var leaseUntil: Date?
    /// How many may do it, if nobody does.
    public var able: Int?
    /// Why nobody may.
    public var why: String?
    /// Since when it is wanted.
    public var createdAt: Date

    static let columns = """
        review_task_id, task_id, queue, title, round, agent, lease_until, able, why, created_at
        """

    init(_ row: Row) throws(PostgresError) {
        review = try row[0, as: TaskID.self]
        taskID = try row[1, as: TaskID.self]
        queue = try row[2, as: QueueName.self]
        title = try row[3, as: String?.self]
        round = try row[4, as: Int.self]
        agent = try row[5, as: String?.self]
        leaseUntil = try row[6, as: Date?.self]
        able = try row[7, as: Int?.self]
        why = try row[8, as: String?.self]
        createdAt = try row[9, as: Date.self]
    }
}
