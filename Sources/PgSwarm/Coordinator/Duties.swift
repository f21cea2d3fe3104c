/// When a coordinator does what.
struct Duties {
    enum Duty: CaseIterable {
        case sweep
        case promote
        case maintain
    }

    private let intervals: [Duty: Duration]
    private let jitter: Jitter
    private var times: [Duty: ContinuousClock.Instant]

    init(_ configuration: CoordinatorConfiguration, from now: ContinuousClock.Instant, jitter: Jitter) {
        intervals = [
            .sweep: configuration.sweepInterval, .promote: configuration.promoteInterval,
            .maintain: configuration.maintainInterval,
        ]
        self.jitter = jitter
        times = Dictionary(uniqueKeysWithValues: Duty.allCases.map { ($0, now) })
    }

    /// When the next duty is due.
    var nextTime: ContinuousClock.Instant? { times.values.min() }

    /// The duty that has been due for longest, if one is.
    func due(_ now: ContinuousClock.Instant) -> Duty? {
        times.filter { $0.value <= now }.min { $0.value < $1.value }?.key
    }

    /// Plans a duty anew after it was done.
    ///
    /// - Parameter isComplete: Whether nothing was left to do; otherwise it goes on at once, after the others.
    mutating func done(_ duty: Duty, isComplete: Bool, now: ContinuousClock.Instant) {
        guard let interval = intervals[duty] else { return }
        times[duty] = isComplete ? now + interval * jitter.fraction(0.8...1) : now
    }

    /// Does a duty no earlier than at a time.
    mutating func postpone(_ duty: Duty, to time: ContinuousClock.Instant) {
        times[duty] = max(times[duty] ?? time, time)
    }
}
