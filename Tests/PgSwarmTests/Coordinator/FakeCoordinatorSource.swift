import Synchronization

@testable import PgSwarm

/// A seat in memory, and duties that only count.
final class FakeCoordinatorSource: CoordinatorSource {
    struct State {
        var opened = 0
        var left = 0
        var isTaken = false
        var epoch: Int64 = 1
        var seatTrouble: [SwarmError] = []
        var sweeps = 0
        var promotions = 0
        var maintenances = 0
        /// What sweeps find, one after another.
        var expired: [Int] = []
    }

    let state = Mutex(State())

    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    func open() async throws(SwarmError) { state.withLock { $0.opened += 1 } }

    func takeSeat(
        _ name: String, for term: Duration, by time: ContinuousClock.Instant
    ) async throws(SwarmError) -> Seat {
        let result = state.withLock { state -> Result<Seat, SwarmError> in
            if !state.seatTrouble.isEmpty { return .failure(state.seatTrouble.removeFirst()) }
            return .success(
                Seat(
                    isLeading: !state.isTaken, holder: state.isTaken ? "other" : "me", until: nil,
                    epoch: state.epoch))
        }
        return try result.get()
    }

    func leave(_ name: String) async { state.withLock { $0.left += 1 } }

    func sweep(batch: Int, by time: ContinuousClock.Instant) async throws(SwarmError) -> SweepReport {
        state.withLock { state in
            state.sweeps += 1
            let lost = state.expired.isEmpty ? 0 : state.expired.removeFirst()
            return SweepReport(lost: lost, dead: 0, promoted: 0)
        }
    }

    func promote(batch: Int, by time: ContinuousClock.Instant) async throws(SwarmError) -> Int {
        state.withLock { $0.promotions += 1 }
        return 0
    }

    func maintain(batch: Int, by time: ContinuousClock.Instant) async throws(SwarmError) -> MaintenanceReport {
        state.withLock { $0.maintenances += 1 }
        return MaintenanceReport(partitions: 0, removed: 0)
    }
}
