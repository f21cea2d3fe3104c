import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm show`: everything about one task.
struct ShowCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show everything about one task.",
        discussion: """
            EXAMPLE
              pgswarm show 1042
            """
    )

    @Argument(help: "The task.")
    var id: TaskID

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let history = try await context.connect().history(of: id)
        if context.json {
            context.console.json(history.json)
        } else {
            TaskSheet(history: history, console: context.console).show()
        }
        return .ok
    }
}

extension TaskHistory {
    fileprivate var json: JSON {
        .object(
            task.members + [
                (
                    "why",
                    [
                        "reason": .string(reason.reason), "message": .string(reason.message),
                        "until": JSON(reason.until),
                    ]
                ),
                ("checkpoint", JSON(checkpoint)),
                ("dependencies", .array(dependencies.map(\.json))),
                ("history", .array(attempts.map(\.json))),
                ("progress", .array(reports.map(\.json))),
                ("effects", .array(effects.map(\.json))),
                ("late_results", .array(lateResults.map(\.json))),
            ])
    }
}

extension AttemptInfo {
    fileprivate var json: JSON {
        [
            "attempt": JSON(attempt), "epoch": JSON(epoch), "agent": JSON(agent), "outcome": .string(outcome),
            "error": JSON(error), "note": JSON(note), "started_at": JSON(startedAt),
            "ended_at": JSON(endedAt),
        ]
    }
}
