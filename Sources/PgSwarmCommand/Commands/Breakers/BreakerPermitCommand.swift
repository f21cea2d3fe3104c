import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm breaker permit`: leave for one use of a dependency.
struct BreakerPermitCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "permit",
        abstract: "Ask leave for one use of a dependency; exit 4 when it has to wait.",
        discussion: """
            For uses that no task's --needs announces. Report the outcome with the permit that is answered; it is given \
            back by itself after --hold.

            EXAMPLE
              pgswarm breaker permit payments && ./call-it; pgswarm breaker report payments succeeded --permit $PERMIT
            """
    )

    @Argument(help: "The dependency.")
    var name: String

    @Option(help: ArgumentHelp("The task that uses it.", valueName: "handle"))
    var handle: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Give it back after so long. Default: 2m.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var hold: Duration?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let handle = try handle.map { text throws(SwarmError) in try Handle(text) }
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let answer = try await connection.permit(
            name, handle: handle, hold: hold ?? .seconds(120), agent: caller.agent, session: caller.session)
        guard let permit = answer.permit else {
            throw CommandFailure(
                "breaker_open", answer.message ?? "breaker \"\(answer.breaker)\" lets nothing through",
                hint: answer.retryAt.map { "Ask again after \(Timestamp.format($0))." }
                    ?? "Ask again when it was reset.")
        }
        if context.json {
            context.console.json([
                "breaker": .string(answer.breaker), "verdict": .string(answer.verdict),
                "permit": .string(permit.uuidString.lowercased()), "until": JSON(answer.until),
            ])
        } else {
            context.console.line("\(answer.verdict.printable): permit \(permit.uuidString.lowercased())")
        }
        return .ok
    }
}
