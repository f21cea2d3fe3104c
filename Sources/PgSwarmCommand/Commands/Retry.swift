import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm retry`: a new generation of attempts.
struct RetryCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Give dead or cancelled tasks a new set of attempts.",
        discussion: """
            EXAMPLE
              pgswarm retry 1042
            """
    )

    @Argument(help: "The tasks.")
    var ids: [TaskID]

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        return try Steering.show(
            try await connection.retry(ids, agent: caller.agent, session: caller.session), in: context)
    }
}
