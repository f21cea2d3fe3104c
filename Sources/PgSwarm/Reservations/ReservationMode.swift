/// How much a reservation keeps others out.
public enum ReservationMode: String, Sendable, Hashable, Codable, CaseIterable {
    /// Nobody else may have it, shared or exclusive.
    case exclusive
    /// Others may share it; nobody may have it for themselves.
    case shared
    /// Keeps nobody out and is never refused; both sides are told.
    case intent
}
