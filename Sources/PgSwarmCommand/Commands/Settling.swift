import FoundationEssentials
import PgSwarm
import Postgres

/// What complete, fail and release have in common.
enum Settling {
    /// Ends an attempt and shows what became of the task.
    ///
    /// The array form of the call is used: it keeps what a superseded holder brings, where the single form would
    /// roll it back with its error.
    static func settle(_ handle: Handle, _ verdict: Verdict, in context: CommandContext) async throws
        -> ExitStatus
    {
        let connection = try await context.connect()
        let session = try Caller.surroundingSession()
        let answers: [Settlement]
        do {
            answers = try await connection.settle([(handle, verdict)], session: session)
        } catch {
            throw error.withoutItem
        }
        guard let settlement = answers.first else {
            throw SwarmError(.internal, "the database answered no row")
        }
        if let error = settlement.error { throw error }
        show(settlement, in: context)
        return .ok
    }

    private static func show(_ settlement: Settlement, in context: CommandContext) {
        let id = settlement.handle.taskID
        if context.json {
            context.console.json([
                "id": .string(id.description),
                "handle": .string(settlement.handle.text),
                "code": .string(settlement.code.rawValue),
                "state": JSON(settlement.state?.rawValue),
                "message": JSON(settlement.message),
                "due_at": JSON(settlement.dueAt),
            ])
            return
        }
        var line = "task \(id) is \(settlement.state?.rawValue.printable ?? "settled")"
        if let dueAt = settlement.dueAt { line += ", \(Elapsed.due(dueAt, at: Date()))" }
        switch settlement.code {
        case .late: line += " (after its lease ran out, before anybody took it over)"
        case .duplicate: line += " (it was settled so before)"
        default: break
        }
        context.console.line(line)
    }
}
