import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm breaker report`: what came of using a dependency.
struct BreakerReportCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Tell what came of using a dependency, and until when to leave it alone.",
        discussion: """
            The end of a task that needs it is counted by itself. With --handle the report is that claim's outcome, \
            and counts once. --retry-after holds for everybody, from now on.

            EXAMPLES
              pgswarm breaker report payments failed --error 'HTTP 503'
              pgswarm breaker report payments --retry-after 30s --handle $PGSWARM_HANDLE
            """
    )

    @Argument(help: "The dependency, or agent:NAME, kind:AGENT/KIND, queue:NAME.")
    var name: String

    @Argument(help: "succeeded, failed, slow or ignored; may be left out with --retry-after.")
    var outcome: BreakerOutcome?

    @Option(help: ArgumentHelp("The task that used it.", valueName: "handle"))
    var handle: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Nobody is to try before.", valueName: "duration"), transform: DurationArgument.parse)
    var retryAfter: Duration?

    @Option(help: ArgumentHelp("What went wrong.", valueName: "text"))
    var error: String?

    @Option(help: ArgumentHelp("What 'breaker permit' answered.", valueName: "id"))
    var permit: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard outcome != nil || retryAfter != nil else {
            throw ValidationError("give an outcome (succeeded, failed, slow, ignored) or --retry-after")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let permit = try permit.map { text throws(CommandFailure) in
            guard let id = UUID(uuidString: text) else {
                throw CommandFailure.usage(
                    "'\(text.printable)' is no permit", hint: "Pass what 'pgswarm breaker permit' answered.")
            }
            return id
        }
        let handle = try handle.map { text throws(SwarmError) in try Handle(text) }
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let report = try await connection.report(
            name, outcome, handle: handle, retryAfter: retryAfter, error: error, permit: permit,
            agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json([
                "breaker": .string(report.breaker), "state": .string(report.state.rawValue),
                "until": JSON(report.until), "not_before": JSON(report.notBefore), "counted": .bool(report.counted),
            ])
        } else {
            let until = (report.notBefore ?? report.until).map { " until \(Timestamp.format($0))" } ?? ""
            let news = report.counted || outcome == nil ? "" : "; this was counted before"
            context.console.line("\(report.breaker.printable) is \(report.state.rawValue)\(until)\(news)")
        }
        return .ok
    }
}
