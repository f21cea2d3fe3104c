import PgSwarm

/// How budgets are written.
enum BudgetOutput {
    /// An amount without a fraction that says nothing.
    static func amount(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return whole.grouped }
        // Sums of decimal fractions end in noise.
        return "\((value * 1_000_000).rounded() / 1_000_000)"
    }

    /// A budget in one line.
    static func sentence(_ budget: BudgetInfo) -> String {
        var text = "\(budget.scope.printable) \(budget.axis): "
        text += budget.hard.map { "up to \(amount($0))" } ?? "no hard limit"
        if let soft = budget.soft { text += ", told from \(amount(soft))" }
        if let hold = budget.hold { text += ", \(amount(hold)) a task" }
        text += "; \(amount(budget.spent)) spent, \(amount(budget.held)) held"
        return text
    }

    static func json(_ budget: BudgetInfo, _ more: JSON = [:]) -> JSON {
        var members: [(String, JSON)] = [
            ("scope", .string(budget.scope)), ("axis", .string(budget.axis)), ("soft", number(budget.soft)),
            ("hard", number(budget.hard)), ("hold", number(budget.hold)), ("spent", .number(budget.spent)),
            ("held", .number(budget.held)), ("left", number(budget.left)), ("parked", .integer(budget.parked)),
            ("unreported", .integer(budget.unreported)), ("soft_reached_at", JSON(budget.softReachedAt)),
            ("hard_reached_at", JSON(budget.hardReachedAt)), ("set_at", JSON(budget.setAt)),
            ("set_by", JSON(budget.setBy)),
        ]
        if case .object(let added) = more { members += added }
        return .object(members)
    }

    static func json(_ hold: BudgetHold) -> JSON {
        [
            "scope": .string(hold.scope), "axis": .string(hold.axis), "task_id": .string(hold.taskID.description),
            "epoch": .integer(Int64(hold.epoch)), "agent": JSON(hold.agent), "at": JSON(hold.at),
            "amount": .number(hold.amount), "used": number(hold.used), "ended_at": JSON(hold.endedAt),
            "outcome": JSON(hold.outcome), "charged": number(hold.charged), "unreported": .bool(hold.isUnreported),
        ]
    }

    private static func number(_ value: Double?) -> JSON {
        value.map { .number($0) } ?? .null
    }
}
