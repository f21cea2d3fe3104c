import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm message inbox`, or without `inbox`: what is in mailboxes.
struct MessageInbox: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "inbox",
        abstract: "Show what is in your mailboxes, taking nothing.",
        discussion: """
            Without addresses: your own mailbox, those of your roles and of the tasks you hold. Operators may look into \
            every mailbox.

            EXAMPLES
              pgswarm message inbox
              pgswarm message inbox human:operator --json
            """
    )

    @Argument(help: ArgumentHelp("Only these mailboxes.", valueName: "address"))
    var mailboxes: [MailAddress] = []

    @Option(name: .long, parsing: .unconditional, help: ArgumentHelp("At most so many.", valueName: "number"))
    var limit = 50

    @Option(help: ArgumentHelp("Also the mailbox of the task held by this handle.", valueName: "handle"))
    var handle: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let handle = try handle.map { text throws(SwarmError) in try Handle(text) }
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let mail = try await connection.peek(
            mailboxes.isEmpty ? nil : mailboxes, max: limit, handle: handle, agent: caller.agent,
            session: caller.session)
        if context.json {
            for one in mail { context.console.json(one.json) }
        } else if mail.isEmpty {
            context.console.line("no messages")
        } else {
            context.console.lines(
                MessageOutput.table(mail).render(
                    width: context.console.width, style: context.console.style))
        }
        return .ok
    }
}

/// `pgswarm message thread`: a conversation.
struct MessageThread: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "thread",
        abstract: "Show a conversation, and what has become of each message.",
        discussion: """
            States: stored, offered (its reader has seen it in the inbox), delivered, acked, answered, expired, dead, \
            replaced, discarded.

            EXAMPLES
              pgswarm message thread schema
              pgswarm message thread 17
            """
    )

    @Argument(help: "Its name, or the number of one of its messages.")
    var thread: String

    @Option(
        name: .long, parsing: .unconditional, help: ArgumentHelp("At most so many, the latest.", valueName: "number"))
    var limit = 100

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let message = MessageID(thread)
        let mail = try await connection.thread(
            message == nil ? thread : nil, of: message, max: limit, agent: caller.agent, session: caller.session)
        if context.json {
            for one in mail { context.console.json(one.json) }
        } else {
            context.console.lines(
                MessageOutput.table(mail).render(
                    width: context.console.width, style: context.console.style))
        }
        return .ok
    }
}
