import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm pause`: nothing more is claimed from a queue.
struct PauseCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Stop claims from a queue; what runs goes on.",
        discussion: """
            EXAMPLE
              pgswarm pause deploys --reason 'release freeze until Monday'
            """
    )

    @Argument(help: "The queue; it comes into being if it is not there.")
    var queue: QueueName

    @Option(help: ArgumentHelp("Why; 'claim' and 'why' tell it.", valueName: "text"))
    var reason: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let isKnown = try await connection.knows(queue)
        let changed = try await connection.pause(
            queue, reason: reason.flatMap { $0.isEmpty ? nil : $0 }, agent: caller.agent, session: caller.session)
        PauseOutput.show(queue, isPaused: true, changed: changed, created: !isKnown, in: context)
        return .ok
    }
}

/// How a paused or resumed queue is reported.
enum PauseOutput {
    static func show(
        _ queue: QueueName, isPaused: Bool, changed: Bool, created: Bool = false, in context: CommandContext
    ) {
        if context.json {
            context.console.json([
                "queue": .string(queue.rawValue), "paused": .bool(isPaused), "changed": .bool(changed),
                "created": .bool(created),
            ])
        } else {
            let state = isPaused ? "paused" : "open"
            let news = created ? "; it is a new queue" : ""
            context.console.line(
                "\"\(queue.rawValue.printable)\" \(changed ? "is" : "was already") \(state)\(news)")
        }
    }
}
