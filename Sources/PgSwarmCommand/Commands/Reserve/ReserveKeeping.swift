import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm reserve extend`: keeps a reservation.
struct ReserveExtend: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "extend",
        abstract: "Keep a reservation for longer; exit 5 when it is lost.",
        discussion: """
            A task's handle renews the task, by whose lease its reservations live.

            EXAMPLE
              pgswarm reserve extend $HANDLE --for 30m
            """
    )

    @Argument(help: "The handle that 'reserve take' printed, or a task's. Default: PGSWARM_HANDLE.")
    var handle: String?

    @Option(
        name: .customLong("for"), parsing: .unconditional,
        help: ArgumentHelp("How long from now. Default: as long as before.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var length: Duration?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let handle = try ReservedNames.handle(handle)
        let answer = try await context.connect().extendReservation(handle, lease: length)
        if context.json {
            context.console.json([
                "handle": .string(handle), "until": JSON(answer.until), "seconds": JSON(answer.duration),
                "reservations": JSON(answer.count), "warnings": .array(answer.warnings.map(ReserveOutput.json)),
            ])
        } else {
            context.console.line(
                "\(answer.count.counted("name")) reserved until \(Timestamp.format(answer.until))")
            ReserveOutput.warn(answer.warnings, in: context)
        }
        return .ok
    }
}

/// `pgswarm reserve free`: lets others have it.
struct ReserveFree: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "free",
        abstract: "Give up what a handle holds, or only what is named; exit 3 when it held none of it.",
        discussion: """
            EXAMPLES
              pgswarm reserve free $HANDLE
              pgswarm reserve free $HANDLE docs/api.md
            """
    )

    @Argument(help: "The handle that 'reserve take' printed, or a task's.")
    var handle: String

    @Argument(help: "Only these, as they were taken. Default: all that the handle holds.")
    var patterns: [String] = []

    @Option(help: ArgumentHelp("Only this thing, such as port:8080; may be repeated.", valueName: "kind:name"))
    var resource: [String] = []

    @Flag(help: "The paths are names: *, ? and [ stand for themselves.")
    var literal = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let answer = try await connection.freeReservation(
            handle, patterns: literal ? patterns.map(ReservedNames.literal) : patterns, resources: resource)
        // After the commit, and only where somebody waits.
        for namespace in answer.namespaces { try await connection.ringReservations(namespace) }
        if context.json {
            context.console.json(["freed": JSON(answer.freed), "remaining": JSON(answer.remaining)])
        } else {
            let rest = answer.remaining > 0 ? "; \(answer.remaining.grouped) still reserved" : ""
            context.console.line(
                answer.freed == 0 ? "nothing of it was reserved" : "freed \(answer.freed.counted("name"))\(rest)")
        }
        return answer.freed == 0 ? .nothingToDo : .ok
    }
}
