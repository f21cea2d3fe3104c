import Postgres
import TestSupport
import Testing

import struct FoundationEssentials.UUID

/// The tricks by which an author might judge its own work.
@Suite("The gate before acceptance", .database, .timeLimit(.minutes(3)))
struct GateTests {
    @Test(
        "An author does not reach the gate through a second session, another name, a child's credential or a worker's")
    func identity() async throws {
        let ada = try await Caller.named()
        let credential = try await ada.enrol("author", "worker")
        let author = try await ada.enter("author", credential)
        try await ada.policy("{}")
        try await ada.enqueue()
        try await ada.hand(in: author)
        #expect(await refusal { _ = try await ada.assigned(author) } == "PS014")
        // A second session of the author.
        let second = try await ada.enter("author", credential)
        #expect(await refusal { _ = try await ada.assigned(second) } == "PS014")
        // A name that only introduces itself, where registration is open.
        try await ada.rows("SELECT pgswarm.set_registration(true)")
        #expect(
            await refusal { try await ada.rows("SELECT * FROM pgswarm.review_next(agent => 'stranger')") } == "PS014")
        // A child that it mints is of its own role; one of a reviewer would be of the reviewer's line.
        #expect(
            await refusal {
                try await ada.rows(
                    "SELECT * FROM pgswarm.mint_agent('child', role => 'reviewer', session => \(author))")
            } == "PS014")
        let child: UUID = try await ada.value(
            """
            SELECT session FROM pgswarm.open_session('child',
                credential => (SELECT credential FROM pgswarm.mint_agent('child', session => \(author))))
            """)
        #expect(await refusal { _ = try await ada.assigned(child) } == "PS014")
        // Renamed: it retires in favour of a reviewer, who is of its line from then on.
        let heir = try await ada.member("heir", "reviewer")
        let other = try await ada.member("other", "reviewer")
        #expect(try await ada.value("SELECT able FROM pgswarm.reviews_open") == 2)
        try await ada.rows("SELECT pgswarm.retire_agent('author', 'heir')")
        #expect(try await ada.assigned(heir).isEmpty)
        #expect(try await ada.value("SELECT able FROM pgswarm.reviews_open") == 1)
        #expect(try await ada.judge(other, 5) == "fast_lane")
    }

    @Test("A reviewer that becomes the author's heir while it holds the review is refused at the verdict")
    func lateHeir() async throws {
        let ada = try await Caller.named()
        let (author, heir) = (try await ada.member("author", "worker"), try await ada.member("heir", "reviewer"))
        try await ada.policy("{}")
        try await ada.enqueue()
        try await ada.hand(in: author)
        let review = try #require(try await ada.assigned(heir).first)
        try await ada.rows("SELECT pgswarm.retire_agent('author', 'heir')")
        #expect(await refusal { try await ada.verdict(review, 5) } == "PS014")
    }

    @Test("A child of a reviewer makes no second principal")
    func child() async throws {
        let ada = try await Caller.named()
        let (author, reviewer) = (try await ada.member("author", "worker"), try await ada.member("r", "reviewer"))
        try await ada.policy(#"{"reviewers": 2}"#)
        try await ada.enqueue()
        try await ada.hand(in: author)
        let child: UUID = try await ada.value(
            """
            SELECT session FROM pgswarm.open_session('child',
                credential => (SELECT credential FROM pgswarm.mint_agent('child', session => \(reviewer))))
            """)
        let review = try #require(try await ada.assigned(reviewer).first)
        #expect(try await ada.assigned(child).isEmpty)
        try await ada.verdict(review, 5)
        #expect(try await ada.assigned(child).isEmpty)
        let why: String = try await ada.value("SELECT why FROM pgswarm.reviews_open")
        #expect(why.contains("judges this submission already"))
        let told: String = try await ada.value(
            "SELECT message FROM pgswarm.why((SELECT task_id FROM pgswarm.reviews_open))")
        #expect(told.contains("judges this submission already"))
    }

    @Test("Who worked on the parent, a child or a sibling does not judge; nor who held the task and lost it")
    func related() async throws {
        let ada = try await Caller.named()
        let author = try await ada.member("author", "worker")
        let former = try await ada.member("former", "worker")
        let (first, second) = (try await ada.member("r1", "reviewer"), try await ada.member("r2", "reviewer"))
        try await ada.policy("{}", queue: "sub")
        try await ada.enqueue("top")
        let parent = try await ada.claimOne("top", session: former)
        try await ada.rows("SELECT pgswarm.enqueue_many('sub', ARRAY['1', '2']::jsonb[], parent => \(parent.handle))")
        let sibling = try await ada.claimOne("sub", session: former)
        let task = try await ada.claimOne("sub", session: author)
        _ = try await ada.complete(task.handle)
        try await ada.rows("SELECT pgswarm.retire_agent('former', 'r1')")
        #expect(try await ada.assigned(first).isEmpty)
        _ = sibling
        #expect(try await ada.judge(second, 5) == "fast_lane")
    }

    @Test("A quorum counts owners or families where the policy says so, and what is not known counts for nothing")
    func quorum() async throws {
        let ada = try await Caller.named()
        let author = try await ada.member("author", "worker", owner: "ann", model: "alpha/1")
        let same = try await ada.member("same", "reviewer", owner: "ann", model: "alpha/2")
        let near = try await ada.member("near", "reviewer", owner: "bob", model: "alpha/2")
        let far = try await ada.member("far", "reviewer", owner: "bob", model: "beta/1")
        let farther = try await ada.member("farther", "reviewer", owner: "cid", model: "beta/2")
        let unknown = try await ada.member("unknown", "reviewer")
        let person = try await ada.member("dora", "human")
        try await ada.policy(#"{"reviewers": 2, "distinct": "owners"}"#)
        try await ada.enqueue()
        try await ada.hand(in: author)
        #expect(try await ada.assigned(same).isEmpty)
        #expect(try await ada.assigned(unknown).isEmpty)
        try await ada.judge(near, 5)
        #expect(try await ada.assigned(far).isEmpty)
        #expect(try await ada.judge(farther, 5) == "fast_lane")
        try await ada.policy(#"{"distinct": "families"}"#)
        try await ada.enqueue()
        try await ada.hand(in: author)
        #expect(try await ada.assigned(near).isEmpty)
        try await ada.judge(far, 5)
        #expect(try await ada.assigned(farther).isEmpty)
        #expect(try await ada.judge(person, 5) == "fast_lane")
    }

    @Test("Two reviewers of one line that ask at the same instant get one review between them", arguments: 1...5)
    func together(round: Int) async throws {
        let ada = try await Caller.named()
        let author = try await ada.member("author", "worker")
        let credential = try await ada.enrol("r", "reviewer")
        let (reviewer, twin) = (try await ada.enter("r", credential), try await ada.enter("r", credential))
        try await ada.policy(#"{"reviewers": 2}"#)
        try await ada.enqueue()
        try await ada.hand(in: author)
        let (one, two) = (try await Caller.named(), try await Caller.named())
        async let a = one.assigned(reviewer)
        async let b = two.assigned(twin)
        let got = try await a + b
        #expect(got.count == 1)
    }

    @Test("An agent that always claims 5 of 5 without evidence is never accepted automatically")
    func boaster() async throws {
        let ada = try await Caller.named()
        let (author, reviewer) = (try await ada.member("author", "worker"), try await ada.member("r", "reviewer"))
        try await ada.policy(#"{"auto_accept": true, "auto_score": 4, "auto_risk": "high", "auto_evidence": 2}"#)
        for _ in 0..<5 {
            let task = try await ada.enqueue()
            let claim = try await ada.claimOne(session: author)
            // All that it can say for itself, and what it can not.
            try await ada.rows("SELECT pgswarm.evidence_put(\(claim.handle), 1, 'tests', '{\"passed\": 5}', 0)")
            #expect(
                await refusal {
                    try await ada.rows("SELECT pgswarm.evidence_put(\(claim.handle), 2, 'tests', '{}', 0)")
                } == "PS014")
            for tier in [3, 4] {
                #expect(
                    await refusal {
                        try await ada.rows(
                            "SELECT pgswarm.evidence_put(\(claim.handle), \(Int32(tier)), 'tests', '{}', 0, session => \(author))"
                        )
                    } == "PS014")
            }
            try await ada.rows("SELECT pgswarm.complete(\(claim.handle), '{\"confidence\": 5, \"score\": 5}', 5)")
            #expect(try await ada.judge(reviewer, 5) == "fast_lane")
            #expect(try await ada.place(task) == "review")
        }
        // It is the evidence that was missing.
        try await ada.enqueue()
        try await ada.hand(in: author, confidence: 1)
        #expect(try await ada.judge(reviewer, 5, evidence: [#"{"kind": "tests", "exit_status": 0}"#]) == "automatic")
    }

    @Test("What is swapped after it was handed in is neither judged nor accepted")
    func swapped() async throws {
        let ada = try await Caller.named()
        let (author, reviewer) = (try await ada.member("author", "worker"), try await ada.member("r", "reviewer"))
        try await ada.policy("{}")
        let task = try await ada.enqueue()
        let handle = try await ada.hand(in: author)
        // The author's own ways to change it are shut: its handle holds nothing any more.
        #expect(await refusal { _ = try await ada.progress(handle, checkpoint: "{}") } == "PS001")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.evidence_put(\(handle))") } == "PS001")
        let review = try #require(try await ada.assigned(reviewer).first)
        // Whatever way it took: the digest does not fit any more.
        try await ada.rows("UPDATE pgswarm.submission SET result = '\"swapped\"' WHERE task = \(task)")
        #expect(await refusal { try await ada.verdict(review, 5) } == "PS017")
        #expect(await refusal { _ = try await ada.decide(task, "accept", digest: review.digest) } == "PS017")
        #expect(try await ada.decide(task, "send_back", digest: review.digest) == "ready")
    }
}
