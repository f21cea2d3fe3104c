public import FoundationEssentials
public import Postgres

/// A made submission with a known worth, to be planted among the others of a queue.
public struct CanaryDraft: Sendable {
    /// Whether the result is good; if not, reviewers should see that.
    public var isGood: Bool
    /// What the task would have been.
    public var payload: JSONText
    /// What would have come of it.
    public var result: JSONText
    /// One line, like those of the queue's tasks.
    public var title: String?
    /// A kind, like those of the queue's tasks.
    public var kind: String?
    /// A goal, like those of the queue's tasks.
    public var goal: String?

    /// Describes a canary.
    public init(
        isGood: Bool, payload: JSONText, result: JSONText, title: String? = nil, kind: String? = nil,
        goal: String? = nil
    ) {
        self.isGood = isGood
        self.payload = payload
        self.result = result
        self.title = title
        self.kind = kind
        self.goal = goal
    }
}

/// A canary that was planted.
public struct CanaryInfo: Sendable {
    /// Its task.
    public var taskID: TaskID
    /// The queue.
    public var queue: QueueName
    /// One line.
    public var title: String?
    /// `good` or `bad`.
    public var expected: String
    /// When it was planted.
    public var plantedAt: Date
    /// By whom.
    public var plantedBy: String
    /// When its last verdict came.
    public var closedAt: Date?
    /// Who gave which score.
    public var verdicts: JSONText

    init(_ row: Row) throws(PostgresError) {
        taskID = try row[0, as: TaskID.self]
        queue = try row[1, as: QueueName.self]
        title = try row[2, as: String?.self]
        expected = try row[3, as: String.self]
        plantedAt = try row[4, as: Date.self]
        plantedBy = try row[5, as: String.self]
        closedAt = try row[6, as: Date?.self]
        verdicts = try row[7, as: JSONText.self]
    }
}
