import ArgumentParser
import PgSwarm

/// `pgswarm coordinate`: makes things happen in time.
///
/// Nothing else depends on it.
struct CoordinateCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinate",
        abstract: "Sweep, promote and keep house in time; one leads.",
        discussion: """
            Whoever coordinates does not execute: unless --agent or PGSWARM_AGENT names one, its agent is \
            user@host/coordinator, so that workers of this account go on beside it.

            EXAMPLE
              pgswarm coordinate
            """
    )

    @OptionGroup(title: "Common") var options: CommonOptions

    /// An agent of its own, unless the account's agent is registered and so needs no other.
    var callerOptions: CommonOptions {
        var own = options
        let identity = try? Identity.resolve(agent: nil, credentialFile: own.credentialFile)
        if own.agent == nil, Environment.value("PGSWARM_AGENT") == nil, identity?.credential == nil {
            own.agent = AgentName.current.rawValue + "/coordinator"
        }
        return own
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        try await context.checkSchema()
        let logger = Logs.logger("pgswarm.coordinator")
        let swarm = try context.swarm(at: try context.address(), kind: .coordinator, logger: logger)
        let coordinator = Coordinator(swarm)
        let output = CoordinatorOutput(context)
        async let shown: Void = output.follow(coordinator.events())
        try await Services(logger: logger).run(swarm: swarm, coordinator, onSecondSignal: {})
        await shown
        return .ok
    }
}
