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
            EXAMPLE
              pgswarm coordinate
            """
    )

    @OptionGroup(title: "Common") var options: CommonOptions

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
