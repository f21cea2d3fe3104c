import FoundationEssentials
import Logging
import PgSwarm
import Postgres

/// How long an idle worker takes to begin a task, from the start of the call that enqueues it, beside a
/// bare NOTIFY round trip and one claim.
struct WakeBench {
    let stage: BenchStage

    func run() async throws -> [Figure] {
        var wakes: [Double] = []
        var limits: [Double] = []
        let echo = NotifyEcho(stage: stage)
        try await echo.listening { echo in
            try await withIdleWorker { worker in
                for number in 0..<stage.scale.wakeUps {
                    if number.isMultiple(of: 10) {
                        stage.progress.tell("wake, \(number) of \(stage.scale.wakeUps)")
                    }
                    // The two alternate, so that both meet the machine in the same mood.
                    wakes.append(try await worker.wake())
                    limits.append(try await echo.roundTripAndClaim())
                }
            }
        }
        return [0.5, 0.99].map { share in
            let name = share == 0.5 ? "p50" : "p99"
            return Figure(
                part: .wake, name: "wake_\(name)", title: "wake an idle worker, \(name)", unit: .milliseconds,
                rounds: [
                    Figure.Round(Samples(wakes).percentile(share), beside: Samples(limits).percentile(share))
                ],
                limitTitle: "bare NOTIFY round trip + one claim")
        }
    }

    private func withIdleWorker(_ body: (inout IdleWorker) async throws -> Void) async throws {
        let queue = stage.queue("wake")
        let (working, producing) = (stage.swarm(), stage.swarm())
        let handler = StartTimes()
        let worker = try Worker(
            working, queues: [queue],
            configuration: WorkerConfiguration(concurrency: 1, logger: Logs.logger("pgswarm.bench")),
            handler: handler)
        async let work: Void = worker.run()
        var idle = IdleWorker(
            queue: queue, producer: producing, starts: handler.times.makeAsyncIterator(),
            events: worker.events().makeAsyncIterator())
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body(&idle))
        } catch {
            outcome = .failure(error)
        }
        worker.drain()
        try await work
        await working.close()
        await producing.close(endingSession: true)
        try outcome.get()
    }
}

/// A worker that waits for a notification, and somebody who enqueues.
private struct IdleWorker {
    let queue: QueueName
    let producer: Swarm
    var starts: AsyncStream<ContinuousClock.Instant>.Iterator
    var events: AsyncStream<WorkerEvent>.Iterator
    var isFirst = true

    /// Enqueues one task; milliseconds until its handler began.
    mutating func wake() async throws -> Double {
        if isFirst {
            await idle(after: nil)
            isFirst = false
        }
        let start = ContinuousClock.now
        let receipt = try await producer.enqueue(TaskDraft(queue: queue))
        guard let begin = await starts.next() else { throw CancellationError() }
        await idle(after: receipt.id)
        return (begin - start).inSeconds * 1000
    }

    /// Returns when the worker has nothing to do and has asked to be notified, after it has settled a task.
    private mutating func idle(after task: TaskID?) async {
        var hasSettled = task == nil
        while let event = await events.next() {
            switch event {
            case .settled(let id, _): hasSettled = hasSettled || id == task
            case .idle: if hasSettled { return }
            default: break
            }
        }
    }
}

/// Notes when a handler begins.
private struct StartTimes: WorkHandler {
    let times: AsyncStream<ContinuousClock.Instant>
    private let continuation: AsyncStream<ContinuousClock.Instant>.Continuation

    init() {
        (times, continuation) = AsyncStream.makeStream()
    }

    func handle(_ task: ClaimedTask, _ context: WorkContext) async throws -> Verdict {
        continuation.yield(.now)
        return .complete()
    }
}
