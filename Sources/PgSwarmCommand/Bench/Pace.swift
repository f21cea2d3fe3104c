import Postgres

/// Runs loops of calls on connections, each on its connection's own thread, so that nothing but the calls
/// is measured.
enum Pace {
    /// Runs the loop on every connection at once.
    ///
    /// - Parameter loop: Gets the number of the connection and returns how many items it has done.
    /// - Returns: Items a second, of all connections together.
    static func rate(
        on connections: some Sequence<Connection>,
        _ loop: @escaping @Sendable (isolated Connection, Int) throws -> Int
    ) async throws -> Double {
        let start = ContinuousClock.now
        let done = try await total(on: connections, loop)
        return Double(done) / (ContinuousClock.now - start).inSeconds
    }

    /// Runs the loop on every connection at once and adds up what they return.
    static func total(
        on connections: some Sequence<Connection>,
        _ loop: @escaping @Sendable (isolated Connection, Int) throws -> Int
    ) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for (number, connection) in connections.enumerated() {
                group.addTask { try await connection.run { db in try loop(db, number) } }
            }
            return try await group.reduce(0, +)
        }
    }

    /// Repeats a call until the time is over or it has nothing more to do.
    ///
    /// - Parameter call: Returns how many items it has done; 0 ends the loop.
    static func repeating(for window: Duration, _ call: () throws -> Int) rethrows -> Int {
        let end = ContinuousClock.now + window
        var total = 0
        while ContinuousClock.now < end {
            let done = try call()
            if done == 0 { break }
            total += done
        }
        return total
    }

    /// The time that a call takes, in milliseconds.
    static func milliseconds(_ call: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try call()
        return (ContinuousClock.now - start).inSeconds * 1000
    }
}
