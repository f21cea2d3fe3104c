public import FoundationEssentials
import Postgres

/// What one hold on a task has set aside of one budget.
public struct BudgetHold: Sendable {
    /// The budget's scope.
    public var scope: String
    /// What the budget counts.
    public var axis: String
    /// The task.
    public var taskID: TaskID
    /// The hold: each grant of a task has its own epoch.
    public var epoch: Int32
    /// Who held it.
    public var agent: String?
    /// Since when.
    public var at: Date
    /// What was set aside at the claim.
    public var amount: Double
    /// What was reported so far.
    public var used: Double?
    /// When the hold ended; `nil` while it stands.
    public var endedAt: Date?
    /// How it ended: `completed`, `failed`, `released`, `lost` or `cancelled`.
    public var outcome: String?
    /// What it came to.
    public var charged: Double?
    /// Whether it was charged in full because nobody said what was used.
    public var isUnreported: Bool

    /// Reads the columns of ``BudgetSQL/holds(scope:axis:openOnly:)``.
    init(_ row: Row) throws(PostgresError) {
        scope = try row[0, as: String.self]
        axis = try row[1, as: String.self]
        taskID = try row[2, as: TaskID.self]
        epoch = try row[3, as: Int32.self]
        agent = try row[4, as: String?.self]
        at = try row[5, as: Date.self]
        amount = try row[6, as: Double.self]
        used = try row[7, as: Double?.self]
        endedAt = try row[8, as: Date?.self]
        outcome = try row[9, as: String?.self]
        charged = try row[10, as: Double?.self]
        isUnreported = try row[11, as: Bool.self]
    }
}
