import ArgumentParser
import FoundationEssentials
import PgSwarm

/// `pgswarm breaker list`, or without `list`.
struct BreakerList: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List breakers and how they stand.",
        discussion: """
            EXAMPLE
              pgswarm breaker list --json
            """
    )

    @Flag(help: "Also what new breakers of each scope begin with.")
    var defaults = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let breakers = try await context.connect().breakers().filter { defaults || $0.state != .defaults }
        if context.json {
            for breaker in breakers { context.console.json(breaker.json) }
        } else if breakers.isEmpty {
            context.console.line("no breakers; one comes into being when a task needs something: enqueue --needs NAME")
        } else {
            let lines = table(breakers).render(width: context.console.width, style: context.console.style)
            context.console.lines(lines)
        }
        return .ok
    }

    private func table(_ breakers: [BreakerInfo]) -> Table {
        let now = Date()
        var table = Table([
            .flexible("BREAKER"), .left("STATE"), .right("OK"), .right("FAILED"), .right("WAITING"), .left("UNTIL"),
            .flexible("CAUSE"),
        ])
        for breaker in breakers {
            table.add([
                Table.Cell(breaker.breaker, .heading),
                Table.Cell(breaker.state.rawValue, breaker.state.tone),
                .count(Int64(breaker.counts.succeeded)),
                .count(Int64(breaker.counts.failed + breaker.counts.slow), .bad),
                .count(Int64(breaker.waiting), .warning),
                Table.Cell(breaker.heldUntil.map { Elapsed.relative($0, to: now) }),
                Table.Cell(breaker.force?.reason ?? breaker.cause),
            ])
        }
        return table
    }
}
