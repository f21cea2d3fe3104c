import Postgres
import TestSupport
import Testing

import struct FoundationEssentials.Date

/// The protocol as its SQL callers see it: one thin call for each verb.
extension Connection {
    /// Enqueues one task with options as a JSON object.
    func enqueue(_ queue: String, _ options: String = "{}", payload: String = "{}", parent: String? = nil)
        throws -> Int
    {
        try query(
            """
            SELECT id FROM pgswarm.enqueue_many(
                \(queue), ARRAY[\(JSONText(payload))], \(JSONText(options)), parent => \(parent))
            """)[0][0, as: Int.self]
    }

    /// Claims and answers the handles.
    func claim(_ queue: String, _ count: Int = 1, agent: String = "worker", lease: Duration? = nil) throws
        -> [String]
    {
        try query(
            """
            SELECT handle FROM pgswarm.claim(ARRAY[\(queue)], \(Int32(count)), agent => \(agent), lease => \(lease))
            """
        ).map { try $0[0, as: String.self] }
    }

    /// Settles one handle and answers the code.
    func settle(_ handle: String, _ verdict: String = "complete", _ body: String? = nil) throws -> String {
        try query(
            """
            SELECT code FROM pgswarm.settle(
                ARRAY[\(handle)], ARRAY[\(verdict)], ARRAY[\(body.map(JSONText.init))])
            """)[0][0, as: String.self]
    }

    /// The state of a task.
    func state(of task: Int) throws -> String {
        try query("SELECT state FROM pgswarm.tasks WHERE id = \(task)")[0][0, as: String.self]
    }

    /// The reason that `why` gives.
    func why(_ task: Int) throws -> String {
        try query("SELECT reason FROM pgswarm.why(\(task))")[0][0, as: String.self]
    }

    /// One number.
    func count(_ sql: SQL) throws -> Int {
        try query(sql)[0][0, as: Int.self]
    }

    /// Takes void leases back.
    func sweep() throws -> Int {
        try count("SELECT (lost + dead)::bigint FROM pgswarm.sweep()")
    }
}

/// The SQLSTATE that a call is refused with; `nil` when it is not refused.
func refusal(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as PostgresError {
        return error.sqlState?.rawValue ?? "\(error)"
    } catch {
        return "\(error)"
    }
}

/// Runs `body` on a connection of the test's database.
func onDatabase<T: Sendable>(_ body: @Sendable (isolated Connection) throws -> T) async throws -> T {
    try await TestDatabase.current.pool.withConnection(body)
}

/// Lets agents introduce themselves; most tests are not about that.
func openRegistration() async throws {
    try await onDatabase { db in _ = try db.query("SELECT pgswarm.set_registration(true)") }
}
