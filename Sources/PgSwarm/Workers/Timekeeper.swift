/// Tells the time, and does things at a time.
///
/// The worker's only clock, so that tests can turn it.
protocol Timekeeper: Sendable {
    /// A time that also advances while the machine is suspended, because leases do.
    var now: ContinuousClock.Instant { get }

    /// Runs an action once at a time, on a thread that no handler can occupy. The action must be short.
    func schedule(at time: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> Alarm

    /// Forgets an alarm that has not gone off.
    func cancel(_ alarm: Alarm)
}

/// Names an action that waits for its time.
struct Alarm: Sendable, Hashable {
    let time: ContinuousClock.Instant
    /// Tells alarms of the same time apart, in the order in which they were set.
    let number: UInt64
}

extension Alarm: Comparable {
    static func < (left: Alarm, right: Alarm) -> Bool {
        (left.time, left.number) < (right.time, right.number)
    }
}
