/// How often a coordinator does its duties, and for how long it leads without a word.
public struct CoordinatorConfiguration: Sendable {
    /// The seat of which one session at a time leads.
    public var seat = "coordinator"
    /// How long a leader leads unless it takes the seat again, which it does at a third of the time.
    public var term: Duration = .seconds(30)
    /// How often expired leases are looked for.
    public var sweepInterval: Duration = .seconds(1)
    /// How often due tasks are made ready.
    public var promoteInterval: Duration = .milliseconds(500)
    /// How often history is put in order.
    public var maintainInterval: Duration = .seconds(60)

    /// Creates the default configuration.
    public init() {}
}
