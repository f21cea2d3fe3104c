import Postgres
import TestSupport

import struct FoundationEssentials.UUID

/// What a reviewer gets to judge.
struct Assigned: Sendable {
    let handle: String
    let task: Int
    let digest: String
    let result: String?
    let findings: String?
}

// Reviews, as their actors do them.
extension Caller {
    /// Registers an agent and opens a session of it that beats by itself.
    func member(
        _ name: String, _ role: String, owner: String? = nil, model: String? = nil
    ) async throws -> UUID {
        try await value(
            """
            SELECT session FROM pgswarm.open_session(\(name),
                credential => pgswarm.register_agent(\(name), \(role), owner => \(owner), model => \(model)))
            """)
    }

    /// Registers an agent; answers its credential.
    func enrol(_ name: String, _ role: String) async throws -> String {
        try await value("SELECT pgswarm.register_agent(\(name), \(role))")
    }

    /// Opens one more session of an agent.
    func enter(_ name: String, _ credential: String) async throws -> UUID {
        try await value("SELECT session FROM pgswarm.open_session(\(name), credential => \(credential))")
    }

    /// Sets the review policy of a queue.
    func policy(_ policy: String, queue: String = "q") async throws {
        try await rows("SELECT pgswarm.set_review(\(queue), \(JSONText(policy)))")
    }

    /// Does a task, claims and completes it in a session; answers its handle.
    @discardableResult
    func hand(in session: UUID, _ result: String = "1", queue: String = "q", confidence: Int? = nil) async throws
        -> String
    {
        let claim = try await claimOne(queue, session: session)
        try await rows(
            """
            SELECT pgswarm.finding_answer(\(claim.handle), id, 'fixed') FROM pgswarm.findings
            WHERE task_id = \(claim.id) AND answer IS NULL
            """)
        let _: String = try await value(
            "SELECT pgswarm.complete(\(claim.handle), \(JSONText(result)), \(confidence.map(Int32.init)))")
        return claim.handle
    }

    func assigned(_ session: UUID, count: Int = 1) async throws -> [Assigned] {
        try await rows("SELECT * FROM pgswarm.review_next(count => \(Int32(count)), session => \(session))").map {
            row in
            Assigned(
                handle: try row["handle", as: String.self], task: try row["task_id", as: Int.self],
                digest: try row["digest", as: String.self], result: try row["result", as: JSONText?.self]?.text,
                findings: try row["findings", as: JSONText?.self]?.text)
        }
    }

    /// Gives a verdict; answers the route.
    @discardableResult
    func verdict(_ review: Assigned, _ score: Int, digest: String? = nil, evidence: [String] = []) async throws
        -> String
    {
        let findings = score == 5 ? [] : [JSONText(#"{"severity": "minor", "claim": "it could be better"}"#)]
        return try await value(
            """
            SELECT route FROM pgswarm.review_submit(\(review.handle), \(Int32(score)), 'seen', \(digest ?? review.digest),
                \(findings), \(evidence.map(JSONText.init)))
            """)
    }

    /// Takes the next review and gives a verdict; answers the route.
    @discardableResult
    func judge(_ session: UUID, _ score: Int, evidence: [String] = []) async throws -> String {
        guard let review = try await assigned(session).first else { throw Unexpected("nothing to review") }
        return try await verdict(review, score, evidence: evidence)
    }

    /// What a person decides; answers the state of the task.
    @discardableResult
    func decide(_ task: Int, _ decision: String, digest: String? = nil, session: UUID? = nil) async throws -> String {
        let shown: [String] = try await column("SELECT digest FROM pgswarm.triage WHERE task_id = \(task)")
        return try await value(
            """
            SELECT state FROM pgswarm.review_decide(\(task), \(decision), \(digest ?? shown.first), 'because', session => \(session))
            """)
    }

    func place(_ task: Int) async throws -> String {
        try await value("SELECT state FROM pgswarm.tasks WHERE id = \(task)")
    }
}
