import Postgres
import TestSupport
import Testing

/// Tasks and the contracts that they pin: when they begin, and what they may complete with.
@Suite("Pinned contracts", .database, .timeLimit(.minutes(5)))
struct PinTests {
    private let path = #"{"type": "object", "required": ["path"], "properties": {"path": {"type": "string"}}}"#

    @Test("A task is not ready before all that it pins is agreed")
    func gate() async throws {
        let ada = try await Caller.named()
        try await ada.publish("in", "1.0.0", "{}")
        try await ada.publish("out", "1.0.0", path)
        let task = try await ada.enqueue("q", #"{"produces": ["out@1.0.0"], "consumes": ["in@1.0.0"]}"#)
        #expect(try await ada.state(of: task) == "held")
        #expect(
            try await ada.value("SELECT message FROM pgswarm.why(\(task))", as: String.self).contains(
                "in@1.0.0 is not agreed"))
        try await ada.agree("in", "1.0.0")
        #expect(try await ada.state(of: task) == "held")
        #expect(try await ada.claim().isEmpty)
        try await ada.agree("out", "1.0.0")
        #expect(try await ada.state(of: task) == "ready")
        // Blocked first: asked when it unblocks.
        try await ada.publish("late", "1.0.0", "{}")
        let first = try await ada.enqueue("q")
        let second = try await ada.enqueue("q", #"{"after": [\#(first)], "consumes": ["late@1.0.0"]}"#)
        #expect(try await ada.state(of: second) == "blocked")
        try await ada.complete(try await ada.claimTask(first).handle)
        #expect(try await ada.state(of: second) == "held")
        try await ada.agree("late", "1.0.0")
        #expect(try await ada.state(of: second) == "ready")
    }

    @Test(arguments: [#"["none@1.0.0"]"#, #"["api@9.9.9"]"#, #"["api"]"#, #"["@1.0.0"]"#, "[3]", "7"])
    func `What is pinned must be there`(pins: String) async throws {
        let ada = try await Caller.named()
        try await ada.fix("api", "1.0.0", "{}")
        let code = await refusal { try await ada.enqueue("q", #"{"consumes": \#(pins)}"#) }
        #expect(code == "PS002" || code == "PS003")
    }

    @Test("A result that does not keep its contract is refused with the place, kept aside, and the task stays")
    func refused() async throws {
        let ada = try await Caller.named()
        try await ada.fix("out", "1.0.0", path)
        let task = try await ada.enqueue("q", #"{"produces": ["out@1.0.0"]}"#)
        let claim = try await ada.claimTask(task)
        let settled = try await ada.settle(claim.handle, "complete", #"{"path": 3}"#)
        #expect(settled.code == "contract_mismatch")
        #expect(settled.state == "running")
        #expect(settled.message == "the result does not keep contract out 1.0.0: /path must be string, not number")
        try await ada.settle(claim.handle, "complete", #"{"path": 3}"#)
        #expect(try await ada.settle(claim.handle).code == "contract_mismatch")  // no result is no string either
        let kept: [String] = try await ada.column(
            "SELECT coalesce(body::text, 'nothing') FROM pgswarm.refused_results WHERE task_id = \(task) ORDER BY 1")
        #expect(kept == ["nothing", #"{"path": 3}"#])
        #expect(await refusal { try await ada.complete(claim.handle, "[]") } == "PS019")
        #expect(try await ada.complete(claim.handle, #"{"path": "a"}"#) == "done")
    }

    @Test("A result counts by the version that is pinned, not by a newer one")
    func pinned() async throws {
        let ada = try await Caller.named()
        try await ada.fix("out", "1.0.0", #"{"type": "integer"}"#)
        let task = try await ada.enqueue("q", #"{"produces": ["out@1.0.0"]}"#)
        try await ada.fix("out", "1.1.0", #"{"type": "number"}"#)
        let claim = try await ada.claimTask(task)
        #expect(try await ada.settle(claim.handle, "complete", "0.5").code == "contract_mismatch")
        #expect(try await ada.settle(claim.handle, "complete", "5").code == "ok")
    }

    @Test("With several schemas the result has each under its name; texts are not asked")
    func several() async throws {
        let ada = try await Caller.named()
        try await ada.fix("one", "1.0.0", #"{"type": "integer"}"#)
        try await ada.fix("two", "1.0.0", #"{"type": "string"}"#)
        try await ada.fix("doc", "1.0.0", #""words""#, ", kind => 'text'")
        let task = try await ada.enqueue("q", #"{"produces": ["one@1.0.0", "two@1.0.0", "doc@1.0.0"]}"#)
        let claim = try await ada.claimTask(task)
        #expect(try await ada.settle(claim.handle, "complete", #"{"one": 1}"#).message?.contains("two 1.0.0") == true)
        #expect(
            try await ada.settle(claim.handle, "complete", #"{"one": 1, "two": 2}"#).message
                == "the result does not keep contract two 1.0.0: /two must be string, not number")
        #expect(try await ada.settle(claim.handle, "complete", #"{"one": 1, "two": "2"}"#).code == "ok")
    }

    @Test("A result that would take too long to check is refused")
    func budget() async throws {
        let ada = try await Caller.named()
        try await ada.fix(
            "slow", "1.0.0",
            ##"{"allOf": [{"properties": {"x": {"$ref": "#"}}}, {"properties": {"x": {"$ref": "#"}}}]}"##)
        let task = try await ada.enqueue("q", #"{"produces": ["slow@1.0.0"]}"#)
        let value = String(repeating: #"{"x":"#, count: 40) + "1" + String(repeating: "}", count: 40)
        let settled = try await ada.settle(try await ada.claimTask(task).handle, "complete", value)
        #expect(settled.code == "contract_mismatch")
        #expect(settled.message?.contains("could not be checked") == true)
    }

    @Test("A claim brings its contracts")
    func brief() async throws {
        let ada = try await Caller.named()
        try await ada.fix("in", "1.0.0", #"{"type": "integer"}"#, ", note => 'whole numbers'")
        try await ada.fix("out", "2.0.0", path)
        try await ada.enqueue("q", #"{"produces": ["out@2.0.0"], "consumes": ["in@1.0.0"]}"#)
        let contracts: String = try await ada.value(
            """
            SELECT (SELECT string_agg(x ->> 'role' || ' ' || (x ->> 'name') || '@' || (x ->> 'version') || ' ' || (x -> 'body' ->> 'type'), ', ')
                    FROM jsonb_array_elements(brief -> 'contracts') x)
            FROM pgswarm.claim('q', agent => 'ada')
            """)
        #expect(contracts == "produces out@2.0.0 object, consumes in@1.0.0 integer")
    }
}
