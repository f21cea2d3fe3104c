import PgSwarm
import Postgres
import TestSupport
import Testing

@Suite("Enqueueing in the caller's own transaction", .database, .timeLimit(.minutes(5)))
struct TransactionTests {
    private struct Mishap: Error {}

    @Test("A transaction that rolls back leaves nothing")
    func rollback() async throws {
        try await withSwarm { swarm, _ in
            await #expect(throws: Mishap.self) {
                try await swarm.withConnection { db in
                    try db.transaction { db in
                        try db.enqueue(TaskDraft(queue: "q"))
                        throw Mishap()
                    }
                }
            }
            let tasks = try await swarm.tasks()
            #expect(tasks.isEmpty)
        }
    }

    @Test("A transaction that commits leaves task and row, and a ring wakes whoever waits")
    func commit() async throws {
        try await withSwarm { swarm, _ in
            let receipt = try await swarm.withConnection { db in
                try db.script("CREATE TABLE invoice (id integer)")
                return try db.transaction { db in
                    try db.execute("INSERT INTO invoice VALUES (\(1))")
                    return try db.enqueue(TaskDraft(queue: "q"), by: EnqueueAuthor(agent: "clerk"))
                }
            }
            swarm.ring(["q"])
            #expect(try await swarm.claim(["q"]).map(\.id) == [receipt.id])
        }
    }

    @Test("A holder writes under its fence in a transaction of its own")
    func fencedWrite() async throws {
        try await withSwarm { swarm, _ in
            try await swarm.enqueue(TaskDraft(queue: "q"))
            let task = try #require(try await swarm.claim(["q"]).first)
            let fence = try await swarm.withConnection { db in
                try db.transaction { db in
                    let fence = try db.hold(task.handle)
                    _ = try db.settle([(task.handle, .complete(JSONText("{}")))])
                    return fence
                }
            }
            #expect(fence == task.fence)
            #expect(try await swarm.task(task.id).state == .done)
        }
    }
}
