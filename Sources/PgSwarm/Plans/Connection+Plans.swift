public import Postgres

public import struct FoundationEssentials.UUID

extension Connection {
    /// All plans, those written last first.
    public func plans() throws(SwarmError) -> [PlanInfo] {
        try rows(PlansSQL.list) { row throws(PostgresError) in try PlanInfo(row) }
    }

    /// A plan with its tasks.
    ///
    /// - Throws: `not_found`.
    public func plan(_ name: String) throws(SwarmError) -> PlanSheet { try planText(name).decode() }

    /// A plan with its tasks, as the database writes it.
    ///
    /// - Throws: `not_found`.
    public func planText(_ name: String) throws(SwarmError) -> JSONText {
        try row(PlansSQL.show(name)) { row throws(PostgresError) in try row[0, as: JSONText.self] }
    }

    /// Creates a plan or makes it what `spec` says, all of it or nothing.
    ///
    /// Ring the answered queues after the commit.
    ///
    /// - Parameter spec: `goal`, `defaults`, `limits`, `followups`, `contracts` and `tasks` by key; durations in seconds.
    /// - Parameter expected: The version that the caller has read; 0: there must be none yet.
    /// - Parameter dryRun: Does it and undoes it again.
    /// - Parameter cancelRunning: Also changes what has begun, which cancels it.
    /// - Throws: `invalid_argument` and `too_large`, whose message begins with the item; `stale_version`, `wrong_state`, `held`.
    public func applyPlan(
        _ name: String, _ spec: JSONText, expected: Int? = nil, dryRun: Bool = false, cancelRunning: Bool = false,
        reason: String? = nil, requestID: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> PlanChange {
        let sql = PlansSQL.apply(
            name, spec, expected: expected, dryRun: dryRun, cancelRunning: cancelRunning, reason: reason,
            requestID: requestID, agent: agent, session: session)
        return try PlanChange(try row(sql) { row throws(PostgresError) in try row[0, as: JSONText.self] })
    }

    /// Lets nobody change a plan; its work goes on.
    ///
    /// - Returns: False if it was frozen already.
    public func freezePlan(
        _ name: String, reason: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Bool {
        try row(PlansSQL.freeze(name, reason: reason, agent: agent, session: session)) { row throws(PostgresError) in
            try row[0, as: Bool.self]
        }
    }

    /// Lets a frozen plan be changed again.
    ///
    /// - Returns: False if it was not frozen.
    public func unfreezePlan(
        _ name: String, reason: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Bool {
        try row(PlansSQL.unfreeze(name, reason: reason, agent: agent, session: session)) { row throws(PostgresError) in
            try row[0, as: Bool.self]
        }
    }

    /// Lets nothing more of a plan begin; what runs goes on.
    ///
    /// - Returns: How many ready tasks were taken out of the way.
    public func pausePlan(
        _ name: String, reason: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Int {
        try row(PlansSQL.pause(name, reason: reason, agent: agent, session: session)) { row throws(PostgresError) in
            try row[0, as: Int.self]
        }
    }

    /// Lets a paused plan go on.
    ///
    /// - Returns: How many tasks became ready.
    public func resumePlan(_ name: String, agent: AgentName? = nil, session: UUID? = nil) throws(SwarmError) -> Int {
        try row(PlansSQL.resume(name, agent: agent, session: session)) { row throws(PostgresError) in
            try row[0, as: Int.self]
        }
    }

    /// Work that was proposed, oldest first.
    ///
    /// - Parameter states: Which; `nil`: those that wait for a decision.
    public func followups(
        plan: String? = nil, states: [String]? = nil, limit: Int = 100
    ) throws(SwarmError) -> [Followup] {
        try rows(PlansSQL.followups(plan: plan, states: states, limit: limit)) { row throws(PostgresError) in
            try Followup(row)
        }
    }

    /// Proposes follow-ups of a held task, 1 to 20 in a call; the same draft twice is one.
    ///
    /// - Parameter drafts: Objects with the keys of a plan's task; a title or goal is enough.
    /// - Throws: `lost_claim`, `not_allowed` where a policy says so, `too_large`, `invalid_argument`.
    public func propose(
        _ handle: Handle, _ drafts: [JSONText], why: String? = nil
    ) throws(SwarmError) -> [FollowupReceipt] {
        try rows(PlansSQL.propose(handle, drafts, why: why)) { row throws(PostgresError) in try FollowupReceipt(row) }
    }

    /// Makes tasks of proposals.
    ///
    /// - Parameter edits: Keys of a task that replace those of the drafts; or such objects by number.
    /// - Throws: `wrong_state` when they are decided, `held`, `invalid_argument`, `not_found`.
    public func acceptFollowups(
        _ ids: [Int64], edits: JSONText? = nil, reason: String? = nil, requestID: String? = nil,
        agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> [AcceptedFollowup] {
        let sql = PlansSQL.accept(
            ids, edits: edits, reason: reason, requestID: requestID, agent: agent, session: session)
        return try rows(sql) { row throws(PostgresError) in try AcceptedFollowup(row) }
    }

    /// Decides that proposals become no work.
    ///
    /// - Returns: How many.
    public func declineFollowups(
        _ ids: [Int64], reason: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Int {
        try row(PlansSQL.decline(ids, reason: reason, agent: agent, session: session)) { row throws(PostgresError) in
            try row[0, as: Int.self]
        }
    }
}
