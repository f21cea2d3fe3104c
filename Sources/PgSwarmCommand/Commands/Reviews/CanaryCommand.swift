import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm canary`: made submissions that measure reviewers.
struct CanaryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "canary",
        abstract: "Plant results of known worth among reviews.",
        discussion: """
            A canary looks like any other result to those who judge it. It is no work: nothing waits for it, and it ends by \
            itself. For people.

            EXAMPLES
              pgswarm canary plant build '{"file":"a.c"}' '{"patch":"…"}' --expect bad --title 'bounds check'
              pgswarm canary list
            """,
        subcommands: [CanaryPlant.self, CanaryList.self],
        defaultSubcommand: CanaryList.self
    )
}

/// `pgswarm canary plant`: plants one.
struct CanaryPlant: SwarmCommand {
    /// What reviewers should see.
    enum Worth: String, ExpressibleByArgument { case good, bad }

    static let configuration = CommandConfiguration(
        commandName: "plant",
        abstract: "Plant a made result with a known worth.",
        discussion: """
            EXAMPLE
              pgswarm canary plant build '{"file":"a.c"}' '{"patch":"…"}' --expect bad
            """
    )

    @Argument(help: "The queue.")
    var queue: QueueName

    @Argument(help: ArgumentHelp("What the task would have been.", valueName: "payload"))
    var payload: String

    @Argument(help: ArgumentHelp("What would have come of it.", valueName: "result"))
    var result: String

    @Option(help: ArgumentHelp("What reviewers should see: good or bad.", valueName: "worth"))
    var expect: Worth

    @Option(help: ArgumentHelp("One line, like those of the queue's tasks.", valueName: "text"))
    var title: String?

    @Option(help: ArgumentHelp("A kind, like those of the queue's tasks.", valueName: "word"))
    var kind: String?

    @Option(help: ArgumentHelp("A goal, like those of the queue's tasks.", valueName: "text"))
    var goal: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let draft = CanaryDraft(
            isGood: expect == .good, payload: try JSONInput.read(payload, as: "payload"),
            result: try JSONInput.read(result, as: "result"), title: title, kind: kind, goal: goal)
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let task = try await connection.plantCanary(
            in: queue, draft, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json(["task_id": .string("\(task)")])
        } else {
            context.console.line("canary \(task)")
        }
        return .ok
    }
}

/// `pgswarm canary list`: what was said of them.
struct CanaryList: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List planted results and what was said of them.",
        discussion: """
            EXAMPLE
              pgswarm canary list
            """
    )

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let canaries = try await connection.canaries(agent: caller.agent, session: caller.session)
        if context.json {
            for canary in canaries { context.console.json(canary.json) }
        } else if canaries.isEmpty {
            context.console.line("no canary was planted")
        } else {
            var table = Table([
                .right("TASK"), .flexible("QUEUE"), .left("EXPECT"), .left("STATE"), .flexible("VERDICTS"),
                .flexible("TITLE"),
            ])
            for canary in canaries {
                table.add([
                    Table.Cell("\(canary.taskID)", .heading), Table.Cell("\(canary.queue)"),
                    Table.Cell(canary.expected),
                    Table.Cell(canary.closedAt == nil ? "open" : "closed"), Table.Cell(canary.verdicts.text),
                    Table.Cell(canary.title),
                ])
            }
            context.console.lines(table.render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }
}

extension CanaryInfo {
    /// The canary as `canary list --json` shows it.
    fileprivate var json: JSON {
        [
            "task_id": .string("\(taskID)"), "queue": .string("\(queue)"), "title": JSON(title),
            "expected": .string(expected), "planted_at": JSON(plantedAt), "planted_by": .string(plantedBy),
            "closed_at": JSON(closedAt), "verdicts": .raw(verdicts.text),
        ]
    }
}
