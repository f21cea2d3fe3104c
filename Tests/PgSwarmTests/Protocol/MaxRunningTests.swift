import Postgres
import TestSupport
import Testing

@Suite("Max running", .database, .timeLimit(.minutes(2)))
struct MaxRunningTests {
    @Test("No more than so many run; one that ends makes room")
    func limit() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 5)
        try await ada.setQueue("q", #"{"max_running": 2}"#)
        let claims = try await ada.claim(count: 5)
        #expect(claims.count == 2)
        #expect(try await ada.claim() == [])
        #expect(await refusal { _ = try await ada.claimTask(tasks[4]) } == "PS006")
        #expect(try await ada.why(tasks[4]) == "max_running")
        try await ada.complete(claims[0].handle)
        #expect(try await ada.claim(count: 5).count == 1)
        let session = try await ada.openSession()
        #expect(try await ada.step(session, claims[1].handle, count: 5).claims.count == 1)
    }

    @Test(
        "Is hard against many at once, also with snapshots that are older",
        arguments: ["read committed", "repeatable read"])
    func race(isolation: String) async throws {
        let ada = try await Caller.named()
        try await ada.setQueue("a", #"{"max_running": 3}"#)
        try await ada.setQueue("b", #"{"max_running": 2}"#)
        try await ada.enqueue("a", count: 30)
        try await ada.enqueue("b", count: 30)
        let crowd = try await Crowd(12)
        _ = try await crowd.each { index, member in
            try await member.script("SET default_transaction_isolation = '\(isolation)'")
            let queues = index.isMultiple(of: 2) ? ["a", "b"] : ["b", "a"]
            for _ in 0..<6 {
                try await persistently {
                    try await member.script("BEGIN")
                    do {
                        try await member.rows("SELECT count(*) FROM pgswarm.lease")
                        let claims = try await member.claim(queues[0], queues[1], count: 2)
                        try await member.script("COMMIT")
                        if index < 4 { try await member.settle(claims.map(\.handle)) }
                    } catch {
                        try await member.script("ROLLBACK")
                        throw error
                    }
                }
            }
        }
        let running = try await ada.rows("SELECT queue, count(*) FROM pgswarm.leases GROUP BY queue ORDER BY queue")
        #expect(try running.map { try $0[1, as: Int.self] } == [3, 2])
        #expect(try await deadlocks() == 0)
        await crowd.disperse()
    }
}
