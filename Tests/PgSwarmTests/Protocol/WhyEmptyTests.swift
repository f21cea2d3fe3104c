import Postgres
import TestSupport
import Testing

@Suite("Why a claim found nothing", .database, .timeLimit(.minutes(5)))
struct WhyEmptyTests {
    private func reasons(_ ada: Caller, _ queues: String...) async throws -> [String] {
        try await ada.column("SELECT reason FROM pgswarm.why_empty(\(queues))")
    }

    @Test("Tells each queue's reason, and when to come back")
    func reasons() async throws {
        let ada = try await Caller.named()
        let up = try await ada.enqueue("running")
        try await ada.claimOne("running")
        try await ada.enqueue("blocked", #"{"after": [\#(up)]}"#)
        try await ada.enqueue("scheduled", #"{"delay": 60}"#)
        try await ada.enqueue("scheduled", #"{"delay": 600}"#)
        try await ada.setQueue("full", #"{"max_running": 1}"#)
        try await ada.enqueue("full", count: 2)
        try await ada.claimOne("full")
        try await ada.enqueue("paused")
        try await ada.rows("SELECT pgswarm.pause('paused')")
        let asked = ["empty", "unknown", "running", "blocked", "scheduled", "full", "paused"]
        let rows = try await ada.rows(
            """
            SELECT queue, reason, retry_at IS NOT NULL, extract(epoch FROM retry_at - pgswarm.clock())::float8
            FROM pgswarm.why_empty(\(asked))
            """)
        #expect(try rows.map { try $0[0, as: String.self] } == asked)
        let reasons = ["empty", "empty", "all_running", "blocked", "scheduled", "max_running", "paused"]
        #expect(try rows.map { try $0[1, as: String.self] } == reasons)
        #expect(try rows.map { try $0[2, as: Bool.self] } == [false, false, false, false, true, false, false])
        #expect(try abs(rows[4][3, as: Double.self] - 60) < 20)
        #expect(try await ada.column("SELECT queue FROM pgswarm.why_empty(NULL)", as: String.self) == [])
        // Asking makes no queue.
        #expect(try await !ada.column("SELECT queue FROM pgswarm.queues", as: String.self).contains("unknown"))
    }
}
