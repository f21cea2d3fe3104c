import Logging
import Postgres

/// Makes a call of the protocol with everything around it: the connection, the deadline, the repetitions.
struct Caller: Sendable {
    let pool: ConnectionPool
    let callTimeout: Duration
    let reconnectWindow: Duration
    let metrics: SwarmMetrics
    let logger: Logger

    /// Calls, and repeats the call when the database could not be reached or undid it.
    ///
    /// - Parameters:
    ///   - repeatable: Whether a repetition does no harm when the first call may have taken effect; otherwise that
    ///     is reported as `outcome_unknown`.
    ///   - body: The statements, in one visit to a connection. It runs again with each repetition.
    func call<Answer: Sendable>(
        _ verb: Verb, repeatable: Bool,
        _ body: @escaping @Sendable (isolated Connection) throws(SwarmError) -> Answer
    ) async throws(SwarmError) -> Answer {
        let start = ContinuousClock.now
        var backoff = Backoff()
        // Set once a call may have taken effect: then even a later failure to connect leaves that open.
        var unknown: SwarmError?
        while true {
            do throws(SwarmError) {
                return try await attempt(until: start + callTimeout, body)
            } catch {
                if error.code == .outcomeUnknown {
                    guard repeatable else { throw error }
                    unknown = error
                }
                let pause = backoff.next()
                guard error.isWorthRepeating, .now + pause < start + min(reconnectWindow, callTimeout) else {
                    throw await explained(unknown ?? error)
                }
                metrics.retried(verb)
                logger.debug(
                    "repeating a call", metadata: ["verb": "\(verb.rawValue)", "error": "\(error)"])
                try await wait(pause)
            }
        }
    }

    /// A function that is missing may be one that a later version of the schema has dropped.
    private func explained(_ error: SwarmError) async -> SwarmError {
        guard error.code == .notMigrated else { return error }
        do throws(SwarmError) {
            try await attempt(until: .now + callTimeout) { db throws(SwarmError) in _ = try db.checkSchema() }
        } catch {
            if error.code == .schemaNewer { return error }
        }
        return error
    }

    private func attempt<Answer: Sendable>(
        until deadline: ContinuousClock.Instant,
        _ body: @escaping @Sendable (isolated Connection) throws(SwarmError) -> Answer
    ) async throws(SwarmError) -> Answer {
        do {
            return try await pool.withConnection(deadline: deadline) { db in try body(db) }
        } catch {
            throw SwarmError(any: error)
        }
    }

    private func wait(_ pause: Duration) async throws(SwarmError) {
        do {
            try await ContinuousClock().sleep(for: pause)
        } catch {
            throw SwarmError(any: error)
        }
    }
}

extension SwarmError {
    /// Whether the same call may succeed a moment later: the way to the database was the trouble, or the database
    /// undid the call for the sake of another.
    var isWorthRepeating: Bool {
        guard let error = underlying as? PostgresError else { return false }
        return error.isConnectionProblem || error.sqlState == .serializationFailure
            || error.sqlState == .deadlockDetected
    }
}
