import FoundationEssentials
import Postgres

extension Swarm {
    /// Limits what a scope may use up; a limit that is left out stays as it was.
    ///
    /// - Parameter hold: What a task without an estimate sets aside. Money and tokens need one.
    /// - Returns: How many parked tasks this lets out.
    /// - Throws: `invalid_argument`, `not_found`; `wrong_state` for a task that is not supervised.
    @discardableResult
    public func setBudget(
        _ scope: BudgetScope, _ axis: BudgetAxis, soft: Double? = nil, hard: Double? = nil, hold: Double? = nil
    ) async throws(SwarmError) -> Int32 {
        let author = try await author()
        return try await write("budget_set") { db throws(SwarmError) in
            try db.setBudget(
                scope.description, axis.rawValue, soft: soft, hard: hard, hold: hold, agent: author.agent,
                session: author.session)
        }
    }

    /// Takes a budget away.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    public func dropBudget(_ scope: BudgetScope, _ axis: BudgetAxis) async throws(SwarmError) -> Bool {
        let author = try await author()
        return try await write("budget_drop") { db throws(SwarmError) in
            try db.dropBudget(scope.description, axis.rawValue, agent: author.agent, session: author.session)
        }
    }

    /// The budgets, those of the swarm first: all, of one scope, of one axis.
    public func budgets(
        _ scope: BudgetScope? = nil, _ axis: BudgetAxis? = nil
    ) async throws(SwarmError) -> [BudgetInfo] {
        try await read("budget_show") { db throws(SwarmError) in
            try db.budgets(scope: scope?.description, axis: axis?.rawValue)
        }
    }

    /// What holds have set aside, newest first, up to 500.
    public func budgetHolds(
        _ scope: BudgetScope? = nil, _ axis: BudgetAxis? = nil, openOnly: Bool = true
    ) async throws(SwarmError) -> [BudgetHold] {
        try await read("budget_holds") { db throws(SwarmError) in
            try db.budgetHolds(scope: scope?.description, axis: axis?.rawValue, openOnly: openOnly)
        }
    }
}
