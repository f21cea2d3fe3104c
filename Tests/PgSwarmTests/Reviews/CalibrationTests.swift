import Postgres
import TestSupport
import Testing

@Suite("Records, calibration and canaries", .database, .timeLimit(.minutes(3)))
struct CalibrationTests {
    @Test("Reviewers who pass planted defects switch automatic acceptance off; only a person switches it on")
    func floor() async throws {
        let ada = try await Caller.named()
        let (worker, reviewer, person) = (
            try await ada.member("w", "worker"), try await ada.member("r", "reviewer"),
            try await ada.member("dora", "human")
        )
        try await ada.policy(#"{"accept": "reviewed", "audit_rate": 0}"#)
        #expect(
            await refusal {
                try await ada.rows("SELECT pgswarm.canary_plant('q', '1', '2', 'bad', session => \(reviewer))")
            } == "PS014")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.canary_plant('q', '1', '2', 'odd')") } == "PS003")
        let next = try await ada.enqueue("next")
        for n in 0..<5 {
            let canary: Int = try await ada.value(
                "SELECT pgswarm.canary_plant('q', '1', '2', 'bad', title => 'like others', session => \(person))")
            #expect(await refusal { _ = try await ada.claimTask(canary, session: worker) } == "PS006")
            let review = try #require(try await ada.assigned(reviewer).first)
            #expect(review.task == canary)
            // It looks accepted to whoever judged it, but it is no work and frees nothing.
            #expect(try await ada.verdict(review, 5) == "reviewed")
            #expect(try await ada.place(canary) == "cancelled")
            #expect(try await ada.value("SELECT auto_on FROM pgswarm.review_policies") == (n < 4))
        }
        #expect(try await ada.place(next) == "ready")
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.triage") == 0)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.reviews") == 0)
        #expect(try await ada.value("SELECT canary_wrong FROM pgswarm.records WHERE agent = 'r'", as: Double.self) == 5)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.records WHERE agent = 'dora'") == 0)
        let verdicts: Int = try await ada.value(
            "SELECT count(*) FROM pgswarm.canary_list(session => \(person)) WHERE verdicts -> 0 ->> 'score' = '5'")
        #expect(verdicts == 5)
        try await ada.enqueue()
        try await ada.hand(in: worker)
        #expect(try await ada.judge(reviewer, 5) == "fast_lane")
        try await ada.policy(#"{"auto_on": true}"#)
        try await ada.enqueue()
        try await ada.hand(in: worker)
        #expect(try await ada.judge(reviewer, 5) == "reviewed")
    }

    @Test("A bad record makes an author's results risky; it fades, and another model begins anew")
    func record() async throws {
        let ada = try await Caller.named()
        let worker = try await ada.member("w", "worker", model: "alpha/1")
        try await ada.policy(#""human""#)
        func risk() async throws -> String {
            let task = try await ada.enqueue()
            try await ada.hand(in: worker)
            let risk: String = try await ada.value("SELECT risk FROM pgswarm.triage WHERE task_id = \(task)")
            _ = try await ada.decide(task, "reject")
            return risk
        }
        #expect(try await risk() == "low")
        #expect(try await risk() == "low")
        #expect(try await risk() == "high")
        try await ada.rows("SELECT pgswarm.set_agent('w', '{\"model\": \"alpha/2\"}')")
        #expect(try await risk() == "low")
        try await ada.rows("SELECT pgswarm.set_agent('w', '{\"model\": \"alpha/1\"}')")
        #expect(try await risk() == "high")
        try await letPass(.seconds(30 * 86400))
        let faded: Double = try await ada.value("SELECT rejected FROM pgswarm.records WHERE model = 'alpha/1'")
        #expect(faded == 2)  // half of four
    }

    @Test("Rejected results open the breaker of their author")
    func breaker() async throws {
        let ada = try await Caller.named()
        let worker = try await ada.member("w", "worker")
        try await ada.rows("SELECT pgswarm.breaker_set('agent:*', '{\"enabled\": true, \"consecutive\": 3}')")
        try await ada.policy(#""human""#)
        for _ in 0..<3 {
            let task = try await ada.enqueue()
            try await ada.hand(in: worker)
            _ = try await ada.decide(task, "reject")
        }
        try await ada.enqueue()
        #expect(try await ada.claim(session: worker) == [])
        #expect(
            try await ada.value("SELECT state FROM pgswarm.breakers WHERE scope = 'agent' AND name = 'w'") == "open")
    }
}
