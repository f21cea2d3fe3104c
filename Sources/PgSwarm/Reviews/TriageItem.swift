public import FoundationEssentials
import Postgres

/// Something that waits for a person.
public struct TriageItem: Sendable {
    /// `submission`, `audit` (accepted automatically, looked at afterwards) or `question`.
    public var what: String
    /// The number of the submission, or of the question.
    public var id: Int64
    /// The task.
    public var taskID: TaskID
    /// Its queue.
    public var queue: QueueName
    /// Its kind.
    public var kind: String?
    /// The task in one line.
    public var title: String?
    /// Its plan.
    public var plan: String?
    /// `fast_lane`, `attention`, `audit` or `question`.
    public var route: String
    /// Why it is here, in a sentence.
    public var why: String
    /// The lowest score.
    public var score: Int?
    /// All scores.
    public var scores: [Int]
    /// How many verdicts were wanted.
    public var needed: Int
    /// `low`, `medium` or `high`.
    public var risk: String?
    /// What makes it so.
    public var riskReasons: [String]
    /// How many tasks wait for it, and for those.
    public var blocks: Int
    /// For how long it has waited.
    public var age: Duration
    /// What the list is ordered by: what it blocks, its age and its risk, multiplied.
    public var weight: Double
    /// The round, from 1.
    public var round: Int
    /// After so many rounds people look at it.
    public var rounds: Int
    /// The number of the submission among those of the task.
    public var number: Int
    /// What was found in it.
    public var findings: Int
    /// What is not answered yet.
    public var openFindings: Int
    /// The highest tier of fresh evidence.
    public var evidenceTier: Int?
    /// Whether no fresh check failed.
    public var isGreen: Bool
    /// The author.
    public var agent: String
    /// What the author thinks of it: a hint.
    public var confidence: Int?
    /// What a decision is bound to; goes back with it.
    public var digest: String
    /// Since when it waits.
    public var at: Date

    static let columns = """
        what, id, task_id, queue, kind, title, plan, route, why, score, scores, needed, risk, risk_reasons, blocks, \
        age_seconds, weight, round, rounds, number, findings, open_findings, evidence_tier, checks_green, agent, confidence, \
        digest, at
        """

    init(_ row: Row) throws(PostgresError) {
        what = try row[0, as: String.self]
        id = try row[1, as: Int64.self]
        taskID = try row[2, as: TaskID.self]
        queue = try row[3, as: QueueName.self]
        kind = try row[4, as: String?.self]
        title = try row[5, as: String?.self]
        plan = try row[6, as: String?.self]
        route = try row[7, as: String.self]
        why = try row[8, as: String.self]
        score = try row[9, as: Int?.self]
        scores = try row[10, as: [Int].self]
        needed = try row[11, as: Int.self]
        risk = try row[12, as: String?.self]
        riskReasons = try row[13, as: [String].self]
        blocks = try row[14, as: Int.self]
        age = .seconds(try row[15, as: Double.self])
        weight = try row[16, as: Double.self]
        round = try row[17, as: Int.self]
        rounds = try row[18, as: Int.self]
        number = try row[19, as: Int.self]
        findings = try row[20, as: Int.self]
        openFindings = try row[21, as: Int.self]
        evidenceTier = try row[22, as: Int?.self]
        isGreen = try row[23, as: Bool.self]
        agent = try row[24, as: String.self]
        confidence = try row[25, as: Int?.self]
        digest = try row[26, as: String.self]
        at = try row[27, as: Date.self]
    }
}
