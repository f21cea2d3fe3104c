import Postgres
import TestSupport
import Testing

@Suite("Follow-ups", .database, .timeLimit(.minutes(5)))
struct FollowupTests {
    private func plan(_ policy: String = #""review""#) -> String {
        Caller.plan(
            #"{"a": {"goal": "a is done"}, "b": {"goal": "b is done", "after": "a"}}"#,
            more: #", "followups": \#(policy)"#)
    }

    /// Proposes; answers "id state created" for each.
    private func propose(_ caller: Caller, _ handle: String, _ drafts: String...) async throws -> [String] {
        try await caller.column(
            "SELECT id || ' ' || state || ' ' || created FROM pgswarm.propose(\(handle), \(drafts.map(JSONText.init)), 'seen') ORDER BY ord"
        )
    }

    @Test("A proposal is no work; the same twice is one; accepted it is a task of the plan that follows its own")
    func accept() async throws {
        let ada = try await Caller.named()
        try await ada.apply(spec: plan())
        let claim = try await ada.claimOne()
        let drafts = [
            #"{"title": "Test more"}"#, #"{"title": "test  MORE!"}"#,
            #"{"goal": "Fix x", "payload": {"n": 1}, "key": "fix"}"#,
        ]
        let answers = try await propose(ada, claim.handle, drafts[0], drafts[1], drafts[2])
        #expect(
            answers.map { $0.split(separator: " ").dropFirst().joined(separator: " ") } == [
                "proposed true", "proposed false", "proposed true",
            ])
        #expect(try await propose(ada, claim.handle, drafts[0])[0].hasSuffix("proposed false"))
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.task", as: Int.self) == 2)
        let ids: [Int] = try await ada.column("SELECT id FROM pgswarm.followups ORDER BY id")
        let made: [String] = try await ada.column(
            "SELECT key FROM pgswarm.followup_accept(\(ids), edits => '{\"size\": \"s\"}', agent => 'ada')")
        #expect(made == ["followup-\(ids[0])", "fix"])
        #expect(try await ada.version() == 2)
        #expect(try await ada.state(of: try await ada.task("fix")) == "blocked")
        try await ada.complete(claim.handle)
        #expect(try await ada.state(of: try await ada.task("fix")) == "ready")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.followup_accept(\(ids))") } == "PS010")
        // The file knows nothing of them, and takes them not away.
        #expect(try await ada.apply(spec: plan()) == [])
        #expect(try await ada.states().count == 4)
    }

    @Test("Declined it stays declined, whoever proposes it again")
    func decline() async throws {
        let ada = try await Caller.named()
        try await ada.apply(spec: plan())
        let claim = try await ada.claimOne()
        _ = try await propose(ada, claim.handle, #"{"title": "x"}"#)
        #expect(
            try await ada.value(
                "SELECT pgswarm.followup_decline(ARRAY(SELECT id FROM pgswarm.followups), 'no')", as: Int.self) == 1)
        #expect(try await propose(ada, claim.handle, #"{"title": "x"}"#)[0].hasSuffix("declined false"))
        #expect(try await ada.value("SELECT reason FROM pgswarm.followups") == "no")
    }

    @Test("A policy accepts by itself, so many and so deep; what it can not make stays a proposal")
    func auto() async throws {
        let ada = try await Caller.named()
        try await ada.apply(spec: plan(#"{"policy": "auto", "max": 2, "depth": 2}"#))
        let claim = try await ada.claimOne()
        _ = try await propose(ada, claim.handle, #"{"title": "one", "key": "one", "after": []}"#)
        #expect(try await ada.value("SELECT state || ' ' || decided_by FROM pgswarm.followups") == "accepted policy")
        let deeper = try await ada.claimTask(try await ada.task("one"))
        _ = try await propose(ada, deeper.handle, #"{"title": "two", "key": "two", "after": ["nobody"]}"#)
        let two: String = try await ada.value(
            "SELECT state || ' ' || reason FROM pgswarm.followups WHERE title = 'two'")
        #expect(two.hasPrefix("proposed the policy could not accept it: tasks.two.after"))
        #expect(await refusal { _ = try await propose(ada, deeper.handle, #"{"title": "three"}"#) } == "PS009")
        try await ada.rows(
            "SELECT pgswarm.followup_accept(ARRAY(SELECT id FROM pgswarm.followups WHERE title = 'two'), '{\"after\": []}', agent => 'ada')"
        )
        let deepest = try await ada.claimTask(try await ada.task("two"))
        #expect(await refusal { _ = try await propose(ada, deepest.handle, #"{"title": "four"}"#) } == "PS014")
        try await ada.apply("off", spec: plan(#""off""#))
        let off = try await ada.claimTask(try await ada.task("a", of: "off"))
        #expect(await refusal { _ = try await propose(ada, off.handle, #"{"title": "x"}"#) } == "PS014")
    }

    @Test("Only the holder proposes, at most twenty a task; a task without a plan has follow-ups too")
    func bounds() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let claim = try await ada.claimOne()
        #expect(await refusal { _ = try await propose(ada, claim.handle, "{}") } == "PS003")
        #expect(await refusal { _ = try await propose(ada, claim.handle, #"{"title": "x", "colour": 1}"#) } == "PS003")
        for number in 1...20 { _ = try await propose(ada, claim.handle, #"{"title": "n\#(number)"}"#) }
        #expect(await refusal { _ = try await propose(ada, claim.handle, #"{"title": "n21"}"#) } == "PS009")
        let first: Int = try await ada.value("SELECT min(id) FROM pgswarm.followups")
        let made: Int = try await ada.value("SELECT task FROM pgswarm.followup_accept(ARRAY[\(first)], agent => 'ada')")
        #expect(try await ada.state(of: made) == "blocked")
        try await ada.complete(claim.handle)
        #expect(try await ada.state(of: made) == "ready")
        #expect(try await ada.state(of: task) == "done")
        #expect(await refusal { _ = try await propose(ada, claim.handle, #"{"title": "late"}"#) } == "PS001")
    }
}
