import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm message send`: one message to one or more recipients.
struct MessageSend: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send a message.",
        discussion: """
            Each recipient is answered: queued, coalesced (it replaced an unread message with the same --key), full (try \
            again later) or refused. Exit 4 when one of them did not get it.

            EXAMPLES
              pgswarm message send builder-1 'which port does the server use?' --reply-within 10m
              pgswarm message send task:42 'use version 2 of the schema' --urgent
              pgswarm message send role:reviewers --data '{"branch": "parser"}' --handle $PGSWARM_HANDLE
            """
    )

    @Argument(help: "An agent's name, or role:NAME, topic:NAME, human:NAME, task:ID.")
    var recipient: MailAddress

    @Argument(help: ArgumentHelp("What to say, '-' for standard input.", valueName: "text"))
    var text: String?

    @Option(name: .customLong("to"), help: ArgumentHelp("One more recipient.", valueName: "address"))
    var others: [MailAddress] = []

    @OptionGroup(title: "Message") var message: MessageOptions
    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws { try message.check(text) }

    func run(in context: CommandContext) async throws -> ExitStatus {
        var draft = try message.draft(text)
        draft.recipients = [recipient] + others
        return try await MessageOutput.send(draft, in: context)
    }
}

/// `pgswarm message reply`: an answer.
struct MessageReply: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "reply",
        abstract: "Answer a message, in its thread, to who sent it.",
        discussion: """
            The message itself is still to be acknowledged.

            EXAMPLE
              pgswarm message reply 17 '8080'
            """
    )

    @Argument(help: "The message.")
    var id: MessageID

    @Argument(help: ArgumentHelp("What to say, '-' for standard input.", valueName: "text"))
    var text: String?

    @OptionGroup(title: "Message") var message: MessageOptions
    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws { try message.check(text) }

    func run(in context: CommandContext) async throws -> ExitStatus {
        var draft = try message.draft(text)
        draft.inReplyTo = id
        return try await MessageOutput.send(draft, in: context)
    }
}

/// What can be said about a message.
struct MessageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("JSON instead of a text.", valueName: "json"))
    var data: String?

    @Option(help: ArgumentHelp("In a few words.", valueName: "text"))
    var subject: String?

    @Option(
        help: ArgumentHelp(
            "The conversation, whose messages come one after the other. Default: a new one.", valueName: "name"))
    var thread: String?

    @Option(help: ArgumentHelp("What sort of message it is, for programs.", valueName: "word"))
    var kind: String?

    @Flag(help: "Deliver it before others, and into the reserve of a full mailbox.")
    var urgent = false

    @Option(help: ArgumentHelp("Replace your unread message with the same key.", valueName: "key"))
    var key: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Expect an answer; without one in time human:operator is told.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var replyWithin: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Expires unread after so long. Default: 7d.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var ttl: Duration?

    @Option(help: ArgumentHelp("Speak as the holder of a task; refused when it is lost.", valueName: "handle"))
    var handle: String?

    @Option(help: ArgumentHelp("A repetition with the same id sends nothing more.", valueName: "id"))
    var requestID: String?

    func check(_ text: String?) throws {
        guard text == nil || data == nil else { throw ValidationError("give either a text or --data, not both") }
        guard text != nil || data != nil || subject != nil else {
            throw ValidationError("say something: a text, --data or --subject")
        }
    }

    func draft(_ text: String?) throws -> MessageDraft {
        var draft = MessageDraft(json: nil)
        if let data {
            draft.body = try JSONInput.read(data, as: "data")
        } else if let text {
            let words = text == "-" ? try JSONInput.text("message") : text
            draft.body = JSONText(JSON.string(words).text)
        }
        draft.subject = subject
        draft.thread = thread
        draft.kind = kind
        draft.isUrgent = urgent
        draft.key = key
        draft.replyWithin = replyWithin
        draft.ttl = ttl
        draft.handle = try handle.map { text throws(SwarmError) in try Handle(text) }
        draft.requestID = requestID
        return draft
    }
}
