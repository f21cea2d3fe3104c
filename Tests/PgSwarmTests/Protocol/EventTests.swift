import Postgres
import TestSupport
import Testing

@Suite("Events", .database, .timeLimit(.minutes(5)))
struct EventTests {
    /// The kinds of the events that `change` writes, in order.
    private func kinds(_ ada: Caller, _ change: () async throws -> Void) async throws -> [String] {
        let last: Int = try await ada.value("SELECT coalesce(max(id), 0) FROM pgswarm.event")
        try await change()
        return try await ada.column("SELECT kind FROM pgswarm.event WHERE id > \(last) ORDER BY id")
    }

    @Test("Every change of a task writes exactly one, whatever the number of tasks")
    func tasks() async throws {
        let ada = try await Caller.named()
        try await ada.claim()
        #expect(try await kinds(ada) { try await ada.enqueue(count: 100) } == ["enqueued"])
        #expect(try await kinds(ada) { try await ada.enqueue("q", #"{"key": "k", "delay": 9000}"#) } == ["enqueued"])
        #expect(try await kinds(ada) { try await ada.enqueue("q", #"{"key": "k", "delay": 9000}"#) } == [])
        let claims = try await ada.claim(count: 50)
        #expect(try await kinds(ada) { try await ada.claim(count: 50) } == ["claimed"])
        #expect(try await kinds(ada) { try await ada.claim() } == [])
        let handles = claims.map(\.handle)
        #expect(try await kinds(ada) { try await ada.settle(Array(handles[0..<9])) } == ["completed"])
        #expect(try await kinds(ada) { try await ada.settle(Array(handles[0..<9])) } == [])
        #expect(try await kinds(ada) { try await ada.complete(handles[9]) } == ["completed"])
        #expect(try await kinds(ada) { try await ada.fail(handles[10]) } == ["failed"])
        #expect(try await kinds(ada) { try await ada.fail(handles[11], dead: true) } == ["dead"])
        #expect(try await kinds(ada) { try await ada.release(handles[12]) } == ["released"])
        #expect(try await kinds(ada) { try await ada.renew(handles[13]) } == [])
        #expect(try await kinds(ada) { try await ada.progress(handles[13]) } == ["progressed"])
        #expect(try await kinds(ada) { try await ada.intent(handles[13], "k") } == ["effect_intended"])
        #expect(try await kinds(ada) { try await ada.intent(handles[13], "k") } == [])
        #expect(try await kinds(ada) { try await ada.confirm(handles[13], "k") } == ["effect_confirmed"])
        #expect(try await kinds(ada) { try await ada.confirm(handles[13], "k") } == [])
        #expect(try await kinds(ada) { try await ada.cancel(claims[13].id) } == ["cancelled"])
        #expect(try await kinds(ada) { try await ada.cancel(claims[13].id) } == [])
        #expect(try await kinds(ada) { try await ada.settle(handles[13], "complete") } == ["late_result"])
        #expect(try await kinds(ada) { try await ada.settle(handles[13], "complete") } == [])
        #expect(try await kinds(ada) { try await ada.retry(claims[13].id) } == ["retried"])
        #expect(try await kinds(ada) { try await ada.hold(handles[14]) } == [])
    }

