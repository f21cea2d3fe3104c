import ArgumentParser
import PgSwarm

/// `pgswarm fail`: gives an attempt up.
struct FailCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "fail",
        abstract: "Give up an attempt; the task is tried again later.",
        discussion: """
            EXAMPLES
              pgswarm fail $HANDLE --error 'rate limited' --retry-in 5m
              pgswarm fail $HANDLE --error 'the file does not exist' --dead
            """
    )

    @Argument(help: "The handle that claim gave.")
    var handle: String

    @Option(help: ArgumentHelp("What went wrong.", valueName: "text"))
    var error: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Try again after so long. Default: the queue's backoff.", valueName: "duration"),
        transform: DurationArgument.parse)
    var retryIn: Duration?

    @Flag(help: "Do not try again: the task goes to the dead letters.")
    var dead = false

    @Option(
        help: ArgumentHelp(
            "Which of its needs was to blame, or 'task' when none was; their breakers count by it.", valueName: "name"))
    var cause: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard !dead || retryIn == nil else {
            throw ValidationError("give either --retry-in or --dead, not both")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let handle = try Handle(handle)
        let verdict = Verdict.fail(
            error: error ?? "failed without a reason", retryIn: retryIn, dead: dead, cause: cause)
        return try await Settling.settle(handle, verdict, in: context)
    }
}
