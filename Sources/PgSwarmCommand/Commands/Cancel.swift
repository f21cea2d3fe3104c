import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm cancel`: from now on no completion takes effect.
struct CancelCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel tasks; who runs one is told to stop.",
        discussion: """
            EXAMPLE
              pgswarm cancel 1042 1043 --reason 'the order was withdrawn'
            """
    )

    @Argument(help: "The tasks.")
    var ids: [TaskID]

    @Option(help: ArgumentHelp("Why, for the history.", valueName: "text"))
    var reason: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        return try Steering.show(
            try await connection.cancel(ids, reason: reason, agent: caller.agent, session: caller.session),
            in: context)
    }
}
