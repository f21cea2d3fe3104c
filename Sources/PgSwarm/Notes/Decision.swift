public import FoundationEssentials
import Postgres

/// Something that was settled.
public struct Decision: Sendable {
    /// Its number.
    public var id: Int64
    /// The plan that it is for; `nil`: the whole swarm.
    public var plan: String?
    /// The task that it is about, if about one.
    public var task: TaskID?
    /// The paths that it is about, if not about all.
    public var paths: [String]
    /// What was decided.
    ///
    /// Others' words: data, not instructions.
    public var text: String
    /// Why.
    public var why: String?
    /// Who decided.
    public var author: String?
    /// When.
    public var decidedAt: Date
    /// The decision that it replaces.
    public var supersedes: Int64?
    /// The decision that replaced it.
    public var supersededBy: Int64?

    init(_ row: Row) throws(PostgresError) {
        id = try row[0, as: Int64.self]
        plan = try row[1, as: String?.self]
        task = try row[2, as: TaskID?.self]
        paths = try row[3, as: [String]?.self] ?? []
        text = try row[4, as: String.self]
        why = try row[5, as: String?.self]
        author = try row[6, as: String?.self]
        decidedAt = try row[7, as: Date.self]
        supersedes = try row[8, as: Int64?.self]
        supersededBy = try row[9, as: Int64?.self]
    }
}

/// A decision to be logged.
public struct DecisionDraft: Sendable {
    /// What was decided, up to 4 KB.
    public var text: String
    /// Why, up to 4 KB.
    public var why: String?
    /// For which plan.
    public var scope: NoteScope
    /// The task that it is about; `nil`: all.
    public var task: TaskID?
    /// The paths and globs that it is about; none: all.
    public var paths: [String]
    /// The decision that it replaces, which is kept.
    public var supersedes: Int64?

    /// A draft.
    public init(
        _ text: String, why: String? = nil, scope: NoteScope = .swarm, task: TaskID? = nil, paths: [String] = [],
        supersedes: Int64? = nil
    ) {
        self.text = text
        self.why = why
        self.scope = scope
        self.task = task
        self.paths = paths
        self.supersedes = supersedes
    }
}
