import Postgres
import Synchronization
import Testing

@testable import PgSwarm

// Time is moved by hand here, faster than a busy machine gets to the slots: without claims ahead nothing waits for a
// slot for so long that it would be handed back.
private let patient = WorkerConfiguration(concurrency: 2, prefetch: 0)

@Suite("A worker whose database makes trouble", .timeLimit(.minutes(5)))
struct WorkerTroubleTests {
    private let unreachable = SwarmError(.unreachable, "no route")

    @Test("waits for its return and goes on")
    func away() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...10))
        source.change { $0.stepTrouble = Array(repeating: unreachable, count: 5) }
        let events = try await RunningWorker.with(source, patient, handler: ClosureHandler { _, _ in .complete() }) {
            running in
            await running.pass { source.settled.count == 10 }
            await running.log.waitFor(\.isSettled, times: 10)
        }
        #expect(events.count { if case .disconnected = $0 { true } else { false } } == 1)
        #expect(events.count { if case .reconnected = $0 { true } else { false } } == 1)
    }

    @Test("finds the claims whose answer was lost, and does each once")
    func lostClaimAnswer() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...5))
        source.change { $0.lostAnswers = 1 }
        let counts = Mutex([TaskID: Int]())
        let handler = ClosureHandler { task, _ in
            counts.withLock { $0[task.id, default: 0] += 1 }
            return .complete()
        }
        try await RunningWorker.with(source, patient, handler: handler) { running in
            await running.pass { source.settled.count == 5 }
        }
        #expect(counts.withLock { $0.count } == 5)
        #expect(counts.withLock { $0.values.allSatisfy { $0 == 1 } })
    }

    @Test("repeats a verdict whose answer was lost")
    func lostSettleAnswer() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...1))
        let handler = ClosureHandler { _, _ in
            source.change { $0.lostAnswers = 1 }
            return .complete()
        }
        let events = try await RunningWorker.with(source, patient, handler: handler) { running in
            await running.pass { source.state.withLock { $0.steps.count { !$0.verdicts.isEmpty } } >= 2 }
            await running.log.waitFor(\.isSettled)
        }
        #expect(source.settled.count == 1)
        let codes = events.compactMap { event -> Settlement.Code? in
            if case .settled(_, let code) = event { code } else { nil }
        }
        #expect(codes == [.duplicate])
    }

    @Test("fails a task whose result is refused, and settles its neighbours")
    func refusedResult() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...10))
        source.change { state in
            state.refusal = { verdict in
                guard case .complete(let result?) = verdict, result.text == "\"huge\"" else { return nil }
                return SwarmError(.tooLarge, "a result of 2 GB")
            }
        }
        let handler = ClosureHandler { task, _ in
            .complete(JSONText(task.id.rawValue == 4 ? "\"huge\"" : "\"fine\""))
        }
        try await RunningWorker.with(source, WorkerConfiguration(concurrency: 10), handler: handler) {
            running in
            await running.log.waitFor(\.isSettled, times: 10)
        }
        for item in source.settled {
            switch item.verdict {
            case .fail(let error, _, let dead, _, _):
                #expect(item.handle.taskID.rawValue == 4 && dead && error.contains("too_large"))
            default:
                #expect(item.handle.taskID.rawValue != 4)
            }
        }
    }

    @Test("fails a task whose error text is refused, rather than hold on to it")
    func refusedError() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...3))
        source.change { state in
            state.refusal = { verdict in
                guard case .fail("odd", _, _, _, _) = verdict else { return nil }
                return SwarmError(.invalidArgument, "not a text")
            }
        }
        try await RunningWorker.with(source, handler: ClosureHandler { _, _ in throw Failure("odd") }) { running in
            await running.log.waitFor(\.isSettled, times: 3)
        }
        for item in source.settled {
            guard case .fail(let error, _, true, _, _) = item.verdict else {
                Issue.record("\(item.verdict)")
                continue
            }
            #expect(error.contains("not a text"))
        }
    }

    @Test("ends with the refusal when no repetition heals it")
    func refused() async throws {
        let source = FakeSource()
        source.change { $0.stepTrouble = Array(repeating: SwarmError(.notAllowed, "not a worker"), count: 9) }
        let error = await #expect(throws: SwarmError.self) {
            try await RunningWorker.with(source, handler: ClosureHandler { _, _ in .complete() }) { running in
                await running.pass { running.worker.report.ending != nil }
            }
        }
        #expect(error?.code == .notAllowed)
    }

    @Test("hands back what waits behind slow work, so that another worker can take it")
    func stuckPrefetch() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...3))
        let gate = Gate()
        let handler = ClosureHandler { task, _ in
            if task.id.rawValue > 1 { try await gate.pass() }
            return .complete()
        }
        try await RunningWorker.with(source, WorkerConfiguration(concurrency: 1), handler: handler) {
            running in
            await gate.waitForCrowd(1)
            await running.log.wait { events in
                events.contains {
                    if case .claimed(let ids) = $0 { ids.contains(TaskID(rawValue: 3)) } else { false }
                }
            }
            running.time.advance(by: .seconds(2))
            await running.log.waitFor(\.isSettled, times: 2)
            gate.open()
            await running.log.waitFor(\.isSettled, times: 3)
        }
        let released = source.settled.filter { if case .release = $0.verdict { true } else { false } }
        #expect(released.map(\.handle.taskID.rawValue) == [3])
    }
}
