import Postgres
import TestSupport
import Testing

@Suite("Writing plans", .database, .timeLimit(.minutes(5)))
struct PlanApplyTests {
    private static let diamond = Caller.plan(
        """
        {"top": {"goal": "the top is done"}, "left": {"goal": "the left is done", "after": "top"},
         "right": {"goal": "the right is done", "after": ["top"]},
         "end": {"goal": "both are one", "after": ["left", {"task": "right", "until": "finished"}]}}
        """)

    @Test("One call makes all tasks, edges and terms; a dry run answers the same and makes nothing")
    func create() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue("other")
        let before = try await Picture.taken(by: ada)
        let promised = try await ada.apply(spec: Self.diamond, dryRun: true)
        #expect(try await Picture.taken(by: ada).differences(from: before) == [])
        #expect(try await ada.apply(spec: Self.diamond, expected: 0) == promised)
        #expect(try await ada.states() == ["end blocked", "left blocked", "right blocked", "top ready"])
        let claim = try await ada.claimOne()
        let brief: String = try await ada.value(
            "SELECT pgswarm._brief(t) ->> 'key' FROM pgswarm.task t WHERE id = \(claim.id)")
        #expect(brief == "top")
        try await ada.complete(claim.handle, "1")
        try await ada.finish("left")
        try await ada.finish("right")
        try await ada.finish("end")
        #expect(try await ada.value("SELECT state FROM pgswarm.plans") == "done")
    }

    @Test(
        "Refuses what is wrong, names the item, and changes nothing",
        arguments: [
            (#"{"a": {}}"#, "tasks.a: it has no goal"),
            (#"{"a": {"goal": "g", "criteria": null}}"#, "tasks.a: it has no criteria"),
            (#"{"a": {"goal": "g", "contract": null}}"#, "tasks.a: it names no contract"),
            (#"{"a": {"goal": "g", "queue": null}}"#, "tasks.a: it has no queue"),
            (#"{"a": {"goal": "g", "queue": "no queue"}}"#, "tasks.a.queue:"),
            (#"{"a": {"goal": "g", "colour": 1}}"#, "tasks.a.colour: there is no such key"),
            (#"{"a": {"goal": "g", "size": "huge"}}"#, "tasks.a: \"size\""),
            (#"{"a": {"goal": "g", "lease": "long"}}"#, "tasks.a: \"long\" is not a value for \"lease\""),
            (#"{"a b": {"goal": "g"}}"#, "tasks.a b:"),
            (#"{"a": {"goal": "g", "after": "b"}}"#, #"tasks.a.after: there is no task "b""#),
            (#"{"a": {"goal": "g", "after": [{"task": "a", "until": "done"}]}}"#, "tasks.a.after:"),
            (#"{"a": {"goal": "g", "after": ["a"]}}"#, "tasks.a.after: these wait for one another: a → a"),
            (
                #"{"a": {"goal": "g", "after": "c"}, "b": {"goal": "g", "after": "a"}, "c": {"goal": "g", "after": "b"}, "d": {"goal": "g", "after": "c"}}"#,
                "tasks.a.after: these wait for one another: a → b → c → a"
            ),
            (#"{"a": {"goal": "g", "budget": {}, "estimate": {}}}"#, "tasks.a.budget:"),
            (#"{}"#, "tasks: a plan has tasks"),
            (#"[{"key": "a", "goal": "g"}, {"key": "a", "goal": "h"}]"#, "tasks.a: this key is there twice"),
            (#"[{"goal": "g"}]"#, "tasks.1:"),
        ])
    func refusals(_ tasks: String, _ message: String) async throws {
        let ada = try await Caller.named()
        try await ada.apply("other", spec: Self.diamond)
        let before = try await Picture.taken(by: ada)
        let refused = await refusalMessage { try await ada.apply(spec: Caller.plan(tasks)) }
        #expect(refused.code == "PS003" && refused.message.hasPrefix(message), "\(refused.message)")
        #expect(try await Picture.taken(by: ada).differences(from: before) == [])
    }

    @Test("A plan is no deeper, wider or larger than its limits, and none than the swarm's")
    func limits() async throws {
        let ada = try await Caller.named()
        func chain(_ count: Int) -> String {
            "{"
                + (1...count).map { #""t\#($0)": {"goal": "g", "after": [\#($0 > 1 ? "\"t\($0 - 1)\"" : "")]}"# }
                .joined(separator: ",") + "}"
        }
        func fan(_ count: Int) -> String {
            #"{"top": {"goal": "g"}, "#
                + (1...count).map { #""t\#($0)": {"goal": "g", "after": "top"}"# }.joined(separator: ",") + "}"
        }
        try await ada.apply("deep", spec: Caller.plan(chain(20)))
        try await ada.apply("wide", spec: Caller.plan(fan(50)))
        #expect(await refusal { try await ada.apply(spec: Caller.plan(chain(21))) } == "PS009")
        #expect(await refusal { try await ada.apply(spec: Caller.plan(fan(51))) } == "PS009")
        let low = #", "limits": {"depth": 2, "fan_out": 2, "tasks": 3}"#
        try await ada.apply("low", spec: Caller.plan(fan(2), more: low))
        #expect(await refusal { try await ada.apply(spec: Caller.plan(chain(3), more: low)) } == "PS009")
        #expect(await refusal { try await ada.apply(spec: Caller.plan(fan(3), more: low)) } == "PS009")
        #expect(
            await refusal { try await ada.apply(spec: Caller.plan(chain(1), more: #", "limits": {"depth": 21}"#)) }
                == "PS003")
        let many = (1...1001).map { #""t\#($0)": {"goal": "g"}"# }.joined(separator: ",")
        #expect(await refusal { try await ada.apply(spec: Caller.plan("{\(many)}")) } == "PS009")
    }

    @Test("A thousand tasks in one call")
    func thousand() async throws {
        let ada = try await Caller.named()
        let tasks = (0..<1000).map {
            #""t\#($0)": {"goal": "thing \#($0) is there", "after": [\#($0 >= 100 ? "\"t\($0 - 100)\"" : "")]}"#
        }
        let clock = ContinuousClock.now
        try await ada.apply(spec: Caller.plan("{\(tasks.joined(separator: ","))}"))
        print("a plan of 1000 tasks: \(ContinuousClock.now - clock)")
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.ready", as: Int.self) == 100)
    }

    @Test("The same request id has one effect, and a repeated file none")
    func repeats() async throws {
        let ada = try await Caller.named()
        let first = try await ada.apply(spec: Self.diamond, request: "r")
        #expect(try await ada.apply(spec: Self.diamond, request: "r") == first)
        #expect(try await ada.apply(spec: Self.diamond) == [])
        #expect(try await ada.version() == 1)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.task", as: Int.self) == 4)
    }

    @Test("Work that looks like living work elsewhere is shown and recorded, and made all the same")
    func similar() async throws {
        let ada = try await Caller.named()
        try await ada.apply("one", spec: Caller.plan(#"{"a": {"goal": "The parser reads numbers and texts"}}"#))
        let spec = Caller.plan(
            #"{"x": {"goal": "the PARSER reads texts, and numbers"}, "y": {"goal": "A site is drawn in colours"}}"#)
        let found: [String] = try await ada.column(
            """
            SELECT (s ->> 'key') || ' ' || (s ->> 'similar_key') || ' ' || (s ->> 'plan')
            FROM pgswarm.plan_apply('two', \(JSONText(spec)), agent => 'ada') a, jsonb_array_elements(a -> 'similar') s
            """)
        #expect(found == ["x a one"])
        #expect(try await ada.states(of: "two") == ["x ready", "y ready"])
        #expect(
            try await ada.value(
                "SELECT summary -> 'similar' -> 0 ->> 'key' FROM pgswarm.plan_versions WHERE plan = 'two'") == "x")
        // What has ended is no duplicate, nor is a plan's own.
        try await ada.finish("a", of: "one")
        try await ada.finish("x", of: "two")
        let more = Caller.plan(
            #"{"z": {"goal": "The parser reads texts and numbers"}, "zz": {"goal": "The parser reads texts and numbers"}}"#
        )
        let none: Int = try await ada.value(
            "SELECT jsonb_array_length(pgswarm.plan_apply('three', \(JSONText(more)), agent => 'ada') -> 'similar')")
        #expect(none == 0)
    }

    @Test("plan_show tells levels, edges, and the way that decides when it ends")
    func show() async throws {
        let ada = try await Caller.named()
        try await ada.apply(
            spec:
                Caller.plan(
                    """
                    {"a": {"goal": "g", "size": "s"}, "b": {"goal": "g", "size": "xl", "after": "a"}, "c": {"goal": "g", "size": "m", "after": "a"},
                     "d": {"goal": "g", "estimate": {"seconds": 5}, "after": ["b", "c"]}}
                    """))
        let path: String = try await ada.value("SELECT pgswarm.plan_show('p') ->> 'critical_path'")
        #expect(path == #"["a", "b", "d"]"#)
        let levels: [String] = try await ada.column(
            "SELECT (t ->> 'key') || (t ->> 'level') FROM jsonb_array_elements(pgswarm.plan_show('p') -> 'tasks') t")
        #expect(levels == ["a1", "b2", "c2", "d3"])
        #expect(await refusal { try await ada.rows("SELECT pgswarm.plan_show('none')") } == "PS002")
    }
}
