import Postgres
import TestSupport
import Testing

@Suite("Progress", .database, .timeLimit(.minutes(5)))
struct ProgressTests {
    @Test("Keeps what was said, shows it, and renews the lease")
    func report() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let claim = try await ada.claimOne()
        try await letPass(.seconds(800))
        #expect(try await ada.progress(claim.handle, note: "half", checkpoint: #"{"at": 5}"#, percent: 50) == "ok")
        try await letPass(.seconds(800))
        #expect(try await ada.sweep().lost == 0)
        let row = try await ada.rows("SELECT note, percent::float8 FROM pgswarm.tasks WHERE id = \(task)")[0]
        #expect(try row.decode((String, Double).self) == ("half", 50))
        let reports = try await ada.rows("SELECT agent, note, checkpoint FROM pgswarm.progress_reports")
        #expect(try reports[0].decode((String, String, JSONText).self) == ("ada", "half", JSONText(#"{"at": 5}"#)))
    }

    @Test("The next holder gets the last checkpoint and what its predecessors said")
    func handedOver() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        try await ada.enqueue()
        let first = try await ada.claimOne()
        try await ada.progress(first.handle, note: "began", checkpoint: #"{"step": 1}"#)
        try await ada.progress(first.handle, note: "went on", checkpoint: #"{"step": 2}"#)
        try await ada.progress(first.handle, note: "nearly")
        try await ada.fail(first.handle, "out of memory", retryIn: .zero)
        let second = try await bob.claimOne()
        #expect(second.checkpoint == #"{"step": 2}"#)
        let history =
            "SELECT h ->> 'agent' || ':' || (h ->> 'outcome') || ':' || (h ->> 'error') || ':' || (h ->> 'note')"
        let told: String = try await bob.value(
            "\(raw: history) FROM jsonb_array_elements(\(second.history.map(JSONText.init))) h")
        #expect(told == "ada:failed:out of memory:nearly")
    }

    @Test("Refuses what is no percentage and what is too large", arguments: [-1.0, 100.5, .nan, .infinity])
    func percentage(percent: Double) async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let claim = try await ada.claimOne()
        #expect(await refusal { try await ada.progress(claim.handle, percent: percent) } == "PS003")
        let large = #""\#(String(repeating: "x", count: 1_100_000))""#
        #expect(await refusal { try await ada.progress(claim.handle, checkpoint: large) } == "PS009")
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.progress", as: Int.self) == 0)
    }

    @Test("Alive is not progressing: a silent holder is shown as stalled, and taken back where the queue says so")
    func stalls() async throws {
        let ada = try await Caller.named()
        try await ada.setQueue("q", #"{"stall_after": 60, "stall_limit": 600}"#)
        try await ada.enqueue()
        let claim = try await ada.claimOne()
        let stalled = "SELECT stalled FROM pgswarm.leases" as SQL
        #expect(try await ada.value(stalled, as: Bool.self) == false)
        try await letPass(.seconds(400))
        try await ada.renew(claim.handle)
        #expect(try await ada.value(stalled, as: Bool.self) == true)
        try await ada.progress(claim.handle)
        #expect(try await ada.value(stalled, as: Bool.self) == false)
        try await letPass(.seconds(400))
        try await ada.renew(claim.handle)
        #expect(try await ada.sweep().lost == 0)
        try await letPass(.seconds(201))
        try await ada.renew(claim.handle)
        #expect(try await ada.sweep().lost == 1)
    }
}
