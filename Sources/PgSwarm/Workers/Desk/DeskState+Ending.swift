// Coming to an end.
extension DeskState {
    /// Claims no more.
    ///
    /// What has not begun is handed back, what runs may finish.
    mutating func drain(_ echo: inout Echo) {
        guard phase == .open else { return }
        phase = .draining
        echo.tell(.draining)
        releaseBacklog(note: "the worker was about to end", &echo)
        wakeAllSteppers(&echo)
    }

    /// Stops what runs and hands it back.
    mutating func handBack(_ echo: inout Echo) {
        guard phase == .open || phase == .draining else { return }
        phase = .handingBack
        echo.tell(.handingBack)
        releaseBacklog(note: "the worker was about to end", &echo)
        stopRunning(.drain, &echo)
        wakeAllSteppers(&echo)
    }

    /// Ends because the database refuses this worker and always will.
    mutating func refuse(_ error: SwarmError, _ echo: inout Echo) {
        if refusal == nil { refusal = error }
        // Who refuses claims most likely refuses the rest: no need to offer it for long.
        farewell = .seconds(1)
        handBack(&echo)
    }

    /// Ends once everything in hand is settled, or can't be settled any more.
    mutating func endIfDone(_ now: ContinuousClock.Instant, _ echo: inout Echo) {
        guard phase == .draining || phase == .handingBack else { return }
        guard (grants.isEmpty && stepsUnderWay == 0) || isTimeToGiveUp(now) else { return }
        let ending: WorkerReport.Ending = phase == .draining ? .drained : .handedBack
        end(refusal == nil ? ending : .refused, &echo)
    }

    mutating func end(_ ending: WorkerReport.Ending, _ echo: inout Echo) {
        guard phase != .ended else { return }
        phase = .ended
        report.ending = ending
        for waker in idleSlots + waitingSteppers + [renewalWaker, endWaker] { echo.wake(waker) }
        idleSlots = []
        waitingSteppers = []
        echo.tell(.ended(ending))
    }

    /// Whether the work has ended and its verdicts were offered for long enough.
    private mutating func isTimeToGiveUp(_ now: ContinuousClock.Instant) -> Bool {
        guard phase == .handingBack, !grants.values.contains(where: { $0.phase == .running }) else {
            return false
        }
        let time = giveUpTime ?? now + farewell
        giveUpTime = time
        return time <= now
    }

    private mutating func wakeAllSteppers(_ echo: inout Echo) {
        for stepper in waitingSteppers { echo.wake(stepper) }
        comingSteppers += waitingSteppers
        waitingSteppers = []
    }
}
