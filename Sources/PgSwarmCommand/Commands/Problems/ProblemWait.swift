import ArgumentParser
import FoundationEssentials
import PgSwarm

/// `pgswarm problem wait`: a holder parks its task until a problem is solved.
struct ProblemWait: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Park a task until a problem is solved, at no cost.",
        discussion: """
            The hold ends without costing an attempt. The task comes back with the solution, when the solver gives up or \
            vanishes, or when the time is over.

            EXAMPLE
              pgswarm problem wait $PGSWARM_HANDLE 12
            """
    )

    @Argument(help: "The handle that claim gave.")
    var handle: String

    @Argument(help: "The number of the problem.")
    var id: Int64

    @Option(
        name: .customLong("for"), parsing: .unconditional,
        help: ArgumentHelp("At most so long. Default: 1h.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var length: Duration?

    @Option(help: ArgumentHelp("What the next holder should know.", valueName: "text"))
    var note: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let handle = try Handle(handle)
        let parked = try await context.connect().park(handle, onProblem: id, for: length, note: note)
        if context.json {
            context.console.json([
                "id": .string(parked.task.description), "state": .string(parked.state.rawValue),
                "solver": JSON(parked.solver), "until": JSON(parked.until),
            ])
        } else if let until = parked.until {
            let solver = parked.solver.map { "\($0.printable) is solving it" } ?? "nobody is solving it yet"
            context.console.line(
                "task \(parked.task) waits for problem \(id), at most until \(Timestamp.format(until)); \(solver)")
        } else {
            context.console.line("task \(parked.task) is \(parked.state.rawValue): problem \(id) needs no waiting for")
        }
        return .ok
    }
}
