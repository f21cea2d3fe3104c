import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm queues`: what stands in which queue, and how queues are set.
struct QueuesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues",
        abstract: "List queues, or change the settings of one.",
        discussion: """
            EXAMPLES
              pgswarm queues
              pgswarm queues set deploys lease=30m max_running=1
            """,
        subcommands: [List.self, Change.self],
        defaultSubcommand: List.self
    )

    /// `pgswarm queues list`, or without `list`.
    struct List: SwarmCommand {
        static let configuration = CommandConfiguration(
            abstract: "List queues and how many tasks stand where.",
            discussion: """
                EXAMPLE
                  pgswarm queues --json
                """
        )

        @OptionGroup(title: "Common") var options: CommonOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            let queues = try await context.connect().queues()
            if context.json {
                for queue in queues { context.console.json(queue.json) }
            } else if queues.isEmpty {
                context.console.line("no queues")
            } else {
                let table = QueueTable.make(queues)
                context.console.lines(
                    table.render(width: context.console.width, style: context.console.style))
            }
            return .ok
        }
    }

    /// `pgswarm queues set`.
    struct Change: SwarmCommand {
        static let configuration = CommandConfiguration(
            commandName: "set",
            abstract: "Change settings of a queue.",
            discussion: """
                lease, stall_after, stall_limit, retry_base, retry_cap: durations. max_attempts, max_lost, max_running, \
                backlog_limit, retry_rate (retries a minute): numbers. strict_lease: true or false. 'default' resets a setting.

                EXAMPLE
                  pgswarm queues set deploys lease=30m max_running=1 backlog_limit=default
                """
        )

        @Argument(help: "The queue; it comes into being if it is not there.")
        var queue: QueueName

        @Argument(help: ArgumentHelp("A setting and its value.", valueName: "key=value"))
        var settings: [String]

        @OptionGroup(title: "Common") var options: CommonOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            let wanted = try QueueSettings.parse(settings)
            let connection = try await context.connect()
            let caller = try await context.caller(on: connection)
            let isKnown = try await connection.knows(queue)
            let now = try await connection.configure(
                queue, JSONText(wanted.text), agent: caller.agent, session: caller.session)
            let all = try QueueSettings.read(now)
            if context.json {
                context.console.json([
                    "queue": .string(queue.rawValue), "created": .bool(!isKnown), "settings": .object(all),
                ])
            } else {
                if !isKnown { context.console.line("\"\(queue.rawValue.printable)\" is a new queue") }
                var fields = Fields()
                for (key, value) in all { fields.add(key, QueueSettings.describe(value, of: key)) }
                context.console.lines(fields.render(style: context.console.style))
            }
            return .ok
        }
    }
}
