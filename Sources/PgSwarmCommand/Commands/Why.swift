import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm why`: the reason why a task is where it is.
struct WhyCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Say why a task is not done yet, and what would help.",
        discussion: """
            EXAMPLE
              pgswarm why 1042
            """
    )

    @Argument(help: "The task.")
    var id: TaskID

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let reason = try await context.connect().why(id)
        if context.json {
            context.console.json([
                "id": .string(id.description),
                "state": .string(reason.state.rawValue),
                "reason": .string(reason.reason),
                "message": .string(reason.message),
                "until": JSON(reason.until),
                "detail": JSON(reason.detail),
            ])
            return .ok
        }
        let state = context.console.style.apply(
            Style.Tone(state: reason.state.rawValue), to: reason.state.rawValue)
        let cause = reason.reason == reason.state.rawValue ? "" : " (\(reason.reason.printable))"
        let until = reason.until.map { ", \(Elapsed.remaining(until: $0, at: Date()))" } ?? ""
        context.console.line("task \(id) is \(state)\(cause)\(until)")
        context.console.line("  \(reason.message.printable)")
        return .ok
    }
}
