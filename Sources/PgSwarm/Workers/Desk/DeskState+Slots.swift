// The slots: who works on what.
extension DeskState {
    /// What a slot is to do.
    enum SlotMove: Sendable {
        case work(Holding)
        case wait
        case end
    }

    /// The next task for a slot.
    ///
    /// - Parameter wasWaiting: Whether the slot comes because it was woken.
    mutating func nextWork(
        for slot: Waker, wasWaiting: Bool, now: ContinuousClock.Instant, _ echo: inout Echo
    ) -> SlotMove {
        if wasWaiting { comingSlots = max(0, comingSlots - 1) }
        guard phase != .ended else { return .end }
        guard let holding = backlog.takeFirst() else {
            idleSlots.append(slot)
            return .wait
        }
        grants[holding.task.handle]?.phase = .running
        echo.tell(.started(holding.task.id))
        wakeSlot(&echo)
        // The last one taken is the sign for a call that waited for its neighbours to finish.
        if backlog.isEmpty, !finished.isEmpty { wakeStepper(&echo) }
        return .work(holding)
    }

    /// Takes a handler's outcome: a verdict to bring, or none when stopped work brought none.
    mutating func finish(
        _ holding: Holding, _ verdict: Verdict?, after duration: Duration, _ echo: inout Echo
    ) {
        let seconds = duration.inSeconds
        handlerTime = handlerTime.map { $0 * 0.9 + seconds * 0.1 } ?? seconds
        guard let verdict else { return drop(holding, &echo) }
        accept(holding, verdict)
        giveUpTime = nil
        // The first to finish makes a call linger, the last or one too many makes it leave.
        if finished.count == 1 || mustLeave { wakeStepper(&echo) }
    }

    /// Wakes a slot if there is work for it.
    ///
    /// Only one is on its way at a time, and wakes the next when it has taken its task: quick handlers then finish
    /// the lot in a few slots, and slow ones still get all of them.
    mutating func wakeSlot(_ echo: inout Echo) {
        guard !backlog.isEmpty, comingSlots == 0, let slot = idleSlots.popLast() else { return }
        comingSlots = 1
        echo.wake(slot)
    }
}
