import Postgres
import TestSupport
import Testing

@Suite("Pause", .database, .timeLimit(.minutes(5)))
struct PauseTests {
    @Test("Stops new claims and nothing else, until resume")
    func pause() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 2)
        let claim = try await ada.claimOne()
        #expect(try await ada.value("SELECT pgswarm.pause('q', 'deploying', 'ada')", as: Bool.self))
        #expect(try await !ada.value("SELECT pgswarm.pause('q')", as: Bool.self))
        #expect(try await ada.claim(count: 5) == [])
        #expect(try await ada.renew(claim.handle) == "pause")
        #expect(try await ada.progress(claim.handle) == "pause")
        #expect(try await ada.why(tasks[1]) == "paused")
        let message: String = try await ada.value("SELECT message FROM pgswarm.why(\(tasks[1]))")
        #expect(message.contains("ada") && message.contains("deploying"))
        #expect(try await ada.settle(claim.handle).code == "ok")
        try await ada.enqueue()
        #expect(try await ada.value("SELECT pgswarm.resume('q')", as: Bool.self))
        #expect(try await !ada.value("SELECT pgswarm.resume('q')", as: Bool.self))
        #expect(try await ada.claim(count: 5).count == 2)
        #expect(await refusal { try await ada.rows("SELECT pgswarm.resume('nothing')") } == "PS002")
    }

    @Test("A queue can be paused before anything is in it, and other queues go on")
    func before() async throws {
        let ada = try await Caller.named()
        try await ada.rows("SELECT pgswarm.pause('later')")
        try await ada.enqueue("later")
        let other = try await ada.enqueue("other")
        #expect(try await ada.claim("later", "other", count: 2).map(\.id) == [other])
    }
}
