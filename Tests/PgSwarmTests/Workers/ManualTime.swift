import Synchronization

@testable import PgSwarm

/// A clock that stands still until a test advances it.
final class ManualTime: Timekeeper {
    private struct State {
        var now = ContinuousClock.now
        var actions: [Alarm: @Sendable () -> Void] = [:]
        var count: UInt64 = 0
    }

    private let state = Mutex(State())

    var now: ContinuousClock.Instant { state.withLock { $0.now } }

    func schedule(at time: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> Alarm {
        let (alarm, isDue) = state.withLock { state in
            state.count += 1
            let alarm = Alarm(time: time, number: state.count)
            let isDue = time <= state.now
            if !isDue { state.actions[alarm] = action }
            return (alarm, isDue)
        }
        if isDue { action() }
        return alarm
    }

    func cancel(_ alarm: Alarm) {
        state.withLock { $0.actions[alarm] = nil }
    }

    /// Lets time pass at once: everything due in between goes off in order, as after a thaw.
    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now += duration
            let due = state.actions.filter { $0.key.time <= state.now }.sorted { $0.key < $1.key }
            for alarm in due { state.actions[alarm.key] = nil }
            return due.map(\.value)
        }
        for action in due { action() }
    }
}
