import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm progress`: reports how far the work is, and renews the lease with it.
struct ProgressCommand: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "progress",
        abstract: "Report on a task, save a checkpoint, renew the lease.",
        discussion: """
            EXAMPLE
              pgswarm progress $HANDLE --percent 40 --note 'parsed 400 of 1000' --checkpoint '{"offset":400}'
            """
    )

    @Argument(help: "The handle that claim gave.")
    var handle: String

    @Option(help: ArgumentHelp("One line for people.", valueName: "text"))
    var note: String?

    @Option(
        help: ArgumentHelp(
            "What the next holder needs to go on from here, '-' for standard input.", valueName: "json"))
    var checkpoint: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("From 0 to 100.", valueName: "number"))
    var percent: Double?

    @Option(help: ArgumentHelp("What the work has used, for example tokens.", valueName: "json"))
    var usage: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        if let percent, !(0...100).contains(percent) {
            throw ValidationError("'\(percent)' is no percentage from 0 to 100")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let handle = try Handle(handle)
        let progress = PgSwarm.Progress(
            note: note,
            checkpoint: try checkpoint.map { try JSONInput.read($0, as: "checkpoint") },
            percent: percent,
            usage: try usage.map { try JSONInput.read($0, as: "usage") })
        let connection = try await context.connect()
        RenewalOutput.show(try await connection.progress(handle, progress), in: context)
        return .ok
    }
}
