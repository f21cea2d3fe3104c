public import FoundationEssentials
public import Postgres

extension Swarm {
    /// All breakers, and for each scope what new ones begin with.
    public func breakers() async throws(SwarmError) -> [BreakerInfo] {
        try await read("breakers") { db throws(SwarmError) in try db.breakers() }
    }

    /// Tells what came of using a dependency, and until when to leave it alone.
    ///
    /// With a handle this is the claim's outcome, once; see ``Postgres/Connection/report(_:_:handle:retryAfter:error:permit:agent:session:)``.
    @discardableResult
    public func report(
        _ name: String, _ outcome: BreakerOutcome?, handle: Handle? = nil, retryAfter: Duration? = nil,
        error: String? = nil, permit: UUID? = nil
    ) async throws(SwarmError) -> BreakerReport {
        let author = try await author()
        return try await write("breaker_report", repeatable: handle != nil || permit != nil) { db throws(SwarmError) in
            try db.report(
                name, outcome, handle: handle, retryAfter: retryAfter, error: error, permit: permit,
                agent: author.agent, session: author.session)
        }
    }

    /// Asks leave for one use of a dependency, outside of what tasks need.
    public func permit(
        _ name: String, handle: Handle? = nil, hold: Duration = .seconds(120)
    ) async throws(SwarmError) -> BreakerPermit {
        let author = try await author()
        return try await write("breaker_permit") { db throws(SwarmError) in
            try db.permit(name, handle: handle, hold: hold, agent: author.agent, session: author.session)
        }
    }

    /// Forces a breaker open or closed, or resets it to its own judgement.
    @discardableResult
    public func force(
        _ name: String, _ force: BreakerForce, reason: String? = nil, for length: Duration? = nil
    ) async throws(SwarmError) -> BreakerState {
        let author = try await author()
        return try await write("breaker_force") { db throws(SwarmError) in
            try db.force(name, force, reason: reason, for: length, agent: author.agent, session: author.session)
        }
    }

    /// Changes the policy of a breaker, which comes into being if it isn't there.
    public func setBreaker(_ name: String, _ settings: JSONText) async throws(SwarmError) {
        let author = try await author()
        try await write("breaker_set") { db throws(SwarmError) in
            try db.setBreaker(name, settings, agent: author.agent, session: author.session)
        }
    }
}
