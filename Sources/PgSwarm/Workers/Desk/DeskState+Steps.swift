// The calls that settle and claim.
extension DeskState {
    /// What a stepper is to do.
    enum Move: Sendable {
        case step(Step)
        /// Asks for a notification.
        case register
        /// Asks whether the queues are exhausted.
        case checkBacklog
        case repair(Repair)
        /// Nothing, until the time at the latest.
        case wait(until: ContinuousClock.Instant?)
        case end
    }

    /// Verdicts to bring and how many tasks to ask for.
    struct Step: Sendable {
        var finished: [Finished]
        var count: Int
    }

    /// How long a finished task waits for others at most, while there is granted work that hasn't begun.
    static let linger = Duration.milliseconds(2)

    /// Whether finished tasks have nothing to wait for.
    var mustLeave: Bool { backlog.isEmpty || finished.count >= rules.batch || phase != .open }

    /// The next move of a stepper.
    mutating func nextMove(of stepper: Waker, now: ContinuousClock.Instant, _ echo: inout Echo) -> Move {
        waitingSteppers.removeAll { $0 === stepper }
        comingSteppers.removeAll { $0 === stepper }
        endIfDone(now, &echo)
        let move = phase == .ended ? .end : move(now)
        if case .wait = move { waitingSteppers.append(stepper) }
        return move
    }

    private mutating func move(_ now: ContinuousClock.Instant) -> Move {
        if let retryTime, retryTime > now {
            return .wait(until: giveUpTime.map { min($0, retryTime) } ?? retryTime)
        }
        if let repair {
            guard !isRepairing, stepsUnderWay == 0 else { return .wait(until: giveUpTime) }
            isRepairing = true
            return .repair(repair)
        }
        if !finished.isEmpty {
            guard mustLeave || lingerEnd.map({ $0 <= now }) ?? false else {
                lingerEnd = lingerEnd ?? now + Self.linger
                return .wait(until: lingerEnd)
            }
            return .step(takeStep())
        }
        guard room(freeing: 0) > 0 else { return .wait(until: giveUpTime) }
        return isDry ? watchMove(now) : .step(takeStep())
    }

    /// The next step, if it needn't wait for anything: for whoever has just had an answer and has a connection.
    mutating func stepAtOnce(_ now: ContinuousClock.Instant) -> Step? {
        guard phase != .ended, repair == nil, retryTime.map({ $0 <= now }) ?? true else { return nil }
        let isWorthwhile = finished.isEmpty ? !isDry && room(freeing: 0) > 0 : mustLeave
        return isWorthwhile ? takeStep() : nil
    }

    private mutating func watchMove(_ now: ContinuousClock.Instant) -> Move {
        switch watch {
        case .registered(let until) where until > now:
            if mustCheckBacklog, grants.isEmpty {
                mustCheckBacklog = false
                return .checkBacklog
            }
            return .wait(until: until)
        case .registering:
            return .wait(until: nil)
        case .none, .registered:
            watch = .registering
            return .register
        }
    }

    private mutating func takeStep() -> Step {
        let leaving = Array(finished.prefix(rules.batch))
        finished.removeFirst(leaving.count)
        for item in leaving { grants[item.holding.task.handle]?.phase = .settling }
        lingerEnd = nil
        let step = Step(finished: leaving, count: room(freeing: leaving.count))
        stepsUnderWay += 1
        askedFor += step.count
        return step
    }

    /// Takes the answer to a step.
    mutating func complete(
        _ step: Step, with answer: StepAnswer, sentAt: ContinuousClock.Instant, now: ContinuousClock.Instant,
        _ echo: inout Echo
    ) {
        end(step)
        recover(&echo)
        settle(step.finished, with: answer.settlements, &echo)
        take(in: answer.tasks, requestedAt: sentAt, now: now, &echo)
        if step.count > 0 {
            isDry = answer.tasks.count < step.count
            if isDry { mustCheckBacklog = rules.untilEmpty }
            if isDry, case .registered = watch { echo.tell(.idle) }
        }
        // The caller goes on by itself; a second one is needed only if a second call could leave now.
        if finished.count > rules.batch || phase != .open { wakeStepper(&echo) }
    }

