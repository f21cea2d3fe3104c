public import FoundationEssentials
public import Postgres

/// A plan in a list.
public struct PlanInfo: Sendable {
    /// Its name.
    public var name: String
    /// What is there when all is done.
    public var goal: String?
    /// How often it was written.
    public var version: Int
    /// `open`, `paused`, `failing` (a task is dead), `done` or `ended`.
    public var state: String
    /// How many tasks it has.
    public var tasks: Int
    /// How many of them are done.
    public var done: Int
    /// How many tasks are in each state: a JSON object.
    public var counts: JSONText?
    /// When it was written last.
    public var changedAt: Date?
    /// By whom.
    public var changedBy: String?
    /// Who froze it, if it is frozen.
    public var frozenBy: String?
    /// Who paused it, if it is paused.
    public var pausedBy: String?

    init(_ row: Row) throws(PostgresError) {
        name = try row[0, as: String.self]
        goal = try row[1, as: String?.self]
        version = try row[2, as: Int.self]
        state = try row[3, as: String.self]
        tasks = try row[4, as: Int.self]
        done = try row[5, as: Int.self]
        counts = try row[6, as: JSONText?.self]
        changedAt = try row[7, as: Date?.self]
        changedBy = try row[8, as: String?.self]
        frozenBy = try row[9, as: String?.self]
        pausedBy = try row[10, as: String?.self]
    }
}
