import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm leases`: who holds what.
struct LeasesCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "leases",
        abstract: "List what is being worked on, and by whom.",
        discussion: """
            EXAMPLE
              pgswarm leases
            """
    )

    @Option(
        name: .shortAndLong, parsing: .unconditional,
        help: ArgumentHelp("At most so many.", valueName: "number"))
    var limit = 100

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("'\(limit)' is no number of leases to list") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let found = try await context.connect().leases(limit: limit + (context.json ? 0 : 1))
        let leases = Array(found.prefix(limit))
        if context.json {
            for lease in leases { context.console.json(lease.json) }
        } else if leases.isEmpty {
            context.console.line("nothing is being worked on")
        } else {
            context.console.lines(
                table(leases).render(width: context.console.width, style: context.console.style))
            if found.count > limit {
                let more = "these are the oldest \(limit.grouped); more with --limit"
                context.console.line(context.console.style.apply(.quiet, to: more))
            }
        }
        return .ok
    }

    private func table(_ leases: [LeaseInfo]) -> Table {
        let now = Date()
        var table = Table([
            .right("TASK"), .left("QUEUE"), .flexible("AGENT"), .right("TRY"), .left("SINCE"), .left("UNTIL"),
            .left("STATE"), .flexible("TITLE"),
        ])
        for lease in leases {
            table.add([
                Table.Cell(lease.taskID.description, .heading),
                Table.Cell(lease.queue),
                Table.Cell(lease.agent),
                Table.Cell("\(lease.attempt)"),
                Table.Cell(Elapsed.relative(lease.startedAt, to: now)),
                Table.Cell(Elapsed.expected(lease.leaseUntil, at: now)),
                lease.isStalled
                    ? Table.Cell("stalled", .warning)
                    : lease.isLive ? Table.Cell("live", .good) : Table.Cell("expired", .bad),
                Table.Cell(lease.title),
            ])
        }
        return table
    }
}
