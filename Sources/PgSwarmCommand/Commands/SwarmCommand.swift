import ArgumentParser

/// A command that talks to a database.
///
/// Its ``run(in:)`` says how it ended; errors are reported in one place.
protocol SwarmCommand: AsyncParsableCommand {
    /// Where the database is, who calls and how the answer is written.
    var options: CommonOptions { get }

    /// Does the work.
    func run(in context: CommandContext) async throws -> ExitStatus
}

extension SwarmCommand {
    /// Runs the command and hands its exit status to the program.
    func run() async throws {
        let context = CommandContext(options)
        // Also before an error is reported: what was done until then was done.
        defer { context.console.flush() }
        let status = try await run(in: context)
        if status != .ok { throw status }
    }
}
