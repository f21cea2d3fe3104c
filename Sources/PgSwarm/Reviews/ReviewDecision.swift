import Postgres

/// What a person decides about a result.
public enum ReviewDecision: String, Sendable, CaseIterable {
    /// It counts.
    case accept
    /// It is to be done again.
    case sendBack = "send_back"
    /// The task is given up.
    case reject
}

/// What became of a decision.
public struct DecisionReceipt: Sendable {
    /// The submission that was decided.
    public var submission: Int64
    /// The state of the task now.
    public var state: TaskState
    /// Whether it was shown that no agent did this.
    public var isSeparated: Bool

    init(_ row: Row) throws(PostgresError) {
        submission = try row[0, as: Int64.self]
        state = TaskState(rawValue: try row[1, as: String.self])
        isSeparated = try row[2, as: Bool.self]
    }
}
