import PgSwarm
import Postgres

/// Shows what a change of a contract did, or would do.
struct ContractOutput {
    private let context: CommandContext

    init(_ context: CommandContext) {
        self.context = context
    }

    /// - Parameter verb: What was done: "published", "agreed".
    func show(_ change: ContractChange, verb: String, isDryRun: Bool) throws {
        if context.json {
            context.console.json([
                "name": .string(change.version.name), "version": JSON(change.version.version),
                "status": .string(change.status), "changed": .bool(change.isChanged), "dry_run": .bool(isDryRun),
                "compared_with": JSON(change.comparedWith), "verdict": JSON(change.verdict),
                "reasons": change.reasons.map { .raw($0.text) } ?? [], "breaking": .bool(change.isBreaking),
                "affected": .raw(change.affected.text),
            ])
            return
        }
        let name = change.version.description.printable
        let status = change.status == "draft" ? "a draft" : change.status.printable
        var line = isDryRun ? "\(name) would be \(verb)" : "\(name) is \(status)"
        if let verdict = change.verdict, let base = change.comparedWith {
            line += ": \(verdict) with \(base.printable)"
        }
        context.console.line(line)
        if let reasons = change.reasons { try show(reasons) }
        let reached = try change.affected.decode([ContractReach].self)
        guard !reached.isEmpty else {
            if isDryRun { context.console.line("no task would be held, told or tainted; nothing was changed") }
            return
        }
        var table = Table([
            .right("TASK"), .left("ROLE"), .flexible("PINS"), .left("STATE"), .left("EFFECT"), .flexible("PLAN"),
        ])
        for task in reached {
            table.add([
                Table.Cell(task.task, .heading), Table.Cell(task.role), Table.Cell(task.pin), Table.Cell(task.state),
                Table.Cell(task.effect, task.effect == "none" ? .quiet : .warning), Table.Cell(task.plan),
            ])
        }
        context.console.lines(table.render(width: context.console.width, style: context.console.style))
        let tasks = reached.count { $0.effect != "none" }
        if isDryRun || change.status == "draft" {
            context.console.line("\(tasks.counted("task")) would be reached; nothing was done to them")
        }
    }

    /// The reasons, a line each.
    func show(_ reasons: JSONText) throws {
        for reason in try reasons.decode([ContractReason].self) {
            let direction = reason.direction.map { "\($0): " } ?? ""
            context.console.line("  \(direction)\(reason.text)".printable)
        }
    }
}
