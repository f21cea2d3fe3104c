import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm pause`: nothing more is claimed.
struct PauseCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Stop claims; what runs goes on.",
        discussion: """
            EXAMPLES
              pgswarm pause deploys --reason 'release freeze until Monday'
              pgswarm pause --task 42
              pgswarm pause --swarm --reason 'the database is being moved'
            """
    )

    @OptionGroup var target: ControlOptions

    @Option(help: ArgumentHelp("Why; 'claim' and 'why' tell it.", valueName: "text"))
    var reason: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        try await target.apply(.pause, reason: reason, in: context)
    }
}

/// `pgswarm drain`: finish what is held, claim no more, end.
struct DrainCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Stop claims; tell holders to finish and end.",
        discussion: """
            As pause, but holders hear 'drain': finish and end. A 'pgswarm work' stays, claims nothing, and goes on after \
            'resume'.

            EXAMPLE
              pgswarm drain --target-agent builder-1
            """
    )

    @OptionGroup var target: ControlOptions

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var reason: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        try await target.apply(.drain, reason: reason, in: context)
    }
}

/// `pgswarm stop`: take back what is held.
struct StopCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop claims and take back what is held.",
        discussion: """
            Holders lose their leases at once: nothing they still write takes effect. Nothing is claimed until 'resume'.

            EXAMPLES
              pgswarm stop deploys --reason 'wrong branch'
              pgswarm stop --swarm
            """
    )

    @OptionGroup var target: ControlOptions

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var reason: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        try await target.apply(.stop, reason: reason, in: context)
    }
}
