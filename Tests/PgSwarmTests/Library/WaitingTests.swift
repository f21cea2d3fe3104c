import PgSwarm
import Postgres
import TestSupport
import Testing

@Suite("Waiting claims", .database, .timeLimit(.minutes(5)))
struct WaitingTests {
    /// A poll that no test lives to see: what arrives was rung for.
    private func withPatientSwarm<Answer>(
        _ body: (Swarm) async throws -> Answer
    ) async throws -> Answer {
        try await withSwarm { configuration in
            configuration.pollInterval = .seconds(3600)
        } _: { swarm, _ in
            try await body(swarm)
        }
    }

    /// Returns when so many sessions have asked to be rung.
    private func registered(_ count: Int = 1) async throws {
        let database = try TestDatabase.current
        try await eventually("\(count) waiters are registered") {
            try await database.pool.withConnection { db in
                try db.query("SELECT count(*) FROM pgswarm.waiter")[0][0, as: Int.self] >= count
            }
        }
    }

    @Test("Are woken by an enqueue of this process")
    func sameProcess() async throws {
        try await withPatientSwarm { swarm in
            async let claimed = swarm.claim(["q"], wait: .seconds(60))
            try await registered()
            let receipt = try await swarm.enqueue(TaskDraft(queue: "q"))
            #expect(try await claimed.map(\.id) == [receipt.id])
        }
    }

    @Test("Are woken by an enqueue of another program, which rings by itself")
    func otherProgram() async throws {
        try await withPatientSwarm { swarm in
            async let claimed = swarm.claim(["q", "r"], count: 3, wait: .seconds(60))
            try await registered(2)
            try await withSwarm(agent: "other") { other, _ in
                _ = try await other.enqueue(TaskDraft(queue: "r"))
            }
            #expect(try await claimed.count == 1)
        }
    }

    @Test("Several waiters of one process share a registration, and each gets a task")
    func severalWaiters() async throws {
        try await withPatientSwarm { swarm in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 { group.addTask { try await swarm.claim(["q"], wait: .seconds(60)).count } }
                try await registered()
                for index in 0..<20 { try await swarm.enqueue(try TaskDraft(queue: "q", index)) }
                #expect(try await group.reduce(0, +) == 20)
            }
        }
    }

    @Test("Find work without any ring, within the poll interval")
    func lostRing() async throws {
        try await withSwarm { configuration in
            configuration.pollInterval = .milliseconds(100)
        } _: { swarm, _ in
            async let claimed = swarm.claim(["q"], wait: .seconds(60))
            try await registered()
            _ = try await TestDatabase.current.pool.withConnection { db in
                try db.enqueue(TaskDraft(queue: "q"))
            }
            #expect(try await claimed.count == 1)
        }
    }

    @Test("Come back empty when the wait is over, and at once when they don't wait")
    func timeout() async throws {
        try await withPatientSwarm { swarm in
            for wait in [Duration.milliseconds(50), .zero, nil] {
                let tasks = try await swarm.claim(["q"], wait: wait)
                #expect(tasks.isEmpty)
            }
        }
    }

    @Test("End when their Swift task is cancelled")
    func cancellation() async throws {
        try await withPatientSwarm { swarm in
            let waiting = Task { try await swarm.claim(["q"], wait: .seconds(3600)) }
            try await registered()
            waiting.cancel()
            _ = await waiting.result
        }
    }

    @Test("Wake for a task that falls due")
    func due() async throws {
        try await withPatientSwarm { swarm in
            var draft = TaskDraft(queue: "q")
            draft.delay = .milliseconds(300)
            try await swarm.enqueue(draft)
            #expect(try await swarm.claim(["q"], wait: .seconds(60)).count == 1)
        }
    }
}
