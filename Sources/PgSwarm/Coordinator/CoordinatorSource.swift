/// What a coordinator asks of the database.
///
/// `SwarmCoordination` is the one in earnest; tests act it.
///
/// Every call has to end by a time: no duty may go on after the seat is over.
protocol CoordinatorSource: Sendable {
    /// Opens a session, or a new one in place of one that was lost.
    func open() async throws(SwarmError)
    /// Takes or keeps the seat.
    func takeSeat(_ name: String, for term: Duration, by time: ContinuousClock.Instant)
        async throws(SwarmError) -> Seat
    /// Leaves the seat and closes the session.
    func leave(_ name: String) async
    /// Brings expired leases back, at most so many.
    func sweep(batch: Int, by time: ContinuousClock.Instant) async throws(SwarmError) -> SweepReport
    /// Makes due tasks ready, at most so many.
    func promote(batch: Int, by time: ContinuousClock.Instant) async throws(SwarmError) -> Int
    /// Puts history in order, at most so many rows.
    func maintain(batch: Int, by time: ContinuousClock.Instant) async throws(SwarmError) -> MaintenanceReport
}
