import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm message subscribe`: joins a role or a topic.
struct MessageSubscribe: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscribe",
        abstract: "Join a role or a topic.",
        discussion: """
            The members of a role share one mailbox, and one of them gets each message; each subscriber of a topic gets a \
            copy. Operators also open the mailbox of a human so: human:NAME.

            EXAMPLES
              pgswarm message subscribe role:reviewers
              pgswarm message subscribe topic:builds --member builder-1
            """
    )

    @Argument(help: "role:NAME or topic:NAME.")
    var address: MailAddress

    @Option(help: ArgumentHelp("Somebody else, for operators.", valueName: "agent"))
    var member: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let isNew = try await connection.subscribe(
            to: address, member: member.map { AgentName($0) }, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json(["address": .string(address.rawValue), "subscribed": true, "changed": .bool(isNew)])
        } else {
            context.console.line("\(isNew ? "subscribed" : "subscribed before") to \(address.rawValue.printable)")
        }
        return .ok
    }
}

/// `pgswarm message unsubscribe`: leaves a role or a topic.
struct MessageUnsubscribe: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "unsubscribe",
        abstract: "Leave a role or a topic.",
        discussion: """
            EXAMPLE
              pgswarm message unsubscribe topic:builds
            """
    )

    @Argument(help: "role:NAME or topic:NAME.")
    var address: MailAddress

    @Option(help: ArgumentHelp("Somebody else, for operators.", valueName: "agent"))
    var member: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let wasMember = try await connection.unsubscribe(
            from: address, member: member.map { AgentName($0) }, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json([
                "address": .string(address.rawValue), "subscribed": false, "changed": .bool(wasMember),
            ])
        } else {
            let news = wasMember ? "unsubscribed from" : "was not subscribed to"
            context.console.line("\(news) \(address.rawValue.printable)")
        }
        return .ok
    }
}
