import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm resume`: claims go on.
struct ResumeCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let claims from a paused queue go on.",
        discussion: """
            EXAMPLE
              pgswarm resume deploys
            """
    )

    @Argument(help: "The queue.")
    var queue: QueueName

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let changed = try await connection.resume(queue, agent: caller.agent, session: caller.session)
        _ = try? await connection.ring([queue])
        PauseOutput.show(queue, isPaused: false, changed: changed, in: context)
        return .ok
    }
}
