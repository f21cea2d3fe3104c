import Postgres
import TestSupport
import Testing

@Suite("Reviews", .database, .timeLimit(.minutes(3)))
struct ReviewTests {
    @Test("A result waits for its reviews, comes back with what they found, and what depends on it waits with it")
    func fixLoop() async throws {
        let ada = try await Caller.named()
        let (worker, first, second) = (
            try await ada.member("w", "worker"), try await ada.member("r1", "reviewer"),
            try await ada.member("r2", "reviewer")
        )
        try await ada.policy(#"{"reviewers": 2}"#)
        let task = try await ada.enqueue()
        let next = try await ada.enqueue("next", "{\"after\": [\(task)]}")
        try await ada.hand(in: worker)
        #expect(try await ada.place(task) == "review")
        #expect(try await ada.place(next) == "blocked")
        #expect(try await ada.judge(first, 4) == "waiting")
        #expect(try await ada.judge(second, 3) == "fix_loop")
        #expect(try await ada.place(task) == "ready")
        let claim = try await ada.claimOne(session: worker)
        let brief: Int = try await ada.value(
            "SELECT jsonb_array_length(brief -> 'findings') FROM pgswarm.held(\(worker))")
        #expect(brief == 2)
        // Not before each of them has its answer.
        #expect(await refusal { _ = try await ada.complete(claim.handle, "2") } == "PS010")
        #expect(try await ada.settle(claim.handle, "complete", "2").code == "wrong_state")
        let ids: [Int] = try await ada.column("SELECT id FROM pgswarm.findings ORDER BY id")
        #expect(
            await refusal {
                try await ada.rows("SELECT pgswarm.finding_answer(\(claim.handle), \(ids[0]), 'disputed')")
            } == "PS003")
        try await ada.rows("SELECT pgswarm.finding_answer(\(claim.handle), \(ids[0]), 'disputed', 'it is right')")
        try await ada.rows("SELECT pgswarm.finding_answer(\(claim.handle), \(ids[1]), 'fixed')")
        #expect(try await ada.complete(claim.handle, "2") == "review")
        let again = try #require(try await ada.assigned(first).first)
        #expect(again.findings?.contains("it is right") == true)
        #expect(again.result == "2")
        try await ada.verdict(again, 4)
        #expect(try await ada.judge(second, 5) == "fast_lane")
        #expect(try await ada.decide(task, "accept") == "done")
        #expect(try await ada.place(next) == "ready")
        let outcome = try await ada.rows("SELECT acceptance, score FROM pgswarm.tasks WHERE id = \(task)")[0]
        #expect(try outcome.decode((String, Int).self) == ("human", 4))
    }

