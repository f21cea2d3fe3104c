public import FoundationEssentials
import Postgres

/// A budget and how it stands.
public struct BudgetInfo: Sendable {
    /// Whose use it limits: `swarm`, `queue:NAME`, `plan:NAME` or `task:ID`.
    public var scope: String
    /// What it counts.
    public var axis: String
    /// From here on it is told.
    public var soft: Double?
    /// Beyond this no task begins.
    public var hard: Double?
    /// What a task without an estimate sets aside.
    public var hold: Double?
    /// What was used up by holds that have ended.
    public var spent: Double
    /// What running tasks have set aside, or used beyond that.
    public var held: Double
    /// What is left below the hard limit; below 0 when more was used than was thought.
    public var left: Double?
    /// How many holds were charged in full because nobody said what was used.
    public var unreported: Int64
    /// How many tasks it keeps parked.
    public var parked: Int64
    /// When its soft limit was reached and told.
    public var softReachedAt: Date?
    /// When tasks were first parked by it, and that was told.
    public var hardReachedAt: Date?
    /// When it was set last.
    public var setAt: Date
    /// Who set it.
    public var setBy: String?

    /// Reads the columns of ``BudgetSQL/columns``.
    init(_ row: Row) throws(PostgresError) {
        scope = try row[0, as: String.self]
        axis = try row[1, as: String.self]
        soft = try row[2, as: Double?.self]
        hard = try row[3, as: Double?.self]
        hold = try row[4, as: Double?.self]
        spent = try row[5, as: Double.self]
        held = try row[6, as: Double.self]
        left = try row[7, as: Double?.self]
        unreported = try row[8, as: Int64.self]
        parked = try row[9, as: Int64.self]
        softReachedAt = try row[10, as: Date?.self]
        hardReachedAt = try row[11, as: Date?.self]
        setAt = try row[12, as: Date.self]
        setBy = try row[13, as: String?.self]
    }
}
