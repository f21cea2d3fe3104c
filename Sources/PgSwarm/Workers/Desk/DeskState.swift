/// What the rules of a desk depend on beside time.
struct DeskRules: Sendable {
    var concurrency: Int
    var batch: Int
    var prefetch: Int?
    var pollInterval: Duration
    var untilEmpty: Bool
    var jitter = Jitter.random
}

/// The rules by which a worker claims, runs, settles, renews and ends.
///
/// Does nothing by itself and waits for nothing: each rule changes the state and says in an ``Echo`` whom to
/// wake and what to stop.
struct DeskState {
    enum Phase: Equatable {
        /// Claims and works.
        case open
        /// Claims no more; what runs may finish.
        case draining
        /// What runs is told to stop and is handed back.
        case handingBack
        case ended
    }

    let rules: DeskRules
    var report = WorkerReport()
    var phase = Phase.open
    /// The error that ends the worker.
    var refusal: SwarmError?
    /// How long verdicts and hand-backs are offered to a database that doesn't answer, once the work has ended.
    var farewell = Duration.seconds(5)
    /// When to end even if the database has not taken them.
    var giveUpTime: ContinuousClock.Instant?

    // What is in hand.
    var grants: [Handle: Grant] = [:]
    var backlog = Backlog()
    var finished: [Finished] = []
    /// Slots without work, the last to become so first.
    var idleSlots: [Waker] = []
    /// Slots that were woken and have not yet come for their task.
    var comingSlots = 0
    /// How long handlers take, averaged with weight on the latest; in seconds.
    var handlerTime: Double?

    // Calls that settle and claim.
    var waitingSteppers: [Waker] = []
    /// Steppers that were woken and have not yet come for their move.
    var comingSteppers: [Waker] = []
    var stepsUnderWay = 0
    /// Tasks asked for by the calls under way.
    var askedFor = 0
    /// When finished tasks leave although more could still join them.
    var lingerEnd: ContinuousClock.Instant?
    var repair: Repair?
    var isRepairing = false
    /// How to wait between calls, while they fail.
    var backoff: Backoff?
    /// No call before this, because the last ones failed.
    var retryTime: ContinuousClock.Instant?

    // Waiting for work.
    /// Whether the last claim found less than it asked for.
    var isDry = false
    var watch = Watch.none
    /// Whether to ask if the queues are exhausted before the next sleep.
    var mustCheckBacklog = false
    /// Whether the server told this agent to claim nothing.
    var isToldToDrain = false

    // Leases.
    var sessionLife: Duration = .seconds(180)
    /// Tells the present session from earlier ones, whose last answers may still be on their way.
    var sessionNumber = 0
    var sessionEnd: ContinuousClock.Instant
    var beatTime: ContinuousClock.Instant
    let renewalWaker = Waker()
    let endWaker = Waker()
    /// When those who wait for these wakers wake by themselves.
    var renewalWake: ContinuousClock.Instant
    var endWake: ContinuousClock.Instant

    init(_ rules: DeskRules, now: ContinuousClock.Instant) {
        self.rules = rules
        sessionEnd = now + sessionLife
        beatTime = now + sessionLife
        renewalWake = now
        endWake = now
    }
}

extension DeskState {
    /// A verdict that waits to be brought to the database.
    struct Finished: Sendable {
        let holding: Holding
        var verdict: Verdict
    }

    /// What has to be put right before further calls.
    enum Repair: Sendable {
        /// An answer was lost: the session may hold claims that this worker doesn't know.
        case reconcile
        /// The session was lost: a new one is needed.
        case reopen
    }

    /// How the worker hears of new work.
    enum Watch: Equatable {
        case none
        case registering
        /// Woken by a notification; looks by itself at the time.
        case registered(until: ContinuousClock.Instant)
    }

    /// How long a task that was claimed ahead waits for a slot before another worker may have it.
    static let patience = Duration.seconds(1)

    /// How many tasks may be in hand: those that run and, if handlers are quick, as many again.
    var capacity: Int {
        let isQuick = handlerTime.map { $0 < 0.005 } ?? false
        return rules.concurrency + (rules.prefetch ?? (isQuick ? min(rules.concurrency, rules.batch) : 0))
    }

    /// How many tasks a call may ask for that frees so many slots in the same commit.
    func room(freeing count: Int) -> Int {
        guard phase == .open, !isToldToDrain else { return 0 }
        return max(0, min(rules.batch, capacity - grants.count - askedFor + count))
    }

    /// Takes in tasks that were granted on a request.
    mutating func take(
        in tasks: [ClaimedTask], requestedAt: ContinuousClock.Instant, now: ContinuousClock.Instant,
        _ echo: inout Echo
    ) {
        guard !tasks.isEmpty else { return }
        for task in tasks where grants[task.handle] == nil {
            let grant = Grant(task, requestedAt: requestedAt, now: now, jitter: rules.jitter)
            if phase == .open {
                grants[task.handle] = grant
                backlog.append(grant.holding)
            } else {
                accept(grant.holding, .release(note: "the worker was about to end"), as: grant)
            }
            report.claimed += 1
            if grant.renewal < renewalWake {
                renewalWake = grant.renewal
                echo.wake(renewalWaker)
            }
            if grant.stopTime < endWake {
                endWake = grant.stopTime
                echo.wake(endWaker)
            }
        }
        echo.tell(.claimed(tasks.map(\.id)))
        wakeSlot(&echo)
        // Looks after those for which no slot comes.
        if rules.prefetch == nil, endWake > now + Self.patience {
            endWake = now + Self.patience
            echo.wake(endWaker)
        }
    }

    /// Puts a verdict on its way.
    mutating func accept(_ holding: Holding, _ verdict: Verdict, as grant: Grant? = nil) {
        guard var grant = grant ?? grants[holding.task.handle] else { return }
        grant.phase = .finished
        grants[holding.task.handle] = grant
        finished.append(Finished(holding: holding, verdict: verdict))
    }

    /// Lets a grant go that gets no verdict.
    mutating func drop(_ holding: Holding, _ echo: inout Echo) {
        guard grants.removeValue(forKey: holding.task.handle) != nil else { return }
        report.lost += 1
        echo.tell(.dropped(holding.task.id))
        wakeStepper(&echo)
    }
}
