import Synchronization

/// Wakes the one task that waits for it.
///
/// A wake-up that comes before the wait is kept, so none is lost.
final class Waker: Sendable {
    private struct State {
        var isWoken = false
        var waiter: CheckedContinuation<Void, Never>?
        /// Counts the waits, so that the alarm of an earlier wait can't end a later one.
        var turn: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Ends the wait, or the next one if nobody is waiting.
    ///
    /// All before a wait count as one.
    func wake() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiter else {
                state.isWoken = true
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    /// Waits to be woken, or until the time has come.
    func wait(until time: ContinuousClock.Instant? = nil, by timekeeper: any Timekeeper) async {
        let turn = state.withLock { state in
            state.turn += 1
            return state.turn
        }
        let alarm = time.map { time in
            timekeeper.schedule(at: time) { [self] in expire(turn) }
        }
        await withCheckedContinuation { continuation in
            let isWoken = state.withLock { state in
                if state.isWoken {
                    state.isWoken = false
                    return true
                }
                state.waiter = continuation
                return false
            }
            if isWoken { continuation.resume() }
        }
        if let alarm { timekeeper.cancel(alarm) }
    }

    private func expire(_ turn: UInt64) {
        let isCurrent = state.withLock { $0.turn == turn }
        // Between the check and the wake-up the wait may end by itself and the wake-up be kept for the next one:
        // a wait that ends early costs its caller one look around, so the lock need not span both.
        if isCurrent { wake() }
    }
}
