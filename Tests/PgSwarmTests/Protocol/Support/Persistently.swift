import Postgres

/// Repeats a call that failed only because of others, as a caller in REPEATABLE READ must.
func persistently<T>(_ call: () async throws -> T) async throws -> T {
    while true {
        do {
            return try await call()
        } catch let error as PostgresError where error.sqlState == .serializationFailure {
            continue
        }
    }
}
