import Postgres
import TestSupport

import struct FoundationEssentials.Date
import struct FoundationEssentials.UUID

/// Somebody who calls the functions of the protocol, over a connection of their own.
///
/// Its methods are thin: one call each, so that a test reads as what the callers do.
struct Caller: Sendable {
    let connection: Connection
    /// The agent as whom it claims and enqueues; nil: as its login.
    var agent: String?

    /// A caller on the running test's database, as superuser.
    static func named(_ agent: String? = "ada") async throws -> Caller {
        Caller(connection: try await TestDatabase.current.connect(), agent: agent)
    }

    /// The rows that a statement answers.
    @discardableResult
    func rows(_ sql: SQL) async throws -> Rows { try await connection.query(sql) }

    /// The first column of the only row.
    func value<T: PostgresDecodable & Sendable>(_ sql: SQL, as type: T.Type = T.self) async throws -> T {
        let rows = try await rows(sql)
        guard rows.count == 1 else { throw Unexpected("\(rows.count) rows instead of one: \(sql.text)") }
        return try rows[0][0, as: T.self]
    }

    /// The first column of all rows.
    func column<T: PostgresDecodable & Sendable>(_ sql: SQL, as type: T.Type = T.self) async throws -> [T] {
        try await rows(sql).map { row in try row[0, as: T.self] }
    }

    /// Statements without an answer, such as BEGIN and COMMIT.
    func script(_ text: String) async throws { try await connection.script(text) }
}

/// A test met what it can not go on with.
struct Unexpected: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

// Enqueueing and steering.
extension Caller {
    /// Enqueues one task; `options` is a JSON object.
    @discardableResult
    func enqueue(
        _ queue: String = "q", _ options: String = "{}", payload: String = "{}", parent: String? = nil
    ) async throws -> Int {
        try await value(
            """
            SELECT id FROM pgswarm.enqueue_many(\(queue), ARRAY[\(JSONText(payload))], \(JSONText(options)),
                parent => \(parent), agent => \(agent))
            """)
    }

    /// Enqueues so many tasks that differ in their payload `{"n": 1…count}`.
    @discardableResult
    func enqueue(_ queue: String = "q", count: Int, _ options: String = "{}") async throws -> [Int] {
        let payloads = (1...count).map { JSONText("{\"n\": \($0)}") }
        return try await column(
            """
            SELECT id FROM pgswarm.enqueue_many(\(queue), \(payloads), \(JSONText(options)), agent => \(agent))
            ORDER BY ord
            """)
    }

    /// Changes settings of a queue.
    func setQueue(_ queue: String = "q", _ settings: String) async throws {
        try await rows("SELECT pgswarm.set_queue(\(queue), \(JSONText(settings)), agent => \(agent))")
    }

    /// Cancels tasks; answers a code for each.
    @discardableResult
    func cancel(_ tasks: Int..., reason: String? = nil) async throws -> [String] {
        try await column(
            "SELECT code FROM pgswarm.cancel(\(tasks), \(reason), agent => \(agent)) ORDER BY id")
    }

    /// Gives tasks a new generation; answers a code for each.
    @discardableResult
    func retry(_ tasks: Int...) async throws -> [String] {
        try await column("SELECT code FROM pgswarm.retry(\(tasks), agent => \(agent)) ORDER BY id")
    }

    /// Takes void leases back and promotes what is due.
    @discardableResult
    func sweep() async throws -> Sweep {
        let row = try await rows("SELECT lost, dead, promoted FROM pgswarm.sweep()")[0]
        let (lost, dead, promoted) = try row.decode((Int, Int, Int).self)
        return Sweep(lost: lost, dead: dead, promoted: promoted)
    }

    /// What a sweep did.
    struct Sweep: Equatable {
        var lost = 0
        var dead = 0
        var promoted = 0
    }

    /// The state of a task; nil when it is not there.
    func state(of task: Int) async throws -> String? {
        try await column("SELECT state FROM pgswarm.tasks WHERE id = \(task)", as: String.self).first
    }

    /// The reason why a task does not run.
    func why(_ task: Int) async throws -> String {
        try await value("SELECT reason FROM pgswarm.why(\(task))")
    }
}

/// Opens a session of `agent` and answers its token.
extension Caller {
    func openSession(
        kind: String = "runtime", credential: String? = nil, ttl: Duration? = nil, takeOver: Bool = false
    ) async throws -> UUID {
        try await value(
            """
            SELECT session FROM pgswarm.open_session(\(agent), \(kind), \(credential), \(ttl), take_over => \(takeOver))
            """)
    }

    /// What a beat answers.
    func beat(_ session: UUID) async throws -> String {
        try await value("SELECT status FROM pgswarm.beat(\(session))")
    }
}

/// Moves the clock of the test's database.
func letPass(_ duration: Duration) async throws {
    try await TestDatabase.current.moveClock(by: duration)
}
