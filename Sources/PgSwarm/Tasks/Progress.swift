public import Postgres

/// What a holder reports about its work.
///
/// Reporting also renews the lease.
public struct Progress: Sendable {
    /// One line for people.
    public var note: String?
    /// What the next holder needs to go on from here; it replaces the last one.
    public var checkpoint: JSONText?
    /// From 0 to 100.
    public var percent: Double?
    /// What the work has used so far, for example tokens.
    public var usage: JSONText?

    /// Creates a report.
    public init(
        note: String? = nil, checkpoint: JSONText? = nil, percent: Double? = nil, usage: JSONText? = nil
    ) {
        self.note = note
        self.checkpoint = checkpoint
        self.percent = percent
        self.usage = usage
    }
}
