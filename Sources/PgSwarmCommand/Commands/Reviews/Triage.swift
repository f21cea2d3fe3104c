import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm triage`: what waits for a person.
struct TriageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "triage",
        abstract: "Decide what waits for a person.",
        discussion: """
            The most urgent first: what most tasks wait for, what has waited longest, what is most at stake.

            EXAMPLES
              pgswarm triage list
              pgswarm triage accept 42
              pgswarm triage send-back 43 --reason 'the tests do not cover the error'
            """,
        subcommands: [
            TriageList.self, TriageAccept.self, TriageSendBack.self, TriageReject.self, TriageReopen.self,
        ],
        defaultSubcommand: TriageList.self
    )
}

/// `pgswarm triage list`: the inbox.
struct TriageList: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what waits for a person, most urgent first.",
        discussion: """
            EXAMPLE
              pgswarm triage list --json
            """
    )

    @Option(
        parsing: .unconditional, help: ArgumentHelp("At most so many. Default: 100.", valueName: "number"))
    var limit = 100

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("'\(limit)' is no number of entries") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let items = try await context.connect().triage(limit: limit)
        if context.json {
            for item in items { context.console.json(item.json) }
        } else if items.isEmpty {
            context.console.line("nothing waits for a person")
        } else {
            context.console.lines(table(items).render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }

    private func table(_ items: [TriageItem]) -> Table {
        let now = Date()
        var table = Table([
            .right("TASK"), .left("ROUTE"), .left("SCORES"), .left("RISK"), .right("BLOCKS"), .left("SINCE"),
            .flexible("QUEUE"),
            .flexible("TITLE"), .flexible("WHY"),
        ])
        for item in items {
            table.add([
                Table.Cell("\(item.taskID)", .heading),
                Table.Cell(item.route.replacing("_", with: " "), item.route == "attention" ? .warning : nil),
                Table.Cell(item.scores.map(String.init).joined(separator: " ")),
                Table.Cell(item.risk, item.risk == "high" ? .warning : nil), Table.Cell.count(Int64(item.blocks)),
                Table.Cell(Elapsed.relative(item.at, to: now)), Table.Cell("\(item.queue)"), Table.Cell(item.title),
                Table.Cell(item.why),
            ])
        }
        return table
    }
}

extension TriageItem {
    /// The item as `triage list --json` shows it.
    var json: JSON {
        [
            "what": .string(what), "id": .string("\(id)"), "task_id": .string("\(taskID)"),
            "queue": .string("\(queue)"),
            "kind": JSON(kind), "title": JSON(title), "plan": JSON(plan), "route": .string(route), "why": .string(why),
            "score": JSON(score), "scores": .array(scores.map { JSON($0) }), "needed": JSON(needed), "risk": JSON(risk),
            "risk_reasons": JSON(riskReasons), "blocks": JSON(blocks), "age_seconds": JSON(age),
            "weight": .number(weight),
            "round": JSON(round), "rounds": JSON(rounds), "number": JSON(number), "findings": JSON(findings),
            "open_findings": JSON(openFindings), "evidence_tier": JSON(evidenceTier), "checks_green": .bool(isGreen),
            "agent": .string(agent), "confidence": JSON(confidence), "digest": .string(digest), "at": JSON(at),
        ]
    }
}
