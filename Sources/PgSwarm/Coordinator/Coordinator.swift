import Logging
public import ServiceLifecycle
import Synchronization

/// Makes things happen in time: brings back the work of the dead, makes due tasks ready, puts history in order.
///
/// Any number may run; one leads, by a seat that it has to take again and again, and the others stand by. Nothing
/// depends on a coordinator being alive: claims sweep and promote a little by themselves, and two that both think that
/// they lead do no harm.
public final class Coordinator: Service, Sendable {
    private let source: any CoordinatorSource
    private let configuration: CoordinatorConfiguration
    private let logger: Logger
    private let givenTimekeeper: (any Timekeeper)?
    private let jitter: Jitter
    private let watchers = EventFan<CoordinatorEvent>()
    private let waker = Waker()
    private let isStopping = Mutex(false)

    /// Creates a coordinator; it begins with ``run()``.
    public convenience init(
        _ swarm: Swarm, configuration: CoordinatorConfiguration = CoordinatorConfiguration()
    ) {
        self.init(source: SwarmCoordination(swarm), configuration: configuration, logger: swarm.logger)
    }

    init(
        source: any CoordinatorSource, configuration: CoordinatorConfiguration, logger: Logger,
        timekeeper: (any Timekeeper)? = nil, jitter: Jitter = .random
    ) {
        self.source = source
        self.configuration = configuration
        self.logger = logger
        givenTimekeeper = timekeeper
        self.jitter = jitter
    }

    /// What happens from now on; ends with the coordinator.
    public func events() -> AsyncStream<CoordinatorEvent> { watchers.stream() }

    /// Leads or stands by until it is shut down or its Swift task is cancelled.
    ///
    /// - Throws: The refusal of a database that will never accept this coordinator: `not_allowed`, `not_migrated` and
    ///   the like. A database that can't be reached is waited for.
    public func run() async throws {
        let keeper = givenTimekeeper == nil ? try KeeperThread() : nil
        defer {
            keeper?.stop()
            watchers.end()
        }
        guard let timekeeper = givenTimekeeper ?? keeper else { return }
        try await withTaskCancellationOrGracefulShutdownHandler {
            // Not structured, because the seat has to be left even if this Swift task is cancelled; that ends it too.
            try await Task { try await self.work(timekeeper) }.value
        } onCancelOrGracefulShutdown: {
            self.stop()
        }
    }

    private func stop() {
        isStopping.withLock { $0 = true }
        waker.wake()
    }

    private func work(_ timekeeper: any Timekeeper) async throws {
        var leadership = Leadership(configuration, source: source, now: timekeeper.now, jitter: jitter)
        var failure: SwarmError?
        while !isStopping.withLock({ $0 }), failure == nil {
            do throws(SwarmError) {
                let (events, wakeTime) = try await leadership.goOn(timekeeper)
                for event in events { watchers.tell(event) }
                if let wakeTime { await waker.wait(until: wakeTime, by: timekeeper) }
            } catch {
                watchers.tell(.troubled(error))
                if error.isFinal { failure = error }
                logger.warning("a coordinator's call failed", metadata: ["error": "\(error)"])
            }
        }
        await source.leave(configuration.seat)
        if let failure { throw failure }
    }
}
