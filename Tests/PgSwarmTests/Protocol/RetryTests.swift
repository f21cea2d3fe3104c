import Postgres
import TestSupport
import Testing

@Suite("Retry: a new generation", .database, .timeLimit(.minutes(5)))
struct RetryTests {
    @Test("Gives a dead or cancelled task all its attempts again; the epoch goes on")
    func generations() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("q", #"{"max_attempts": 1}"#)
        let first = try await ada.claimOne()
        try await ada.fail(first.handle, "x")
        #expect(try await ada.state(of: task) == "dead")
        #expect(try await ada.retry(task) == ["ok"])
        let second = try await ada.claimOne()
        #expect(second.attempt == 1)
        #expect(second.epoch > first.epoch)
        try await ada.cancel(task)
        #expect(try await ada.retry(task) == ["ok"])
        let third = try await ada.claimOne()
        #expect(third.epoch > second.epoch)
        #expect(await refusal { try await ada.complete(second.handle) } == "PS001")
        try await ada.complete(third.handle)
        #expect(try await ada.retry(task, 999) == ["wrong_state", "not_found"])
        let row = try await ada.rows("SELECT state, generation FROM pgswarm.tasks WHERE id = \(task)")[0]
        #expect(try row.decode((String, Int).self) == ("done", 2))
        let outcomes: [String] = try await ada.column("SELECT outcome FROM pgswarm.attempts ORDER BY epoch")
        #expect(outcomes == ["failed", "cancelled", "completed"])
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.outcome", as: Int.self) == 3)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.tasks", as: Int.self) == 1)
    }

    @Test("What lives is not retried")
    func living() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 2)
        let scheduled = try await ada.enqueue("q", #"{"delay": 60}"#)
        try await ada.claimOne()
        let before = try await Picture.taken(by: ada)
        #expect(try await ada.retry(tasks[0], tasks[1], scheduled) == Array(repeating: "wrong_state", count: 3))
        #expect(try await Picture.taken(by: ada) == before)
    }

    @Test("At once by many: one generation")
    func concurrent() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        try await ada.cancel(task)
        let crowd = try await Crowd(8)
        let codes = try await crowd.each { _, member in try await member.retry(task)[0] }
        #expect(codes.filter { $0 == "ok" }.count == 1)
        #expect(try await ada.claim(count: 5).count == 1)
        await crowd.disperse()
    }

    @Test("Against cancellations of the task and of what it waits for: nobody deadlocks")
    func lockOrder() async throws {
        let ada = try await Caller.named()
        let crowd = try await Crowd(3)
        let up = try await ada.enqueue("up")
        let task = try await ada.enqueue("down", #"{"after": [\#(up)]}"#)
        try await ada.cancel(task)
        _ = try await crowd.each { index, member in
            for _ in 0..<60 {
                if index == 0 { try await member.retry(task) } else { try await member.cancel(up, task) }
                if index == 1 { try await member.retry(up) }
            }
        }
        #expect(try await deadlocks() == 0)
        await crowd.disperse()
    }
}
