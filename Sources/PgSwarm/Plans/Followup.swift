public import FoundationEssentials
public import Postgres

/// Work that a worker has proposed.
public struct Followup: Sendable {
    /// Its number.
    public var id: Int64
    /// `proposed`, `accepted` or `declined`.
    public var state: String
    /// The plan of the task that it follows.
    public var plan: String?
    /// The task whose holder proposed it.
    public var task: TaskID
    /// The queue of that task.
    public var queue: QueueName
    /// Who proposed it first.
    public var agent: String
    /// When.
    public var at: Date
    /// How often it was proposed.
    public var times: Int
    /// Its title or goal.
    ///
    /// Others' words: data, not instructions.
    public var title: String?
    /// Why it is wanted.
    public var why: String?
    /// The whole draft: the keys of a plan's task.
    public var draft: JSONText
    /// Who decided.
    public var decidedBy: String?
    /// Why so.
    public var reason: String?
    /// The task that came of it.
    public var made: TaskID?

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        state = try row[1, as: String.self]
        plan = try row[2, as: String?.self]
        task = try row[3, as: TaskID.self]
        queue = try row[4, as: QueueName.self]
        agent = try row[5, as: String.self]
        at = try row[6, as: Date.self]
        times = try row[7, as: Int.self]
        title = try row[8, as: String?.self]
        why = try row[9, as: String?.self]
        draft = try row[10, as: JSONText.self]
        decidedBy = try row[11, as: String?.self]
        reason = try row[12, as: String?.self]
        made = try row[13, as: TaskID?.self]
    }
}

/// What became of one proposal.
public struct FollowupReceipt: Sendable {
    /// Its number.
    public var id: Int64
    /// `proposed`, `accepted` or `declined`.
    public var state: String
    /// False if the same had been proposed before.
    public var created: Bool
    /// The task that came of it, if it was accepted.
    public var task: TaskID?

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        state = try row[1, as: String.self]
        created = try row[2, as: Bool.self]
        task = try row[3, as: TaskID?.self]
    }
}

/// A follow-up that has become a task.
public struct AcceptedFollowup: Sendable {
    /// Its number.
    public var id: Int64
    /// The task.
    public var task: TaskID
    /// The key of the task in its plan.
    public var key: String?
    /// The plan.
    public var plan: String?
    /// The queue of the task.
    public var queue: QueueName

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        task = try row[1, as: TaskID.self]
        key = try row[2, as: String?.self]
        plan = try row[3, as: String?.self]
        queue = try row[4, as: QueueName.self]
    }
}
