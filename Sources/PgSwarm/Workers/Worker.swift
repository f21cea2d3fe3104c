import Logging
public import ServiceLifecycle
import Synchronization

/// Claims the tasks of some queues and does them: bounded in number, renewing its leases by itself, settling in
/// batches, and stopping work whose lease it could not keep.
///
/// Run it in a `ServiceGroup`, or call ``run()``. On a graceful shutdown it claims nothing more, lets what runs
/// finish, and after the grace time hands the rest back at no cost. Cancelling ``run()`` hands back at once.
public final class Worker: Service, Sendable {
    private let source: any WorkSource
    private let queues: [QueueName]
    private let configuration: WorkerConfiguration
    private let handler: any WorkHandler
    private let keeper: KeeperThread?
    private let desk: Desk
    private let watchers = EventFan<WorkerEvent>()

    /// Creates a worker that asks a given source, for tests.
    init(
        source: any WorkSource, queues: [QueueName], configuration: WorkerConfiguration,
        handler: any WorkHandler,
        timekeeper: (any Timekeeper)? = nil, jitter: Jitter = .random
    ) throws(SwarmError) {
        try configuration.validate()
        guard !queues.isEmpty else { throw SwarmError(.invalidArgument, "a worker needs at least one queue") }
        self.source = source
        self.queues = queues
        self.configuration = configuration
        self.handler = handler
        keeper = timekeeper == nil ? try KeeperThread() : nil
        let rules = DeskRules(
            concurrency: configuration.concurrency, batch: configuration.batch,
            prefetch: configuration.prefetch,
            pollInterval: configuration.pollInterval, untilEmpty: configuration.untilEmpty, jitter: jitter)
        guard let timekeeper = timekeeper ?? keeper else {
            throw SwarmError(.internal, "a worker without a clock")
        }
        desk = Desk(rules, events: watchers, timekeeper: timekeeper)
    }

    deinit {
        keeper?.stop()
    }

    /// What the worker has done so far.
    public var report: WorkerReport { desk.report }

    /// What happens from now on; ends with the worker.
    public func events() -> AsyncStream<WorkerEvent> { watchers.stream() }

    /// Claims nothing more and lets what runs finish; after the grace time the rest is handed back.
    public func drain() {
        desk.apply { state, _, echo in state.drain(&echo) }
        let alarm = desk.timekeeper.now + configuration.grace
        _ = desk.timekeeper.schedule(at: alarm) { [weak self] in self?.handBack() }
    }

    /// Stops what runs, and hands it back at no cost.
    public func handBack() {
        desk.apply { state, _, echo in state.handBack(&echo) }
    }

    /// Works until it is shut down, or its queues are empty if that was asked for.
    ///
    /// - Throws: The refusal of a database that will never accept this worker: `not_allowed`, `not_migrated`,
    ///   `bad_credential` and the like. A database that can't be reached is waited for.
    public func run() async throws {
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                // Not structured, because the work's verdicts have to reach the database even if this Swift task is
                // cancelled: cancelling it hands the work back instead, and that ends the task.
                await Task { await work() }.value
                if let refusal = desk.apply({ state, _, _ in state.refusal }) { throw refusal }
            } onGracefulShutdown: {
                self.drain()
            }
        } onCancel: {
            handBack()
        }
    }

    private func work() async {
        await withTaskGroup(of: Void.self) { group in
            let leases = LeaseKeeper(desk: desk, source: source, logger: configuration.logger)
            group.addTask(executorPreference: keeper) { await leases.watchEnds() }
            group.addTask(executorPreference: keeper) { await leases.keep() }
            group.addTask { await self.listen() }
            for _ in 0..<configuration.concurrency {
                let slot = Slot(desk: desk, handler: handler, calls: source, logger: configuration.logger)
                group.addTask { await slot.run() }
            }
            desk.apply { state, now, _ in state.begin(now) }
            await withTaskGroup(of: Void.self) { steppers in
                for _ in 0..<configuration.calls {
                    let stepper = Stepper(
                        desk: desk, source: source, queues: queues, lease: configuration.lease,
                        logger: configuration.logger)
                    steppers.addTask { await stepper.run() }
                }
            }
            group.cancelAll()
        }
        await source.close()
        watchers.end()
    }

    private func listen() async {
        let desk = desk
        let logger = configuration.logger
        let isSilent = Mutex(false)
        await source.listen { wakeUp in
            switch wakeUp {
            case .work, .listening:
                if wakeUp == .listening { isSilent.withLock { $0 = false } }
                desk.apply { state, _, echo in state.wake(&echo) }
            case .cancelled(let task):
                desk.apply { state, now, echo in state.hearCancellation(of: task, now, &echo) }
            case .interrupted:
                guard !isSilent.withLock({ was in (was, was = true).0 }) else { return }
                logger.warning("notifications don't arrive; the worker looks for work by itself meanwhile")
            }
        }
    }
}
