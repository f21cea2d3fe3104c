import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm message mailboxes`: where mail piles up.
struct MessageMailboxes: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "mailboxes",
        abstract: "List mailboxes and what is in them.",
        discussion: """
            EXAMPLE
              pgswarm message mailboxes
            """
    )

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let boxes = try await context.connect().mailboxes()
        if context.json {
            for box in boxes { context.console.json(box.json) }
            return .ok
        }
        let now = Date()
        var table = Table([
            .flexible("MAILBOX"), .right("UNREAD"), .right("DELIVERED"), .right("DEAD"), .right("LIMIT"),
            .left("OLDEST"),
            .flexible("MEMBERS"),
        ])
        for box in boxes {
            table.add([
                Table.Cell(box.mailbox.rawValue, .heading), .count(Int64(box.unread)), .count(Int64(box.delivered)),
                .count(Int64(box.dead), .bad), "\(box.limit)",
                Table.Cell(box.oldestAt.map { Elapsed.relative($0, to: now) }),
                Table.Cell(box.members.joined(separator: ", ")),
            ])
        }
        context.console.lines(table.render(width: context.console.width, style: context.console.style))
        return .ok
    }
}

/// `pgswarm message set`: the limits.
struct MessageSet: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change limits of the relay, or of one mailbox.",
        discussion: """
            max_count, max_bytes: what a mailbox holds (also for one --mailbox). urgent_reserve: the part of it for urgent \
            messages. max_body: bytes. max_recipients: of a call. sender_rate, sender_fanout, sender_bytes: messages, \
            deliveries and bytes of a sender in a minute. max_hops. max_deliveries. visibility, ttl: durations. \
            'default' resets.

            EXAMPLES
              pgswarm message set sender_rate=60 visibility=10m
              pgswarm message set max_count=1000 --mailbox role:reviewers
            """
    )

    @Argument(help: ArgumentHelp("A setting and its value.", valueName: "key=value"))
    var settings: [String]

    @Option(help: ArgumentHelp("Only of this one.", valueName: "address"))
    var mailbox: MailAddress?

    @OptionGroup(title: "Common") var options: CommonOptions

    private static let durations: Set = ["visibility", "ttl"]

    func run(in context: CommandContext) async throws -> ExitStatus {
        let wanted = try SettingArguments.parse(settings, durations: Self.durations, example: "10m")
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let answer = try await connection.setMessages(
            JSONText(wanted.text), mailbox: mailbox, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json(.raw(answer.text))
        } else {
            context.console.line("set \(settings.joined(separator: " ").printable)")
        }
        return .ok
    }
}
