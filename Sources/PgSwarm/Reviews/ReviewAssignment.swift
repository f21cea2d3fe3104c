public import FoundationEssentials
public import Postgres

/// A result that a reviewer has been given to judge.
///
/// The author's name and what the author thinks of it are left out on purpose.
public struct ReviewAssignment: Sendable {
    /// The review's own task.
    public var review: TaskID
    /// The handle of the review, to be renewed, released, or ended by a verdict.
    public var handle: Handle
    /// Until when the review is this reviewer's.
    public var leaseUntil: Date
    /// The task whose result it is.
    public var taskID: TaskID
    /// What was handed in.
    public var submission: Int64
    /// What a verdict is bound to; goes back with it.
    public var digest: String
    /// The task's queue.
    public var queue: QueueName
    /// The task's kind.
    public var kind: String?
    /// The task in one line.
    public var title: String?
    /// What the task was.
    public var payload: JSONText
    /// What came of it.
    public var result: JSONText?
    /// What it was for.
    public var goal: String?
    /// When it counts as done: an array of sentences.
    public var criteria: JSONText?
    /// What it may touch.
    public var paths: [String]
    /// The contracts that it was made to.
    public var contracts: JSONText?
    /// What was made on the way.
    public var artifacts: JSONText?
    /// What speaks for it.
    public var evidence: JSONText?
    /// What was found in earlier rounds, and what was answered.
    public var findings: JSONText?
    /// The round, from 1.
    public var round: Int
    /// After so many rounds a person looks at it.
    public var rounds: Int?

    static let columns = """
        review, handle, lease_until, task_id, submission, digest, queue, kind, title, payload, result, goal, criteria, \
        coalesce(paths, '{}'), contracts, artifacts, evidence, findings, round, rounds
        """

    init(_ row: Row) throws(PostgresError) {
        review = try row[0, as: TaskID.self]
        handle = try Handle(trusting: try row[1, as: String.self])
        leaseUntil = try row[2, as: Date.self]
        taskID = try row[3, as: TaskID.self]
        submission = try row[4, as: Int64.self]
        digest = try row[5, as: String.self]
        queue = try row[6, as: QueueName.self]
        kind = try row[7, as: String?.self]
        title = try row[8, as: String?.self]
        payload = try row[9, as: JSONText.self]
        result = try row[10, as: JSONText?.self]
        goal = try row[11, as: String?.self]
        criteria = try row[12, as: JSONText?.self]
        paths = try row[13, as: [String].self]
        contracts = try row[14, as: JSONText?.self]
        artifacts = try row[15, as: JSONText?.self]
        evidence = try row[16, as: JSONText?.self]
        findings = try row[17, as: JSONText?.self]
        round = try row[18, as: Int.self]
        rounds = try row[19, as: Int?.self]
    }
}
