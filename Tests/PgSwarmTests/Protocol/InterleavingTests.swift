import Postgres
import TestSupport
import Testing

@Suite("Any interleaving of all verbs", .database, .timeLimit(.minutes(3)))
struct InterleavingTests {
    @Test(
        "Keeps every promise about places, epochs, attempts, outcomes and dependencies",
        arguments: ["read committed", "read committed", "repeatable read"])
    func random(isolation: String) async throws {
        var random = SeededRandom()
        let ada = try await Caller.named()
        try await ada.setQueue("q", #"{"max_attempts": 3, "max_lost": 2, "retry_base": 30, "max_running": 12}"#)
        try await ada.setQueue("strict", #"{"strict_lease": true, "lease": 300}"#)
        try await ada.enqueue(count: 20)
        let crowd = try await Crowd(5)
        let ledger = Ledger()
        let seeds = crowd.members.map { _ in random.next() }
        _ = try await crowd.each { index, member in
            try await member.script("SET default_transaction_isolation = '\(isolation)'")
            var actor = RandomActor(caller: member, ledger: ledger, random: SeededRandom(seed: seeds[index]))
            for _ in 0..<90 { try await actor.move() }
        }
        try await check(ada, ledger)
        try await finish(ada, ledger)
        try await check(ada, ledger)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.lease", as: Int.self) == 0)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.ready", as: Int.self) == 0)
        #expect(try await deadlocks() == 0)
        await crowd.disperse()
    }

    /// Holds what is in the tables against the promises, and against what the callers were told.
    private func check(_ ada: Caller, _ ledger: Ledger) async throws {
        #expect(try await ada.column(Invariants.violations, as: String.self) == [])
        let rows = try await ada.rows(Invariants.grants)
        let grants = Set(try rows.map { row in Hold(try row.decode((Int, Int).self)) })
        let done = try await ada.rows("SELECT task, epoch FROM pgswarm.outcome WHERE state = 'done'")
        await ledger.check(grants: grants, done: Set(try done.map { row in Hold(try row.decode((Int, Int).self)) }))
    }

    /// Lets everything that can run come to its end.
    private func finish(_ ada: Caller, _ ledger: Ledger) async throws {
        try await ada.setQueue("q", #"{"max_running": null}"#)
        for _ in 0..<60 {
            try await ada.lose()
            try await ada.rows(
                "SELECT pgswarm.retry(ARRAY(SELECT id FROM pgswarm.tasks WHERE state IN ('dead', 'cancelled')))")
            let claims = try await ada.claim("q", "strict", count: 500)
            await ledger.granted(claims)
            let codes = try await ada.settle(claims.map(\.handle))
            #expect(codes.allSatisfy { $0 == "ok" })
            for claim in claims { await ledger.settled(claim.handle, "complete", since: ledger.now()) }
            let left = "SELECT count(*) FROM pgswarm.tasks WHERE state <> 'done'" as SQL
            if try await ada.value(left, as: Int.self) == 0 { return }
        }
        Issue.record("not all tasks came to their end")
    }
}
