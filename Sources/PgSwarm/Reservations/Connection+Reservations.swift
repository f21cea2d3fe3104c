public import FoundationEssentials
public import Postgres

extension Connection {
    /// Reserves all that a request names, or nothing.
    ///
    /// A refusal is an answer and no error; see ``Reservation/blockers``.
    ///
    /// - Throws: `lost_claim` when the handle is no longer the current one, `invalid_argument` for a name that is none,
    ///   `too_large` when the agent would have too many.
    public func reserve(
        _ request: ReservationRequest, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> Reservation {
        let rows = try rows(ReservationsSQL.take(request, agent: agent, session: session)) { row in row }
        do throws(PostgresError) {
            return try Reservation(rows)
        } catch {
            throw SwarmError(error)
        }
    }

    /// Keeps a reservation, counted from now; a task's handle renews the task.
    ///
    /// - Throws: `lost_claim` when it was freed, or ran out and was taken over.
    public func extendReservation(_ handle: String, lease: Duration? = nil) throws(SwarmError) -> ReservationExtension {
        try row(ReservationsSQL.extend(handle, lease: lease)) { row throws(PostgresError) in
            try ReservationExtension(row)
        }
    }

    /// Gives up what a handle holds, or only what is named.
    ///
    /// What is gone already is no error.
    ///
    /// - Returns: How many names were freed, how many are still held, and in which namespaces waiters should be rung.
    public func freeReservation(
        _ handle: String, patterns: [String] = [], resources: [String] = []
    ) throws(SwarmError) -> (freed: Int, remaining: Int, namespaces: [String]) {
        try row(ReservationsSQL.free(handle, patterns: patterns, resources: resources)) {
            row throws(PostgresError) in
            (try row[0, as: Int.self], try row[1, as: Int.self], try row[2, as: [String].self])
        }
    }

    /// Gives a place in line up.
    public func leaveReservationLine(_ ticket: UUID) throws(SwarmError) {
        _ = try row(ReservationsSQL.leave(ticket)) { row throws(PostgresError) in try row[0, as: Bool.self] }
    }

    /// Wakes those who wait in a namespace; after a commit that freed something.
    ///
    /// - Returns: Whether anybody does.
    @discardableResult
    public func ringReservations(_ namespace: String) throws(SwarmError) -> Bool {
        try row(ReservationsSQL.ring(namespace)) { row throws(PostgresError) in try row[0, as: Bool.self] }
    }

    /// Says of paths where they lie: inside what the handle, or without one the agent, has reserved; or not.
    public func checkReservations(
        _ namespace: String, paths: [String], handle: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> [PathCheck] {
        try rows(
            ReservationsSQL.check(namespace, paths, handle: handle, agent: agent, session: session), count: paths.count
        ) { row throws(PostgresError) in try PathCheck(row) }
    }

    /// The live reservations, of one namespace or of all.
    public func reservations(in namespace: String? = nil) throws(SwarmError) -> [ReservationInfo] {
        try rows(ReservationsSQL.list(namespace)) { row throws(PostgresError) in try ReservationInfo(row) }
    }

    /// Changes settings of a namespace: `case_sensitive`, `max_per_agent`.
    ///
    /// - Returns: All settings.
    @discardableResult
    public func configureNamespace(
        _ namespace: String, _ settings: JSONText, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> JSONText {
        try row(ReservationsSQL.set(namespace, settings, agent: agent, session: session)) {
            row throws(PostgresError) in
            try row[0, as: JSONText.self]
        }
    }
}
