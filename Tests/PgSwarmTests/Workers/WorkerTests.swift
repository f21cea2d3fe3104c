import Synchronization
import Testing

@testable import PgSwarm

@Suite("A worker", .timeLimit(.minutes(5)))
struct WorkerTests {
    @Test("does every task once and settles it")
    func doesAll() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...500))
        let counts = Mutex([TaskID: Int]())
        let handler = ClosureHandler { task, _ in
            counts.withLock { $0[task.id, default: 0] += 1 }
            return .complete()
        }
        try await RunningWorker.with(source, WorkerConfiguration(concurrency: 8), handler: handler) {
            running in
            await running.log.waitFor(\.isSettled, times: 500)
        }
        #expect(counts.withLock { $0.count } == 500)
        #expect(counts.withLock { $0.values.allSatisfy { $0 == 1 } })
        #expect(source.settled.count == 500)
        #expect(source.state.withLock { $0.held.isEmpty })
    }

    @Test("runs as many handlers at once as it may, and never asks for more tasks than it has room for")
    func bounded() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...50))
        let gate = Gate()
        let handler = ClosureHandler { _, _ in
            try await gate.pass()
            return .complete()
        }
        try await RunningWorker.with(
            source, WorkerConfiguration(concurrency: 7, prefetch: 0), handler: handler
        ) { running in
            await gate.waitForCrowd(7)
            #expect(source.state.withLock { $0.held.count } == 7)
            gate.open()
            await running.log.waitFor(\.isSettled, times: 50)
        }
        #expect(gate.most == 7)
        #expect(source.state.withLock { $0.steps.allSatisfy { $0.count <= 7 } })
    }

    @Test("brings many verdicts with one call")
    func batches() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...1000))
        try await RunningWorker.with(
            source, WorkerConfiguration(concurrency: 100, prefetch: 100),
            handler: ClosureHandler { _, _ in .complete() }
        ) { running in
            await running.log.waitFor(\.isSettled, times: 1000)
        }
        let steps = source.state.withLock { $0.steps }
        #expect(steps.count < 60, "1000 tasks took \(steps.count) calls")
    }

    @Test("fails a task whose handler throws, in the way the error asks for")
    func failures() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...3))
        struct Plain: Error, CustomStringConvertible { let description = "plain" }
        let handler = ClosureHandler { task, _ in
            switch task.id.rawValue {
            case 1: throw Failure("later", retryIn: .seconds(9))
            case 2: throw Failure("never", isPermanent: true)
            default: throw Plain()
            }
        }
        try await RunningWorker.with(source, handler: handler) { running in
            await running.log.waitFor(\.isSettled, times: 3)
        }
        for item in source.settled {
            guard case .fail(let error, let retryIn, let dead, _, _) = item.verdict else {
                Issue.record("\(item.verdict)")
                continue
            }
            switch item.handle.taskID.rawValue {
            case 1: #expect(error == "later" && retryIn == .seconds(9) && !dead)
            case 2: #expect(error == "never" && retryIn == nil && dead)
            default: #expect(error == "plain" && retryIn == nil && !dead)
            }
        }
    }

    @Test("sleeps when there is nothing, and a notification wakes it")
    func notified() async throws {
        let source = FakeSource()
        try await RunningWorker.with(source, handler: ClosureHandler { _, _ in .complete() }) { running in
            await running.log.waitFor(\.isIdle)
            source.add(try ClaimedTask.samples(1...1))
            await running.log.waitFor(\.isSettled)
            await running.log.waitFor(\.isIdle, times: 2)
            source.add(try ClaimedTask.samples(2...2))
            await running.log.waitFor(\.isSettled, times: 2)
        }
    }

    @Test("finds work within the poll interval when every notification is lost")
    func polls() async throws {
        let source = FakeSource()
        try await RunningWorker.with(source, handler: ClosureHandler { _, _ in .complete() }) { running in
            await running.log.waitFor(\.isIdle)
            source.change { $0.hear = nil }
            source.add(try ClaimedTask.samples(1...1))
            running.time.advance(by: .seconds(1))
            await running.log.waitFor(\.isSettled)
        }
    }

    @Test("ends when its queues are exhausted, but not while somebody else's work could come back")
    func untilEmpty() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...20))
        source.change { $0.backlog.running = 1 }
        let events = try await RunningWorker.with(
            source, WorkerConfiguration(concurrency: 3, untilEmpty: true),
            handler: ClosureHandler { _, _ in .complete() }
        ) { running in
            await running.log.waitFor(\.isSettled, times: 20)
            await running.log.waitFor(\.isIdle)
            #expect(running.worker.report.ending == nil)
            source.change { $0.backlog.running = 0 }
            await running.pass { running.worker.report.ending != nil }
        }
        #expect(events.contains { $0.ending == .empty })
        #expect(source.state.withLock { $0.closed } == 1)
    }

    @Test("refuses a configuration that could not work")
    func validates() {
        let handler = ClosureHandler { _, _ in .complete() }
        #expect(throws: SwarmError.self) {
            try Worker(
                source: FakeSource(), queues: ["q"], configuration: WorkerConfiguration(concurrency: 0),
                handler: handler)
        }
        #expect(throws: SwarmError.self) {
            try Worker(
                source: FakeSource(), queues: [], configuration: WorkerConfiguration(), handler: handler)
        }
    }
}
