import Postgres
import TestSupport
import Testing

@Suite("Maintain", .database, .timeLimit(.minutes(5)))
struct MaintainTests {
    private func maintain(_ ada: Caller) async throws -> (partitions: Int, removed: Int) {
        try await ada.rows("SELECT * FROM pgswarm.maintain()")[0].decode((Int, Int).self)
    }

    @Test("Removes ended tasks past their time with all that belongs to them, and nothing that lives or is needed")
    func retention() async throws {
        let ada = try await Caller.named()
        let done = try await ada.enqueue("q", #"{"key": "k"}"#)
        let claim = try await ada.claimOne()
        try await ada.progress(claim.handle, note: "n")
        try await ada.intent(claim.handle, "e")
        try await ada.complete(claim.handle)
        try await ada.settle(claim.handle, "fail")
        let dead = try await ada.enqueue()
        try await ada.fail(ada.claimOne().handle, dead: true)
        let needed = try await ada.enqueue("q")
        try await ada.cancel(needed)
        let blocked = try await ada.enqueue("q", #"{"after": [\#(needed)]}"#)
        let old = try await ada.enqueue("old")
        #expect(try await maintain(ada).removed == 0)
        try await letPass(.seconds(91 * 86_400))
        let fresh = try await ada.enqueue("fresh")
        try await ada.complete(ada.claimOne("fresh").handle)
        #expect(try await maintain(ada).removed == 2)
        let left: [Int] = try await ada.column("SELECT id FROM pgswarm.tasks ORDER BY id")
        #expect(left == [needed, blocked, old, fresh])
        for table in ["progress", "effect", "task_key", "late_result"] {
            #expect(
                try await ada.value("SELECT count(*) FROM pgswarm.\(identifier: table)", as: Int.self) == 0, "\(table)")
        }
        #expect(try await ada.column("SELECT id FROM pgswarm.task WHERE id = \(dead)", as: Int.self) == [])
        #expect(try await ada.enqueue("q", #"{"key": "k"}"#) != done)
        #expect(try await maintain(ada).removed == 0)
    }

    @Test("In bounded rounds; without retention nothing goes")
    func rounds() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 20)
        try await ada.settle(ada.claim(count: 20).map(\.handle))
        try await letPass(.seconds(91 * 86_400))
        try await ada.rows("UPDATE pgswarm.setting SET retention = NULL")
        #expect(try await maintain(ada).removed == 0)
        try await ada.rows("UPDATE pgswarm.setting SET retention = '90 days'")
        #expect(try await ada.value("SELECT removed FROM pgswarm.maintain(7)", as: Int.self) == 7)
        #expect(try await maintain(ada).removed == 13)
        #expect(await refusal { try await ada.rows("SELECT pgswarm.maintain(0)") } == "PS003")
    }

    @Test("Makes the months to come and drops those that are past")
    func partitions() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        #expect(try await maintain(ada).partitions == 0)
        let partitions = """
            SELECT count(*) FROM pg_inherits WHERE inhparent = 'pgswarm.event'::regclass
            """ as SQL
        let before: Int = try await ada.value(partitions)
        try await letPass(.seconds(400 * 86_400))
        #expect(try await maintain(ada).partitions > 0)
        try await ada.enqueue()
        let inDefault = "SELECT count(*) FROM pgswarm.event_default" as SQL
        #expect(try await ada.value(inDefault, as: Int.self) == 0)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.event WHERE kind = 'enqueued'", as: Int.self) == 1)
        #expect(try await abs(ada.value(partitions, as: Int.self) - before) < 6)
    }

    @Test("A month that nobody prepared goes to the default partition: history makes no write fail")
    func unprepared() async throws {
        let ada = try await Caller.named()
        try await letPass(.seconds(1000 * 86_400))
        let task = try await ada.enqueue()
        try await ada.fail(ada.claimOne().handle, dead: true)
        #expect(try await ada.state(of: task) == "dead")
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.attempt_default", as: Int.self) == 1)
        _ = try await maintain(ada)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.attempts", as: Int.self) == 1)
    }

    @Test("Forgets requests after a week and waiters after a day")
    func leftovers() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 3)
        let first = try await ada.claim(request: "r")
        let session = try await ada.openSession()
        try await ada.rows("SELECT pgswarm.wait_for(\(session), ARRAY['q'])")
        try await letPass(.seconds(6 * 86_400))
        _ = try await maintain(ada)
        #expect(try await ada.claim(request: "r") == first)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.waiter", as: Int.self) == 0)
        try await letPass(.seconds(2 * 86_400))
        _ = try await maintain(ada)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.request", as: Int.self) == 0)
    }

    @Test("At once by many it does its work once")
    func concurrent() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 60)
        try await ada.settle(ada.claim(count: 60).map(\.handle))
        try await letPass(.seconds(400 * 86_400))
        let crowd = try await Crowd(4)
        let removed = try await crowd.each { _, member in
            var count = 0
            for _ in 0..<4 { count += try await maintain(member).removed }
            return count
        }
        #expect(removed.reduce(0, +) == 60)
        await crowd.disperse()
    }
}
