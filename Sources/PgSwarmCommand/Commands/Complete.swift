import ArgumentParser
import PgSwarm

/// `pgswarm complete`: hands in a result.
struct CompleteCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete",
        abstract: "Finish a task, with its result.",
        discussion: """
            A result may have 1 MiB, unless the database's owner has set another limit (max_payload).

            EXAMPLE
              pgswarm complete $HANDLE '{"words":1204}'
            """
    )

    @Argument(help: "The handle that claim gave.")
    var handle: String

    @Argument(help: ArgumentHelp("The result, '-' for standard input.", valueName: "json"))
    var result: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let handle = try Handle(handle)
        let result = try result.map { try JSONInput.read($0, as: "result") }
        return try await Settling.settle(handle, .complete(result), in: context)
    }
}
