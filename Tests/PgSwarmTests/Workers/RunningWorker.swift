import Logging
import Testing

@testable import PgSwarm

/// A worker under test, with what happened to it so far.
struct RunningWorker: Sendable {
    let worker: Worker
    let time: ManualTime
    let log: EventLog

    /// Lets time pass, so that pauses end, until a condition holds.
    func pass(until isDone: () async -> Bool) async {
        while await !isDone() {
            time.advance(by: .milliseconds(500))
            await Task.yield()
        }
    }

    /// Runs a worker around the body and ends it afterwards.
    ///
    /// - Returns: The events, after the worker has ended.
    @discardableResult
    static func with(
        _ source: FakeSource, _ configuration: WorkerConfiguration = WorkerConfiguration(concurrency: 2),
        handler: some WorkHandler, _ body: @Sendable (RunningWorker) async throws -> Void
    ) async throws -> [WorkerEvent] {
        var configuration = configuration
        configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let time = ManualTime()
        let worker = try Worker(
            source: source, queues: ["q"], configuration: configuration, handler: handler, timekeeper: time,
            jitter: .none)
        let log = EventLog(worker.events())
        let running = RunningWorker(worker: worker, time: time, log: log)
        return try await running.whileItWorks { try await body(running) }
    }

    /// Runs a worker on a real server around the body and ends it afterwards.
    ///
    /// - Returns: The events, after the worker has ended.
    @discardableResult
    static func with(
        _ swarm: Swarm, _ configuration: WorkerConfiguration = WorkerConfiguration(concurrency: 2),
        handler: some WorkHandler, _ body: @Sendable (RunningWorker) async throws -> Void
    ) async throws -> [WorkerEvent] {
        var configuration = configuration
        configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let worker = try Worker(swarm, queues: ["q"], configuration: configuration, handler: handler)
        let running = RunningWorker(worker: worker, time: ManualTime(), log: EventLog(worker.events()))
        return try await running.whileItWorks { try await body(running) }
    }

    private func whileItWorks(_ body: @Sendable () async throws -> Void) async throws -> [WorkerEvent] {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await log.run() }
            group.addTask { try await worker.run() }
            do {
                try await body()
            } catch {
                worker.handBack()
                throw error
            }
            worker.drain()
            try await group.waitForAll()
            return await log.events
        }
    }
}

/// What a worker has told, for tests that wait for it.
actor EventLog {
    private(set) var events: [WorkerEvent] = []
    private let stream: AsyncStream<WorkerEvent>
    private var waiters: [(condition: ([WorkerEvent]) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    private var hasEnded = false

    init(_ stream: AsyncStream<WorkerEvent>) {
        self.stream = stream
    }

    func run() async {
        for await event in stream {
            events.append(event)
            resume { $0.condition(events) }
        }
        hasEnded = true
        resume { _ in true }
    }

    /// Waits until the events so far meet a condition, or no more can come.
    func wait(_ condition: @escaping @Sendable ([WorkerEvent]) -> Bool) async {
        guard !condition(events), !hasEnded else { return }
        await withCheckedContinuation { waiters.append((condition, $0)) }
    }

    /// Waits for an event.
    func waitFor(_ isIt: @escaping @Sendable (WorkerEvent) -> Bool, times: Int = 1) async {
        await wait { events in events.count { isIt($0) } >= times }
    }

    private func resume(
        _ isDone: ((condition: ([WorkerEvent]) -> Bool, continuation: CheckedContinuation<Void, Never>)) ->
            Bool
    ) {
        let done = waiters.filter(isDone)
        waiters.removeAll(where: isDone)
        for waiter in done { waiter.continuation.resume() }
    }
}

extension WorkerEvent {
    var isIdle: Bool { if case .idle = self { true } else { false } }
    var isOpened: Bool { if case .opened = self { true } else { false } }
    var isSettled: Bool { if case .settled = self { true } else { false } }
    var isRenewed: Bool { if case .renewed = self { true } else { false } }
    var isStarted: Bool { if case .started = self { true } else { false } }
    var isDropped: Bool { if case .dropped = self { true } else { false } }
    var stopReason: StopReason? { if case .stopped(_, let reason) = self { reason } else { nil } }
    var ending: WorkerReport.Ending? { if case .ended(let ending) = self { ending } else { nil } }
}
