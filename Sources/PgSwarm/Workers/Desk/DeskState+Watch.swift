import FoundationEssentials

// Waiting for work.
extension DeskState {
    /// The server will notify this session; claims once more, for work that came before it was registered.
    mutating func registered(
        earliest: Date?, wallClock: Date, now: ContinuousClock.Instant, _ echo: inout Echo
    ) {
        var wait = rules.pollInterval * rules.jitter.fraction(0.5...1)
        if let earliest {
            // Compares two clocks: if they differ, the work starts that much later, at most by the poll interval.
            let untilDue = Duration.seconds(earliest.timeIntervalSince(wallClock))
            if untilDue > .zero { wait = min(wait, max(untilDue, .milliseconds(5))) }
        }
        watch = .registered(until: now + wait)
        isDry = false
        retryTime = nil
        wakeStepper(&echo)
    }

    /// Asking for a notification failed.
    mutating func failRegistration(_ trouble: SwarmError, now: ContinuousClock.Instant, _ echo: inout Echo) {
        watch = .none
        backOff(trouble, now, &echo)
    }

    /// A notification has come, or may have been missed.
    mutating func wake(_ echo: inout Echo) {
        guard phase == .open, case .registered = watch else {
            // A claim is on its way or about to be: let it not be the last one before the sleep.
            if case .registering = watch { return }
            isDry = false
            return wakeStepper(&echo)
        }
        watch = .none
        isDry = false
        echo.tell(.woken)
        wakeStepper(&echo)
    }

    /// Ends the worker if it was to work until its queues are exhausted, and they are.
    mutating func checked(_ backlog: QueueBacklog, now: ContinuousClock.Instant, _ echo: inout Echo) {
        guard phase == .open, rules.untilEmpty, grants.isEmpty, backlog.isExhausted else { return }
        end(.empty, &echo)
    }
}
