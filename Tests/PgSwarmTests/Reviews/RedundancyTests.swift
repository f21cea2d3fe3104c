import Postgres
import TestSupport
import Testing

import struct FoundationEssentials.UUID

@Suite("Redundant execution", .database, .timeLimit(.minutes(3)))
struct RedundancyTests {
    private func workers(_ ada: Caller, _ count: Int) async throws -> [UUID] {
        var sessions: [UUID] = []
        for n in 1...count { sessions.append(try await ada.member("w\(n)", "worker")) }
        return sessions
    }

    @Test("Two of three agents agree: that is the result, the third stops, and nobody did it twice")
    func agreement() async throws {
        let ada = try await Caller.named()
        let w = try await workers(ada, 3)
        let task = try await ada.enqueue("q", #"{"redundancy": {"agents": 3, "agree": 2, "normalise": ["took"]}}"#)
        let next = try await ada.enqueue("next", "{\"after\": [\(task)]}")
        #expect(try await ada.why(task) == "redundancy")
        let first = try await ada.claimOne(session: w[0])
        #expect(try await ada.claim(session: w[0]) == [])
        let child: UUID = try await ada.value(
            """
            SELECT session FROM pgswarm.open_session('child',
                credential => (SELECT credential FROM pgswarm.mint_agent('child', session => \(w[0]))))
            """)
        #expect(try await ada.claim(session: child) == [])
        let second = try await ada.claimOne(session: w[1])
        let third = try await ada.claimOne(session: w[2])
        _ = try await ada.complete(first.handle, #"{"answer": 42, "took": 1}"#)
        _ = try await ada.complete(second.handle, #"{"answer": 41, "took": 2}"#)
        #expect(try await ada.place(task) == "held")
        _ = try await ada.complete(third.handle, #"{"took": 3, "answer": 42}"#)
        #expect(try await ada.place(task) == "done")
        #expect(
            try await ada.value("SELECT (result ->> 'answer')::integer FROM pgswarm.tasks WHERE id = \(task)") == 42)
        #expect(try await ada.place(next) == "ready")
        let quick = try await ada.enqueue("q", #"{"redundancy": {"agents": 3, "agree": 2}}"#)
        let claims = [
            try await ada.claimOne(session: w[0]), try await ada.claimOne(session: w[1]),
            try await ada.claimOne(session: w[2]),
        ]
        _ = try await ada.complete(claims[0].handle, "1")
        _ = try await ada.complete(claims[1].handle, "1")
        #expect(try await ada.place(quick) == "done")
        #expect(await refusal { _ = try await ada.complete(claims[2].handle, "1") } == "PS001")
    }

    @Test("Without agreement people look; sent back it is done anew by all; reviews come after agreement")
    func disagreement() async throws {
        let ada = try await Caller.named()
        let w = try await workers(ada, 2)
        let reviewer = try await ada.member("r", "reviewer")
        try await ada.policy("{}")
        let task = try await ada.enqueue("q", #"{"redundancy": {"agents": 2, "agree": 2}}"#)
        try await ada.hand(in: w[0], "1")
        try await ada.hand(in: w[1], "2")
        #expect(try await ada.value("SELECT why FROM pgswarm.triage") == "1 of 2 agents agree")
        #expect(try await ada.decide(task, "send_back") == "held")
        try await ada.hand(in: w[0], "3")
        try await ada.hand(in: w[1], "3")
        #expect(try await ada.place(task) == "review")
        #expect(try await ada.judge(reviewer, 5) == "fast_lane")
        #expect(try await ada.decide(task, "accept") == "done")
    }

    @Test("Two agents that finish at the same instant are both counted", arguments: 1...8)
    func together(round: Int) async throws {
        let ada = try await Caller.named()
        let w = try await workers(ada, 2)
        let task = try await ada.enqueue("q", #"{"redundancy": {"agents": 2, "agree": 2}}"#)
        let (one, two) = (try await Caller.named(), try await Caller.named())
        let (a, b) = (try await ada.claimOne(session: w[0]).handle, try await ada.claimOne(session: w[1]).handle)
        async let first = one.complete(a, "1")
        async let second = two.complete(b, "1")
        _ = try await (first, second)
        #expect(try await ada.place(task) == "done")
    }

    @Test("Replicas wait for what their task waits for, die with it, and may all fail")
    func ends() async throws {
        let ada = try await Caller.named()
        let w = try await workers(ada, 2)
        let before = try await ada.enqueue("before")
        let task = try await ada.enqueue("q", "{\"redundancy\": {\"agents\": 2, \"agree\": 1}, \"after\": [\(before)]}")
        #expect(try await ada.claim(session: w[0]) == [])
        _ = try await ada.complete(try await ada.claimOne("before", session: w[0]).handle, #"{"x": 1}"#)
        #expect(try await ada.place(task) == "held")
        let read: String = try await ada.value(
            "SELECT brief -> 'upstream' -> 0 ->> 'id' FROM pgswarm.claim('q', session => \(w[0]))")
        #expect(read == "\(before)")
        try await ada.cancel(task)
        #expect(try await ada.claim(session: w[1]) == [])
        let doomed = try await ada.enqueue("q", #"{"redundancy": {"agents": 2, "agree": 2}}"#)
        _ = try await ada.fail(try await ada.claimOne(session: w[0]).handle, "no", dead: true)
        // One can not agree with itself: the other need not begin.
        #expect(try await ada.claim(session: w[1]) == [])
        #expect(try await ada.place(doomed) == "dead")
        for bad in [
            "3", #"{"agents": 1, "agree": 1}"#, #"{"agents": 2, "agree": 3}"#, #"{"agents": 2, "agree": 2, "x": 1}"#,
        ] {
            #expect(await refusal { try await ada.enqueue("q", "{\"redundancy\": \(bad)}") } == "PS003", "\(bad)")
        }
    }
}