    @Test("So do losses, promotions and the steering of queues, agents and sessions")
    func others() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue("q", #"{"max_lost": 1}"#)
        try await ada.enqueue("r")
        let up = try await ada.enqueue("up")
        try await ada.enqueue("down", #"{"after": [\#(up)]}"#)
        try await ada.enqueue("later", count: 5, #"{"delay": 990}"#)
        try await ada.claim("q", "r", count: 2)
        try await letPass(.seconds(1000))
        #expect(try await kinds(ada) { try await ada.rows("SELECT pgswarm.promote()") } == ["ready"])
        let sweeping = try await kinds(ada) { try await ada.rows("SELECT pgswarm._sweep(100)") }
        #expect(sweeping == ["lost", "dead", "lost"])
        let handle = try await ada.claimOne("up").handle
        #expect(try await kinds(ada) { try await ada.complete(handle) } == ["completed", "ready"])
        for (call, expected) in [
            ("set_queue('q', '{\"max_lost\": 5}', 'ada')", ["queue_set"]),
            ("pause('q', 'x', 'ada')", ["queue_paused"]), ("pause('q', 'x', 'ada')", []),
            ("resume('q', 'ada')", ["queue_resumed"]), ("resume('q', 'ada')", []),
            ("register_agent('bob')", ["agent_registered"]),
            ("drain('bob')", ["agent_draining"]), ("drain('bob', false)", ["agent_undrained"]),
            ("retire_agent('bob')", ["agent_retired"]), ("set_registration(true)", ["registration_set"]),
        ] {
            #expect(try await kinds(ada) { try await ada.rows("SELECT pgswarm.\(raw: call)") } == expected, "\(call)")
        }
        let session = try await ada.openSession()
        #expect(try await kinds(ada) { _ = try await ada.openSession() } == ["session_opened"])
        #expect(try await kinds(ada) { _ = try await ada.beat(session) } == [])
        #expect(
            try await kinds(ada) { try await ada.rows("SELECT pgswarm.take_seat('s', \(session))") } == ["seat_taken"])
        #expect(try await kinds(ada) { try await ada.rows("SELECT pgswarm.take_seat('s', \(session))") } == [])
        #expect(
            try await kinds(ada) { try await ada.rows("SELECT pgswarm.leave_seat('s', \(session))") } == ["seat_left"])
        let held = try await ada.enqueue("held", count: 2)
        try await ada.claim("held", count: 2, session: session)
        let closing = try await kinds(ada) { try await ada.rows("SELECT pgswarm.close_session(\(session))") }
        #expect(closing == ["released", "session_closed"])
        let released = "SELECT task_id FROM pgswarm.events WHERE kind = 'released' AND queue = 'held' ORDER BY 1" as SQL
        #expect(try await ada.column(released, as: Int.self) == held)
    }

    @Test("They commit and roll back with their change")
    func transactional() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let rolledBack = try await kinds(ada) {
            try await ada.script("BEGIN")
            try await ada.complete(ada.claimOne().handle)
            try await ada.script("ROLLBACK")
        }
        #expect(rolledBack == [])
        #expect(
            try await kinds(ada) {
                _ = await refusal { try await ada.complete("1.1.00000000000000000000000000000000") }
            } == [])
    }

    @Test("The view shows one row for each task, and who did it")
    func view() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 3)
        let session = try await ada.openSession()
        try await ada.claim(count: 2, session: session)
        let claimed = try await ada.rows(
            "SELECT task_id, queue, agent FROM pgswarm.events WHERE kind = 'claimed' ORDER BY task_id")
        #expect(try claimed.map { try $0[0, as: Int.self] } == Array(tasks[0..<2]))
        #expect(try claimed.map { try $0[1, as: String.self] + $0[2, as: String.self] } == ["qada", "qada"])
        let enqueued = "SELECT count(*) FROM pgswarm.events WHERE kind = 'enqueued' AND agent = 'ada'" as SQL
        #expect(try await ada.value(enqueued, as: Int.self) == 3)
    }

    @Test("A follower that keeps its place among the settled transactions misses nothing, whoever commits when")
    func cursor() async throws {
        let (slow, quick, follower) = (
            try await Caller.named("slow"), try await Caller.named("quick"), try await Caller.named("follower")
        )
        // The first use of a queue makes it, which others would have to wait for.
        try await quick.setQueue("q", "{}")
        var place = 0
        var seen: Set<Int> = []
        func follow() async throws {
            let rows = try await follower.rows(
                "SELECT task_id, xact, settled FROM pgswarm.events WHERE kind = 'enqueued' AND xact >= \(place)")
            for row in rows where try row[2, as: Bool.self] {
                seen.insert(try row[0, as: Int.self])
                place = max(place, try row[1, as: Int.self])
            }
        }
        var expected: Set<Int> = []
        try await slow.script("BEGIN")
        expected.insert(try await slow.enqueue())
        for _ in 0..<5 { expected.insert(try await quick.enqueue()) }
        try await follow()
        // Nothing after the open transaction is settled, so the place stays before it.
        #expect(seen == [])
        try await slow.script("COMMIT")
        // Transactions of other databases of the server count too when PostgreSQL says what is settled.
        let limit = ContinuousClock.now + .seconds(30)
        while seen != expected, ContinuousClock.now < limit { try await follow() }
        #expect(seen == expected)
    }
}
