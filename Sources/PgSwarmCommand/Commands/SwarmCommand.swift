import ArgumentParser
import PgSwarm

/// A command that talks to a database.
///
/// Its ``run(in:)`` says how it ended; errors are reported in one place.
protocol SwarmCommand: AsyncParsableCommand {
    /// Where the database is, who calls and how the answer is written.
    var options: CommonOptions { get }

    /// Who calls, where that is not just what the options say.
    var callerOptions: CommonOptions { get }

    /// What it is part of; `nil` when everybody may do it.
    var duty: Duty? { get }

    /// Does the work.
    func run(in context: CommandContext) async throws -> ExitStatus
}

extension SwarmCommand {
    /// The options as they are.
    var callerOptions: CommonOptions { options }

    /// As the list of duties says.
    var duty: Duty? { CommandDuties.duty(of: Self.self) }

    /// Runs the command and hands its exit status to the program.
    func run() async throws {
        let context = CommandContext(callerOptions)
        // Also before an error is reported: what was done until then was done.
        defer { context.console.flush() }
        if let duty { try context.check(duty) }
        let status = try await run(in: context)
        if status != .ok { throw status }
    }
}
