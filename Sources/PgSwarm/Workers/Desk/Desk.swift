import Synchronization

/// Where a worker's parts meet: which tasks are in hand, who is to do what next.
///
/// The rules are in ``DeskState``, which does nothing by itself. The desk guards it with a lock, because slots would
/// pay for an actor's hop twice a task, and carries out what a rule asks for after the lock is released.
final class Desk: Sendable {
    private let state: Mutex<DeskState>
    let events: EventFan<WorkerEvent>
    let timekeeper: any Timekeeper

    init(_ rules: DeskRules, events: EventFan<WorkerEvent>, timekeeper: any Timekeeper) {
        state = Mutex(DeskState(rules, now: timekeeper.now))
        self.events = events
        self.timekeeper = timekeeper
    }

    /// Applies a rule at the present time.
    @discardableResult
    func apply<Result: Sendable>(_ rule: (inout DeskState, ContinuousClock.Instant, inout Echo) -> Result)
        -> Result
    {
        let now = timekeeper.now
        var echo = Echo(isWatched: events.isWatched)
        let result = state.withLock { state in
            // Whoever comes first after a freeze notices that leases are over, before anything else.
            if state.endWake <= now { _ = state.endOverdue(now: now, &echo) }
            return rule(&state, now, &echo)
        }
        var stops: [() -> Void] = []
        for (holding, reason) in echo.stops {
            guard let stop = holding.stop(reason) else { continue }
            stops.append(stop)
            echo.tell(.stopped(holding.task.id, reason))
        }
        // What has been decided is told before it is carried out, or the end of the work could be told first.
        for event in echo.events { events.tell(event) }
        for stop in stops { stop() }
        for waker in echo.wakers { waker.wake() }
        return result
    }

    var report: WorkerReport { state.withLock { $0.report } }
}

/// What is to happen because of a rule, once the lock is released.
struct Echo {
    let isWatched: Bool
    private(set) var wakers: [Waker] = []
    private(set) var stops: [(Holding, StopReason)] = []
    private(set) var events: [WorkerEvent] = []

    init(isWatched: Bool) {
        self.isWatched = isWatched
    }

    mutating func wake(_ waker: Waker) { wakers.append(waker) }

    mutating func stop(_ holding: Holding, _ reason: StopReason) { stops.append((holding, reason)) }

    /// The event is built only if somebody watches: building one for each task would cost more than the rule.
    mutating func tell(_ event: @autoclosure () -> WorkerEvent) {
        if isWatched { events.append(event()) }
    }
}
