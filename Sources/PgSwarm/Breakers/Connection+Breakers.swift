public import FoundationEssentials
public import Postgres

extension Connection {
    /// All breakers, and for each scope what new ones begin with.
    public func breakers() throws(SwarmError) -> [BreakerInfo] {
        try rows(BreakersSQL.list) { row throws(PostgresError) in try BreakerInfo(row) }
    }

    /// One breaker.
    ///
    /// - Throws: `not_found`.
    public func breaker(_ name: String) throws(SwarmError) -> BreakerInfo {
        let found = try rows(BreakersSQL.show(name)) { row throws(PostgresError) in try BreakerInfo(row) }
        guard let breaker = found.first else {
            throw SwarmError(
                .notFound, "there is no breaker \"\(name)\"",
                hint: "List them with 'pgswarm breaker list'; one comes into being when a task needs it.")
        }
        return breaker
    }

    /// Tells what came of using a dependency, and until when to leave it alone.
    ///
    /// - Parameter outcome: `nil` when only a Retry-After is told.
    /// - Parameter handle: The task that used it: then this is the claim's outcome, once.
    /// - Parameter retryAfter: Holds for everybody from now on.
    /// - Parameter permit: What ``permit(_:handle:hold:agent:session:)`` answered.
    /// - Throws: `lost_claim`, `invalid_argument`.
    @discardableResult
    public func report(
        _ name: String, _ outcome: BreakerOutcome?, handle: Handle? = nil, retryAfter: Duration? = nil,
        error: String? = nil, permit: UUID? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> BreakerReport {
        let sql = BreakersSQL.report(
            name, outcome, handle: handle, retryAfter: retryAfter, error: error, permit: permit, agent: agent,
            session: session)
        return try row(sql) { row throws(PostgresError) in try BreakerReport(row) }
    }

    /// Asks leave for one use of a dependency, outside of what tasks need.
    ///
    /// - Parameter hold: After which the permit is given back by itself.
    public func permit(
        _ name: String, handle: Handle? = nil, hold: Duration = .seconds(120), agent: AgentName? = nil,
        session: UUID? = nil
    ) throws(SwarmError) -> BreakerPermit {
        try row(BreakersSQL.permit(name, handle: handle, hold: hold, agent: agent, session: session)) {
            row throws(PostgresError) in try BreakerPermit(row)
        }
    }

    /// Forces a breaker open or closed, or resets it to its own judgement (`reset`).
    ///
    /// - Parameter length: For how long; `nil`: until it is reset.
    /// - Throws: `not_found`, `invalid_argument`.
    @discardableResult
    public func force(
        _ name: String, _ force: BreakerForce, reason: String? = nil, for length: Duration? = nil,
        agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> BreakerState {
        let sql = BreakersSQL.force(
            name, force.rawValue, reason: reason, for: length, agent: agent, session: session)
        return try row(sql) { row throws(PostgresError) in BreakerState(rawValue: try row[0, as: String.self]) }
    }

    /// Changes the policy of a breaker, which comes into being if it isn't there.
    ///
    /// - Parameter settings: An object with the settings to change, durations in seconds; see ``BreakerPolicy``.
    /// - Throws: `invalid_argument` for an unknown setting or an impossible value; nothing is changed then.
    public func setBreaker(
        _ name: String, _ settings: JSONText, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) {
        _ = try rows(BreakersSQL.set(name, settings, agent: agent, session: session)) { _ in () }
    }
}

/// What a human does to a breaker.
public enum BreakerForce: String, Sendable {
    /// Nothing is let through.
    case open
    /// Everything is let through, whatever comes of it.
    case closed
    /// It judges by itself again, and has forgotten what was.
    case reset
}
