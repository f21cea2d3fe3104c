import Postgres

import struct FoundationEssentials.UUID

/// The calls that set budgets, and those that look at them.
enum BudgetSQL {
    /// The columns in the order in which ``BudgetInfo`` reads them.
    private static let columns = """
        scope, axis, soft, hard, hold, spent, held, "left", unreported, parked, soft_reached_at, hard_reached_at, set_at,
        set_by
        """

    static func set(
        _ scope: String, _ axis: String, soft: Double?, hard: Double?, hold: Double?, agent: AgentName?, session: UUID?
    ) -> SQL {
        """
        SELECT admitted FROM pgswarm.budget_set(
            scope => \(scope), axis => \(axis), soft => \(soft)::float8::numeric, hard => \(hard)::float8::numeric,
            hold => \(hold)::float8::numeric, agent => \(agent), session => \(session))
        """
    }

    static func drop(_ scope: String, _ axis: String, agent: AgentName?, session: UUID?) -> SQL {
        """
        SELECT dropped FROM pgswarm.budget_drop(
            scope => \(scope), axis => \(axis), agent => \(agent), session => \(session))
        """
    }

    static func show(scope: String?, axis: String?) -> SQL {
        "SELECT \(raw: columns) FROM pgswarm.budget_show(scope => \(scope), axis => \(axis))"
    }

    static func holds(scope: String?, axis: String?, openOnly: Bool) -> SQL {
        """
        SELECT scope, axis, task_id, epoch, agent, at, amount, used, ended_at, outcome, charged, unreported
        FROM pgswarm.budget_holds
        WHERE scope = coalesce(\(scope)::text, scope) AND axis = coalesce(\(axis)::text, axis)
          AND (ended_at IS NULL OR NOT \(openOnly))
        ORDER BY at DESC, task_id, axis, scope LIMIT 500
        """
    }
}
