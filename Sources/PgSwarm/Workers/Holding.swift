import Synchronization

/// A task in this worker's hands, from the grant to the database's answer to the verdict.
final class Holding: Sendable {
    let task: ClaimedTask

    private struct Stop {
        var reason: StopReason?
        var action: StopAction?
        /// Rung to cancel the Swift task of the slot that runs the handler.
        var slot: Waker?
    }

    /// What is done when the work has to stop.
    ///
    /// - Returns: Whether the Swift task of the handler is to be cancelled too.
    typealias StopAction = @Sendable (StopReason) -> Bool

    private let stopping = Mutex(Stop())

    init(_ task: ClaimedTask) {
        self.task = task
    }

    /// Why the work has to stop, if it has.
    var stopReason: StopReason? { stopping.withLock { $0.reason } }

    /// Settles that the work has to stop.
    ///
    /// - Returns: What tells the work; nothing if it had to stop already, because only the first reason counts.
    func stop(_ reason: StopReason) -> (() -> Void)? {
        let before = stopping.withLock { stop in
            let before = stop
            if stop.reason == nil { stop = Stop(reason: reason) }
            return before
        }
        guard before.reason == nil else { return nil }
        return {
            if before.action?(reason) ?? true { before.slot?.wake() }
        }
    }

    /// Names the waker of the slot that is about to run the work.
    ///
    /// - Returns: Whether the work may begin.
    func begin(in slot: Waker) -> Bool {
        stopping.withLock { stop in
            stop.slot = slot
            return stop.reason == nil
        }
    }

    /// The work is over; whoever stops it from now on stops nobody else's.
    ///
    /// - Returns: Why it had to stop, if it had.
    func finish() -> StopReason? {
        stopping.withLock { stop in
            stop.slot = nil
            stop.action = nil
            return stop.reason
        }
    }

    /// Runs an action when the work has to stop, at once if it has to already.
    ///
    /// It runs on the thread of whoever stops the work, which may be the keeper's: it must be short.
    func whenStopped(_ action: StopAction?) {
        let reason = stopping.withLock { stop -> StopReason? in
            if stop.reason == nil { stop.action = action }
            return stop.reason
        }
        if let reason { _ = action?(reason) }
    }
}
