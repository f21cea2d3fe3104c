public import FoundationEssentials
import Postgres

/// What came of using a dependency.
public enum BreakerOutcome: String, Sendable, CaseIterable {
    /// It went well.
    case succeeded
    /// It failed.
    case failed
    /// It took too long.
    case slow
    /// It says nothing about the dependency.
    case ignored
}

/// The answer to a report.
public struct BreakerReport: Sendable {
    /// The breaker.
    public var breaker: String
    /// How it stands now.
    public var state: BreakerState
    /// Until when it is open, if it is.
    public var until: Date?
    /// Before when nobody is let through, if somebody was told to come back later.
    public var notBefore: Date?
    /// Whether the outcome was counted; each claim counts once.
    public var counted: Bool

    init(_ row: Row) throws(PostgresError) {
        breaker = try row[0, as: String.self]
        state = BreakerState(rawValue: try row[1, as: String.self])
        until = try row[2, as: Date?.self]
        notBefore = try row[3, as: Date?.self]
        counted = try row[4, as: Bool.self]
    }
}

/// The answer to a request for one use of a dependency.
public struct BreakerPermit: Sendable {
    /// The breaker.
    public var breaker: String
    /// `go`, `probe` (go, the outcome decides) or `wait`.
    public var verdict: String
    /// Goes with the report of the outcome; `nil` when the answer is `wait`.
    public var permit: UUID?
    /// When the permit is given back by itself.
    public var until: Date?
    /// When to ask again, if that is known.
    public var retryAt: Date?
    /// Why to wait.
    public var message: String?

    init(_ row: Row) throws(PostgresError) {
        breaker = try row[0, as: String.self]
        verdict = try row[1, as: String.self]
        permit = try row[2, as: UUID?.self]
        until = try row[3, as: Date?.self]
        retryAt = try row[4, as: Date?.self]
        message = try row[5, as: String?.self]
    }
}
