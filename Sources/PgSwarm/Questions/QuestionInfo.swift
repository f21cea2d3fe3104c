public import FoundationEssentials
import Postgres

/// A question as people see it.
public struct QuestionInfo: Sendable {
    /// Its number.
    public var id: Int64
    /// `open`, `answered`, `defaulted`, `denied` or `withdrawn`.
    public var state: String
    /// `low`, `normal`, `high` or `blocking`.
    public var severity: String
    /// What is asked.
    public var text: String
    /// The answers among which to choose.
    public var options: [String]
    /// The answer when nobody gives one.
    public var fallback: String?
    /// What makes two questions the same.
    public var topic: String?
    /// What it is about.
    public var scope: String
    /// The plan it belongs to.
    public var plan: String?
    /// Who asked first.
    public var asker: String?
    /// Who is to answer now.
    public var rung: String?
    /// What happens at the deadline.
    public var onDeadline: String
    /// When the present rung's time is over.
    public var deadline: Date?
    /// Since when it waits beyond its last deadline.
    public var overdueSince: Date?
    /// The answer.
    public var answer: String?
    /// What was said with it.
    public var note: String?
    /// Who answered: a name, or the deadline.
    public var answeredBy: String?
    /// When.
    public var answeredAt: Date?
    /// Whether the answer holds for whoever asks the same later.
    public var isDecision: Bool
    /// The tasks that have asked it.
    public var tasks: [TaskID]
    /// How many living tasks wait behind it, directly or not.
    public var blocks: Int
    /// How many answers came too late.
    public var lateAnswers: Int
    /// When it was asked.
    public var at: Date

    /// Reads the columns of ``QuestionsSQL/columns``.
    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        state = try row[1, as: String.self]
        severity = try row[2, as: String.self]
        text = try row[3, as: String.self]
        options = try row[4, as: [String]?.self] ?? []
        fallback = try row[5, as: String?.self]
        topic = try row[6, as: String?.self]
        scope = try row[7, as: String.self]
        plan = try row[8, as: String?.self]
        asker = try row[9, as: String?.self]
        rung = try row[10, as: String?.self]
        onDeadline = try row[11, as: String.self]
        deadline = try row[12, as: Date?.self]
        overdueSince = try row[13, as: Date?.self]
        answer = try row[14, as: String?.self]
        note = try row[15, as: String?.self]
        answeredBy = try row[16, as: String?.self]
        answeredAt = try row[17, as: Date?.self]
        isDecision = try row[18, as: Bool.self]
        tasks = try (row[19, as: [Int64]?.self] ?? []).map { TaskID(rawValue: $0) }
        blocks = try row[20, as: Int.self]
        lateAnswers = try row[21, as: Int.self]
        at = try row[22, as: Date.self]
    }
}
