import PgSwarm

/// Shows the tasks that a taint reaches.
struct TaintOutput {
    private let context: CommandContext

    init(_ context: CommandContext) {
        self.context = context
    }

    /// - Parameter isDone: Whether it has happened, or is only looked at.
    func show(_ marks: [TaintMark], isDone: Bool) {
        if context.json {
            for mark in marks { context.console.json(mark.json) }
            return
        }
        var table = Table([
            .right("TASK"), .flexible("QUEUE"), .flexible("TITLE"), .right("VIA"), .left(isDone ? "WAS" : "STATE"),
            .left("ACTION"),
            .left(isDone ? "NOW" : ""),
        ])
        for mark in marks {
            table.add([
                Table.Cell(String(repeating: "  ", count: min(mark.depth, 8)) + mark.taskID.description, .heading),
                Table.Cell(mark.queue.rawValue), Table.Cell(mark.title), Table.Cell(mark.via?.description),
                Table.Cell(mark.was.rawValue),
                Table.Cell(mark.repair.map { "repair: task \($0)" } ?? mark.action, .warning),
                Table.Cell(isDone ? mark.cleared ?? mark.state?.rawValue : nil),
            ])
        }
        context.console.lines(table.render(width: context.console.width, style: context.console.style))
        let reached = marks.count { $0.depth > 0 }
        let roots = marks.count - reached
        let summary = "\(roots.counted("result")) taken back, \(reached.counted("task")) reached by it"
        if let taint = marks.first?.taint {
            context.console.line("taint \(taint): \(summary)")
        } else {
            context.console.line("would be \(summary); nothing was changed")
        }
    }
}

extension TaintMark {
    /// The task as `taint preview --json` and the others show it.
    fileprivate var json: JSON {
        [
            "taint_id": JSON(taint.map { "\($0)" }), "task_id": .string(taskID.description),
            "queue": .string(queue.rawValue), "title": JSON(title), "depth": JSON(depth),
            "via": JSON(via?.description), "was": .string(was.rawValue), "action": .string(action),
            "state": JSON(state?.rawValue), "repair": JSON(repair?.description), "cleared": JSON(cleared),
            "cleared_at": JSON(clearedAt), "note": JSON(note),
        ]
    }
}
