import Postgres
import TestSupport

import struct FoundationEssentials.Date
import struct FoundationEssentials.UUID

/// What a claim answers for one task.
struct Claim: Sendable, Equatable {
    let id: Int
    let handle: String
    let epoch: Int
    let fence: Int
    let attempt: Int
    let leaseUntil: Date
    let leaseSeconds: Double
    let checkpoint: String?
    let history: String?
    let effects: String?
    let lateResults: String?

    static let columns = """
        id, handle, epoch, fence, attempt, lease_until, lease_seconds, checkpoint, history, effects, late_results
        """

    init(_ row: Row) throws {
        id = try row["id", as: Int.self]
        handle = try row["handle", as: String.self]
        epoch = try row["epoch", as: Int.self]
        fence = try row["fence", as: Int.self]
        attempt = try row["attempt", as: Int.self]
        leaseUntil = try row["lease_until", as: Date.self]
        leaseSeconds = try row["lease_seconds", as: Double.self]
        checkpoint = try row["checkpoint", as: JSONText?.self]?.text
        history = try row["history", as: JSONText?.self]?.text
        effects = try row["effects", as: JSONText?.self]?.text
        lateResults = try row["late_results", as: JSONText?.self]?.text
    }
}

/// What a settlement answers for one handle.
struct Settled: Sendable, Equatable {
    let code: String
    let state: String?
    let message: String?
    let dueAt: Date?
}

// Claiming, and the writes of a holder.
extension Caller {
    /// Claims up to `count` tasks.
    @discardableResult
    func claim(
        _ queues: String..., count: Int = 1, session: UUID? = nil, lease: Duration? = nil, request: String? = nil
    ) async throws -> [Claim] {
        let agent = session == nil ? agent : nil
        return try await rows(
            """
            SELECT \(raw: Claim.columns) FROM pgswarm.claim(\(queues.isEmpty ? ["q"] : queues), \(Int32(count)),
                session => \(session), agent => \(agent), lease => \(lease), request_id => \(request))
            """
        ).map { row in try Claim(row) }
    }

    /// Claims exactly one task.
    @discardableResult
    func claimOne(_ queue: String = "q", session: UUID? = nil, lease: Duration? = nil) async throws -> Claim {
        let claims = try await claim(queue, session: session, lease: lease)
        guard let claim = claims.first else { throw Unexpected("nothing to claim in \(queue)") }
        return claim
    }

    /// Claims a task by its id.
    func claimTask(_ task: Int, session: UUID? = nil, request: String? = nil) async throws -> Claim {
        let agent = session == nil ? agent : nil
        let rows = try await rows(
            """
            SELECT \(raw: Claim.columns)
            FROM pgswarm.claim_task(\(task), session => \(session), agent => \(agent), request_id => \(request))
            """)
        return try Claim(rows[0])
    }

    /// Settles one handle through the array form, which never raises for a lost one.
    @discardableResult
    func settle(_ handle: String, _ verdict: String = "complete", _ body: String? = nil) async throws -> Settled {
        let row = try await rows(
            """
            SELECT code, state, message, due_at
            FROM pgswarm.settle(ARRAY[\(handle)], ARRAY[\(verdict)], ARRAY[\(body.map(JSONText.init))])
            """)[0]
        let (code, state, message, due) = try row.decode((String, String?, String?, Date?).self)
        return Settled(code: code, state: state, message: message, dueAt: due)
    }

    /// Settles several handles; answers a code for each.
    @discardableResult
    func settle(_ handles: [String], _ verdicts: [String]? = nil, _ bodies: [String?]? = nil) async throws -> [String] {
        let bodies = bodies?.map { $0.map(JSONText.init) }
        return try await column(
            "SELECT code FROM pgswarm.settle(\(handles), \(verdicts), \(bodies)) ORDER BY ord")
    }

    @discardableResult
    func complete(_ handle: String, _ result: String? = nil) async throws -> String {
        try await value("SELECT pgswarm.complete(\(handle), \(result.map(JSONText.init)))")
    }

    @discardableResult
    func fail(
        _ handle: String, _ error: String? = nil, retryIn: Duration? = nil, dead: Bool = false
    ) async throws -> String {
        try await value("SELECT pgswarm.fail(\(handle), \(error), \(retryIn), \(dead))")
    }

    @discardableResult
    func release(_ handle: String, note: String? = nil) async throws -> String {
        try await value("SELECT pgswarm.release(\(handle), \(note))")
    }

    @discardableResult
    func renew(_ handle: String, lease: Duration? = nil) async throws -> String {
        try await value("SELECT status FROM pgswarm.renew(\(handle), \(lease))")
    }

    /// Renews several leases; answers a status for each.
    func renew(_ handles: [String], session: UUID? = nil, lease: Duration? = nil) async throws -> [String] {
        try await column("SELECT status FROM pgswarm.renew(\(handles), \(lease), \(session)) ORDER BY ord")
    }

    @discardableResult
    func progress(
        _ handle: String, note: String? = nil, checkpoint: String? = nil, percent: Double? = nil
    ) async throws -> String {
        try await value(
            """
            SELECT status FROM pgswarm.progress(\(handle), \(note), \(checkpoint.map(JSONText.init)), \(percent))
            """)
    }

    /// Says what is about to happen outside; answers new, unconfirmed or confirmed.
    @discardableResult
    func intent(_ handle: String, _ key: String, detail: String? = nil) async throws -> String {
        try await value("SELECT state FROM pgswarm.intent(\(handle), \(key), \(detail.map(JSONText.init)))")
    }

    func confirm(_ handle: String, _ key: String, result: String? = nil) async throws {
        try await rows("SELECT pgswarm.confirm(\(handle), \(key), \(result.map(JSONText.init)))")
    }

    /// Locks the lease to the end of the transaction and answers the fence.
    @discardableResult
    func hold(_ handle: String) async throws -> Int {
        try await value("SELECT pgswarm.hold(\(handle))")
    }

    /// Settles one handle and claims what is next, in one call: the code, and the claims.
    func step(
        _ session: UUID, _ handle: String?, _ verdict: String = "complete", _ body: String? = nil, queue: String = "q",
        count: Int = 1
    ) async throws -> (code: String?, claims: [Claim]) {
        let handles = handle.map { [$0] } ?? []
        let rows = try await rows(
            """
            SELECT settled, code, \(raw: Claim.columns)
            FROM pgswarm.step(\(session), \(handles), \(handles.map { _ in verdict }),
                \(handles.map { _ in body.map(JSONText.init) }), ARRAY[\(queue)], \(Int32(count)))
            """)
        var code: String?
        var claims: [Claim] = []
        for row in rows {
            if try row["settled", as: String?.self] != nil {
                code = try row["code", as: String?.self]
            } else {
                claims.append(try Claim(row))
            }
        }
        return (code, claims)
    }

    /// Lets a claim run out, be swept, and its task be ready again.
    func lose(after duration: Duration = .seconds(1000)) async throws {
        try await letPass(duration)
        try await sweep()
        try await letPass(.seconds(2))
        try await sweep()
    }
}
