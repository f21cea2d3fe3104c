import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm budget set`: sets limits.
struct BudgetSet: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Set the limits of a budget.",
        discussion: """
            A limit that is not given stays as it was. What is spent stays spent: raise the hard limit to go on.

            EXAMPLES
              pgswarm budget set swarm attempts --soft 800 --hard 1000
              pgswarm budget set queue:build money --hard 50 --hold 0.40
            """
    )

    @Argument(help: "swarm, queue:NAME, plan:NAME or task:ID.")
    var scope: String

    @Argument(help: "money, tokens, attempts or seconds.")
    var axis: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Reaching it is told, once, to the coordinators.", valueName: "number"))
    var soft: Double?

    @Option(parsing: .unconditional, help: ArgumentHelp("Beyond it no task begins.", valueName: "number"))
    var hard: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "What a task without an estimate sets aside; money and tokens need one.", valueName: "number"))
    var hold: Double?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard soft != nil || hard != nil || hold != nil else {
            throw ValidationError("no limit given; say --soft, --hard or both, for example --hard 100")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let admitted = try await connection.setBudget(
            scope, axis, soft: soft, hard: hard, hold: hold, agent: caller.agent, session: caller.session)
        let budgets = try await connection.budgets(scope: scope, axis: axis)
        if context.json {
            for budget in budgets {
                context.console.json(BudgetOutput.json(budget, ["admitted": JSON(Int(admitted))]))
            }
        } else {
            for budget in budgets { context.console.line(BudgetOutput.sentence(budget)) }
            if admitted > 0 { context.console.line("\(admitted.counted("parked task")) let out") }
        }
        return .ok
    }
}

/// `pgswarm budget drop`: takes a budget away.
struct BudgetDrop: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop",
        abstract: "Take a budget away.",
        discussion: """
            Tasks that it kept parked are let out. What it counted is kept: see 'budget holds --all'.

            EXAMPLE
              pgswarm budget drop queue:build money
            """
    )

    @Argument(help: "swarm, queue:NAME, plan:NAME or task:ID.")
    var scope: String

    @Argument(help: "money, tokens, attempts or seconds.")
    var axis: String

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let wasThere = try await connection.dropBudget(
            scope, axis, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json(["scope": .string(scope), "axis": .string(axis), "dropped": .bool(wasThere)])
        } else {
            context.console.line(
                wasThere
                    ? "the budget of \(scope.printable) for \(axis.printable) is gone"
                    : "there was no budget of \(scope.printable) for \(axis.printable)")
        }
        return .ok
    }
}
