import FoundationEssentials
import Logging
import Synchronization

/// Brings verdicts to the database and gets tasks from it, one call at a time.
///
/// A worker has one or two.
struct Stepper: Sendable {
    let desk: Desk
    let source: any WorkSource
    let queues: [QueueName]
    let lease: Duration?
    let logger: Logger
    private let waker = Waker()

    init(desk: Desk, source: any WorkSource, queues: [QueueName], lease: Duration?, logger: Logger) {
        self.desk = desk
        self.source = source
        self.queues = queues
        self.lease = lease
        self.logger = logger
    }

    /// Does what the desk says until it says that it is over.
    func run() async {
        while true {
            switch desk.apply({ $0.nextMove(of: waker, now: $1, &$2) }) {
            case .step(let step): await perform(step)
            case .register: await register()
            case .checkBacklog: await checkBacklog()
            case .repair(.reconcile): await reconcile()
            case .repair(.reopen): await reopen()
            case .wait(let time): await waker.wait(until: time, by: desk.timekeeper)
            case .end: return
            }
        }
    }

    private func call(_ step: DeskState.Step) -> StepCall {
        StepCall(
            verdicts: step.finished.map { ($0.holding.task.handle, $0.verdict) },
            queues: queues, count: step.count, lease: lease)
    }

    private func perform(_ first: DeskState.Step) async {
        // The step that is under way, and since when.
        let current = Mutex((step: first, sentAt: desk.timekeeper.now))
        do throws(SwarmError) {
            try await source.step(call(first)) { answer in
                let (step, sentAt) = current.withLock { $0 }
                let next = desk.apply { state, now, echo in
                    state.complete(step, with: answer, sentAt: sentAt, now: now, &echo)
                    return state.stepAtOnce(now)
                }
                guard let next else { return nil }
                current.withLock { $0 = (next, desk.timekeeper.now) }
                return call(next)
            }
        } catch {
            await fail(current.withLock { $0.step }, error)
        }
    }

    private func fail(_ step: DeskState.Step, _ error: SwarmError) async {
        if error.isRefusal, !step.finished.isEmpty { return await settleSingly(step, after: error) }
        desk.apply { $0.fail(step, error, now: $1, &$2) }
        // A claim alone that can't be accepted, for example for too long a lease, won't be later either.
        if error.isFinal || error.code == .invalidArgument { refuse(error) }
    }

    /// One verdict that the database can't take, for example a result that is too large, must not hold up the others.
    private func settleSingly(_ step: DeskState.Step, after error: SwarmError) async {
        var step = step
        step = desk.apply { [step] state, _, _ in
            var step = step
            state.giveUpClaims(of: &step)
            return step
        }
        while let item = step.finished.first {
            do {
                try await settle(item)
                step.finished.removeFirst()
            } catch {
                desk.apply { [step] in $0.fail(step, error, now: $1, &$2) }
                return
            }
        }
        let nothing = StepAnswer(settlements: [], tasks: [])
        let now = desk.timekeeper.now
        desk.apply { [step] in $0.complete(step, with: nothing, sentAt: now, now: $1, &$2) }
        if error.isFinal { refuse(error) }
    }

    /// Settles one task; if its verdict is refused, as failed with the refusal for its error.
    private func settle(_ item: DeskState.Finished) async throws(SwarmError) {
        var refusal: SwarmError?
        for _ in 1...2 {
            var attempt = item
            if let refusal { attempt.verdict = .fail(error: "the verdict was refused: \(refusal)", dead: true) }
            do throws(SwarmError) {
                try await source.step(call(DeskState.Step(finished: [attempt], count: 0))) { [attempt] answer in
                    desk.apply { state, _, echo in state.settle([attempt], with: answer.settlements, &echo) }
                    return nil
                }
                return
            } catch {
                guard error.isRefusal else { throw error }
                refusal = error
                desk.apply { _, _, echo in echo.tell(.refused(item.holding.task.id, error)) }
                logger.warning(
                    "the database refuses a verdict",
                    metadata: ["task": "\(item.holding.task.id)", "error": "\(error)"])
            }
        }
        desk.apply { state, _, echo in state.abandon(item, &echo) }
    }

    private func register() async {
        do {
            let earliest = try await source.register(queues)
            let wallClock = Date()
            desk.apply { $0.registered(earliest: earliest, wallClock: wallClock, now: $1, &$2) }
        } catch {
            desk.apply { $0.failRegistration(error, now: $1, &$2) }
            if error.isFinal { refuse(error) }
        }
    }

    private func checkBacklog() async {
        do {
            let backlog = try await source.backlog(of: queues)
            desk.apply { $0.checked(backlog, now: $1, &$2) }
        } catch {
            desk.apply { $0.backOff(error, $1, &$2) }
        }
    }

    private func reconcile() async {
        let sentAt = desk.timekeeper.now
        do {
            let tasks = try await source.held()
            desk.apply { $0.reconcile(with: tasks, sentAt: sentAt, now: $1, &$2) }
        } catch {
            desk.apply { state, now, echo in
                if error.code == .sessionLost { state.loseSession(nil, &echo) }
                state.failRepair(error, now: now, &echo)
            }
            if error.isFinal { refuse(error) }
        }
    }

    private func reopen() async {
        let sentAt = desk.timekeeper.now
        do {
            let life = try await source.open()
            logger.info("a new session is open")
            desk.apply { state, _, echo in state.opened(life, sentAt: sentAt, &echo) }
        } catch {
            desk.apply { $0.failRepair(error, now: $1, &$2) }
            if error.isFinal { refuse(error) }
        }
    }

    private func refuse(_ error: SwarmError) {
        logger.error("the database refuses this worker", metadata: ["error": "\(error)"])
        desk.apply { state, _, echo in state.refuse(error, &echo) }
    }
}

extension SwarmError {
    /// Whether the database understood the call and will not do it, however often it is repeated.
    var isRefusal: Bool {
        switch code {
        case .unreachable, .outcomeUnknown, .cancelled, .sessionLost, .held: false
        default: true
        }
    }

    /// Whether no call of this worker will ever be accepted, until somebody changes its rights or the schema.
    var isFinal: Bool {
        switch code {
        case .notAllowed, .notMigrated, .schemaNewer, .schemaChanged, .badCredential, .unknownAgent, .usage:
            true
        default: false
        }
    }
}
