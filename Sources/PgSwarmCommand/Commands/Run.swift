import ArgumentParser
import PgSwarm

/// `pgswarm run`: a sidecar that keeps a session alive around an agent's process.
struct RunCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Keep a session alive around an agent's process.",
        discussion: """
            Every pgswarm command that the process calls joins the session (PGSWARM_SESSION): its claims live as long \
            as the process does, without a beat of its own. When it ends, what it still holds goes back. The exit \
            code is that of the process.

            EXAMPLE
              pgswarm run --agent builder-1 -- ./agent.sh
            """
    )

    @Argument(parsing: .postTerminator, help: "The process to run.")
    var command: [String] = []

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("no command: write -- and the command") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        try await context.checkSchema()
        let logger = Logs.logger("pgswarm.run")
        let kind: Session.Kind = try context.role() == .coordinator ? .coordinator : .runtime
        let swarm = try context.swarm(at: try context.address(), kind: kind, logger: logger)
        let sidecar = Sidecar(swarm, command: command, databaseURL: try context.databaseURL())
        let code = try await sidecar.run()
        guard code == 0 else { throw ExitCode(code) }
        return .ok
    }
}
