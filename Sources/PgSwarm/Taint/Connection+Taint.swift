public import FoundationEssentials
public import Postgres

extension Connection {
    /// What taking these results back would reach, nearest first; changes nothing.
    ///
    /// - Throws: `wrong_state` for a task that is not done, `not_found`.
    public func previewTaint(_ tasks: [TaskID], _ policy: TaintPolicy = TaintPolicy()) throws(SwarmError) -> [TaintMark]
    {
        try rows(TaintSQL.preview(tasks, policy)) { row throws(PostgresError) in try TaintMark(row) }
    }

    /// Takes accepted results back, with all that was built on them, in one transaction.
    ///
    /// - Throws: `wrong_state` for a task that is not done, `not_allowed` for anybody but a human, `not_found`.
    public func taint(
        _ tasks: [TaskID], reason: String, _ policy: TaintPolicy = TaintPolicy(), requestID: String? = nil,
        agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> [TaintMark] {
        let sql = TaintSQL.apply(
            tasks, reason: reason, policy, requestID: requestID, agent: agent, session: session)
        return try rows(sql) { row throws(PostgresError) in try TaintMark(row) }
    }

    /// Waives a taint of all its tasks, or of some, with a reason; what had gone back to review for it is accepted.
    ///
    /// - Throws: `not_allowed` for anybody but a human, `not_found`.
    public func clearTaint(
        _ taint: Int64, tasks: [TaskID]? = nil, reason: String, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> [SteeringAnswer] {
        let sql = TaintSQL.clear(taint, tasks, reason: reason, agent: agent, session: session)
        return try rows(sql) { row throws(PostgresError) in try SteeringAnswer(row) }
    }

    /// Says that a task's result has become part of the product, and where.
    ///
    /// - Returns: Whether that is news.
    public func markIntegrated(
        _ task: TaskID, reference: String, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Bool {
        try row(TaintSQL.integrated(task, reference: reference, agent: agent, session: session)) {
            row throws(PostgresError) in try row[0, as: Bool.self]
        }
    }

    /// The taints, newest first.
    public func taints(openOnly: Bool = true) throws(SwarmError) -> [TaintInfo] {
        try rows(TaintSQL.list(openOnly: openOnly)) { row throws(PostgresError) in try TaintInfo(row) }
    }

    /// The tasks that a taint reached.
    public func taintMarks(of taint: Int64) throws(SwarmError) -> [TaintMark] {
        try rows(TaintSQL.marks(taint)) { row throws(PostgresError) in try TaintMark(row) }
    }
}
