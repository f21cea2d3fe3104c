import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm webhook`: where people are told.
struct WebhookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook",
        abstract: "Tell people of questions where they are.",
        discussion: """
            What is to be told is written with what happened and sent by 'pgswarm coordinate', at least once, signed as \
            Standard Webhooks are (https://www.standardwebhooks.com).

            EXAMPLES
              pgswarm webhook set https://chat.example/hooks/swarm
              pgswarm webhook list
            """,
        subcommands: [WebhookSet.self, WebhookList.self, WebhookTest.self, WebhookOff.self],
        defaultSubcommand: WebhookList.self
    )
}

/// `pgswarm webhook set`.
struct WebhookSet: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Set the address, and get the secret that signs.",
        discussion: """
            EXAMPLE
              pgswarm webhook set https://chat.example/hooks/swarm --event question.asked
            """
    )

    @Argument(help: "Where to post.")
    var url: String

    @Option(
        name: .customLong("event"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Only this event; repeatable. Default: all.", valueName: "event"))
    var events: [String] = []

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let secret = try await connection.setWebhook(
            url, events: events.isEmpty ? nil : events, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json(["url": .string(url), "secret": JSON(secret)])
        } else {
            context.console.line("people are told at \(url.printable)")
            context.console.line("secret \(secret ?? "") (shown once)")
        }
        return .ok
    }
}

/// `pgswarm webhook off`.
struct WebhookOff: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "off", abstract: "Tell nobody any more.",
        discussion: """
            EXAMPLE
              pgswarm webhook off
            """)

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        _ = try await connection.setWebhook(nil, agent: caller.agent, session: caller.session)
        if context.json { context.console.json(["url": .null]) } else { context.console.line("the webhook is off") }
        return .ok
    }
}

/// `pgswarm webhook test`.
struct WebhookTest: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Put a test on its way.",
        discussion: """
            EXAMPLE
              pgswarm webhook test && pgswarm webhook list
            """
    )

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        guard try await connection.testWebhook(agent: caller.agent, session: caller.session) else {
            throw CommandFailure("not_found", "there is no webhook", hint: "Set one with: pgswarm webhook set URL")
        }
        if context.json {
            context.console.json(["queued": true])
        } else {
            context.console.line("a test is on its way; a running 'pgswarm coordinate' sends it")
        }
        return .ok
    }
}

/// `pgswarm webhook list`.
struct WebhookList: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the webhook and what was sent lately.",
        discussion: """
            EXAMPLE
              pgswarm webhook list
            """
    )

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let webhook = try await connection.webhook()
        let deliveries = try await connection.webhookDeliveries()
        if context.json {
            for delivery in deliveries { context.console.json(delivery.json) }
            return .ok
        }
        if let webhook {
            context.console.line(
                "people are told at \(webhook.url.printable) of \(webhook.events.joined(separator: ", "))")
        } else {
            context.console.line("no webhook is set")
        }
        guard !deliveries.isEmpty else { return .ok }
        let now = Date()
        var table = Table([
            .right("DELIVERY"), .left("EVENT"), .left("STATE"), .right("TRIES"), .left("SINCE"), .left("NEXT"),
            .flexible("ERROR"),
        ])
        for delivery in deliveries {
            table.add([
                Table.Cell("\(delivery.id)", .heading), Table.Cell(delivery.event), Table.Cell(delivery.state),
                Table.Cell("\(delivery.attempts)"), Table.Cell(Elapsed.relative(delivery.at, to: now)),
                Table.Cell(delivery.state == "waiting" ? Elapsed.expected(delivery.due, at: now) : nil),
                Table.Cell(delivery.error),
            ])
        }
        context.console.lines(table.render(width: context.console.width, style: context.console.style))
        return .ok
    }
}

extension WebhookRecord {
    fileprivate var json: JSON {
        [
            "id": .string("\(id)"), "event": .string(event), "state": .string(state), "attempts": JSON(attempts),
            "at": JSON(at), "due": JSON(due), "error": JSON(error),
        ]
    }
}
