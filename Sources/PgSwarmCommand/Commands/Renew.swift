import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm renew`: keeps tasks, and hears what their holder is to do.
struct RenewCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew",
        abstract: "Keep tasks for longer; exit 5 when one is lost.",
        discussion: """
            The status is ok, cancel (the task was cancelled: stop), pause or drain (finish, then claim no more), \
            busy (try again soon) or lost (stop: another may have it).

            EXAMPLE
              pgswarm renew $HANDLE --lease 30m
            """
    )

    @Argument(help: "The handles that claim gave.")
    var handles: [String]

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long from now. Default: as long as before.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var lease: Duration?

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let handles = try handles.map { try Handle($0) }
        let connection = try await context.connect()
        let session = try Caller.surroundingSession()
        let renewals = try await connection.renew(handles, lease: lease, session: session)
        // A single lost lease is told by the error alone.
        for renewal in renewals where renewals.count > 1 || ![.lost, .cancel].contains(renewal.status) {
            RenewalOutput.show(renewal, in: context)
        }
        // So that a loop that renews while it may go on ends, whatever the reason.
        let lost = renewals.filter { $0.status == .lost || $0.status == .cancel }
        guard let first = lost.first else { return .ok }
        let word = first.status == .cancel ? "was cancelled" : "is not held under this handle any more"
        throw CommandFailure(
            "lost_claim",
            lost.count == 1
                ? "task \(first.handle.taskID) \(word)"
                : "\(lost.count.counted("task")) of \(renewals.count.grouped) are no longer yours",
            hint: "Stop working on it and claim again.")
    }
}

/// How the answer to a renewal or a progress report is shown.
enum RenewalOutput {
    static func show(_ renewal: Renewal, in context: CommandContext) {
        if context.json {
            context.console.json([
                "id": .string(renewal.handle.taskID.description),
                "handle": .string(renewal.handle.text),
                "status": .string(renewal.status.rawValue),
                "lease_until": JSON(renewal.leaseUntil),
                "lease_seconds": JSON(renewal.leaseDuration),
                "unread": JSON(renewal.unread),
            ])
            return
        }
        let until = renewal.leaseUntil.map { ", yours until \(Timestamp.format($0))" } ?? ""
        let advice =
            switch renewal.status {
            case .cancel: ": it was cancelled, stop working on it"
            case .pause: ": its queue is paused, finish and claim no more"
            case .drain: ": the agent is draining, finish and claim no more"
            case .busy: ": it could not be renewed just now, try again soon"
            case .lost: ": stop working on it"
            default: ""
            }
        context.console.line(
            "task \(renewal.handle.taskID) \(renewal.status.rawValue.printable)\(until)\(advice)")
    }
}
