import Synchronization
import Testing

@testable import PgSwarm

@Suite("The leases of a worker", .timeLimit(.minutes(5)))
struct WorkerLeaseTests {
    private let unreachable = SwarmError(.unreachable, "no route")

    /// Runs one task that waits at a gate, and notes how it was stopped.
    private func withStuckTask(
        lease: Duration = .seconds(60), deadline: Duration? = nil,
        _ body: @Sendable (RunningWorker, FakeSource, Gate) async throws -> Void
    ) async throws -> (source: FakeSource, reasons: [StopReason]) {
        let source = FakeSource([try ClaimedTask.sample(1, lease: lease, deadline: deadline)])
        let gate = Gate()
        let reasons = Mutex<[StopReason]>([])
        let handler = ClosureHandler { _, context in
            defer { context.stopReason.map { reason in reasons.withLock { $0.append(reason) } } }
            try await gate.pass()
            return .complete()
        }
        try await RunningWorker.with(source, handler: handler) { running in
            await gate.waitForCrowd(1)
            try await body(running, source, gate)
        }
        return (source, reasons.withLock { $0 })
    }

    @Test("are renewed at a third of their time, for as long as the work takes")
    func renewed() async throws {
        let (source, reasons) = try await withStuckTask { running, source, gate in
            for round in 1...10 {
                running.time.advance(by: .seconds(21))
                await running.log.waitFor(\.isRenewed, times: round)
            }
            gate.open()
            await running.log.waitFor(\.isSettled)
        }
        #expect(reasons == [])
        #expect(source.settled.count == 1)
    }

    @Test(
        "that can't be renewed end the work before the database's time, measured from before the claim was sent"
    )
    func localDeadline() async throws {
        let (source, reasons) = try await withStuckTask { running, source, gate in
            source.change { $0.renewalTrouble = Array(repeating: unreachable, count: 1000) }
            running.time.advance(by: .seconds(57))
            #expect(await running.log.events.allSatisfy { $0.stopReason == nil })
            running.time.advance(by: .milliseconds(1500))
            await running.log.waitFor(\.isDropped)
        }
        #expect(reasons == [.lost])
        #expect(source.settled.isEmpty, "work that was stopped has no verdict")
    }

    @Test("notice after a freeze that their time is over")
    func thawed() async throws {
        let (_, reasons) = try await withStuckTask { running, source, gate in
            running.time.advance(by: .seconds(600))
            await running.log.waitFor(\.isDropped)
        }
        #expect(reasons == [.lost])
    }

    @Test("that the database calls lost end the work at once")
    func lost() async throws {
        let (source, reasons) = try await withStuckTask { running, source, gate in
            source.change { $0.statuses = [TaskID(rawValue: 1): .lost] }
            running.time.advance(by: .seconds(21))
            await running.log.waitFor(\.isDropped)
        }
        #expect(reasons == [.lost])
        #expect(source.settled.isEmpty)
    }

    @Test("carry a cancellation to the handler, and the task is released")
    func cancelled() async throws {
        let (source, reasons) = try await withStuckTask { running, source, gate in
            source.change { $0.statuses = [TaskID(rawValue: 1): .cancel] }
            running.time.advance(by: .seconds(21))
            await running.log.waitFor(\.isSettled)
        }
        #expect(reasons == [.cancel])
        guard case .release? = source.settled.first?.verdict else {
            Issue.record("not released")
            return
        }
    }

    @Test("don't outlive the hard limit of an attempt, however often they are renewed")
    func hardLimit() async throws {
        let (_, reasons) = try await withStuckTask(deadline: .seconds(100)) { running, source, gate in
            for round in 1...4 {
                running.time.advance(by: .seconds(21))
                await running.log.waitFor(\.isRenewed, times: round)
            }
            running.time.advance(by: .seconds(15))
            await running.log.waitFor(\.isDropped)
        }
        #expect(reasons == [.lost])
    }

    @Test("of a lost session are given up, and the worker goes on in a new one")
    func sessionLost() async throws {
        let (source, reasons) = try await withStuckTask { running, source, gate in
            source.change { state in
                state.sessionStatus = .lost
                state.held = [:]
                state.renewalTrouble = [SwarmError(.sessionLost, "the session is over")]
            }
            running.time.advance(by: .seconds(21))
            await running.log.waitFor(\.isDropped)
            await running.pass { await running.log.events.count { $0.isOpened } == 2 }
            source.add([try ClaimedTask.sample(2)])
            gate.open()
            await running.pass { !source.settled.isEmpty }
        }
        #expect(reasons == [.lost])
        #expect(source.settled.map(\.handle.taskID.rawValue) == [2])
    }

    @Test("that are over don't swallow a result: the database decides what becomes of it")
    func lateResult() async throws {
        let source = FakeSource([try ClaimedTask.sample(1)])
        let gate = Gate()
        let handler = ClosureHandler { _, _ in
            try? await gate.pass()
            return .complete()
        }
        try await RunningWorker.with(source, handler: handler) { running in
            await gate.waitForCrowd(1)
            source.change { $0.renewalTrouble = Array(repeating: unreachable, count: 1000) }
            running.time.advance(by: .seconds(59))
            await running.log.waitFor(\.isSettled)
        }
        #expect(source.settled.count == 1)
    }

    @Test("of one task don't disturb its neighbours")
    func neighbours() async throws {
        let source = FakeSource(try ClaimedTask.samples(1...3))
        let gate = Gate()
        let stopped = Mutex<[TaskID]>([])
        let handler = ClosureHandler { task, context in
            defer { if context.isCancelled || Task.isCancelled { stopped.withLock { $0.append(task.id) } } }
            try await gate.pass()
            return .complete()
        }
        try await RunningWorker.with(source, WorkerConfiguration(concurrency: 3), handler: handler) {
            running in
            await gate.waitForCrowd(3)
            source.change { $0.statuses = [TaskID(rawValue: 2): .cancel] }
            running.time.advance(by: .seconds(21))
            await running.log.waitFor(\.isSettled)
            source.add([try ClaimedTask.sample(4)])
            gate.open()
            await running.log.waitFor(\.isSettled, times: 4)
        }
        #expect(stopped.withLock { $0 } == [TaskID(rawValue: 2)])
    }
}
