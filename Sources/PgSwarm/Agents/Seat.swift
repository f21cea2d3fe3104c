public import FoundationEssentials

/// Who sits on a seat that one session at a time holds.
public struct Seat: Sendable {
    /// Whether it is the asking session.
    public var isLeading: Bool
    /// Who holds it.
    public var holder: String?
    /// Until when, on the database's clock, unless it is taken again.
    public var until: Date?
    /// Grows with every change of the holder.
    public var epoch: Int64?
}
