import FoundationEssentials

/// A grant as the desk keeps it: the task, how far it is, and the worker's own idea of when it ends.
struct Grant {
    enum Phase {
        /// Granted, no slot has taken it yet.
        case waiting
        /// A handler works on it.
        case running
        /// The verdict is here and not yet on its way.
        case finished
        /// The verdict is on its way.
        case settling
    }

    let holding: Holding
    var phase = Phase.waiting
    /// When it arrived, for those that wait too long for a slot.
    let arrival: ContinuousClock.Instant
    /// When the work must have stopped unless the lease is renewed before.
    var end: ContinuousClock.Instant
    /// The hard limit of the attempt, which no renewal moves.
    let limit: ContinuousClock.Instant?
    /// When to renew.
    var renewal: ContinuousClock.Instant

    /// A grant whose lease began no earlier than the request for it was sent.
    init(
        _ task: ClaimedTask, requestedAt: ContinuousClock.Instant, now: ContinuousClock.Instant,
        jitter: Jitter
    ) {
        holding = Holding(task)
        arrival = now
        end = Self.end(of: task.leaseDuration, from: requestedAt)
        renewal = Self.renewal(of: task.leaseDuration, from: requestedAt, jitter)
        // Both dates are the database's, so their difference is free of this machine's clock.
        limit = task.deadline.map { deadline in
            let beyondLease = Duration.seconds(deadline.timeIntervalSince(task.leaseUntil))
            return requestedAt + task.leaseDuration + beyondLease - Self.margin(of: task.leaseDuration)
        }
    }

    /// The earlier of the lease's end and the attempt's limit.
    var stopTime: ContinuousClock.Instant { limit.map { min($0, end) } ?? end }

    mutating func renew(_ lease: Duration, from time: ContinuousClock.Instant, _ jitter: Jitter) {
        end = Self.end(of: lease, from: time)
        renewal = Self.renewal(of: lease, from: time, jitter)
    }

    /// How long before the database's end of a lease the work is stopped, so that it has really ended by then.
    static func margin(of lease: Duration) -> Duration { min(.seconds(2), lease / 10) }

    private static func end(of lease: Duration, from time: ContinuousClock.Instant) -> ContinuousClock.Instant {
        time + lease - margin(of: lease)
    }

    private static func renewal(
        of lease: Duration, from time: ContinuousClock.Instant, _ jitter: Jitter
    ) -> ContinuousClock.Instant {
        time + lease / 3 * jitter.fraction(0.8...1)
    }
}
