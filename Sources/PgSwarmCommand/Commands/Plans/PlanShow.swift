import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm plan show`: the graph, as text or for other programs.
struct PlanShow: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Draw a plan: its levels, states and edges.",
        discussion: """
            What stands on one level can run at the same time. A * marks the tasks that decide when it ends.

            EXAMPLES
              pgswarm plan show site
              pgswarm plan show site --dot | dot -Tsvg > site.svg
            """
    )

    @Argument(help: "The plan.")
    var name: String

    @Flag(help: "For Graphviz.")
    var dot = false

    @Flag(help: "For Mermaid, which GitHub draws in Markdown.")
    var mermaid = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard [dot, mermaid, options.json].count(where: { $0 }) <= 1 else {
            throw ValidationError("give one of --dot, --mermaid and --json")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        if context.json {
            context.console.json(.raw(try await connection.planText(name).text))
            return .ok
        }
        let drawing = PlanDrawing(sheet: try await connection.plan(name))
        if dot {
            context.console.lines(drawing.dot)
        } else if mermaid {
            context.console.lines(drawing.mermaid)
        } else {
            context.console.lines(drawing.summary(style: context.console.style))
            context.console.line("")
            context.console.lines(drawing.levels.render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }
}

/// `pgswarm plan tree`: each task below what it waits for.
struct PlanTree: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "tree",
        abstract: "Draw a plan as a tree, each task below its last.",
        discussion: """
            A task stands below the last of those that it waits for; + names the others.

            EXAMPLE
              pgswarm plan tree site
            """
    )

    @Argument(help: "The plan.")
    var name: String

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        if context.json {
            context.console.json(.raw(try await connection.planText(name).text))
        } else {
            let drawing = PlanDrawing(sheet: try await connection.plan(name))
            context.console.lines(drawing.tree(style: context.console.style))
        }
        return .ok
    }
}

/// `pgswarm plan list`, or without `list`.
struct PlanList: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List plans, those written last first.",
        discussion: """
            EXAMPLE
              pgswarm plan list --json
            """
    )

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let plans = try await context.connect().plans()
        if context.json {
            for plan in plans { context.console.json(plan.json) }
        } else if plans.isEmpty {
            context.console.line("no plans; write one with: pgswarm plan apply FILE")
        } else {
            let now = Date()
            var table = Table([
                .left("PLAN"), .right("VERSION"), .left("STATE"), .right("DONE"), .right("TASKS"), .left("WRITTEN"),
                .left("BY"),
                .flexible("GOAL"),
            ])
            for plan in plans {
                let state = plan.frozenBy == nil ? plan.state : "\(plan.state), frozen"
                table.add([
                    Table.Cell(plan.name, .heading), Table.Cell("\(plan.version)"), Table.Cell(state, plan.tone),
                    .count(Int64(plan.done)), .count(Int64(plan.tasks)),
                    Table.Cell(plan.changedAt.map { Elapsed.relative($0, to: now) }), Table.Cell(plan.changedBy),
                    Table.Cell(plan.goal),
                ])
            }
            context.console.lines(table.render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }
}

extension PlanInfo {
    fileprivate var tone: Style.Tone? {
        switch state {
        case "done": .good
        case "failing": .bad
        case "paused": .warning
        default: nil
        }
    }

    fileprivate var json: JSON {
        [
            "plan": .string(name), "version": JSON(version), "state": .string(state), "tasks": JSON(tasks),
            "done": JSON(done),
            "counts": JSON(counts), "goal": JSON(goal), "changed_at": JSON(changedAt), "changed_by": JSON(changedBy),
            "frozen_by": JSON(frozenBy), "paused_by": JSON(pausedBy),
        ]
    }
}
