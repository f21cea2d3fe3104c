import FoundationEssentials
import Logging

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

    private func perform(_ step: DeskState.Step) async {
        let sentAt = desk.timekeeper.now
        do {
            let answer = try await source.step(call(step))
            desk.apply { $0.complete(step, with: answer, sentAt: sentAt, now: $1, &$2) }
        } catch  where error.isRefusal && !step.finished.isEmpty {
            await settleSingly(step, after: error)
        } catch {
            desk.apply { $0.fail(step, error, now: $1, &$2) }
            if error.isFinal { refuse(error) }
        }
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
        var attempts = [item]
        while let attempt = attempts.popLast() {
            do {
                let answer = try await source.step(call(DeskState.Step(finished: [attempt], count: 0)))
                desk.apply { state, _, echo in state.settle([attempt], with: answer.settlements, &echo) }
                return
            } catch  where error.isRefusal {
                logger.warning(
                    "the database refuses a verdict",
                    metadata: ["task": "\(item.holding.task.id)", "error": "\(error)"])
                guard case .complete = attempt.verdict else { break }
                let failure = Verdict.fail(error: "the result was refused: \(error)", dead: true)
                attempts.append(DeskState.Finished(holding: item.holding, verdict: failure))
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
                if error.code == .sessionLost { state.loseSession(&echo) }
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
