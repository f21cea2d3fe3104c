import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm budget show`, or without `show`: how budgets stand.
struct BudgetShow: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show budgets and how they stand.",
        discussion: """
            EXAMPLES
              pgswarm budget show
              pgswarm budget show queue:build --json
            """
    )

    @Argument(help: "swarm, queue:NAME, plan:NAME or task:ID. Default: all.")
    var scope: String?

    @Argument(help: "money, tokens, attempts or seconds. Default: all.")
    var axis: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let budgets = try await context.connect().budgets(scope: scope, axis: axis)
        if context.json {
            for budget in budgets { context.console.json(BudgetOutput.json(budget)) }
        } else if budgets.isEmpty {
            context.console.line(
                scope == nil
                    ? "no budgets; set one: pgswarm budget set swarm attempts --hard 1000"
                    : "no such budget; see all: pgswarm budget show")
        } else {
            context.console.lines(
                table(budgets).render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }

    private func table(_ budgets: [BudgetInfo]) -> Table {
        var table = Table([
            .flexible("BUDGET"), .left("OF"), .right("SPENT"), .right("HELD"), .right("LEFT"), .right("SOFT"),
            .right("HARD"), .right("PARKED"), .right("UNREPORTED"),
        ])
        for budget in budgets {
            let isSoft = budget.soft.map { budget.spent + budget.held >= $0 } ?? false
            table.add([
                Table.Cell(budget.scope, .heading), Table.Cell(budget.axis),
                Table.Cell(BudgetOutput.amount(budget.spent)), Table.Cell(BudgetOutput.amount(budget.held)),
                Table.Cell(
                    budget.left.map(BudgetOutput.amount), (budget.left ?? 1) <= 0 ? .bad : isSoft ? .warning : nil),
                Table.Cell(budget.soft.map(BudgetOutput.amount)), Table.Cell(budget.hard.map(BudgetOutput.amount)),
                .count(budget.parked, .warning), .count(budget.unreported, .warning),
            ])
        }
        return table
    }
}

/// `pgswarm budget holds`: who has set aside what.
struct BudgetHolds: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "holds",
        abstract: "List what running tasks have set aside.",
        discussion: """
            EXAMPLES
              pgswarm budget holds queue:build tokens
              pgswarm budget holds --all --json
            """
    )

    @Argument(help: "swarm, queue:NAME, plan:NAME or task:ID. Default: all.")
    var scope: String?

    @Argument(help: "money, tokens, attempts or seconds. Default: all.")
    var axis: String?

    @Flag(help: "Also holds that have ended, and what each came to.")
    var all = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let holds = try await context.connect().budgetHolds(scope: scope, axis: axis, openOnly: !all)
        if context.json {
            for hold in holds { context.console.json(BudgetOutput.json(hold)) }
        } else if holds.isEmpty {
            context.console.line(all ? "nothing was ever held" : "nothing is held")
        } else {
            context.console.lines(
                table(holds).render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }

    private func table(_ holds: [BudgetHold]) -> Table {
        let now = Date()
        var table = Table([
            .right("TASK"), .flexible("BUDGET"), .left("OF"), .flexible("AGENT"), .left("SINCE"), .right("HELD"),
            .right("REPORTED"), .left("ENDED"), .right("CHARGED"),
        ])
        for hold in holds {
            table.add([
                Table.Cell(hold.taskID.description, .heading), Table.Cell(hold.scope), Table.Cell(hold.axis),
                Table.Cell(hold.agent), Table.Cell(Elapsed.relative(hold.at, to: now)),
                Table.Cell(BudgetOutput.amount(hold.amount)), Table.Cell(hold.used.map(BudgetOutput.amount)),
                Table.Cell(hold.outcome),
                Table.Cell(
                    hold.charged.map { BudgetOutput.amount($0) + (hold.isUnreported ? "?" : "") },
                    hold.isUnreported ? .warning : nil),
            ])
        }
        return table
    }
}
