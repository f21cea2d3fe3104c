import Postgres
import TestSupport
import Testing

@Suite("Why", .database, .timeLimit(.minutes(5)))
struct WhyTests {
    /// The reason, and that its sentence contains these words.
    private func expect(
        _ reason: String, _ words: String..., for task: Int, by ada: Caller,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let row = try await ada.rows("SELECT reason, message FROM pgswarm.why(\(task))")[0]
        let (said, message) = try row.decode((String, String).self)
        #expect(said == reason, "\(message)", sourceLocation: sourceLocation)
        for word in words { #expect(message.contains(word), "\(message)", sourceLocation: sourceLocation) }
        let listed: [String] = try await ada.column(
            "SELECT reason FROM pgswarm.why_not_running WHERE task_id = \(task)")
        #expect(listed.allSatisfy { $0 == reason }, sourceLocation: sourceLocation)
    }

    @Test("Waiting for a time, a retry, the return of a lost task")
    func times() async throws {
        let ada = try await Caller.named()
        let scheduled = try await ada.enqueue("q", #"{"delay": 3600}"#)
        try await expect("scheduled", "scheduled for", for: scheduled, by: ada)
        let retrying = try await ada.enqueue("r")
        try await ada.fail(ada.claimOne("r").handle, "x", retryIn: .seconds(600))
        try await expect("retrying", "attempt 1 failed", for: retrying, by: ada)
        #expect(try await ada.value("SELECT until > pgswarm.clock() FROM pgswarm.why(\(retrying))", as: Bool.self))
        let lost = try await ada.enqueue("s")
        try await ada.claimOne("s")
        try await letPass(.seconds(1000))
        try await ada.rows("SELECT pgswarm._sweep(100)")
        try await expect("retrying", "lost", for: lost, by: ada)
    }

    @Test("Waiting for other tasks, living or ended")
    func dependencies() async throws {
        let ada = try await Caller.named()
        let ups = try await ada.enqueue("up", count: 2)
        let task = try await ada.enqueue("q", #"{"after": \#(ups)}"#)
        try await expect("blocked", "\(ups[0])", "\(ups[1])", for: task, by: ada)
        try await ada.cancel(ups[0])
        try await expect("upstream_failed", "\(ups[0]) (cancelled)", for: task, by: ada)
        try await ada.complete(ada.claimOne("up").handle)
        try await expect("upstream_failed", "\(ups[0])", for: task, by: ada)
    }

    @Test("A paused queue, a full one, one that nobody serves, one where others are before it")
    func ready() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 3)
        try await expect("no_worker", "no live worker", "pgswarm work q", for: tasks[0], by: ada)
        let session = try await ada.openSession()
        try await ada.rows("SELECT pgswarm.wait_for(\(session), ARRAY['q'])")
        try await expect("ready", for: tasks[0], by: ada)
        try await expect("behind", "behind 2 others", for: tasks[2], by: ada)
        try await ada.claim(session: session)
        try await expect("behind", "behind 1 other;", for: tasks[2], by: ada)
        try await ada.setQueue("q", #"{"max_running": 1}"#)
        try await expect("max_running", "limit", for: tasks[1], by: ada)
        try await ada.rows("SELECT pgswarm.pause('q', 'lunch', 'ada')")
        try await expect("paused", "lunch", "ada", for: tasks[1], by: ada)
        try await ada.rows("SELECT pgswarm.resume('q')")
        try await ada.setQueue("q", #"{"max_running": null}"#)
        // A worker that died serves no more.
        try await letPass(.seconds(1000))
        try await expect("no_worker", for: tasks[1], by: ada)
    }

    @Test("Held by somebody, live or not; done, dead, cancelled; nothing at all")
    func others() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 3)
        let claims = try await ada.claim(count: 2)
        try await expect("held", "running", "ada", for: tasks[0], by: ada)
        try await ada.complete(claims[0].handle)
        try await expect("done", for: tasks[0], by: ada)
        try await letPass(.seconds(1000))
        try await expect("held", "run out", for: tasks[1], by: ada)
        try await ada.fail(claims[1].handle, "no disk", dead: true)
        try await expect("dead", "1 attempt:", "no disk", for: tasks[1], by: ada)
        try await ada.cancel(tasks[2], reason: "not needed")
        try await expect("cancelled", "ada", "not needed", for: tasks[2], by: ada)
        #expect(await refusal { _ = try await ada.why(999) } == "PS002")
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.why_not_running", as: Int.self) == 0)
    }

    @Test("A holder without progress is named as such")
    func stalled() async throws {
        let ada = try await Caller.named()
        try await ada.setQueue("q", #"{"stall_after": 10}"#)
        let task = try await ada.enqueue()
        try await ada.claimOne()
        try await letPass(.seconds(20))
        try await expect("held", "no progress", for: task, by: ada)
    }
}
