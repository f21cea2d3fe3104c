import Postgres
import TestSupport
import Testing

@Suite("Evidence", .database, .timeLimit(.minutes(3)))
struct EvidenceTests {
    @Test("Each tier has a road of its own")
    func tiers() async throws {
        let ada = try await Caller.named()
        let (worker, reviewer) = (try await ada.member("w", "worker"), try await ada.member("r", "reviewer"))
        try await ada.policy("{}")
        let task = try await ada.enqueue()
        let claim = try await ada.claimOne(session: worker)
        func put(_ handle: String?, _ tier: Int, _ rest: String = "exit_status => 0") async throws {
            try await ada.rows("SELECT pgswarm.evidence_put(\(handle), \(Int32(tier)), \(raw: rest))")
        }
        try await put(claim.handle, 0)
        try await put(claim.handle, 1)
        #expect(await refusal { try await put(claim.handle, 2) } == "PS014")
        #expect(
            await refusal { try await put(claim.handle, 2, "exit_status => 0, session => '\(reviewer)'") } == "PS014")
        try await put(claim.handle, 2, "exit_status => 0, session => '\(worker)'")
        #expect(await refusal { try await put(claim.handle, 2, "session => '\(worker)'") } == "PS003")
        #expect(await refusal { try await put(claim.handle, 3) } == "PS014")
        #expect(await refusal { try await put(claim.handle, 4) } == "PS014")
        #expect(await refusal { try await put(claim.handle, 9) } == "PS003")
        #expect(await refusal { try await put(claim.handle, 1, "kind => ''") } == "PS003")
        #expect(await refusal { try await put(nil, 1) } == "PS003")
        #expect(await refusal { try await put(nil, 4, "task => \(task)") } == "PS010")  // not in review yet
        _ = try await ada.complete(claim.handle)
        let review = try #require(try await ada.assigned(reviewer).first)
        try await put(review.handle, 3)
        #expect(
            await refusal { try await put(review.handle, 2, "exit_status => 0, session => '\(reviewer)'") } == "PS014")
        try await put(nil, 4, "task => \(task)")
        #expect(await refusal { try await put(nil, 1, "task => \(task)") } == "PS003")
        #expect(await refusal { try await put(nil, 4, "task => \(task), session => '\(worker)'") } == "PS014")
        let tiers: [Int] = try await ada.column("SELECT tier FROM pgswarm.evidence_list WHERE fresh ORDER BY id")
        #expect(tiers == [0, 1, 2, 3, 4])
    }

    @Test("Evidence that is older than the last change, of another attempt, or of a check that failed opens nothing")
    func fresh() async throws {
        let ada = try await Caller.named()
        let (worker, reviewer) = (try await ada.member("w", "worker"), try await ada.member("r", "reviewer"))
        try await ada.policy(#"{"auto_accept": true, "auto_evidence": 2, "audit_rate": 0}"#)
        func put(_ claim: Claim, _ status: Int = 0, _ kind: String = "tests") async throws {
            try await ada.rows(
                "SELECT pgswarm.evidence_put(\(claim.handle), 2, \(kind), '{}', \(Int32(status)), session => \(worker))"
            )
        }
        /// Does a task in its own way; answers where it went.
        func route(_ work: (Claim) async throws -> Void) async throws -> String {
            try await ada.enqueue()
            let claim = try await ada.claimOne(session: worker)
            try await work(claim)
            _ = try await ada.complete(claim.handle)
            return try await ada.judge(reviewer, 5)
        }
        #expect(try await route { try await put($0) } == "automatic")
        let stale = try await route { claim in
            try await put(claim)
            try await letPass(.seconds(1))
            try await ada.progress(claim.handle, checkpoint: #"{"step": 2}"#)
        }
        #expect(stale == "fast_lane")
        let renewed = try await route { claim in
            try await ada.progress(claim.handle, checkpoint: #"{"step": 2}"#)
            try await letPass(.seconds(1))
            try await put(claim)
        }
        #expect(renewed == "automatic")
        let mixed = try await route { claim in
            try await put(claim, 0, "tests")
            try await put(claim, 1, "lint")
        }
        #expect(mixed == "attention")
        let fixed = try await route { claim in
            try await put(claim, 1)
            try await put(claim, 0)
        }
        #expect(fixed == "automatic")
        // Of an attempt that was lost.
        try await ada.enqueue()
        try await put(try await ada.claimOne(session: worker))
        try await ada.lose(after: .seconds(1000))
        let session = try await ada.member("w2", "worker")
        try await ada.hand(in: session)
        #expect(try await ada.judge(reviewer, 5) == "fast_lane")
        // About an artifact that is none of the task's.
        let foreign = try await ada.enqueue()
        let claim = try await ada.claimOne(session: session)
        try await ada.rows(
            "SELECT pgswarm.evidence_put(\(claim.handle), 2, 'tests', '{}', 0, 'sha256:beef', session => \(session))")
        _ = try await ada.complete(claim.handle)
        #expect(try await ada.judge(reviewer, 5) == "fast_lane")
        #expect(try await ada.place(foreign) == "review")
    }

    @Test("A queue names the evidence it wants at least: without it the result goes back")
    func minimum() async throws {
        let ada = try await Caller.named()
        let (worker, reviewer) = (try await ada.member("w", "worker"), try await ada.member("r", "reviewer"))
        try await ada.policy(#"{"min_evidence": 2, "rounds": 2}"#)
        try await ada.enqueue()
        try await ada.hand(in: worker)
        #expect(try await ada.judge(reviewer, 5) == "fix_loop")
        let told: String = try await ada.value(
            "SELECT brief -> 'findings' -> 0 ->> 'claim' FROM pgswarm.claim('q', session => \(worker))")
        #expect(told.contains("evidence of tier 2"))
    }

    @Test("Reviewers accept alone where the policy says so; nothing is accepted below the score")
    func reviewed() async throws {
        let ada = try await Caller.named()
        let (worker, reviewer) = (try await ada.member("w", "worker"), try await ada.member("r", "reviewer"))
        try await ada.policy(#"{"accept": "reviewed", "audit_rate": 0}"#)
        let task = try await ada.enqueue()
        try await ada.hand(in: worker)
        #expect(try await ada.judge(reviewer, 4) == "reviewed")
        #expect(try await ada.value("SELECT acceptance FROM pgswarm.tasks WHERE id = \(task)") == "reviewed")
        try await ada.enqueue()
        try await ada.hand(in: worker)
        #expect(try await ada.judge(reviewer, 3) == "fix_loop")
    }
}
