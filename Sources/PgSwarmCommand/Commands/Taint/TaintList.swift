import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm taint list`: what was taken back and is not mended yet.
struct TaintList: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List taints, or the tasks of one.",
        discussion: """
            EXAMPLES
              pgswarm taint list --all
              pgswarm taint list 3
            """
    )

    @Argument(help: "The taint whose tasks to list.")
    var taint: Int64?

    @Flag(help: "Also those that are cleared.")
    var all = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        if let taint {
            let marks = try await connection.taintMarks(of: taint)
            guard !marks.isEmpty else {
                throw CommandFailure("not_found", "there is no taint \(taint)", hint: "See: pgswarm taint list --all")
            }
            TaintOutput(context).show(marks, isDone: true)
            return .ok
        }
        let taints = try await connection.taints(openOnly: !all)
        if context.json {
            for taint in taints { context.console.json(taint.json) }
        } else if taints.isEmpty {
            context.console.line(all ? "nothing was ever taken back" : "nothing is tainted")
        } else {
            context.console.lines(
                table(taints).render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }

    private func table(_ taints: [TaintInfo]) -> Table {
        let now = Date()
        var table = Table([
            .right("TAINT"), .left("KIND"), .right("TASKS"), .right("OPEN"), .flexible("BY"), .left("SINCE"),
            .flexible("REASON"),
        ])
        for taint in taints {
            table.add([
                Table.Cell("\(taint.id)", .heading), Table.Cell(taint.kind), Table.Cell("\(taint.tasks)"),
                Table.Cell("\(taint.open)", taint.open > 0 ? .warning : .quiet), Table.Cell(taint.by),
                Table.Cell(Elapsed.relative(taint.at, to: now)), Table.Cell(taint.reason),
            ])
        }
        return table
    }
}

extension TaintInfo {
    /// The taint as `taint list --json` shows it.
    fileprivate var json: JSON {
        [
            "id": .string("\(id)"), "kind": .string(kind), "reason": .string(reason), "at": JSON(at), "by": JSON(by),
            "tasks": JSON(tasks), "open": JSON(open),
        ]
    }
}
