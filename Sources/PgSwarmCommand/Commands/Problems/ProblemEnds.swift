import ArgumentParser
import FoundationEssentials
import PgSwarm

/// `pgswarm problem supersede`: replaces a solution.
struct ProblemSupersede: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "supersede",
        abstract: "Replace a solution by a better one.",
        discussion: """
            EXAMPLE
              pgswarm problem supersede 13 'use --retry instead' --evidence 'the nightly run passes'
            """
    )

    @Argument(help: "The number of the solution that is replaced.")
    var id: Int64

    @Argument(help: "What to do, or - for standard input.")
    var solution: String

    @Option(help: ArgumentHelp("How you know that it helps.", valueName: "text"))
    var evidence: String

    @Option(help: ArgumentHelp("A repetition with the same id has no second effect.", valueName: "id"))
    var requestID: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let change = try await connection.supersedeSolution(
            id, try TextInput.read(solution, as: "solution"), evidence: evidence, requestID: requestID,
            agent: caller.agent, session: caller.session)
        await change.show("has a better solution", in: context, on: connection)
        return .ok
    }
}

/// `pgswarm problem close`: ends an entry without a solution.
struct ProblemClose: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "close",
        abstract: "Close a problem, or open it again.",
        discussion: """
            What waited for it comes back. Needs the rights of a coordinator or an operator.

            EXAMPLES
              pgswarm problem close 12 --duplicate-of 7
              pgswarm problem close 12 --note 'that host is gone'
              pgswarm problem close 12 --reopen
            """
    )

    @Argument(help: "The number of the problem.")
    var id: Int64

    @Option(help: ArgumentHelp("The entry that stays.", valueName: "id"))
    var duplicateOf: Int64?

    @Flag(help: "Take a closing back.")
    var reopen = false

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var note: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard !reopen || duplicateOf == nil else { throw ValidationError("give --reopen or --duplicate-of, not both") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let resolution = reopen ? "open" : duplicateOf == nil ? "wontfix" : "duplicate"
        let change = try await connection.closeProblem(
            id, resolution, duplicateOf: duplicateOf, note: note, agent: caller.agent, session: caller.session)
        await change.show(reopen ? "is \(change.status ?? "open")" : "is closed", in: context, on: connection)
        return .ok
    }
}
