public import FoundationEssentials
public import Postgres

extension Connection {
    /// Claims tasks for a session; without one, for the bare session that all calls of the agent share.
    ///
    /// - Parameter agent: Who claims, when no session is given; the database's user when neither is.
    /// - Throws: `session_lost`, `invalid_argument`, `request_mismatch`, …; an empty queue is no error.
    public func claim(
        _ request: ClaimRequest, session: UUID? = nil, agent: AgentName? = nil
    ) throws(SwarmError) -> [ClaimedTask] {
        try rows(ClaimSQL.claim(request, session: session, agent: agent)) { row throws(PostgresError) in
            try ClaimedTask(row)
        }
    }

    /// Claims one named task for a session; without one, for the bare session that all calls of the agent share.
    ///
    /// - Parameter agent: Who claims, when no session is given; the database's user when neither is.
    /// - Throws: `held` (the message says by whom and until when), `not_ready`, `not_found`, `session_lost`.
    public func claim(
        task: TaskID, session: UUID? = nil, agent: AgentName? = nil, lease: Duration? = nil,
        requestID: String? = nil
    ) throws(SwarmError) -> ClaimedTask {
        let sql = ClaimSQL.claim(
            task: task, session: session, agent: agent, lease: lease, requestID: requestID)
        return try row(sql) { row throws(PostgresError) in try ClaimedTask(row) }
    }

    /// Everything the session holds: where a program that lost an answer finds its claims.
    public func held(session: UUID) throws(SwarmError) -> [ClaimedTask] {
        try rows(ClaimSQL.held(session: session)) { row throws(PostgresError) in try ClaimedTask(row) }
    }

    /// Why a claim on these queues, by a session or an agent, comes back empty, one answer for each queue.
    public func whyEmpty(
        _ queues: [QueueName], session: UUID? = nil, agent: AgentName? = nil
    ) throws(SwarmError) -> [EmptyQueue] {
        try rows(ClaimSQL.whyEmpty(queues, session: session, agent: agent)) { row throws(PostgresError) in
            try EmptyQueue(row)
        }
    }

    /// Asks to be rung once when one of the queues gets work; `LISTEN pgswarm` first and claim once more afterwards.
    ///
    /// - Returns: When the next scheduled work is due.
    public func waitFor(_ queues: [QueueName], session: UUID) throws(SwarmError) -> Date? {
        try row(ClaimSQL.waitFor(queues, session: session)) { row throws(PostgresError) in
            try row[0, as: Date?.self]
        }
    }

    /// Renews leases, and beats the session if it is given.
    ///
    /// - Returns: One answer for each handle, in their order. A lost lease is an answer, not an error.
    public func renew(
        _ handles: [Handle], lease: Duration? = nil, session: UUID? = nil
    ) throws(SwarmError) -> [Renewal] {
        let answers = try rows(ClaimSQL.renew(handles, lease: lease, session: session), count: handles.count) {
            row throws(PostgresError) in try row.decode((String, Date?, Double?, Int?).self)
        }
        return zip(handles, answers).map { handle, answer in
            Renewal(
                handle: handle, status: .init(rawValue: answer.0), leaseUntil: answer.1,
                leaseDuration: answer.2.map { .seconds($0) }, unread: answer.3)
        }
    }
}
