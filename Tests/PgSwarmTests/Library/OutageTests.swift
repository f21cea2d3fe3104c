import FoundationEssentials
import MetricsTestKit
import PgSwarm
import Postgres
import TestSupport
import Testing

@testable import PgSwarm

@Suite("When connections break", .database, .timeLimit(.minutes(5)))
struct OutageTests {
    @Test("Tasks are enqueued, claimed and completed once each while connections are killed again and again")
    func killedConnections() async throws {
        try await withSwarm { swarm, metrics in
            let completed = CallCount()
            let done = try await withThrowingTaskGroup(of: [TaskID].self) { group in
                for worker in 0..<20 {
                    group.addTask { try await work(worker, on: swarm, completed) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(done.count == 400)
            #expect(Set(done).count == 400)
            let rest = try await swarm.queues().first
            #expect(rest?.counts == [.done: 400])
            #expect(metrics.counterTotal(label: "pgswarm_retries") > 0)
        }
    }

    /// Enqueues, claims and completes twenty tasks one by one; every twentieth completion of all kills all connections.
    private func work(_ worker: Int, on swarm: Swarm, _ completed: CallCount) async throws -> [TaskID] {
        var done: [TaskID] = []
        for index in 0..<20 {
            var draft = try TaskDraft(queue: "q", [worker, index])
            draft.key = "\(worker).\(index)"
            try await swarm.enqueue(draft)
            while true {
                guard let task = try await swarm.claim(["q"]).first else { continue }
                try await swarm.complete(task.handle)
                done.append(task.id)
                break
            }
            if completed.increment().isMultiple(of: 20) { try await killConnections() }
        }
        return done
    }

    private func killConnections() async throws {
        let killer = try await TestDatabase.current.connect()
        // Fails when another worker's killer is quicker.
        _ = try? await killer.run { db in
            try db.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                """)
        }
        await killer.close()
    }

    @Test("A claim whose answer was lost is found with what the session holds")
    func lostClaim() async throws {
        try await withSwarm { swarm, _ in
            try await swarm.enqueue((0..<5).map { try TaskDraft(queue: "q", $0) })
            let mine = try await swarm.claim(["q"], count: 2)
            let token = try await swarm.session().token
            let request = ClaimRequest(["q"], count: 2)
            let found = try await swarm.calls.granted(request) { () throws(SwarmError) in
                // The database grants the tasks, and the answer does not arrive.
                _ = try? await swarm.withConnection { db in try db.claim(request, session: token) }
                throw SwarmError(.outcomeUnknown, "the connection broke")
            }
            #expect(found.count == 2)
            #expect(Set(found.map(\.id)).isDisjoint(with: mine.map(\.id)))
            let settled = try await swarm.settle(found.map { ($0.handle, .complete()) })
            #expect(settled.map(\.code) == [.ok, .ok])
        }
    }

    @Test("Without its server a call says so, at once when it shall not wait")
    func unreachable() async throws {
        let nowhere = ConnectionOptions(parameters: [
            "host": "/tmp/nowhere-\(UUID().uuidString)", "dbname": "none", "user": "nobody",
        ])
        var configuration = SwarmConfiguration()
        configuration.reconnectWindow = .zero
        let swarm = Swarm(nowhere, configuration: configuration)
        let calls: [@Sendable () async throws -> Void] = [
            { try await swarm.enqueue(TaskDraft(queue: "q")) },
            { _ = try await swarm.claim(["q"]) },
            { _ = try await swarm.tasks() },
        ]
        for call in calls {
            let error = await #expect(throws: SwarmError.self) { try await call() }
            #expect(error?.code == .unreachable)
            #expect(error?.hint != nil)
        }
        await swarm.close()
    }

    @Test("An enqueue that may have happened is reported as such, unless a key makes the repetition harmless")
    func unknownOutcome() async throws {
        try await withSwarm { swarm, _ in
            let calls = CallCount()
            let error = await #expect(throws: SwarmError.self) {
                try await swarm.caller.call("test", repeatable: false) { _ throws(SwarmError) -> Int in
                    calls.increment()
                    throw SwarmError(.outcomeUnknown("reset"))
                }
            }
            #expect(error?.code == .outcomeUnknown)
            #expect(calls.value == 1)
            let answer = try await swarm.caller.call("test", repeatable: true) {
                _ throws(SwarmError) -> Int in
                guard calls.increment() > 3 else { throw SwarmError(.outcomeUnknown("reset")) }
                return calls.value
            }
            #expect(answer == 4)
        }
    }

    @Test("After an outcome that is unknown, a failure to connect does not make it known")
    func staysUnknown() async throws {
        try await withSwarm { configuration in
            configuration.reconnectWindow = .milliseconds(300)
        } _: { swarm, _ in
            let calls = CallCount()
            let error = await #expect(throws: SwarmError.self) {
                try await swarm.caller.call("test", repeatable: true) { _ throws(SwarmError) -> Int in
                    throw calls.increment() == 1
                        ? SwarmError(.outcomeUnknown("reset")) : SwarmError(.connectFailed("refused"))
                }
            }
            #expect(error?.code == .outcomeUnknown)
        }
    }
}
