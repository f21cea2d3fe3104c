/// What one bounded sweep did.
public struct SweepReport: Sendable, Hashable {
    /// Leases that had run out and went back to their queues.
    public var lost: Int
    /// Tasks that went to the dead letters.
    public var dead: Int
    /// Scheduled tasks that became ready.
    public var promoted: Int
}

/// What one bounded round of housekeeping did.
public struct MaintenanceReport: Sendable, Hashable {
    /// Partitions of history that were made or dropped.
    public var partitions: Int
    /// Rows that were older than the retention and were removed.
    public var removed: Int
}