    @Test("A verdict is about the content that was seen: never another submission, never two from one reviewer")
    func bound() async throws {
        let ada = try await Caller.named()
        let (worker, reviewer) = (try await ada.member("w", "worker"), try await ada.member("r", "reviewer"))
        try await ada.policy(#"{"reviewers": 2}"#)
        let task = try await ada.enqueue()
        try await ada.hand(in: worker)
        let review = try #require(try await ada.assigned(reviewer).first)
        #expect(try await ada.assigned(reviewer).isEmpty)  // the second one is for somebody else
        #expect(await refusal { try await ada.verdict(review, 5, digest: "00") } == "PS017")
        #expect(try await ada.verdict(review, 4) == "waiting")
        // Repeated it is the same, changed it is refused.
        #expect(try await ada.verdict(review, 4) == "waiting")
        #expect(await refusal { try await ada.verdict(review, 5) } == "PS015")
        #expect(try await ada.assigned(reviewer).isEmpty)
        // A person sends it back; the next submission begins without verdicts.
        try await ada.rows("SELECT pgswarm.review_decide(\(task), 'send_back', \(review.digest), 'no')")
        try await ada.hand(in: worker, "2")
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.reviews WHERE valid") == 0)
        let next = try #require(try await ada.assigned(reviewer).first)
        #expect(next.digest != review.digest)
        #expect(await refusal { try await ada.verdict(next, 5, digest: review.digest) } == "PS017")
    }

    @Test("Reviews are leased and fenced like any task, and end with a verdict alone")
    func leased() async throws {
        let ada = try await Caller.named()
        let (worker, first, second) = (
            try await ada.member("w", "worker"), try await ada.member("r1", "reviewer"),
            try await ada.member("r2", "reviewer")
        )
        try await ada.policy("{}")
        try await ada.enqueue()
        try await ada.hand(in: worker)
        #expect(await refusal { _ = try await ada.claim("review:q", session: worker) } == "PS014")
        #expect(await refusal { try await ada.enqueue("review:q") } == "PS014")
        let review = try #require(try await ada.assigned(first).first)
        #expect(await refusal { _ = try await ada.complete(review.handle) } == "PS010")
        try await ada.lose()
        let taken = try #require(try await ada.assigned(second).first)
        #expect(taken.task == review.task)
        #expect(await refusal { try await ada.verdict(review, 5) } == "PS001")
        // A review that was cancelled comes again: the verdict is still wanted.
        let id: Int = try await ada.value("SELECT review_task_id FROM pgswarm.reviews_open")
        try await ada.cancel(id)
        #expect(await refusal { try await ada.verdict(taken, 5) } == "PS001")
        #expect(try await ada.judge(first, 5) == "fast_lane")
    }

    @Test("Two verdicts at the same instant decide once, by both", arguments: 1...8)
    func together(round: Int) async throws {
        let ada = try await Caller.named()
        let worker = try await ada.member("w", "worker")
        let (first, second) = (try await ada.member("r1", "reviewer"), try await ada.member("r2", "reviewer"))
        try await ada.policy(#"{"reviewers": 2, "accept": "reviewed", "audit_rate": 0}"#)
        let task = try await ada.enqueue()
        try await ada.hand(in: worker)
        let (one, two) = (try await Caller.named(), try await Caller.named())
        let a = try #require(try await ada.assigned(first).first)
        let b = try #require(try await ada.assigned(second).first)
        async let left = one.verdict(a, 4)
        async let right = two.verdict(b, 5)
        #expect(Set(try await [left, right]) == ["waiting", "reviewed"])
        #expect(try await ada.place(task) == "done")
        #expect(try await ada.value("SELECT score FROM pgswarm.tasks WHERE id = \(task)") == 4)
    }

    @Test("Cancelling a task ends its reviews, rounds are bounded, disagreement and defects go to people")
    func ends() async throws {
        let ada = try await Caller.named()
        let (worker, first, second) = (
            try await ada.member("w", "worker"), try await ada.member("r1", "reviewer"),
            try await ada.member("r2", "reviewer")
        )
        try await ada.policy(#"{"rounds": 2}"#)
        let task = try await ada.enqueue()
        try await ada.hand(in: worker)
        let review = try #require(try await ada.assigned(first).first)
        try await ada.cancel(task)
        #expect(await refusal { try await ada.verdict(review, 5) } == "PS001")
        #expect(try await ada.assigned(second).isEmpty)
        let other = try await ada.enqueue()
        try await ada.hand(in: worker)
        #expect(try await ada.judge(first, 3) == "fix_loop")
        try await ada.hand(in: worker, "2")
        #expect(try await ada.judge(first, 3) == "attention")
        #expect(try await ada.decide(other, "reject") == "dead")
        try await ada.policy(#"{"reviewers": 2}"#)
        try await ada.enqueue()
        try await ada.hand(in: worker)
        try await ada.judge(first, 5)
        #expect(try await ada.judge(second, 3) == "attention")
    }

    @Test("A task asks for another review than its queue does; a worker's may only ask for more")
    func terms() async throws {
        let ada = try await Caller.named()
        let worker = try await ada.member("w", "worker")
        func mode(_ task: Int) async throws -> String? {
            try await ada.value("SELECT pgswarm._review_terms(\(task)) ->> 'mode'")
        }
        func enqueue(_ review: String, by session: String?) async throws -> Int {
            try await ada.value(
                """
                SELECT id FROM pgswarm.enqueue_many('q', ARRAY['1'::jsonb], jsonb_build_object('review', \(JSONText(review))),
                    session => \(session == nil ? nil : worker))
                """)
        }
        #expect(try await mode(try await enqueue(#""human""#, by: nil)) == "human")
        #expect(try await mode(try await ada.enqueue()) == nil)
        try await ada.policy(#"{"reviewers": 2}"#)
        #expect(try await mode(try await ada.enqueue()) == "peers")
        #expect(try await mode(try await enqueue(#""none""#, by: nil)) == nil)
        #expect(try await mode(try await enqueue(#""none""#, by: "w")) == "peers")
        let task = try await enqueue(
            #"{"mode": "human", "reviewers": 1, "auto_accept": true, "rounds": 9, "score": 5}"#, by: "w")
        let terms = try await ada.rows(
            "SELECT t ->> 'mode', t ->> 'reviewers', t ->> 'auto_accept', t ->> 'rounds', t ->> 'score' FROM pgswarm._review_terms(\(task)) t"
        )[0]
        #expect(try terms.decode((String, String, String, String, String).self) == ("human", "2", "false", "3", "5"))
        for bad in [
            "7", #""maybe""#, #"{"mode": "x"}"#, #"{"reviewers": 0}"#, #"{"auto_evidence": 0}"#, #"{"colour": 1}"#,
        ] {
            #expect(await refusal { _ = try await enqueue(bad, by: nil) } == "PS003", "\(bad)")
            #expect(await refusal { try await ada.policy(bad) } == "PS003", "\(bad)")
        }
    }
}
