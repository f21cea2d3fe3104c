import Postgres
import TestSupport
import Testing

@Suite("Triage", .database, .timeLimit(.minutes(3)))
struct TriageTests {
    @Test("Only people decide, about what they were shown, and it is said whether that was proven")
    func people() async throws {
        let ada = try await Caller.named()
        let (worker, reviewer, person) = (
            try await ada.member("w", "worker"), try await ada.member("r", "reviewer"),
            try await ada.member("dora", "human")
        )
        let coordinator = try await ada.member("c", "coordinator")
        try await ada.policy(#"{"mode": "human"}"#)
        let task = try await ada.enqueue()
        #expect(await refusal { _ = try await ada.decide(task, "accept", digest: "00") } == "PS010")
        try await ada.hand(in: worker)
        for session in [worker, reviewer, coordinator] {
            #expect(await refusal { _ = try await ada.decide(task, "accept", session: session) } == "PS014")
            #expect(
                await refusal {
                    try await ada.rows("SELECT pgswarm.reopen(\(task), 'ready', 'x', session => \(session))")
                } == "PS014")
            #expect(
                await refusal {
                    try await ada.rows("SELECT pgswarm.set_review('q', '{}', session => \(session))")
                } == "PS014")
            #expect(
                await refusal { try await ada.rows("SELECT pgswarm.canary_list(session => \(session))") } == "PS014")
        }
        #expect(await refusal { _ = try await ada.decide(task, "accept", digest: "00") } == "PS017")
        #expect(await refusal { _ = try await ada.decide(task, "approve") } == "PS003")
        #expect(
            await refusal {
                try await ada.rows(
                    "SELECT pgswarm.review_decide(\(task), 'reject', (SELECT digest FROM pgswarm.triage), ' ')")
            } == "PS003")
        #expect(try await ada.place(task) == "review")
        #expect(try await ada.decide(task, "accept", session: person) == "done")
        let kept: Bool = try await ada.value("SELECT separated FROM pgswarm.submission WHERE task = \(task)")
        #expect(kept)
        #expect(await refusal { _ = try await ada.decide(task, "accept", digest: "00") } == "PS010")
        #expect(try await ada.value("SELECT pgswarm.reopen(\(task), 'ready', 'not so')") == 1)
        try await ada.hand(in: worker)
        let unproven: Bool = try await ada.value(
            "SELECT separated FROM pgswarm.review_decide(\(task), 'accept', (SELECT digest FROM pgswarm.triage))")
        #expect(!unproven)
    }

    @Test("What blocks most, is oldest and riskiest comes first")
    func order() async throws {
        let ada = try await Caller.named()
        let worker = try await ada.member("w", "worker")
        try await ada.policy(#""human""#)
        try await ada.rows("SELECT pgswarm.set_risk('q', 'src/auth/**', 'high')")
        let plain = try await ada.enqueue()
        try await ada.hand(in: worker)
        try await letPass(.seconds(60))
        let blocking = try await ada.enqueue()
        try await ada.hand(in: worker)
        let middle = try await ada.enqueue("next", "{\"after\": [\(blocking)]}")
        try await ada.enqueue("next", "{\"after\": [\(middle)]}")
        let risky = try await ada.enqueue("q", #"{"paths": ["src/auth/login.c"]}"#)
        try await ada.hand(in: worker)
        try await letPass(.seconds(60))
        let order: [Int] = try await ada.column("SELECT task_id FROM pgswarm.triage")
        #expect(order == [risky, blocking, plain])
        let row = try await ada.rows("SELECT risk, risk_reasons[1], blocks FROM pgswarm.triage LIMIT 1")[0]
        #expect(try row.decode((String, String, Int).self) == ("high", "it works on src/auth/**", 0))
    }

    @Test(
        "A share of what was accepted automatically is looked at; what is found wrong is taken back with what was built on it"
    )
    func audit() async throws {
        let ada = try await Caller.named()
        let (worker, reviewer) = (try await ada.member("w", "worker"), try await ada.member("r", "reviewer"))
        try await ada.policy(#"{"accept": "reviewed", "audit_rate": 1}"#)
        let task = try await ada.enqueue()
        let next = try await ada.enqueue("next", "{\"after\": [\(task)]}")
        try await ada.hand(in: worker)
        try await ada.judge(reviewer, 5)
        let reader = try await ada.claimOne("next", session: worker)
        #expect(reader.id == next)
        #expect(try await ada.value("SELECT what FROM pgswarm.triage") == "audit")
        #expect(try await ada.decide(task, "send_back") == "ready")
        #expect(await refusal { _ = try await ada.complete(reader.handle) } == "PS001")
        #expect(try await ada.place(next) == "blocked")
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.triage") == 0)
        let calibrated = try await ada.rows("SELECT known, wrongly_passed FROM pgswarm.calibration")[0]
        #expect(try calibrated.decode((Int, Int).self).1 >= 1)
        try await ada.hand(in: worker)
        try await ada.judge(reviewer, 5)
        #expect(try await ada.decide(task, "accept") == "done")
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.triage") == 0)
    }
}
