import Synchronization
import Testing

@testable import PgSwarm

@Suite("The end of a worker", .timeLimit(.minutes(5)))
struct WorkerEndingTests {
    private func gated(_ gate: Gate) -> ClosureHandler {
        ClosureHandler { _, _ in
            try await gate.pass()
            return .complete()
        }
    }

    private func isRelease(_ item: (handle: Handle, verdict: Verdict)) -> Bool {
        if case .release = item.verdict { true } else { false }
    }

    @Test("lets running work finish and hands back what has not begun")
    func drains() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...10))
        let gate = Gate()
        let events = try await RunningWorker.with(
            source, WorkerConfiguration(concurrency: 2, prefetch: 3), handler: gated(gate)
        ) { running in
            await gate.waitForCrowd(2)
            await running.log.wait { _ in source.state.withLock { $0.held.count == 5 } }
            running.worker.drain()
            await running.log.waitFor(\.isSettled, times: 3)
            #expect(source.settled.count { isRelease($0) } == 3)
            gate.open()
        }
        #expect(source.settled.count { !isRelease($0) } == 2)
        #expect(events.contains { $0.ending == .drained })
        #expect(source.state.withLock { $0.held.isEmpty && $0.ready.count == 5 })
    }

    @Test("hands running work back after the grace time, at no cost")
    func grace() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...2))
        let gate = Gate()
        let events = try await RunningWorker.with(
            source, WorkerConfiguration(concurrency: 2, grace: .seconds(10)), handler: gated(gate)
        ) { running in
            await gate.waitForCrowd(2)
            running.worker.drain()
            running.time.advance(by: .seconds(9))
            #expect(source.settled.isEmpty)
            running.time.advance(by: .seconds(1))
            await running.log.waitFor(\.isSettled, times: 2)
        }
        #expect(source.settled.allSatisfy { isRelease($0) })
        #expect(events.contains { $0.ending == .handedBack })
        #expect(events.compactMap(\.stopReason) == [.drain, .drain])
    }

    @Test("comes at once when run() is cancelled, and the release still reaches the database")
    func cancelled() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...1))
        let gate = Gate()
        let worker = try Worker(
            source: source, queues: ["q"], configuration: WorkerConfiguration(), handler: gated(gate))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            await gate.waitForCrowd(1)
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(source.settled.count { isRelease($0) } == 1)
        #expect(worker.report.ending == .handedBack)
        #expect(source.state.withLock { $0.closed } == 1)
    }

    @Test("is not put off for ever by a database that doesn't take the last words")
    func unreachable() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...1))
        let gate = Gate()
        let events = try await RunningWorker.with(source, WorkerConfiguration(), handler: gated(gate)) {
            running in
            await gate.waitForCrowd(1)
            source.change {
                $0.stepTrouble = Array(repeating: SwarmError(.unreachable, "away"), count: 10_000)
            }
            running.worker.handBack()
            await running.pass { running.worker.report.ending != nil }
        }
        #expect(events.contains { $0.ending == .handedBack })
    }

    @Test("keeps a result that came before the end, although the work was told to stop")
    func finishedInTime() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...1))
        let gate = Gate()
        let handler = ClosureHandler { _, _ in
            try? await gate.pass()
            return .complete()
        }
        try await RunningWorker.with(source, WorkerConfiguration(), handler: handler) { running in
            await gate.waitForCrowd(1)
            running.worker.handBack()
        }
        #expect(source.settled.count == 1)
        #expect(!source.settled.contains { isRelease($0) })
    }
}
