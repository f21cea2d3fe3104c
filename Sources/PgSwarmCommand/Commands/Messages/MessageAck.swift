import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm message ack`: done with messages.
struct MessageAck: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack",
        abstract: "Acknowledge messages: they are done with.",
        discussion: """
            Exit 5 when one was delivered again, to somebody else perhaps.

            EXAMPLE
              pgswarm message ack $DELIVERY
            """
    )

    @Argument(help: ArgumentHelp("What 'message receive' answered.", valueName: "delivery"))
    var deliveries: [String]

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let ends = try await connection.ack(
            deliveries.map(DeliveryHandle.init(rawValue:)), session: try Caller.surroundingSession())
        return try MessageOutput.show(ends, in: context)
    }
}

/// `pgswarm message nack`: gives messages back.
struct MessageNack: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "nack",
        abstract: "Give messages back: they come again before the rest of their thread.",
        discussion: """
            After five deliveries a message becomes a dead letter, with the error of each.

            EXAMPLE
              pgswarm message nack $DELIVERY --delay 1m --error 'no access to the repository yet'
            """
    )

    @Argument(help: ArgumentHelp("What 'message receive' answered.", valueName: "delivery"))
    var deliveries: [String]

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Not again before. Default: at once.", valueName: "duration"),
        transform: DurationArgument.parse)
    var delay: Duration?

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var error: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let ends = try await connection.nack(
            deliveries.map(DeliveryHandle.init(rawValue:)), delay: delay, error: error,
            session: try Caller.surroundingSession())
        return try MessageOutput.show(ends, in: context)
    }
}
