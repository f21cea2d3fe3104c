import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm message receive`: takes messages, to acknowledge them.
struct MessageReceive: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "receive",
        abstract: "Take messages under a lease; acknowledge them, or they come again.",
        discussion: """
            Without addresses: from your own mailbox, those of your roles and of the tasks you hold. Of each thread the \
            next message, and none while one is out. Exit 3 when there is nothing.

            EXAMPLES
              pgswarm message receive --wait 5m --json
              pgswarm message receive task:42 --handle $PGSWARM_HANDLE
            """
    )

    @Argument(help: ArgumentHelp("Only from these mailboxes.", valueName: "address"))
    var mailboxes: [MailAddress] = []

    @Option(
        name: .shortAndLong, parsing: .unconditional,
        help: ArgumentHelp("At most so many. Default: 10.", valueName: "number"))
    var max = 10

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Wait so long for one to come.", valueName: "duration"),
        transform: DurationArgument.parse)
    var wait: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "After so long without an acknowledgement they come again. Default: 5m.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var visibility: Duration?

    @Option(help: ArgumentHelp("Also from the mailbox of the task held by this handle.", valueName: "handle"))
    var handle: String?

    @Flag(help: "Acknowledge at once: what gets lost with this program is lost.")
    var ack = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let handle = try handle.map { text throws(SwarmError) in try Handle(text) }
        let boxes = mailboxes.isEmpty ? nil : mailboxes
        let end = ContinuousClock.now + (wait ?? .zero)
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        var mail = try await connection.receive(
            boxes, max: max, visibility: visibility, handle: handle, agent: caller.agent, session: caller.session)
        if mail.isEmpty, wait != nil {
            let swarm = try context.swarm(
                at: try context.address(), kind: .bare, logger: Logs.logger("pgswarm.message"), repeats: false)
            var outage = Outage(context, until: end)
            var isOver = false
            while !isOver {
                do {
                    mail = try await swarm.receive(
                        boxes, max: max, visibility: visibility, handle: handle,
                        wait: Swift.max(.zero, end - .now))
                    isOver = true
                } catch {
                    try await outage.wait(after: error)
                }
            }
            await swarm.close()
        }
        if ack, !mail.isEmpty { _ = try await context.connect().ack(mail.map(\.delivery), session: caller.session) }
        MessageOutput.show(mail, in: context)
        return mail.isEmpty ? .nothingToDo : .ok
    }
}
