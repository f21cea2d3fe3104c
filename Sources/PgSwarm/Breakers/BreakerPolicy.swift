import Postgres

/// When a breaker opens, for how long, and how it comes back.
public struct BreakerPolicy: Sendable {
    /// Whether it counts at all.
    public var isEnabled: Bool
    /// What is a failure to it: `failed`, `lost`, `overdue`, `reported`.
    public var counts: [String]
    /// The window in which outcomes are counted.
    public var measuredOver: Duration
    /// How many outcomes a rate needs.
    public var minVolume: Int
    /// Opens at this part of failures; `nil`: never by the rate.
    public var failureRate: Double?
    /// Opens at so many failures in a row; `nil`: never by these.
    public var consecutive: Int?
    /// Of how many agents the failures must be.
    public var minPrincipals: Int
    /// For how long it opens the first time; doubles with each time in a row.
    public var openBase: Duration
    /// For how long it opens at most.
    public var openCap: Duration
    /// How many probes may be out at once.
    public var probes: Int
    /// How long a probe may take before another may try.
    public var probeLease: Duration
    /// How many successful probes close it.
    public var probeSuccesses: Int
    /// In which time what is let through doubles after it has closed; zero: all at once.
    public var rampStep: Duration
    /// How many may be at it at once.
    public var concurrency: Int?
    /// How many are let through in a second.
    public var rate: Double?
    /// How many at once where there is a rate.
    public var burst: Int?

    init(_ row: Row, from first: Int) throws(PostgresError) {
        isEnabled = try row[first, as: Bool.self]
        counts = try row[first + 1, as: [String].self]
        measuredOver = .seconds(try row[first + 2, as: Double.self])
        minVolume = try row[first + 3, as: Int.self]
        failureRate = try row[first + 4, as: Double?.self]
        consecutive = try row[first + 5, as: Int?.self]
        minPrincipals = try row[first + 6, as: Int.self]
        openBase = .seconds(try row[first + 7, as: Double.self])
        openCap = .seconds(try row[first + 8, as: Double.self])
        probes = try row[first + 9, as: Int.self]
        probeLease = .seconds(try row[first + 10, as: Double.self])
        probeSuccesses = try row[first + 11, as: Int.self]
        rampStep = .seconds(try row[first + 12, as: Double.self])
        concurrency = try row[first + 13, as: Int?.self]
        rate = try row[first + 14, as: Double?.self]
        burst = try row[first + 15, as: Int?.self]
    }
}
