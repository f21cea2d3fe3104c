public import Postgres

/// A question to be asked.
public struct QuestionDraft: Sendable {
    /// What happens when nobody answers in time.
    public enum OnDeadline: String, Sendable, CaseIterable {
        /// It stays open.
        case wait
        /// The fallback becomes the answer.
        case `default`
        /// The waiting tasks end.
        case deny
        /// It goes to the next rung.
        case escalate
    }

    /// How urgent it is.
    public enum Severity: String, Sendable, CaseIterable {
        case low, normal, high, blocking
    }

    /// What the answer is about.
    public enum Scope: String, Sendable, CaseIterable {
        case task, paths, plan
    }

    /// What is asked.
    public var text: String
    /// The answers among which to choose; empty: any text is one.
    public var options: [String] = []
    /// The answer when nobody gives one.
    public var fallback: String?
    /// How long each rung has to answer.
    public var deadline: Duration?
    /// What happens then.
    public var onDeadline = OnDeadline.wait
    /// Who may answer, one after the other: `coordinator`, `human` or the name of an agent.
    ///
    /// A human always may.
    public var rungs = ["human"]
    /// How urgent it is.
    public var severity = Severity.normal
    /// What the answer is about.
    public var scope = Scope.task
    /// What makes two questions the same; `nil`: their texts and options.
    public var topic: String?
    /// Where the next holder goes on.
    public var checkpoint: JSONText?
    /// Whether the task waits for the answer, at no cost; otherwise its holder goes on.
    public var parks = true

    /// A question.
    public init(_ text: String) {
        self.text = text
    }
}

/// What became of a question that was asked.
public struct QuestionReceipt: Sendable {
    /// Its number.
    public var id: Int64
    /// Whether it is new; otherwise others had asked it.
    public var created: Bool
    /// `open`, or `answered` when a decision stands.
    public var state: String
    /// The answer, when there is one.
    public var answer: String?
    /// The task that waits.
    public var task: TaskID?
    /// Its state: `parked`, or `running` when it goes on.
    public var taskState: TaskState?
    /// How many tasks wait for the answer.
    public var waiters: Int

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        created = try row[1, as: Bool.self]
        state = try row[2, as: String.self]
        answer = try row[3, as: String?.self]
        task = try row[4, as: TaskID?.self]
        taskState = try row[5, as: TaskState?.self]
        waiters = try row[6, as: Int.self]
    }
}
