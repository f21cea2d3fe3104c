import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm breaker open`: nothing is let through.
struct BreakerOpen: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "open",
        abstract: "Force a breaker open, until it is reset or for a time.",
        discussion: """
            EXAMPLE
              pgswarm breaker open payments --reason 'maintenance' --for 2h
            """
    )

    @OptionGroup var forcing: BreakerForcing
    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus { try await forcing.force(.open, in: context) }
}

/// `pgswarm breaker close`: everything is let through.
struct BreakerClose: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "close",
        abstract: "Force a breaker closed, until it is reset or for a time.",
        discussion: """
            EXAMPLE
              pgswarm breaker close payments --reason 'its errors are ours' --for 1h
            """
    )

    @OptionGroup var forcing: BreakerForcing
    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus { try await forcing.force(.closed, in: context) }
}

/// `pgswarm breaker reset`: it judges by itself again.
struct BreakerReset: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Take a force back, forget what was counted, and close.",
        discussion: """
            EXAMPLE
              pgswarm breaker reset payments
            """
    )

    @Argument(help: "A dependency, or agent:NAME, kind:AGENT/KIND, queue:NAME.")
    var name: String

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        try await BreakerForcing.force(name, .reset, reason: nil, for: nil, in: context)
    }
}

/// What `open` and `close` have in common.
struct BreakerForcing: ParsableArguments {
    @Argument(help: "A dependency, or agent:NAME, kind:AGENT/KIND, queue:NAME.")
    var name: String

    @Option(help: ArgumentHelp("Why; those who wait are told.", valueName: "text"))
    var reason: String?

    @Option(
        name: .customLong("for"), parsing: .unconditional,
        help: ArgumentHelp("For how long. Default: until it is reset.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var length: Duration?

    func force(_ force: BreakerForce, in context: CommandContext) async throws -> ExitStatus {
        try await Self.force(name, force, reason: reason, for: length, in: context)
    }

    static func force(
        _ name: String, _ force: BreakerForce, reason: String?, for length: Duration?, in context: CommandContext
    ) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let state = try await connection.force(
            name, force, reason: reason, for: length, agent: caller.agent, session: caller.session)
        if force != .open {
            // Whoever sleeps because of it may look again.
            let queues = (try? await connection.queues().filter { ($0.counts[.ready] ?? 0) > 0 }.map(\.queue)) ?? []
            _ = try? await connection.ring(queues)
        }
        if context.json {
            context.console.json(["breaker": .string(name), "state": .string(state.rawValue)])
        } else {
            context.console.line("\(name.printable) is \(state.rawValue)")
        }
        return .ok
    }
}
