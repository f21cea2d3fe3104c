import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm message dead`: what was given up.
struct MessageDead: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead",
        abstract: "List dead letters, with the cause of each delivery.",
        discussion: """
            Those you sent or should have read; operators see all.

            EXAMPLE
              pgswarm message dead --json
            """
    )

    @Option(
        name: .long, parsing: .unconditional, help: ArgumentHelp("At most so many, the latest.", valueName: "number"))
    var limit = 100

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let dead = try await connection.deadMessages(max: limit, agent: caller.agent, session: caller.session)
        if context.json {
            for one in dead { context.console.json(one.json) }
        } else if dead.isEmpty {
            context.console.line("no dead letters")
        } else {
            let now = Date()
            var table = Table([
                .right("ID"), .left("FROM"), .left("TO"), .right("DELIVERIES"), .left("DIED"), .flexible("REASON"),
            ])
            for one in dead {
                table.add([
                    "\(one.message)", Table.Cell(one.sender?.rawValue ?? "the relay"),
                    Table.Cell(one.recipient.rawValue),
                    "\(one.deliveries)", Table.Cell(one.diedAt.map { Elapsed.relative($0, to: now) }),
                    Table.Cell(one.reason, .bad),
                ])
            }
            context.console.lines(table.render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }
}

/// `pgswarm message redrive`: another try for what was given up.
struct MessageRedrive: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "redrive",
        abstract: "Put dead or expired messages back at their old place, under the same id.",
        discussion: """
            EXAMPLE
              pgswarm message redrive 17
            """
    )

    @Argument(help: ArgumentHelp("The messages.", valueName: "id"))
    var ids: [MessageID]

    @Option(help: ArgumentHelp("Only for this recipient.", valueName: "address"))
    var mailbox: MailAddress?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let boxes = try await connection.redrive(ids, mailbox: mailbox, agent: caller.agent, session: caller.session)
        _ = try? await connection.ring(boxes)
        return MessageOutput.show(boxes, verb: "put back", key: "redriven", in: context)
    }
}

/// `pgswarm message discard`: gives up for good.
struct MessageDiscard: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard",
        abstract: "Give dead or expired messages up for good.",
        discussion: """
            EXAMPLE
              pgswarm message discard 17 --reason 'the branch is gone'
            """
    )

    @Argument(help: ArgumentHelp("The messages.", valueName: "id"))
    var ids: [MessageID]

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var reason: String

    @Option(help: ArgumentHelp("Only for this recipient.", valueName: "address"))
    var mailbox: MailAddress?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let boxes = try await connection.discard(
            ids, reason: reason, mailbox: mailbox, agent: caller.agent, session: caller.session)
        return MessageOutput.show(boxes, verb: "discarded", key: "discarded", in: context)
    }
}
