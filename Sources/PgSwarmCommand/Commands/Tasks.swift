import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm tasks`: a list of tasks, newest first.
struct TasksCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks",
        abstract: "List tasks, newest first.",
        discussion: """
            EXAMPLES
              pgswarm tasks --queue thumbnails --state running
              pgswarm tasks --state dead --json
            """
    )

    @Option(name: .shortAndLong, help: "Only those of this queue.")
    var queue: QueueName?

    @Option(name: .shortAndLong, help: "Only those in this state; repeatable.")
    var state: [TaskState] = []

    @Option(
        name: .shortAndLong, parsing: .unconditional,
        help: ArgumentHelp("At most so many.", valueName: "number"))
    var limit = 50

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Only those older than this one: the last id of a page gives the next page.", valueName: "id"))
    var before: TaskID?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("'\(limit)' is no number of tasks to list") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        // One more than is shown tells whether there are more.
        let filter = TaskFilter(queue: queue, states: state, limit: limit + (context.json ? 0 : 1), before: before)
        let found = try await context.connect().tasks(filter)
        let tasks = Array(found.prefix(limit))
        if context.json {
            for task in tasks { context.console.json(task.json) }
        } else if tasks.isEmpty {
            context.console.line("no tasks")
        } else {
            context.console.lines(
                table(tasks).render(width: context.console.width, style: context.console.style))
            if found.count > limit, let last = tasks.last {
                let more =
                    "these are the newest \(limit.grouped); more with --limit, or older ones with --before \(last.id)"
                context.console.line(context.console.style.apply(.quiet, to: more))
            }
        }
        return .ok
    }

    private func table(_ tasks: [TaskInfo]) -> Table {
        let now = Date()
        var table = Table([
            .right("ID"), .left("QUEUE"), .left("STATE"), .right("TRIES"), .left("AGENT"), .left("AGE"),
            .flexible("TASK"), .flexible("NOTE"),
        ])
        for task in tasks {
            let limit = task.maxAttempts.map { "/\($0)" } ?? ""
            table.add([
                Table.Cell(task.id.description, .heading),
                Table.Cell(task.queue.rawValue),
                .state(task.state.rawValue),
                Table.Cell("\(task.attempts)\(limit)"),
                Table.Cell(task.agent),
                Table.Cell(task.createdAt.map { Elapsed.brief(max(0, now.timeIntervalSince($0))) }),
                Table.Cell(task.summary),
                Table.Cell(task.remark(at: now), .quiet),
            ])
        }
        return table
    }
}
