import Postgres
import TestSupport
import Testing

@Suite("Editing plans", .database, .timeLimit(.minutes(5)))
struct PlanEditTests {
    private static let first = Caller.plan(
        """
        {"a": {"goal": "a is done"}, "b": {"goal": "b is done", "after": "a"}, "c": {"goal": "c is done", "after": "b"}}
        """)

    @Test(
        "Terms and edges change where they stand; a new body is a new task, which takes the key and what waits for it")
    func changes() async throws {
        let ada = try await Caller.named()
        try await ada.apply(spec: Self.first)
        let (b, c) = (try await ada.task("b"), try await ada.task("c"))
        let outside = try await ada.enqueue("q", #"{"after": [\#(b)]}"#)
        let second = Caller.plan(
            """
            {"a": {"goal": "a is done well"}, "b": {"goal": "b is done", "payload": {"n": 2}, "after": "a"},
             "c": {"goal": "c is done", "after": "d"}, "d": {"goal": "d is done"}}
            """)
        #expect(try await ada.apply(spec: second, expected: 1) == ["a changed", "b replaced", "c changed", "d added"])
        #expect(try await ada.version() == 2)
        #expect(try await ada.task("c") == c)
        #expect(try await ada.task("b") != b)
        #expect(try await ada.state(of: b) == "cancelled")
        #expect(try await ada.state(of: outside) == "blocked")
        let goal: String = try await ada.value("SELECT goal FROM pgswarm.plan_tasks WHERE key = 'a'")
        #expect(goal == "a is done well")
        try await ada.finish("d")
        #expect(try await ada.states() == ["a ready", "b blocked", "c ready", "d done"])
        try await ada.finish("a")
        try await ada.finish("b")
        #expect(try await ada.state(of: outside) == "ready")
        let versions: [Int] = try await ada.column("SELECT version FROM pgswarm.plan_versions ORDER BY 1")
        #expect(versions == [1, 2])
    }

    @Test("What a new edge waits for takes a ready task back; an edge taken away lets it go")
    func edges() async throws {
        let ada = try await Caller.named()
        try await ada.apply(spec: Caller.plan(#"{"a": {"goal": "a"}, "b": {"goal": "b"}}"#))
        try await ada.apply(spec: Caller.plan(#"{"a": {"goal": "a"}, "b": {"goal": "b", "after": "a"}}"#))
        #expect(try await ada.states() == ["a ready", "b blocked"])
        try await ada.apply(spec: Caller.plan(#"{"a": {"goal": "a"}, "b": {"goal": "b"}}"#))
        #expect(try await ada.states() == ["a ready", "b ready"])
        try await ada.finish("a")
        try await ada.apply(spec: Caller.plan(#"{"a": {"goal": "a"}, "b": {"goal": "b", "after": "a"}}"#))
        #expect(try await ada.states() == ["a done", "b ready"])
        #expect(try await ada.claim(count: 10).count == 1)
    }

    @Test("What runs is refused unless it is to be cancelled; what is done is kept, and taken away it is only detached")
    func started() async throws {
        let ada = try await Caller.named()
        try await ada.apply(spec: Self.first)
        let claim = try await ada.claimTask(try await ada.task("a"))
        let without = Caller.plan(#"{"b": {"goal": "b is done"}, "c": {"goal": "c is done", "after": "b"}}"#)
        let before = try await Picture.taken(by: ada)
        let refused = await refusalMessage { try await ada.apply(spec: without) }
        #expect(
            refused.code == "PS010"
                && refused.message.hasPrefix("tasks.a: begun already: a (task \(claim.id) is running)"))
        #expect(try await Picture.taken(by: ada).differences(from: before) == [])
        #expect(try await ada.apply(spec: without, dryRun: true) == ["b changed", "a refused"])
        #expect(try await ada.apply(spec: without, cancelRunning: true) == ["b changed", "a removed"])
        #expect(await refusal { try await ada.complete(claim.handle) } == "PS001")
        #expect(try await ada.states() == ["b ready", "c blocked"])
        try await ada.finish("b")
        let other = Caller.plan(#"{"b": {"goal": "b is done better"}, "c": {"goal": "c is done", "after": "b"}}"#)
        #expect(try await ada.apply(spec: other) == ["b kept"])
        #expect(try await ada.version() == 2)
        #expect(
            try await ada.apply(spec: Caller.plan(#"{"c": {"goal": "c is done"}}"#)) == ["c changed", "b detached"])
        #expect(try await ada.states() == ["c ready"])
    }

    @Test("A dead task is made again by an edit of its body")
    func dead() async throws {
        let ada = try await Caller.named()
        try await ada.apply(spec: Self.first)
        try await ada.fail(try await ada.claimOne().handle, "no", dead: true)
        #expect(try await ada.states() == ["a dead", "b blocked", "c blocked"])
        let spec = Self.first.replacing(
            #"{"goal": "a is done"}"#, with: #"{"goal": "a is done", "payload": {"try": 2}}"#)
        #expect(try await ada.apply(spec: spec) == ["a replaced"])
        try await ada.finish("a")
        #expect(try await ada.states() == ["a done", "b ready", "c blocked"])
    }

    @Test("An edit of another version is refused, and says who was first")
    func stale() async throws {
        let ada = try await Caller.named()
        try await ada.apply(spec: Self.first)
        #expect(await refusal { try await ada.apply(spec: Self.first, expected: 0) } == "PS022")
        try await ada.apply(spec: Caller.plan(#"{"a": {"goal": "a is done"}}"#), expected: 1)
        let refused = await refusalMessage { try await ada.apply(spec: Self.first, expected: 1) }
        #expect(refused.code == "PS022" && refused.message.contains("is at version 2, not 1: ada changed it at"))
        #expect(await refusal { try await ada.apply("none", spec: Self.first, expected: 1) } == "PS002")
    }

    @Test("The plan has one seat: who has it edits, others hear who; a dead one's seat is free")
    func seat() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        let session = try await ada.openSession(kind: "coordinator")
        try await ada.apply(spec: Self.first, session: session)
        let refused = await refusalMessage { try await bob.apply(spec: Self.first) }
        #expect(refused.code == "PS005" && refused.message.contains("edited by ada until"))
        try await letPass(.seconds(301))
        try await bob.apply(spec: Caller.plan(#"{"a": {"goal": "a is done"}}"#))
        let seats: [Int64] = try await ada.column("SELECT seat FROM pgswarm.plan_versions ORDER BY version")
        #expect(seats == [1, 2])
        try await ada.apply(spec: Self.first, session: session)
    }

    @Test("Frozen, nothing of it changes and work goes on; paused, nothing more begins")
    func steering() async throws {
        let ada = try await Caller.named()
        try await ada.apply(spec: Self.first)
        #expect(try await ada.value("SELECT pgswarm.plan_freeze('p', 'release', 'ada')"))
        #expect(try await ada.value("SELECT pgswarm._is_plan_frozen(id) FROM pgswarm.plan"))
        let refused = await refusalMessage { try await ada.apply(spec: Caller.plan(#"{"a": {"goal": "x"}}"#)) }
        #expect(
            refused.code == "PS010" && refused.message.contains("frozen by ada") && refused.message.hasSuffix("release")
        )
        try await ada.finish("a")
        #expect(try await ada.value("SELECT pgswarm.plan_unfreeze('p', agent => 'ada')"))
        #expect(try await ada.value("SELECT pgswarm.plan_pause('p', 'lunch', 'ada')", as: Int.self) == 1)
        #expect(try await ada.states() == ["a done", "b held", "c blocked"])
        #expect(try await ada.claim(count: 5).isEmpty)
        let message: String = try await ada.value("SELECT message FROM pgswarm.why(\(try await ada.task("b")))")
        #expect(message == "its plan is paused by ada: lunch")
        // What comes new or comes free meanwhile waits too.
        try await ada.apply(
            spec: Self.first.replacing(#"{"a""#, with: #"{"d": {"goal": "d"}, "e": {"goal": "e", "delay": 5}, "a""#))
        try await letPass(.seconds(6))
        try await ada.sweep()
        #expect(try await ada.states() == ["a done", "b held", "c blocked", "d held", "e held"])
        #expect(try await ada.value("SELECT pgswarm.plan_resume('p', 'ada')", as: Int.self) == 3)
        #expect(try await ada.claim(count: 5).count == 3)
    }
}
