public import FoundationEssentials
public import Postgres

/// An entry that fits a text.
public struct FoundProblem: Sendable {
    /// The number of the entry.
    public var id: Int64
    /// From 0 to 1; 1 is the same fingerprint.
    public var score: Double
    /// `fingerprint` or `text`.
    public var match: String
    /// `open`, `solving` or `solved`.
    public var status: String
    /// The entry's scope.
    public var scope: String
    /// The entry's kind.
    public var kind: String
    /// The entry's title.
    public var title: String
    /// How often it was met.
    public var occurrences: Int64
    /// When it was met last.
    public var seenAt: Date
    /// The entry's tags.
    public var tags: [String]
    /// Up to three solutions, best first: objects with `id`, `status`, `solution`, `confirmations`.
    public var solutions: JSONText
    /// Who is solving it.
    public var solver: String?
    /// Since when.
    public var solverSince: Date?
    /// Until when its lease lasts.
    public var solverUntil: Date?

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        score = try row[1, as: Double.self]
        match = try row[2, as: String.self]
        status = try row[3, as: String.self]
        scope = try row[4, as: String.self]
        kind = try row[5, as: String.self]
        title = try row[6, as: String.self]
        occurrences = try row[7, as: Int64.self]
        seenAt = try row[8, as: Date.self]
        tags = try row[9, as: [String].self]
        solutions = try row[10, as: JSONText.self]
        solver = try row[11, as: String?.self]
        solverSince = try row[12, as: Date?.self]
        solverUntil = try row[13, as: Date?.self]
    }
}

/// The answer to a report.
public struct ProblemReceipt: Sendable {
    /// The number of the entry.
    public var id: Int64
    /// Whether the entry is new; otherwise one more occurrence was counted.
    public var isNew: Bool
    /// How often it was met.
    public var occurrences: Int64
    /// The entry's status.
    public var status: String
    /// The entry's title.
    public var title: String
    /// Other entries that look like a new one: objects with `id`, `title`, `status`, `score`.
    public var similar: JSONText?

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        isNew = try row[1, as: Bool.self]
        occurrences = try row[2, as: Int64.self]
        status = try row[3, as: String.self]
        title = try row[4, as: String.self]
        similar = try row[5, as: JSONText?.self]
    }
}

/// The lease of whoever solves a problem.
public struct SolverLease: Sendable {
    /// The problem.
    public var problem: Int64
    /// What the solver shows with the solution.
    public var handle: String
    /// Until when, unless it is renewed.
    public var until: Date
    /// The problem's title.
    public var title: String
    /// How many tasks wait for the solution.
    public var waiting: Int

    init(_ row: Row) throws(PostgresError) {
        problem = try row[0, as: Int64.self]
        handle = try row[1, as: String.self]
        until = try row[2, as: Date.self]
        title = try row[3, as: String.self]
        waiting = try row[4, as: Int.self]
    }
}

/// What became of a problem by a call, and of what waited for it.
public struct ProblemChange: Sendable {
    /// The problem.
    public var problem: Int64
    /// The solution that was added, if one was.
    public var solution: Int64?
    /// The problem's status now, if the call tells it.
    public var status: String?
    /// How many tasks came back.
    public var resumed: Int
    /// Their queues, and those that were paused on the problem's account: to be rung.
    public var queues: [QueueName]

    init(_ row: Row) throws(PostgresError) {
        problem = try row[0, as: Int64.self]
        solution = try row[1, as: Int64?.self]
        status = try row[2, as: String?.self]
        resumed = try row[3, as: Int?.self] ?? 0
        queues = (try row[4, as: [String]?.self] ?? []).map(QueueName.init(rawValue:))
    }
}

/// What others' opinions made of a solution.
public struct SolutionOpinion: Sendable {
    /// The problem.
    public var problem: Int64
    /// The solution.
    public var solution: Int64
    /// The solution's status now.
    public var status: String

    init(_ row: Row) throws(PostgresError) {
        problem = try row[0, as: Int64.self]
        solution = try row[1, as: Int64.self]
        status = try row[2, as: String.self]
    }
}

/// Where a task went that was parked on a problem.
public struct ParkedTask: Sendable {
    /// The task.
    public var task: TaskID
    /// `parked`, or `ready` because the problem is solved or closed already.
    public var state: TaskState
    /// Who is solving the problem.
    public var solver: String?
    /// Until when the task waits at most.
    public var until: Date?

    init(_ row: Row) throws(PostgresError) {
        task = try row[0, as: TaskID.self]
        state = TaskState(rawValue: try row[1, as: String.self])
        solver = try row[2, as: String?.self]
        until = try row[3, as: Date?.self]
    }
}

/// What became of one entry of a file.
public struct ImportedProblem: Sendable {
    /// The place of the entry in the call, from 1.
    public var ordinal: Int
    /// The entry's number here; `nil` when it was refused, or is only tried.
    public var id: Int64?
    /// `created`, `updated`, `unchanged` or `refused`.
    public var code: String
    /// What was changed: `title`, `symptom`, `solution`, ….
    public var changes: [String]
    /// Why it was refused.
    public var message: String?

    init(_ row: Row) throws(PostgresError) {
        ordinal = try row[0, as: Int.self]
        id = try row[1, as: Int64?.self]
        code = try row[2, as: String.self]
        changes = try row[3, as: [String].self]
        message = try row[4, as: String?.self]
    }
}
