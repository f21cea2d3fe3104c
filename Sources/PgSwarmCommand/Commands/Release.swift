import ArgumentParser
import PgSwarm

/// `pgswarm release`: hands a task back without cost.
struct ReleaseCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Hand a task back without costing it an attempt.",
        discussion: """
            EXAMPLE
              pgswarm release $HANDLE --note 'half done, see the checkpoint'
            """
    )

    @Argument(help: "The handle that claim gave.")
    var handle: String

    @Option(help: ArgumentHelp("What the next holder should know.", valueName: "text"))
    var note: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Not to be claimed before so long.", valueName: "duration"),
        transform: DurationArgument.parse)
    var delay: Duration?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        try await Settling.settle(try Handle(handle), .release(note: note, delay: delay), in: context)
    }
}
