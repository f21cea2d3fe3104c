public import FoundationEssentials
public import Postgres

/// Evidence that was put down.
public struct EvidenceInfo: Sendable {
    /// Its number.
    public var id: Int64
    /// The task that it is about.
    public var taskID: TaskID
    /// From 0, a statement, to 4, a person's.
    public var tier: Int
    /// What it is, in a word.
    public var kind: String
    /// What was run and what came out.
    public var body: JSONText?
    /// The exit status of what was run.
    public var exitStatus: Int?
    /// The hash of the artifact that it is about.
    public var artifact: String?
    /// Who put it down.
    public var agent: String
    /// Whether it is about the result as it is now.
    public var isFresh: Bool
    /// When.
    public var at: Date

    static let columns = "id, task_id, tier, kind, body, exit_status, artifact, agent, coalesce(fresh, false), at"

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        taskID = try row[1, as: TaskID.self]
        tier = try row[2, as: Int.self]
        kind = try row[3, as: String.self]
        body = try row[4, as: JSONText?.self]
        exitStatus = try row[5, as: Int?.self]
        artifact = try row[6, as: String?.self]
        agent = try row[7, as: String.self]
        isFresh = try row[8, as: Bool.self]
        at = try row[9, as: Date.self]
    }
}
