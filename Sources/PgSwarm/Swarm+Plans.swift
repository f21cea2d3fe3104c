public import Postgres

import struct FoundationEssentials.UUID

extension Swarm {
    /// A plan with its tasks.
    ///
    /// - Throws: `not_found`.
    public func plan(_ name: String) async throws(SwarmError) -> PlanSheet {
        try await read("plan_show") { db throws(SwarmError) in try db.plan(name) }
    }

    /// Creates a plan or makes it what `spec` says, all of it or nothing.
    ///
    /// - Parameter spec: As a plan file, in JSON; durations in seconds.
    /// - Parameter expected: The version that the caller has read; 0: there must be none yet.
    /// - Throws: `invalid_argument` and `too_large`, whose message begins with the item; `stale_version`, `wrong_state`, `held`.
    @discardableResult
    public func applyPlan(
        _ name: String, _ spec: JSONText, expected: Int? = nil, dryRun: Bool = false, cancelRunning: Bool = false,
        reason: String? = nil
    ) async throws(SwarmError) -> PlanChange {
        let author = try await author()
        let request = dryRun ? nil : UUID().uuidString
        let change = try await write("plan_apply") { db throws(SwarmError) in
            try db.applyPlan(
                name, spec, expected: expected, dryRun: dryRun, cancelRunning: cancelRunning, reason: reason,
                requestID: request, agent: author.agent, session: author.session)
        }
        if !dryRun { ring(change.queues) }
        return change
    }

    /// Proposes follow-ups of a held task; the same draft twice is one.
    public func propose(
        _ handle: Handle, _ drafts: [JSONText], why: String? = nil
    ) async throws(SwarmError) -> [FollowupReceipt] {
        try await write("propose") { db throws(SwarmError) in try db.propose(handle, drafts, why: why) }
    }

    /// Makes tasks of proposals.
    ///
    /// - Parameter edits: Keys of a task that replace those of the drafts; or such objects by number.
    public func acceptFollowups(
        _ ids: [Int64], edits: JSONText? = nil, reason: String? = nil
    ) async throws(SwarmError) -> [AcceptedFollowup] {
        let author = try await author()
        let request = UUID().uuidString
        let made = try await write("followup_accept") { db throws(SwarmError) in
            try db.acceptFollowups(
                ids, edits: edits, reason: reason, requestID: request, agent: author.agent, session: author.session)
        }
        ring(Array(Set(made.map(\.queue))))
        return made
    }

    /// Decides that proposals become no work.
    @discardableResult
    public func declineFollowups(_ ids: [Int64], reason: String? = nil) async throws(SwarmError) -> Int {
        let author = try await author()
        return try await write("followup_decline", repeatable: false) { db throws(SwarmError) in
            try db.declineFollowups(ids, reason: reason, agent: author.agent, session: author.session)
        }
    }
}
