/// A coordinator's hold on the seat, and what it does while it has it.
struct Leadership {
    private let configuration: CoordinatorConfiguration
    private let source: any CoordinatorSource
    private let jitter: Jitter
    private var duties: Duties
    private var hasSession = false
    /// When to take the seat, the first time or again.
    private var seatTime: ContinuousClock.Instant
    /// Until when this coordinator leads, by its own clock and with a margin; nil while it doesn't.
    private var end: ContinuousClock.Instant?
    private var epoch: Int64?
    private var backoff: Backoff?

    private static let batch = 1000

    init(
        _ configuration: CoordinatorConfiguration, source: any CoordinatorSource,
        now: ContinuousClock.Instant,
        jitter: Jitter
    ) {
        self.configuration = configuration
        self.source = source
        self.jitter = jitter
        duties = Duties(configuration, from: now, jitter: jitter)
        seatTime = now
    }

    /// Does the next thing that is due.
    ///
    /// - Returns: What came of it, and until when there is nothing to do.
    mutating func goOn(
        _ timekeeper: any Timekeeper
    ) async throws(SwarmError) -> ([CoordinatorEvent], ContinuousClock.Instant?) {
        let now = timekeeper.now
        if let end, end <= now {
            self.end = nil
            return ([.steppedDown], nil)
        }
        do throws(SwarmError) {
            if seatTime <= now { return (try await takeSeat(now), nil) }
            guard let end else { return ([], seatTime) }
            guard let duty = duties.due(now) else {
                return ([], min(seatTime, end, duties.nextTime ?? end))
            }
            return (try await perform(duty, by: end, now), nil)
        } catch {
            retreat(error, timekeeper.now)
            throw error
        }
    }

    private mutating func takeSeat(_ now: ContinuousClock.Instant) async throws(SwarmError)
        -> [CoordinatorEvent]
    {
        if !hasSession {
            try await source.open()
            hasSession = true
        }
        let term = configuration.term
        let seat = try await source.takeSeat(configuration.seat, for: term, by: now + term / 3)
        backoff = nil
        // Counted from before the database was asked, so that it ends before the database's own time.
        seatTime = now + term / 3 * jitter.fraction(0.8...1)
        let wasLeading = end != nil
        end = seat.isLeading ? now + term * 0.9 : nil
        defer { epoch = seat.epoch }
        if seat.isLeading {
            return wasLeading && epoch == seat.epoch ? [] : [.leading(epoch: seat.epoch ?? 0)]
        }
        return wasLeading || epoch != seat.epoch ? [.standingBy(holder: seat.holder)] : []
    }

    private mutating func perform(
        _ duty: Duties.Duty, by end: ContinuousClock.Instant, _ now: ContinuousClock.Instant
    ) async throws(SwarmError) -> [CoordinatorEvent] {
        let events: [CoordinatorEvent]
        let isComplete: Bool
        switch duty {
        case .sweep:
            let report = try await source.sweep(batch: Self.batch, by: end)
            isComplete = report.lost + report.dead < Self.batch
            events = report == SweepReport(lost: 0, dead: 0, promoted: 0) ? [] : [.swept(report)]
        case .promote:
            let count = try await source.promote(batch: Self.batch, by: end)
            isComplete = count < Self.batch
            events = count == 0 ? [] : [.promoted(count)]
        case .maintain:
            let report = try await source.maintain(batch: Self.batch, by: end)
            isComplete = report.removed < Self.batch
            events = [.maintained(report)]
        }
        duties.done(duty, isComplete: isComplete, now: now)
        backoff = nil
        return events
    }

    /// After a failure nothing is tried for a while; the seat is kept as long as it lasts.
    private mutating func retreat(_ error: SwarmError, _ now: ContinuousClock.Instant) {
        if error.code == .sessionLost {
            hasSession = false
            end = nil
        }
        var next = backoff ?? Backoff()
        let time = now + max(next.next(), .milliseconds(50))
        backoff = next
        seatTime = error.code == .sessionLost ? time : max(seatTime, time)
        for duty in Duties.Duty.allCases { duties.postpone(duty, to: time) }
    }
}
