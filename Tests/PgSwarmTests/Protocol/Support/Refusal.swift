import Postgres
import Testing

/// How a call is refused: its SQLSTATE, or "accepted".
///
/// A refusal of the protocol says what to do next, so one without a hint is an issue of its own.
func refusal(sourceLocation: SourceLocation = #_sourceLocation, _ call: () async throws -> Void) async -> String {
    await refusalMessage(sourceLocation: sourceLocation, call).code
}

/// How a call is refused: its SQLSTATE and its message.
func refusalMessage(
    sourceLocation: SourceLocation = #_sourceLocation, _ call: () async throws -> Void
) async -> (code: String, message: String) {
    do {
        try await call()
        return ("accepted", "")
    } catch {
        guard let refusal = (error as? PostgresError)?.serverError else { return ("\(error)", "") }
        if refusal.sqlState.errorClass == "PS" {
            #expect(refusal.hint?.isEmpty == false, "no hint: \(refusal.message)", sourceLocation: sourceLocation)
            #expect(refusal.detail?.isEmpty == false, "no code: \(refusal.message)", sourceLocation: sourceLocation)
        }
        return (refusal.sqlState.rawValue, refusal.message)
    }
}
