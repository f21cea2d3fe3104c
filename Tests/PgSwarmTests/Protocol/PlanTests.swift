import Postgres
import TestSupport
import Testing

@Suite("Plans on large tables", .database, .timeLimit(.minutes(3)))
struct PlanTests {
    private static let size = 120_000

    /// Many ready tasks behind a few that were claimed, and a backlog of blocked and scheduled ones.
    private func fill(_ ada: Caller, analyze: Bool) async throws {
        try await ada.setQueue("q", "{}")
        try await ada.setQueue("backlog", "{}")
        try await ada.setQueue("empty", "{}")
        // Statistics of empty tables, such as a queue has that fills up quickly.
        try await ada.script("ANALYZE")
        try await ada.rows(
            """
            WITH n AS (SELECT nextval('pgswarm.task_id') AS id FROM generate_series(1, 2 * \(Self.size))),
            t AS (
                INSERT INTO pgswarm.task (id, created_at, queue, creator, priority, payload)
                SELECT id, now(), (SELECT q.id FROM pgswarm.queue q
                                   WHERE q.name = CASE WHEN n.id % 2 = 0 THEN 'q' ELSE 'backlog' END), 1, 0, '{}'
                FROM n RETURNING id, queue
            ), r AS (
                INSERT INTO pgswarm.ready SELECT id, id, queue, 0, 0, 0, 0, 0, 0, queue FROM t WHERE id % 2 = 0
            )
            INSERT INTO pgswarm.waiting SELECT id, CASE WHEN id % 4 = 1 THEN now() + '1 day' END, now(), queue, 0,
                CASE WHEN id % 4 = 1 THEN 0 ELSE 1 END, 0, 0, 0, 0, 0, CASE WHEN id % 4 = 1 THEN 'scheduled' ELSE 'blocked' END, 'x'
            FROM t WHERE id % 2 = 1
            """)
        if analyze { try await ada.script("ANALYZE") }
    }

    /// The large tables of which `work`, in one transaction, read every row.
    private func scanned(_ ada: Caller, _ work: () async throws -> Void) async throws -> [String] {
        func scans() async throws -> [String: Int] {
            // The settings and the pulse have a row or two, and a renewal looks which queues are paused.
            let rows = try await ada.rows(
                """
                SELECT relname::text, seq_scan FROM pg_stat_xact_user_tables
                WHERE schemaname = 'pgswarm' AND relname NOT IN ('setting', 'pulse', 'queue')
                """)
            let pairs = try rows.map { try $0.decode((String, Int).self) }
            return Dictionary(uniqueKeysWithValues: pairs)
        }
        try await ada.script("BEGIN")
        // The session's earlier statements are still counted in.
        let before = try await scans()
        try await work()
        let after = try await scans()
        try await ada.script("ROLLBACK")
        return after.keys.filter { before[$0] != after[$0] }.sorted()
    }

    @Test(
        "No verb reads a whole table, and a claim touches few pages, also with stale statistics",
        arguments: [false, true])
    func verbs(analyze: Bool) async throws {
        let ada = try await Caller.named()
        try await fill(ada, analyze: analyze)
        try await ada.rows("UPDATE pgswarm.pulse SET next_at = 'infinity'")
        let session = try await ada.openSession()
        let handles = try await ada.claim(count: 40, session: session).map(\.handle)
        let task: Int = try await ada.value("SELECT max(task) FROM pgswarm.ready")
        let verbs: [(String, () async throws -> Void)] = [
            ("claim 1", { try await ada.claim(session: session) }),
            ("claim 100", { try await ada.claim(count: 100, session: session) }),
            ("claim of an empty queue", { try await ada.claim("empty") }),
            ("claim of the backlog", { try await ada.claim("backlog") }),
            ("claim of one task", { _ = try await ada.claimTask(task) }),
            ("enqueue", { try await ada.enqueue() }),
            ("enqueue with a key", { try await ada.enqueue("q", #"{"key": "k"}"#) }),
            ("enqueue after", { try await ada.enqueue("q", #"{"after": [\#(task)]}"#) }),
            ("enqueue many", { try await ada.enqueue(count: 200) }),
            ("step", { _ = try await ada.step(session, handles[0]) }),
            ("complete", { try await ada.complete(handles[0]) }),
            ("settle", { try await ada.settle(Array(handles[0..<30])) }),
            ("settle mixed", { try await ada.settle(Array(handles[0..<3]), ["complete", "fail", "release"]) }),
            ("fail", { try await ada.fail(handles[0]) }),
            ("release", { try await ada.release(handles[0]) }),
            ("renew", { try await ada.renew(handles[0]) }),
            ("renew many", { _ = try await ada.renew(handles, session: session) }),
            ("renew many bare", { _ = try await ada.renew(handles) }),
            ("progress", { try await ada.progress(handles[0]) }),
            ("intent", { try await ada.intent(handles[0], "k") }),
            ("cancel", { try await ada.cancel(task) }),
            ("promote", { try await ada.rows("SELECT pgswarm.promote()") }),
            ("wait", { try await ada.rows("SELECT pgswarm.wait_for(\(session), ARRAY['q', 'backlog'])") }),
            ("ring", { try await ada.rows("SELECT pgswarm.ring(ARRAY['q'])") }),
            ("beat", { _ = try await ada.beat(session) }),
        ]
        for (name, verb) in verbs {
            let tables = try await scanned(ada, verb)
            #expect(tables == [], "\(name)")
        }
    }

    @Test(
        "A claim touches a bounded number of pages, with 120,000 ready, after 5,000 were claimed since the last vacuum")
    func pages() async throws {
        let ada = try await Caller.named()
        try await fill(ada, analyze: false)
        try await ada.rows("UPDATE pgswarm.pulse SET next_at = 'infinity'")
        let session = try await ada.openSession()
        // An old snapshot keeps the claimed rows from being cleaned away, and in the way of scans from the beginning.
        let old = try await Caller.named("old")
        try await old.script("BEGIN ISOLATION LEVEL REPEATABLE READ")
        try await old.rows("SELECT 1")
        for _ in 0..<50 { try await ada.claim(count: 100, session: session) }
        func pages(_ statement: String) async throws -> Int {
            // The first finds the head anew; what counts is what the ones after it cost.
            _ = try await buffers(ada, statement)
            return try await buffers(ada, statement)
        }
        let one = try await pages("SELECT * FROM pgswarm.claim(ARRAY['q'], 1, session => '\(session)')")
        let many = try await pages("SELECT * FROM pgswarm.claim(ARRAY['q'], 100, session => '\(session)')")
        #expect(one < 150)
        #expect(many < 5000)
        // Blocked and scheduled tasks cost claims nothing.
        let backlog = try await pages("SELECT * FROM pgswarm.claim(ARRAY['backlog'], 1, session => '\(session)')")
        #expect(backlog < 150)
        try await old.script("COMMIT")
    }
}
