import Postgres
import TestSupport
import Testing

/// A contract that breaks while tasks rely on it.
@Suite("Breaking contracts", .database, .timeLimit(.minutes(5)))
struct BreakTests {
    /// Tasks in every state that pin `api@1.0.0`, and some that don't.
    private struct Scene {
        let ada: Caller
        var done = 0, producer = 0, running = 0, ready = 0, blocked = 0, scheduled = 0, cancelled = 0, other = 0,
            newer = 0
        var handle = ""

        init() async throws {
            ada = try await Caller.named()
            try await ada.fix("api", "1.0.0", #"{"type": "integer"}"#)
            try await ada.fix("api", "1.1.0", #"{"type": "number"}"#)
            try await ada.fix("else", "1.0.0", "{}")
            producer = try await ada.enqueue("q", #"{"produces": ["api@1.0.0"]}"#)
            done = try await ada.enqueue("q", #"{"consumes": ["api@1.0.0"]}"#)
            running = try await ada.enqueue("q", #"{"consumes": ["api@1.0.0"]}"#)
            ready = try await ada.enqueue("q", #"{"consumes": ["api@1.0.0"], "produces": ["else@1.0.0"]}"#)
            blocked = try await ada.enqueue("q", #"{"consumes": ["api@1.1.0"], "after": [\#(running)]}"#)
            scheduled = try await ada.enqueue("q", #"{"consumes": ["api@1.0.0"], "delay": 60}"#)
            cancelled = try await ada.enqueue("q", #"{"consumes": ["api@1.0.0"]}"#)
            other = try await ada.enqueue("q", #"{"consumes": ["else@1.0.0"]}"#)
            try await ada.cancel(cancelled)
            #expect(try await ada.complete(try await ada.claimTask(producer).handle, "1") == "done")
            #expect(try await ada.complete(try await ada.claimTask(done).handle) == "done")
            handle = try await ada.claimTask(running).handle
            try await ada.publish("api", "2.0.0", #"{"type": "string"}"#)
            newer = try await ada.enqueue("q", #"{"consumes": ["api@2.0.0"]}"#)
        }

        var reach: [String] {
            [
                "\(producer): none", "\(done): taint", "\(running): signal", "\(ready): hold", "\(blocked): hold",
                "\(scheduled): hold",
            ]
        }

        func state(_ task: Int) async throws -> String? { try await ada.state(of: task) }
    }

    @Test("A dry run lists it, and changes nothing; the real one does exactly that")
    func exactly() async throws {
        let s = try await Scene()
        let before = try await Picture.taken(by: s.ada)
        #expect(
            try await s.ada.publish("api", "2.0.1", #"{"type": "string"}"#, ", dry_run => true").affected == s.reach)
        #expect(try await s.ada.agree("api", "2.0.0", ", dry_run => true") == s.reach)
        #expect(try await Picture.taken(by: s.ada).differences(from: before) == [])
        #expect(try await s.ada.agree("api", "2.0.0") == s.reach)
        // Held: those that had not started; what is blocked is asked when its time comes.
        #expect(try await s.state(s.ready) == "held")
        #expect(try await s.ada.why(s.ready) == "contract")
        #expect(try await s.state(s.scheduled) == "held")
        #expect(try await s.state(s.blocked) == "blocked")
        // Told: the one that runs, by an event and an urgent message, and it goes on.
        let told: [Int] = try await s.ada.column("SELECT task_id FROM pgswarm.events WHERE kind = 'signalled'")
        #expect(told == [s.running])
        let urgent: Bool = try await s.ada.value("SELECT urgent FROM pgswarm.messages WHERE kind = 'contract'")
        #expect(urgent)
        // Tainted: the consumer that was accepted, and nobody else.
        let tainted: [Int] = try await s.ada.column("SELECT task_id FROM pgswarm.tainted")
        #expect(tainted == [s.done])
        #expect(try await s.ada.value("SELECT kind FROM pgswarm.taints", as: String.self) == "contract")
        #expect(try await s.state(s.producer) == "done")
        #expect(try await s.state(s.other) == "ready")
        #expect(try await s.state(s.newer) == "ready")
        #expect(try await s.ada.complete(s.handle) == "done")
        #expect(try await s.state(s.blocked) == "held")
        #expect(try await s.ada.claim(count: 10).map(\.id).sorted() == [s.other, s.newer].sorted())
    }

    @Test("Held tasks go on when they are pinned anew, or when a human waives it")
    func goingOn() async throws {
        let s = try await Scene()
        try await s.ada.agree("api", "2.0.0")
        func repin(_ task: Int, _ to: String) async -> String {
            await refusal {
                try await s.ada.rows("SELECT pgswarm.contract_repin(\(task), 'api@1.0.0', \(to), agent => 'ada')")
            }
        }
        #expect(await repin(s.running, "api@2.0.0") == "PS010")
        #expect(await repin(s.ready, "else@1.0.0") == "PS003")
        #expect(await repin(s.ready, "api@3.0.0") == "PS002")
        #expect(await repin(s.other, "api@2.0.0") == "PS002")
        #expect(await repin(s.ready, "api@1.1.0") == "accepted")  // of the same broken line
        #expect(try await s.state(s.ready) == "held")
        #expect(
            await refusal {
                try await s.ada.rows(
                    "SELECT pgswarm.contract_repin(\(s.ready), 'api@1.1.0', 'api@2.0.0', agent => 'ada')")
            } == "accepted")
        #expect(try await s.state(s.ready) == "ready")
        let waived: Int = try await s.ada.value(
            "SELECT pgswarm.contract_waive(ARRAY[\(s.scheduled)]::bigint[], 'api@1.0.0', 'old dashboards', agent => 'ada')"
        )
        #expect(waived == 1)
        #expect(try await s.state(s.scheduled) == "scheduled")
        // One that comes later is held too, unless it is let through.
        let late = try await s.ada.enqueue("q", #"{"consumes": ["api@1.0.0"]}"#)
        #expect(try await s.state(late) == "held")
    }

    @Test("A withdrawal reaches those that pin just that version")
    func withdrawal() async throws {
        let s = try await Scene()
        let reach: [String] = try await s.ada.value(
            """
            SELECT ARRAY(SELECT (x ->> 'task') || ': ' || (x ->> 'effect') FROM jsonb_array_elements(affected) x)
            FROM pgswarm.contract_withdraw('api', '1.1.0', 'fractions were a mistake', agent => 'ada')
            """)
        #expect(reach == ["\(s.blocked): hold"])
        #expect(try await s.state(s.ready) == "ready")
        try await s.ada.complete(s.handle)
        #expect(try await s.state(s.blocked) == "held")
    }

    @Test("A plan that is frozen allows no break, and nothing happens")
    func frozen() async throws {
        let s = try await Scene()
        try await s.ada.script(
            """
            INSERT INTO pgswarm.plan (name, created_at, created_by, frozen_at) VALUES ('site', clock_timestamp(), 1, clock_timestamp());
            UPDATE pgswarm.terms SET plan = 1 WHERE task = \(s.ready);
            CREATE OR REPLACE FUNCTION pgswarm._is_plan_frozen(plan integer) RETURNS boolean LANGUAGE sql STABLE AS
                'SELECT frozen_at IS NOT NULL FROM pgswarm.plan p WHERE p.id = plan'
            """)
        let before = try await Picture.taken(by: s.ada)
        let refused = await refusalMessage { try await s.ada.agree("api", "2.0.0") }
        #expect(refused.code == "PS020")
        #expect(refused.message.contains(#"plan "site""#))
        #expect(await refusal { try await s.ada.publish("api", "3.0.0", #"{"type": "null"}"#) } == "PS020")
        #expect(
            await refusal {
                try await s.ada.script("SELECT pgswarm.contract_withdraw('api', '1.0.0', 'x', agent => 'ada')")
            }
                == "PS020")
        #expect(try await Picture.taken(by: s.ada).differences(from: before) == [])
    }

    @Test("A task that is enqueued while the break happens is held as well, whichever comes first")
    func race() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        for round in 1...10 {
            let name = "api\(round)"
            try await ada.fix(name, "1.0.0", #"{"type": "integer"}"#)
            try await ada.publish(name, "2.0.0", #"{"type": "string"}"#)
            async let agreed = ada.agree(name, "2.0.0")
            async let task = bob.enqueue("q", #"{"consumes": ["\#(name)@1.0.0"]}"#)
            _ = try await agreed
            let id = try await task
            #expect(try await ada.state(of: id) == "held")
        }
    }
}
