import PgSwarm
import Postgres
import TestSupport
import Testing

@Suite("Reviews in the library", .database, .timeLimit(.minutes(3)))
struct ReviewLibraryTests {
    @Test("A swarm of reviewers judges what a swarm of workers has done, and a person decides")
    func round() async throws {
        let ada = try await Caller.named()
        func swarm(_ name: String, _ role: String) async throws -> Swarm {
            var configuration = SwarmConfiguration()
            configuration.agent = AgentName(name)
            configuration.credential = try await ada.enrol(name, role)
            return Swarm(try TestDatabase.current.options, configuration: configuration)
        }
        let (worker, reviewer, person) = (
            try await swarm("w", "worker"), try await swarm("r", "reviewer"), try await swarm("dora", "human")
        )
        try await person.setReviewPolicy(of: "q", JSONText(#"{"mode": "peers"}"#))
        #expect(try await worker.reviewPolicy(of: "q").text.contains("peers"))
        let task = try await worker.enqueue(TaskDraft(queue: "q", payload: "{}")).id
        var claimed = try #require(try await worker.claim(["q"], count: 1).first)
        try await worker.putEvidence(EvidenceDraft(.reported, kind: "tests", exitStatus: 0), as: claimed.handle)
        #expect(try await worker.complete(claimed.handle, result: JSONText("1"), confidence: 5) == .review)
        var review = try #require(try await reviewer.nextReviews().first)
        #expect(review.taskID == task && review.result?.text == "1" && review.round == 1)
        let verdict = ReviewVerdict(
            score: 2, summary: "no", findings: [Finding(.major, "it is wrong", location: "a.c:1", check: "run it")])
        let receipt = try await reviewer.submit(verdict, on: review)
        #expect(receipt.route == "attention" && receipt.lowest == 2)
        #expect(try await reviewer.submit(verdict, on: review).wasRepeated)
        let item = try #require(try await person.triage().first)
        #expect(item.taskID == task && item.confidence == 5 && item.evidenceTier == 1 && item.scores == [2])
        #expect(try await person.decide(task: task, .sendBack, digest: item.digest, reason: "no").state == .ready)
        claimed = try #require(try await worker.claim(["q"], count: 1).first)
        let findings = try await ada.column("SELECT id FROM pgswarm.findings ORDER BY id", as: Int64.self)
        #expect(try await worker.answer(findings[0], .fixed, as: claimed.handle) == 1)
        #expect(try await worker.answer(findings[1], .disputed, note: "it is not", as: claimed.handle) == 0)
        try await worker.complete(claimed.handle, result: JSONText("2"))
        review = try #require(try await reviewer.nextReviews(["q"]).first)
        let proof = EvidenceDraft(.repeated, kind: "tests", exitStatus: 0)
        try await reviewer.submit(ReviewVerdict(score: 5, summary: "good", evidence: [proof]), on: review)
        let last = try #require(try await person.triage().first)
        #expect(try await person.decide(task: task, .accept, digest: last.digest).isSeparated)
        #expect(try await person.reopen(task, reason: "again") == 1)
        // Refused before the call.
        await #expect(throws: SwarmError.self) { _ = try await worker.nextReviews() }
        await #expect(throws: SwarmError.self) { _ = try await reviewer.decide(task: task, .accept, digest: "") }
        for swarm in [worker, reviewer, person] { await swarm.close() }
    }
}
