public import FoundationEssentials
public import Postgres

extension Connection {
    /// Opens a session.
    ///
    /// For a `bare` one this answers the session that all bare calls of the agent share.
    ///
    /// - Throws: `unknown_agent` when registration is closed, `bad_credential`, `invalid_argument`.
    public func openSession(_ introduction: Introduction) throws(SwarmError) -> Session {
        try row(SessionsSQL.open(introduction)) { row throws(PostgresError) in
            Session(
                token: try row[0, as: UUID.self], id: try row[1, as: Int64.self],
                agent: try row[2, as: AgentName.self], incarnation: try row[3, as: Int.self],
                ttl: try row[4, as: Duration.self], expiresAt: try row[5, as: Date.self],
                kind: introduction.kind)
        }
    }

    /// Keeps a session, and with it all its leases, alive.
    public func beat(_ session: UUID) throws(SwarmError) -> Session.Status {
        try row(SessionsSQL.beat(session)) { row throws(PostgresError) in try row[0, as: Session.Status.self]
        }
    }

    /// Ends a session in order: what it still holds goes back at no cost.
    ///
    /// - Returns: How many tasks that were.
    @discardableResult
    public func closeSession(_ session: UUID, note: String? = nil) throws(SwarmError) -> Int {
        try row(SessionsSQL.close(session, note: note)) { row throws(PostgresError) in
            try row[0, as: Int.self]
        }
    }

    /// Takes or keeps a seat that one session at a time holds, for example that of the leading coordinator.
    public func takeSeat(_ name: String, session: UUID, ttl: Duration) throws(SwarmError) -> Seat {
        try row(SessionsSQL.takeSeat(name, session: session, ttl: ttl)) { row throws(PostgresError) in
            Seat(
                isLeading: try row[0, as: Bool.self], holder: try row[1, as: String?.self],
                until: try row[2, as: Date?.self], epoch: try row[3, as: Int64?.self])
        }
    }

    /// Leaves a seat, so that another takes it at once.
    ///
    /// - Returns: Whether the session held it.
    @discardableResult
    public func leaveSeat(_ name: String, session: UUID) throws(SwarmError) -> Bool {
        try row(SessionsSQL.leaveSeat(name, session: session)) { row throws(PostgresError) in
            try row[0, as: Bool.self]
        }
    }
}
