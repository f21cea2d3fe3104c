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

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "What you think of the result yourself, 1 to 5: a hint for people where it is reviewed.",
            valueName: "number"))
    var confidence: Int?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard (1...5).contains(confidence ?? 1) else {
            throw ValidationError("'\(confidence ?? 0)' is no confidence, from 1 to 5")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let handle = try Handle(handle)
        let result = try result.map { try JSONInput.read($0, as: "result") }
        if let confidence {
            let state = try await context.connect().complete(handle, result: result, confidence: confidence)
            if context.json {
                context.console.json([
                    "id": .string(handle.taskID.description), "handle": .string(handle.text), "code": "ok",
                    "state": .string(state.rawValue), "message": .null, "due_at": .null,
                ])
            } else {
                context.console.line("task \(handle.taskID) is \(state.rawValue.printable)")
            }
            return .ok
        }
        return try await Settling.settle(handle, .complete(result), in: context)
    }
}
