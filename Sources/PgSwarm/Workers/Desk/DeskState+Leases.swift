// Keeping leases, and stopping work in time when that fails.
extension DeskState {
    /// What the keeper is to do.
    enum LeaseMove: Sendable {
        case renew([Handle], session: Int)
        case beat(session: Int)
        case wait(until: ContinuousClock.Instant)
        case end
    }

    /// The next move of the keeper: when one lease is due, all are renewed, in one statement.
    mutating func leaseMove(now: ContinuousClock.Instant, _ echo: inout Echo) -> LeaseMove {
        guard phase != .ended else { return .end }
        let held = grants.values.filter { $0.phase != .settling }
        let earliest = held.lazy.map(\.renewal).min()
        if let earliest, earliest <= now { return .renew(held.map(\.holding.task.handle), session: sessionNumber) }
        if beatTime <= now { return .beat(session: sessionNumber) }
        renewalWake = min(beatTime, earliest ?? beatTime)
        return .wait(until: renewalWake)
    }

    /// Somebody says that a task was cancelled: a renewal asks the database whether it is so.
    mutating func hearCancellation(of task: TaskID, _ now: ContinuousClock.Instant, _ echo: inout Echo) {
        guard let handle = grants.first(where: { $0.value.holding.task.id == task })?.key else { return }
        grants[handle]?.renewal = now
        renewalWake = now
        echo.wake(renewalWaker)
    }

    /// Takes the answers to a renewal.
    mutating func renewed(
        _ answers: [Renewal], sentAt: ContinuousClock.Instant, now: ContinuousClock.Instant,
        _ echo: inout Echo
    ) {
        heard(at: sentAt)
        var isDraining = false
        for answer in answers {
            // One that was settled meanwhile is rightly lost.
            guard var grant = grants[answer.handle], grant.phase != .settling else { continue }
            if let lease = answer.leaseDuration, answer.status != .lost {
                grant.renew(lease, from: sentAt, rules.jitter)
            } else if answer.status == .busy {
                grant.renewal = now + .milliseconds(100)
            } else {
                grant.renewal = now + .seconds(3600)
            }
            grants[answer.handle] = grant
            switch answer.status {
            case .lost: stop(grant, .lost, &echo)
            case .cancel: stop(grant, .cancel, &echo)
            case .pause: isDry = true
            case .drain: isDraining = true
            default: break
            }
        }
        tellToDrain(isDraining, &echo)
        echo.tell(.renewed(answers.count))
    }

    /// Takes the answer to a beat.
    mutating func beaten(
        _ status: Session.Status, sentAt: ContinuousClock.Instant, _ echo: inout Echo
    ) {
        heard(at: sentAt)
        tellToDrain(status == .drain, &echo)
    }

    /// A beat or a renewal failed: tried again soon, while the leases last.
    mutating func keepingFailed(retryAt time: ContinuousClock.Instant) {
        beatTime = max(beatTime, time)
        for handle in grants.keys {
            guard let renewal = grants[handle]?.renewal, renewal < time else { continue }
            grants[handle]?.renewal = time
        }
    }

    /// The session is no more, and with it all leases: whoever wants the tasks may have them.
    ///
    /// - Parameter number: Which session it was; the news may come after another was opened.
    mutating func loseSession(_ number: Int? = nil, _ echo: inout Echo) {
        guard number == nil || number == sessionNumber else { return }
        for grant in grants.values { stop(grant, .lost, &echo) }
        guard phase != .ended else { return }
        repair = .reopen
        wakeStepper(&echo)
    }

    /// The worker begins: a session is needed first of all.
    mutating func begin(_ now: ContinuousClock.Instant) {
        heard(at: now)
        repair = .reopen
    }

    /// A session is open, the first or a new one.
    mutating func opened(
        _ life: Duration, sentAt: ContinuousClock.Instant, _ echo: inout Echo
    ) {
        sessionLife = life
        sessionNumber += 1
        isRepairing = false
        repair = nil
        retryTime = nil
        watch = .none
        isDry = false
        heard(at: sentAt)
        renewalWake = min(renewalWake, beatTime)
        echo.wake(renewalWaker)
        echo.tell(.opened)
        wakeStepper(&echo)
    }

    /// The session lives, counted from before the database was asked.
    private mutating func heard(at time: ContinuousClock.Instant) {
        sessionEnd = time + sessionLife - Grant.margin(of: sessionLife)
        beatTime = time + sessionLife / 3 * rules.jitter.fraction(0.8...1)
    }

    private mutating func tellToDrain(_ isDraining: Bool, _ echo: inout Echo) {
        guard isDraining != isToldToDrain else { return }
        isToldToDrain = isDraining
        if !isDraining { wakeStepper(&echo) }
    }

    /// Stops work whose time is over, although nobody has said so: the database could not be asked in time.
    ///
    /// - Returns: When to look again; no time when the worker has ended.
    mutating func endOverdue(now: ContinuousClock.Instant, _ echo: inout Echo) -> ContinuousClock.Instant? {
        guard phase != .ended else { return nil }
        let isSessionOver = sessionEnd <= now
        var next = isSessionOver ? now + .seconds(60) : sessionEnd
        for grant in grants.values where grant.phase == .waiting || grant.phase == .running {
            if grant.stopTime <= now || isSessionOver {
                stop(grant, .lost, &echo)
            } else {
                next = min(next, grant.stopTime)
            }
        }
        if let time = returnStuck(now, &echo) { next = min(next, time) }
        endWake = next
        return next
    }

    /// Hands back what was claimed ahead and waits behind slow work, so that another worker can take it.
    private mutating func returnStuck(
        _ now: ContinuousClock.Instant, _ echo: inout Echo
    ) -> ContinuousClock.Instant? {
        guard rules.prefetch == nil, let first = backlog.first, let grant = grants[first.task.handle] else {
            return nil
        }
        guard grant.arrival + Self.patience <= now else { return grant.arrival + Self.patience }
        handlerTime = max(handlerTime ?? 0, 1)
        releaseBacklog(note: "it waited in a worker whose other tasks took longer than expected", &echo)
        return nil
    }

    mutating func releaseBacklog(note: String, _ echo: inout Echo) {
        let waiting = backlog.removeAll()
        for holding in waiting { accept(holding, .release(note: note)) }
        if !waiting.isEmpty { wakeStepper(&echo) }
    }

    /// Stops the work of every handler.
    func stopRunning(_ reason: StopReason, _ echo: inout Echo) {
        for grant in grants.values where grant.phase == .running { echo.stop(grant.holding, reason) }
    }

    /// Stops the work of a grant.
    ///
    /// What waits for a slot never begins.
    private mutating func stop(_ grant: Grant, _ reason: StopReason, _ echo: inout Echo) {
        switch grant.phase {
        case .running:
            echo.stop(grant.holding, reason)
        case .waiting:
            backlog.remove(grant.holding)
            echo.stop(grant.holding, reason)
            drop(grant.holding, &echo)
        case .finished, .settling:
            // The work is done; whether its verdict comes too late the database decides.
            break
        }
    }
}
