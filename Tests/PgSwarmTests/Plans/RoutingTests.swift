import Postgres
import TestSupport
import Testing

@Suite("Routing", .database, .timeLimit(.minutes(5)))
struct RoutingTests {
    /// ada can write C and Swift, bob nothing of that; both serve the queue.
    private func pair() async throws -> (ada: Caller, bob: Caller) {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        try await ada.script("ALTER TABLE pgswarm.agent ADD COLUMN IF NOT EXISTS capabilities text[]")
        _ = (try await ada.openSession(), try await bob.openSession())
        try await ada.script("UPDATE pgswarm.agent SET capabilities = '{c,swift}' WHERE name = 'ada'")
        return (ada, bob)
    }

    @Test("Only who has all capabilities gets a task, from the queue and by name; others hear why")
    func capabilities() async throws {
        let (ada, bob) = try await pair()
        let task = try await ada.enqueue("q", #"{"capabilities": ["swift", "c"]}"#)
        let more = try await ada.enqueue("q", #"{"capabilities": ["swift", "sql"]}"#)
        let session = try await bob.openSession()
        #expect(try await bob.claim("q", count: 5, session: session).isEmpty)
        let empty = try await bob.rows("SELECT reason, message FROM pgswarm.why_empty(ARRAY['q'], \(session))")[0]
        #expect(try empty[0, as: String.self] == "unfit")
        #expect(try empty[1, as: String.self].hasSuffix("c, swift; sql, swift"))
        let refused = await refusalMessage { _ = try await bob.claimTask(task) }
        #expect(refused.code == "PS014" && refused.message.contains("what bob can not do: c, swift"))
        #expect(try await ada.why(task) == "no_capable_worker")
        #expect(try await ada.claim(count: 5).map(\.id) == [task])
        #expect(try await ada.state(of: more) == "ready")
    }

    @Test("Preferred agents come first for a time from when it is ready, then anybody; sleepers wake for that")
    func preferences() async throws {
        let (ada, bob) = try await pair()
        let first = try await ada.enqueue("q", #"{"goal": "g"}"#)
        let task = try await ada.enqueue("q", #"{"prefer": ["ada", "eve"], "prefer_for": 60, "after": [\#(first)]}"#)
        try await letPass(.seconds(3600))  // blocked: its time has not begun
        try await ada.complete(try await ada.claimOne().handle)
        let session = try await bob.openSession()
        #expect(try await bob.claim("q", session: session).isEmpty)
        #expect(try await bob.value("SELECT reason FROM pgswarm.why_empty(ARRAY['q'], \(session))") == "preferred")
        let refused = await refusalMessage { _ = try await bob.claimTask(task) }
        #expect(refused.code == "PS006" && refused.message.contains("is for ada, eve until"))
        let due: Double = try await bob.value(
            "SELECT extract(epoch FROM pgswarm.wait_for(\(session), ARRAY['q']) - pgswarm.clock())::double precision")
        #expect((50...60).contains(due))
        #expect(try await ada.why(task) == "preferred")
        try await letPass(.seconds(61))
        let claim = try await bob.claimOne(session: session)
        #expect(claim.id == task)
        // Once: what comes back is for everybody.
        try await bob.release(claim.handle)
        #expect(try await bob.claimOne(session: session).id == task)
    }

    @Test("A preferred agent gets it at once, and what others come first for takes no place in a claim")
    func shares() async throws {
        let (ada, bob) = try await pair()
        let kept = try await ada.enqueue("q", count: 20, #"{"prefer": ["ada"], "prefer_for": 60}"#)
        let open = try await ada.enqueue("q", count: 3, #"{"goal": "g"}"#)
        let plain = try await ada.enqueue("q", count: 3)
        #expect(Set(try await bob.claim(count: 6).map(\.id)) == Set(open + plain))
        #expect(try await bob.claim(count: 6).isEmpty)
        #expect(try await ada.claim(count: 6).map(\.id) == Array(kept.prefix(6)))
    }
}
