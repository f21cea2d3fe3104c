import FoundationEssentials
import PgSwarm
import Postgres

/// One task for people: what it is, why it stands where it stands, and what has happened to it.
struct TaskSheet {
    let history: TaskHistory
    let console: Console
    private let now = Date()

    init(history: TaskHistory, console: Console) {
        self.history = history
        self.console = console
    }

    /// Prints the sheet.
    ///
    /// Sections in which there is nothing are left out.
    func show() {
        console.lines(head.render(style: console.style))
        section("ATTEMPTS", attempts)
        section("PROGRESS", reports)
        section("DEPENDENCIES", dependencies)
        section("EFFECTS", effects)
        section("LATE RESULTS (never applied)", lateResults)
    }

    private func section(_ title: String, _ table: Table) {
        guard !table.rows.isEmpty else { return }
        console.line("")
        console.line(console.style.apply(.heading, to: title))
        // The text of a sheet is for reading, so nothing is cut off.
        console.lines(table.render(width: nil, style: console.style).map { "  " + $0 })
    }

    private var head: Fields {
        let task = history.task
        var fields = Fields()
        fields.add("task", task.id.description, .heading)
        fields.add("title", task.title)
        fields.add("queue", task.queue.rawValue)
        fields.add("kind", task.kind)
        fields.add("state", task.state.rawValue, Style.Tone(state: task.state.rawValue))
        fields.add("why", history.reason.message)
        fields.add("agent", task.agent)
        fields.add("attempts", "\(task.attempts)" + (task.maxAttempts.map { " of \($0)" } ?? ""))
        fields.add("priority", task.priority == 0 ? nil : "\(task.priority)")
        fields.add("key", task.key)
        fields.add("parent", task.parent?.description)
        fields.add("trace", task.trace)
        fields.add("created", moment(task.createdAt))
        fields.add("due", task.state.isFinal ? nil : moment(task.dueAt, isExpected: true))
        fields.add("started", moment(task.startedAt))
        fields.add("lease until", moment(task.leaseUntil, isExpected: true))
        fields.add("finished", moment(task.finishedAt))
        fields.add("payload", task.payload?.text)
        fields.add("checkpoint", history.checkpoint?.text)
        fields.add("result", task.result?.text, .good)
        fields.add("error", task.error, .bad)
        return fields
    }

    private var attempts: Table {
        var table = Table([
            .right("#"), .right("EPOCH"), .left("OUTCOME"), .left("AGENT"), .left("STARTED"), .right("TOOK"),
            .left("WHAT"),
        ])
        for attempt in history.attempts {
            let took = attempt.startedAt.flatMap { start in
                attempt.endedAt.map { Elapsed.brief(max(0, $0.timeIntervalSince(start))) }
            }
            table.add([
                Table.Cell("\(attempt.attempt)"), Table.Cell("\(attempt.epoch)"), .state(attempt.outcome),
                Table.Cell(attempt.agent), Table.Cell(attempt.startedAt.map(Timestamp.format)),
                Table.Cell(took),
                Table.Cell(attempt.error ?? attempt.note),
            ])
        }
        return table
    }

    private var reports: Table {
        var table = Table([
            .left("WHEN"), .right("EPOCH"), .right("%"), .left("NOTE"), .left("CHECKPOINT"), .left("USAGE"),
        ])
        for report in history.reports {
            table.add([
                Table.Cell(Elapsed.relative(report.at, to: now)), Table.Cell("\(report.epoch)"),
                Table.Cell(report.percent.map { "\(Int($0))" }), Table.Cell(report.note),
                Table.Cell(report.checkpoint?.text), Table.Cell(report.usage?.text),
            ])
        }
        return table
    }

    private var dependencies: Table {
        var table = Table([.right("TASK"), .left("STATE"), .left("MET")])
        for dependency in history.dependencies {
            table.add([
                Table.Cell(dependency.onTask.description), .state(dependency.state ?? "gone"),
                dependency.isMet ? Table.Cell("yes", .good) : Table.Cell("no", .warning),
            ])
        }
        return table
    }

    private var effects: Table {
        var table = Table([
            .left("KEY"), .left("STATE"), .right("EPOCH"), .left("ANNOUNCED"), .left("DETAIL"),
            .left("RESULT"),
        ])
        for effect in history.effects {
            table.add([
                Table.Cell(effect.key),
                effect.confirmedAt == nil
                    ? Table.Cell("unconfirmed", .warning) : Table.Cell("confirmed", .good),
                Table.Cell("\(effect.epoch)"), Table.Cell(Elapsed.relative(effect.intendedAt, to: now)),
                Table.Cell(effect.detail?.text), Table.Cell(effect.result?.text),
            ])
        }
        return table
    }

    private var lateResults: Table {
        var table = Table([
            .left("WHEN"), .right("EPOCH"), .left("AGENT"), .left("VERB"), .left("REASON"), .left("BROUGHT"),
        ])
        for late in history.lateResults {
            table.add([
                Table.Cell(Elapsed.relative(late.at, to: now)), Table.Cell("\(late.epoch)"),
                Table.Cell(late.agent),
                Table.Cell(late.verb), Table.Cell(late.reason), Table.Cell(late.result?.text ?? late.error),
            ])
        }
        return table
    }

    private func moment(_ date: Date?, isExpected: Bool = false) -> String? {
        date.map { date in
            let distance = isExpected ? Elapsed.expected(date, at: now) : Elapsed.relative(date, to: now)
            return "\(Timestamp.format(date)) (\(distance))"
        }
    }
}
