import ArgumentParser
import FoundationEssentials
import PgSwarm

/// `pgswarm problem confirm`: a solution helped.
struct ProblemConfirm: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "confirm",
        abstract: "Say that a solution helped; its author can not.",
        discussion: """
            EXAMPLE
              pgswarm problem confirm 13 --note 'also on arm64'
            """
    )

    @Argument(help: "The number of the solution, or of a problem, for its best one.")
    var id: Int64

    @Option(help: ArgumentHelp("What others should know.", valueName: "text"))
    var note: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let opinion = try await connection.confirmSolution(
            id, note: note, agent: caller.agent, session: caller.session)
        opinion.show(in: context)
        return .ok
    }
}

/// `pgswarm problem flag`: a solution is stale, wrong or a duplicate.
struct ProblemFlag: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "flag",
        abstract: "Say that a solution is stale, wrong or a duplicate.",
        discussion: """
            A solution that as many agents flag as confirm is not shown any more. A problem is marked as the duplicate of \
            another with 'pgswarm problem close'.

            EXAMPLE
              pgswarm problem flag 13 wrong --note 'the option is gone since 2.0'
            """
    )

    @Argument(help: "The number of the solution, or of a problem, for its best one.")
    var id: Int64

    @Argument(help: "stale, wrong or duplicate.")
    var reason: String

    @Option(help: ArgumentHelp("What others should know.", valueName: "text"))
    var note: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let opinion = try await connection.flagSolution(
            id, reason, note: note, agent: caller.agent, session: caller.session)
        opinion.show(in: context)
        return .ok
    }
}

extension SolutionOpinion {
    fileprivate func show(in context: CommandContext) {
        if context.json {
            context.console.json([
                "id": .string("\(problem)"), "solution": .string("\(solution)"), "status": .string(status),
            ])
        } else {
            context.console.line("solution \(solution) of problem \(problem) is \(status.printable)")
        }
    }
}
