import Postgres
import Testing

extension PrivateServer {
    /// Returns when the statement yields true.
    ///
    /// Each look is a round trip, so nothing sleeps.
    func wait(until condition: SQL) async throws {
        let db = try await connect()
        let limit = ContinuousClock.now + .seconds(30)
        while try await !db.query(condition)[0][0, as: Bool.self] {
            try #require(ContinuousClock.now < limit, "still not: \(condition.text)")
        }
        await db.close()
    }

    /// Returns when the session executes `pg_sleep`.
    func waitUntilSleeping(_ process: Int32) async throws {
        try await wait(
            until: "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = \(process) AND wait_event = 'PgSleep')"
        )
    }

    /// Returns when so many connections of a pool were in use at the same time.
    func useAtOnce(_ count: Int, of pool: ConnectionPool) async throws {
        let key = Int32.random(in: 1...Int32.max)
        let host = try await connect()
        _ = try await host.query("SELECT pg_advisory_lock(0, \(key))")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask {
                    _ = try await pool.withConnection {
                        try $0.query("SELECT pg_advisory_lock_shared(0, \(key)), pg_advisory_unlock_shared(0, \(key))")
                            .count
                    }
                }
            }
            try await wait(
                until: """
                    SELECT count(*) = \(count) FROM pg_locks
                    WHERE locktype = 'advisory' AND classid = 0 AND objid::int8 = \(Int64(key)) AND NOT granted
                    """)
            _ = try await host.query("SELECT pg_advisory_unlock(0, \(key))")
            try await group.waitForAll()
        }
        await host.close()
    }

    /// Ends a session as an administrator would.
    func terminate(_ process: Int32) async throws {
        let db = try await connect()
        _ = try await db.query("SELECT pg_terminate_backend(\(process))")
        await db.close()
        try await wait(until: "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = \(process))")
    }
}

/// The error that `body` throws.
func postgresError(_ body: () async throws -> some Any) async throws -> PostgresError {
    do {
        _ = try await body()
    } catch let error as PostgresError {
        return error
    }
    throw PrivateServer.Failure(reason: "nothing was thrown")
}

extension PostgresError {
    var isOutcomeUnknown: Bool { if case .outcomeUnknown = self { true } else { false } }
    var isConnectionLost: Bool { if case .connectionLost = self { true } else { false } }
    var isConnectFailed: Bool { if case .connectFailed = self { true } else { false } }
    var isCancelled: Bool { if case .cancelled = self { true } else { false } }
    var isDeadlineExceeded: Bool { if case .deadlineExceeded = self { true } else { false } }
    var isPoolTimeout: Bool { if case .poolTimeout = self { true } else { false } }
    var isPoolClosed: Bool { if case .poolClosed = self { true } else { false } }

    var decodingReason: String? { if case .decoding(let reason) = self { reason } else { nil } }
    var optionsReason: String? { if case .invalidOptions(let reason) = self { reason } else { nil } }
}
