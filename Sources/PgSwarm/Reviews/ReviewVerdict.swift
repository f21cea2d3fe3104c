import Postgres

/// What a reviewer thinks of a result.
public struct ReviewVerdict: Sendable {
    /// 5 nothing found, 4 minor, 3 should be fixed, 2 significant defects, 1 broken or unsafe.
    public var score: Int
    /// What was looked at and found, in a sentence.
    public var summary: String
    /// What was found; a score of 3 or lower needs one.
    public var findings: [Finding]
    /// What the reviewer ran itself.
    public var evidence: [EvidenceDraft]

    /// A verdict.
    public init(score: Int, summary: String, findings: [Finding] = [], evidence: [EvidenceDraft] = []) {
        self.score = score
        self.summary = summary
        self.findings = findings
        self.evidence = evidence
    }
}

/// What became of a verdict, and of what it was about.
public struct ReviewReceipt: Sendable {
    /// Whether it had been given before.
    public var wasRepeated: Bool
    /// The number of the verdict.
    public var review: Int64
    /// The task whose result it is about.
    public var taskID: TaskID
    /// The submission that it is about.
    public var submission: Int64
    /// Where the submission goes: `waiting` (for others), `automatic`, `reviewed`, `fast_lane`, `fix_loop` or `attention`.
    public var route: String?
    /// The lowest score so far.
    public var lowest: Int?
    /// The state of the task now.
    public var state: TaskState?

    static let columns = "code, review, task_id, submission, route, lowest, state"

    init(_ row: Row) throws(PostgresError) {
        wasRepeated = try row[0, as: String.self] == "duplicate"
        review = try row[1, as: Int64.self]
        taskID = try row[2, as: TaskID.self]
        submission = try row[3, as: Int64.self]
        route = try row[4, as: String?.self]
        lowest = try row[5, as: Int?.self]
        state = try row[6, as: String?.self].map(TaskState.init(rawValue:))
    }
}
