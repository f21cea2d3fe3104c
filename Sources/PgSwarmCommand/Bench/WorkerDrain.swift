import Logging
import PgSwarm
import Postgres
import Synchronization

/// Drains a queue with the library's worker, in this process.
struct WorkerDrain: Sendable {
    let stage: BenchStage
    /// Tasks in one call.
    let batch: Int
    /// Calls under way at once, each on a connection of its own.
    let calls = 2

    /// Tasks a second, from the start of the first handler to the last acknowledged completion.
    func rate(_ queue: QueueName, tasks: Int) async throws -> Double {
        let swarm = stage.swarm()
        let count = HandlerCount(awaiting: tasks)
        // As many in hand as the loops beside it have: a batch for each call.
        let worker = try Worker(
            swarm, queues: [queue],
            configuration: WorkerConfiguration(
                concurrency: batch * calls, batch: batch, calls: calls, logger: Logs.logger("pgswarm.bench")),
            handler: count)
        async let work: Void = worker.run()
        await count.all()
        while worker.report.completed < tasks, !Task.isCancelled {
            // The last call is under way; its answer comes within a few milliseconds.
            try? await ContinuousClock().sleep(for: .microseconds(200))
        }
        let end = ContinuousClock.now
        worker.drain()
        try await work
        await swarm.close()
        guard let start = count.start else { return 0 }
        return Double(tasks) / (end - start).inSeconds
    }
}

/// Does nothing, and knows when it has done so often enough.
private final class HandlerCount: WorkHandler {
    private let awaited: Int
    private let begun = Atomic(0)
    private let startTime = Mutex<ContinuousClock.Instant?>(nil)
    private let end = AsyncStream<Void>.makeStream()

    init(awaiting count: Int) {
        awaited = count
    }

    /// When the first one began.
    var start: ContinuousClock.Instant? { startTime.withLock { $0 } }

    /// Returns when the last one has begun, or when the Swift task is cancelled.
    func all() async {
        for await _ in end.stream {}
    }

    func handle(_ task: ClaimedTask, _ context: WorkContext) async throws -> Verdict {
        let number = begun.add(1, ordering: .relaxed).newValue
        if number == 1 { startTime.withLock { $0 = .now } }
        if number == awaited { end.continuation.finish() }
        return .complete()
    }
}
