import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import PgSwarm

@Suite("A coordinator", .timeLimit(.minutes(5)))
struct CoordinatorTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs a coordinator around the body; it ends by cancellation.
    private func with(
        _ source: FakeCoordinatorSource,
        _ body: @Sendable (ManualTime, inout AsyncStream<CoordinatorEvent>.Iterator) async throws -> Void
    ) async throws {
        let time = ManualTime()
        let coordinator = Coordinator(
            source: source, configuration: CoordinatorConfiguration(), logger: Self.quiet, timekeeper: time,
            jitter: .none)
        var events = coordinator.events().makeAsyncIterator()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await coordinator.run() }
            try await body(time, &events)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Lets time pass in steps until a condition holds.
    private func pass(_ time: ManualTime, by step: Duration = .milliseconds(250), until isDone: () -> Bool)
        async
    {
        while !isDone() {
            time.advance(by: step)
            await Task.yield()
        }
    }

    @Test("that leads sweeps, promotes and maintains again and again, and leaves the seat when it ends")
    func leads() async throws {
        let source = FakeCoordinatorSource()
        try await with(source) { time, events in
            guard case .leading(1)? = await events.next() else {
                Issue.record("does not lead")
                return
            }
            await pass(time) {
                source.state.withLock { $0.sweeps >= 10 && $0.promotions >= 10 && $0.maintenances >= 2 }
            }
        }
        #expect(source.state.withLock { $0.left } == 1)
        #expect(source.state.withLock { $0.maintenances } < 10, "history is put in order once a minute")
    }

    @Test("goes on at once while a sweep finds as much as it may take")
    func fullBatches() async throws {
        let source = FakeCoordinatorSource()
        source.change { $0.expired = [1000, 1000, 7] }
        try await with(source) { _, events in
            var found: [Int] = []
            while found.count < 3, let event = await events.next() {
                if case .swept(let report) = event { found.append(report.lost) }
            }
            #expect(found == [1000, 1000, 7])
        }
    }

    @Test("that doesn't lead does nothing but ask for the seat, and takes over when it is free")
    func standsBy() async throws {
        let source = FakeCoordinatorSource()
        source.change { $0.isTaken = true }
        try await with(source) { time, events in
            guard case .standingBy("other")? = await events.next() else {
                Issue.record("does not stand by")
                return
            }
            for _ in 0..<100 {
                time.advance(by: .milliseconds(250))
                await Task.yield()
            }
            #expect(source.state.withLock { $0.sweeps + $0.promotions + $0.maintenances } == 0)
            source.change { state in
                state.isTaken = false
                state.epoch = 2
            }
            await pass(time) { source.state.withLock { $0.sweeps > 0 } }
            guard case .leading(2)? = await events.next() else {
                Issue.record("does not lead")
                return
            }
        }
    }

    @Test("stops its duties before the seat is over when it can't take it again")
    func stepsDown() async throws {
        let source = FakeCoordinatorSource()
        try await with(source) { time, events in
            _ = await events.next()
            source.change {
                $0.seatTrouble = Array(repeating: SwarmError(.unreachable, "away"), count: 100_000)
            }
            time.advance(by: .seconds(28))
            var hasSteppedDown = false
            while !hasSteppedDown, let event = await events.next() {
                if case .steppedDown = event { hasSteppedDown = true }
            }
            let before = source.state.withLock { $0.sweeps }
            for _ in 0..<50 {
                time.advance(by: .milliseconds(500))
                await Task.yield()
            }
            #expect(source.state.withLock { $0.sweeps } == before)
        }
    }

    @Test("opens a new session when its own was lost")
    func sessionLost() async throws {
        let source = FakeCoordinatorSource()
        try await with(source) { time, events in
            _ = await events.next()
            source.change { $0.seatTrouble = [SwarmError(.sessionLost, "over")] }
            await pass(time) { source.state.withLock { $0.opened == 2 } }
        }
    }

    @Test("ends with the refusal when no repetition heals it")
    func refused() async throws {
        let source = FakeCoordinatorSource()
        source.change { $0.seatTrouble = [SwarmError(.notAllowed, "not a coordinator")] }
        let coordinator = Coordinator(
            source: source, configuration: CoordinatorConfiguration(), logger: Self.quiet)
        let error = await #expect(throws: SwarmError.self) { try await coordinator.run() }
        #expect(error?.code == .notAllowed)
    }

    @Test("on a server brings back the work of the dead; when it ends, the next one takes over", .database)
    func onServer() async throws {
        try await withSwarm { swarm, _ in
            try await swarm.enqueue(TaskDraft(queue: "q"))
            _ = try #require(try await swarm.claim(["q"]).first)
            try await TestDatabase.current.moveClock(by: .seconds(7200))
            try await withThrowingTaskGroup(of: Void.self) { group in
                let first = Coordinator(swarm)
                var events = first.events().makeAsyncIterator()
                let firstRun = Task { try await first.run() }
                guard case .leading(let epoch)? = await events.next() else {
                    Issue.record("does not lead")
                    return
                }
                var lost = 0
                while lost == 0, let event = await events.next() {
                    if case .swept(let report) = event { lost += report.lost }
                }
                #expect(lost == 1)
                let second = Coordinator(swarm)
                var others = second.events().makeAsyncIterator()
                group.addTask { try await second.run() }
                guard case .standingBy? = await others.next() else {
                    Issue.record("two lead")
                    return
                }
                firstRun.cancel()
                try await firstRun.value
                // The second asks again at a third of the term; until then the seat is free.
                guard case .leading(let next)? = await others.next() else {
                    Issue.record("nobody leads")
                    return
                }
                #expect(next > epoch)
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }
}
