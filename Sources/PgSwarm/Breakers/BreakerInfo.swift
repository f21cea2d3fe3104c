public import FoundationEssentials
import Postgres

/// A circuit breaker as an onlooker sees it.
public struct BreakerInfo: Sendable {
    /// Its name: a dependency's own, or `agent:NAME`, `kind:AGENT/KIND`, `queue:NAME`.
    public var breaker: String
    /// `dependency`, `agent`, `kind` or `queue`.
    public var scope: String
    /// How it stands.
    public var state: BreakerState
    /// Why it turned last.
    public var cause: String?
    /// Who turned it, if it was not the swarm itself.
    public var changedBy: String?
    /// When it turned last.
    public var changedAt: Date?
    /// Grows with each turn.
    public var version: Int64
    /// Until when nothing is let through, if it is open.
    public var openUntil: Date?
    /// What a Retry-After asked for, if that is still to come.
    public var notBefore: Date?
    /// How often it opened without a full recovery between.
    public var openings: Int
    /// Failures since the last success.
    public var streak: Int
    /// How many outcomes of each sort the window has.
    public var counts: Counts
    /// How many ready tasks need it.
    public var waiting: Int
    /// How many permits are out.
    public var permits: Int
    /// Who forced it, why and until when.
    public var force: Force?
    /// Its policy.
    public var policy: BreakerPolicy

    /// Outcomes within the window.
    public struct Counts: Sendable, Equatable {
        /// Went well.
        public var succeeded: Int
        /// Failed.
        public var failed: Int
        /// Took too long.
        public var slow: Int
        /// Said nothing about it.
        public var ignored: Int
    }

    /// A human's hand on a breaker.
    public struct Force: Sendable {
        /// Whose.
        public var by: String?
        /// Why.
        public var reason: String?
        /// Until when; `nil`: until it is reset.
        public var until: Date?
    }

    init(_ row: Row) throws(PostgresError) {
        breaker = try row[0, as: String.self]
        scope = try row[1, as: String.self]
        state = BreakerState(rawValue: try row[2, as: String.self])
        cause = try row[3, as: String?.self]
        changedBy = try row[4, as: String?.self]
        changedAt = try row[5, as: Date?.self]
        version = try row[6, as: Int64.self]
        openUntil = try row[7, as: Date?.self]
        notBefore = try row[8, as: Date?.self]
        openings = try row[9, as: Int.self]
        streak = try row[10, as: Int.self]
        counts = Counts(
            succeeded: try row[11, as: Int.self], failed: try row[12, as: Int.self], slow: try row[13, as: Int.self],
            ignored: try row[14, as: Int.self])
        waiting = try row[15, as: Int.self]
        permits = try row[16, as: Int.self]
        if state == .forcedOpen || state == .forcedClosed {
            force = Force(
                by: try row[17, as: String?.self], reason: try row[18, as: String?.self],
                until: try row[19, as: Date?.self])
        }
        policy = try BreakerPolicy(row, from: 20)
    }
}
