import MetricsTestKit
import Postgres
import TestSupport
import Testing

@testable import PgSwarm

@Suite("Group commit on a server", .database, .timeLimit(.minutes(5)))
struct GroupCommitTests {
    @Test("A thousand Swift tasks that enqueue, claim and complete singly are served in large groups")
    func crowd() async throws {
        try await withSwarm { swarm, metrics in
            let enqueued = try await collect(1000) { index in
                try await swarm.enqueue(TaskDraft(queue: "q", index)).id
            }
            #expect(Set(enqueued).count == 1000)
            let claimed = try await collect(1000) { _ in try await swarm.claim(["q"]).first }
            let tasks = claimed.compactMap(\.self)
            #expect(Set(tasks.map(\.id)) == Set(enqueued))
            let settled = try await collect(1000) { index in try await swarm.complete(tasks[index].handle) }
            #expect(settled.allSatisfy { $0.code == .ok })
            #expect(try await swarm.queues().first?.counts == [.done: 1000])
            for verb in ["enqueue", "claim", "settle"] {
                let sizes = batchSizes(verb, in: metrics)
                #expect(sizes.reduce(0, +) == 1000)
                #expect(sizes.count < 100, "\(verb): \(sizes)")
            }
            #expect(metrics.counterTotal(label: "pgswarm_enqueued") == 1000)
            #expect(metrics.counterTotal(label: "pgswarm_claimed") == 1000)
            #expect(metrics.counterTotal(label: "pgswarm_settled") == 1000)
        }
    }

    @Test("Settlements and claims that wait for the same call leave as one step")
    func steps() async throws {
        let database = try TestDatabase.current
        try await withSwarm { configuration in
            configuration.connections = 1
            configuration.groupedCalls = 1
        } _: { swarm, metrics in
            try await swarm.enqueue((0..<5).map { try TaskDraft(queue: "q", $0) })
            let tasks = try await swarm.claim(["q"], count: 2)
            // The only connection waits for a lock, and everything else for the connection.
            let lock = try await database.connect()
            try await lock.script("SELECT pg_advisory_lock(1)")
            async let blocked: Void = swarm.withConnection { db in try db.script("SELECT pg_advisory_lock(1)")
            }
            try await eventually("the connection is taken") {
                try await database.pool.withConnection { db in
                    try !db.query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").isEmpty
                }
            }
            async let first = swarm.claim(["q"])
            try await eventually("the slot is taken") { swarm.turns.busySlots == 1 }
            async let settled = swarm.complete(tasks[0].handle)
            async let failed = swarm.fail(tasks[1].handle, error: "x", dead: true)
            async let next = swarm.claim(["q"])
            async let last = swarm.claim(["q"])
            try await eventually("all wait") { swarm.turns.waitingCount == 4 }
            await lock.close()
            try await blocked
            #expect(try await first.count + next.count + last.count == 3)
            #expect(try await settled.state == .done)
            #expect(try await failed.state == .dead)
            #expect(batchSizes("step", in: metrics) == [4])
        }
    }

    @Test("Two hundred workers in their loops do each task once, in large groups")
    func loops() async throws {
        try await withSwarm { swarm, metrics in
            try await swarm.enqueue((0..<2000).map { try TaskDraft(queue: "q", $0) })
            let done = try await collect(200) { _ in
                var done: [TaskID] = []
                while let task = try await swarm.claim(["q"]).first {
                    try await swarm.complete(task.handle)
                    done.append(task.id)
                }
                return done
            }
            let ids = done.flatMap(\.self)
            #expect(ids.count == 2000)
            #expect(Set(ids).count == 2000)
            #expect(try await swarm.queues().first?.counts == [.done: 2000])
            let calls = ["step", "settle", "claim"].flatMap { batchSizes($0, in: metrics) }
            #expect(calls.count < 1000, "\(calls.count) calls for 4000 turns")
        }
    }

    @Test("One bad draft does not fail its neighbours")
    func badNeighbour() async throws {
        try await withSwarm { swarm, _ in
            let codes = try await collect(100) { index in
                var draft = TaskDraft(queue: "q", payload: .init(index == 50 ? "{broken" : "{}"))
                if index == 51 { draft.lease = .seconds(-1) }
                do throws(SwarmError) {
                    try await swarm.enqueue(draft)
                    return "ok"
                } catch {
                    return error.code.rawValue
                }
            }
            #expect(codes.filter { $0 == "ok" }.count == 98)
            #expect(codes[50] == "invalid_argument")
            #expect(codes[51] == "invalid_argument")
        }
    }

    @Test("Of more single claims than there are tasks, the rest comes back empty")
    func scarce() async throws {
        try await withSwarm { swarm, _ in
            try await swarm.enqueue((0..<7).map { try TaskDraft(queue: "q", $0) })
            let claims = try await collect(50) { _ in try await swarm.claim(["q"]).count }
            #expect(claims.reduce(0, +) == 7)
        }
    }

    @Test("Single renewals leave together, and a lost one is only its holder's error")
    func renewals() async throws {
        try await withSwarm { swarm, metrics in
            try await swarm.enqueue((0..<50).map { try TaskDraft(queue: "q", $0) })
            let tasks = try await swarm.claim(["q"], count: 50)
            try await swarm.complete(tasks[13].handle)
            let codes = try await collect(50) { index in
                do throws(SwarmError) {
                    return try await swarm.renew(tasks[index].handle).status.rawValue
                } catch {
                    return error.code.rawValue
                }
            }
            #expect(codes.enumerated().filter { $0.element != "ok" }.map(\.offset) == [13])
            #expect(codes[13] == "lost_claim")
            #expect(batchSizes("renew", in: metrics).count < 50)
        }
    }

    private func batchSizes(_ verb: String, in metrics: TestMetrics) -> [Int] {
        metrics.recorders(label: "pgswarm_batch_size", dimensions: [("verb", verb)])
            .flatMap(\.values).map { Int($0) }
    }

    private func collect<Value: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) async throws -> Value
    ) async throws -> [Value] {
        try await withThrowingTaskGroup(of: (Int, Value).self) { group in
            for index in 0..<count { group.addTask { (index, try await body(index)) } }
            let pairs = try await group.reduce(into: []) { $0.append($1) }
            return pairs.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
