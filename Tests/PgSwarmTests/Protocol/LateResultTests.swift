import Postgres
import TestSupport
import Testing

@Suite("Late results", .database, .timeLimit(.minutes(5)))
struct LateResultTests {
    @Test("Are kept once for each lost hold and verdict, shown to the next holder, and never applied")
    func kept() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("q", #"{"max_lost": 100}"#)
        var old: [String] = []
        for _ in 0..<3 {
            old.append(try await ada.claimOne().handle)
            try await ada.lose()
        }
        for handle in old {
            for _ in 0..<2 { #expect(try await ada.settle(handle, "complete", "1").code == "lost_claim") }
        }
        #expect(try await ada.settle(old[0], "complete", "2").code == "lost_claim")
        try await ada.settle(old[0], "fail", #"{"error": "late"}"#)
        let rows: [String] = try await ada.column(
            "SELECT verb || ' ' || epoch || ' ' || coalesce(result::text, error) FROM pgswarm.late_results ORDER BY id")
        #expect(rows == ["complete 1 1", "complete 3 1", "complete 5 1", "fail 1 late"])
        #expect(try await ada.state(of: task) == "ready")
        let next = try await ada.claimOne()
        let shown: Int = try await ada.value("SELECT jsonb_array_length(\(next.lateResults.map(JSONText.init)))")
        #expect(shown == 4)
        let event = "SELECT queue FROM pgswarm.events WHERE kind = 'late_result' LIMIT 1" as SQL
        #expect(try await ada.value(event, as: String.self) == "q")
    }

    @Test("The single forms raise, and with their transaction nothing is kept; the hint names the form that keeps")
    func raised() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        try await ada.cancel(task)
        do {
            try await ada.complete(handle, "1")
            Issue.record("accepted")
        } catch let error as PostgresError {
            #expect(error.serverError?.hint?.contains("settle") == true)
        }
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.late_results", as: Int.self) == 0)
    }
}
