public import FoundationEssentials
public import Postgres

extension Connection {
    /// Limits what a scope may use up; a limit that is left out stays as it was.
    ///
    /// - Parameters:
    ///   - scope: `swarm`, `queue:NAME`, `plan:NAME` or `task:ID`.
    ///   - axis: `money`, `tokens`, `attempts` or `seconds`.
    ///   - hold: What a task without an estimate sets aside. Money and tokens need one.
    /// - Returns: How many parked tasks this lets out.
    /// - Throws: `invalid_argument`, `not_found`; `wrong_state` for a task that is not supervised.
    @discardableResult
    public func setBudget(
        _ scope: String, _ axis: String, soft: Double? = nil, hard: Double? = nil, hold: Double? = nil,
        agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Int32 {
        let sql = BudgetSQL.set(scope, axis, soft: soft, hard: hard, hold: hold, agent: agent, session: session)
        return try row(sql) { row throws(PostgresError) in try row[0, as: Int32.self] }
    }

    /// Takes a budget away.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    public func dropBudget(
        _ scope: String, _ axis: String, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Bool {
        try row(BudgetSQL.drop(scope, axis, agent: agent, session: session)) { row throws(PostgresError) in
            try row[0, as: Bool.self]
        }
    }

    /// The budgets, those of the swarm first: all, of one scope, of one axis.
    public func budgets(scope: String? = nil, axis: String? = nil) throws(SwarmError) -> [BudgetInfo] {
        try rows(BudgetSQL.show(scope: scope, axis: axis)) { row throws(PostgresError) in try BudgetInfo(row) }
    }

    /// What holds have set aside, newest first, up to 500.
    public func budgetHolds(
        scope: String? = nil, axis: String? = nil, openOnly: Bool = true
    ) throws(SwarmError) -> [BudgetHold] {
        try rows(BudgetSQL.holds(scope: scope, axis: axis, openOnly: openOnly)) { row throws(PostgresError) in
            try BudgetHold(row)
        }
    }
}