    /// Takes the database's answers to verdicts, and with them the slots become free.
    mutating func settle(_ items: [Finished], with settlements: [Settlement], _ echo: inout Echo) {
        let verdicts = Dictionary(
            items.map { ($0.holding.task.handle, $0.verdict) }, uniquingKeysWith: { first, _ in first })
        for settlement in settlements {
            if settlement.isStillHeld, let error = settlement.error,
                let item = items.first(where: { $0.holding.task.handle == settlement.handle })
            {
                // Nobody is left to mend the result: the next attempt gets the message with its history.
                accept(item.holding, .fail(error: error.message))
                echo.tell(.refused(settlement.handle.taskID, error))
                continue
            }
            settle(settlement.handle, verdicts[settlement.handle], settlement.code, &echo)
        }
    }

    private mutating func settle(
        _ handle: Handle, _ verdict: Verdict?, _ code: Settlement.Code, _ echo: inout Echo
    ) {
        guard grants.removeValue(forKey: handle) != nil else { return }
        switch (code, verdict) {
        case (.ok, .complete?), (.late, .complete?), (.duplicate, .complete?): report.completed += 1
        case (.ok, .fail?), (.late, .fail?), (.duplicate, .fail?): report.failed += 1
        case (.ok, .release?), (.late, .release?), (.duplicate, .release?): report.released += 1
        default: report.refused += 1
        }
        echo.tell(.settled(handle.taskID, code))
    }

    /// Gives up a verdict that the database will not take in any form.
    mutating func abandon(_ item: Finished, _ echo: inout Echo) {
        guard grants.removeValue(forKey: item.holding.task.handle) != nil else { return }
        report.refused += 1
        echo.tell(.dropped(item.holding.task.id))
    }

    /// The tasks a step asked for don't come; its verdicts are still on their way.
    mutating func giveUpClaims(of step: inout Step) {
        askedFor -= step.count
        step.count = 0
    }

    /// Takes back a step that brought no answer: its verdicts leave again with a later call.
    ///
    /// The database knows them by their handles, so it does no harm if they had arrived.
    mutating func fail(
        _ step: Step, _ trouble: SwarmError, now: ContinuousClock.Instant, _ echo: inout Echo
    ) {
        end(step)
        for item in step.finished { grants[item.holding.task.handle]?.phase = .finished }
        finished.insert(contentsOf: step.finished, at: 0)
        if trouble.code == .sessionLost {
            loseSession(nil, &echo)
        } else {
            repair = repair ?? .reconcile
        }
        backOff(trouble, now, &echo)
    }

    private mutating func end(_ step: Step) {
        stepsUnderWay -= 1
        askedFor -= step.count
    }

    /// Lets time pass before the next call.
    mutating func backOff(_ trouble: SwarmError, _ now: ContinuousClock.Instant, _ echo: inout Echo) {
        if backoff == nil { echo.tell(.disconnected(trouble)) }
        var next = backoff ?? Backoff()
        retryTime = now + next.next()
        backoff = next
        wakeStepper(&echo)
    }

    /// A step has succeeded.
    ///
    /// Only that ends the growing of the pauses: while every step fails, other calls may succeed.
    private mutating func recover(_ echo: inout Echo) {
        retryTime = nil
        guard backoff != nil else { return }
        backoff = nil
        echo.tell(.reconnected)
        wakeStepper(&echo)
    }

    /// Takes what the session holds, after an answer was lost.
    mutating func reconcile(
        with tasks: [ClaimedTask], sentAt: ContinuousClock.Instant, now: ContinuousClock.Instant,
        _ echo: inout Echo
    ) {
        isRepairing = false
        if case .reconcile? = repair { repair = nil }
        retryTime = nil
        let unknown = tasks.filter { grants[$0.handle] == nil }
        take(in: unknown, requestedAt: sentAt, now: now, &echo)
        // Since when they have been held is unknown, so their lease is asked for at once.
        for task in unknown { grants[task.handle]?.renewal = now }
        if !unknown.isEmpty {
            renewalWake = now
            echo.wake(renewalWaker)
        }
        wakeStepper(&echo)
    }

    /// A repair didn't succeed; it is tried again later.
    mutating func failRepair(_ trouble: SwarmError, now: ContinuousClock.Instant, _ echo: inout Echo) {
        isRepairing = false
        backOff(trouble, now, &echo)
    }

    mutating func wakeStepper(_ echo: inout Echo) {
        // One at a time, so that two don't leave with half of what is finished each; a second only for a second load.
        guard comingSteppers.isEmpty || finished.count >= rules.batch, let stepper = waitingSteppers.popLast()
        else { return }
        comingSteppers.append(stepper)
        echo.wake(stepper)
    }
}
