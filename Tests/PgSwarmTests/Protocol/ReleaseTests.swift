import Postgres
import TestSupport
import Testing

@Suite("Release", .database, .timeLimit(.minutes(5)))
struct ReleaseTests {
    @Test("Hands a task over at no cost, with a note for the next holder")
    func release() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        try await ada.enqueue("q", #"{"max_attempts": 1}"#)
        let first = try await ada.claimOne()
        #expect(try await ada.release(first.handle, note: "look at line 7") == "ready")
        let second = try await bob.claimOne()
        #expect(second.attempt == 1)
        #expect(second.epoch == first.epoch + 1)
        #expect(second.history?.contains("look at line 7") == true)
        #expect(try await ada.settle(first.handle, "release").code == "duplicate")
        #expect(await refusal { try await ada.complete(first.handle) } == "PS015")
        #expect(try await bob.complete(second.handle) == "done")
        let outcomes: [String] = try await ada.column("SELECT outcome FROM pgswarm.attempts ORDER BY epoch")
        #expect(outcomes == ["released", "completed"])
    }

    @Test("May ask for a pause before the next holder")
    func delay() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        #expect(try await ada.settle(ada.claimOne().handle, "release", #"{"delay": 60}"#).state == "scheduled")
        #expect(try await ada.claim() == [])
        try await letPass(.seconds(61))
        #expect(try await ada.claim().map(\.id) == [task])
    }

    @Test("Any number of times")
    func often() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        for epoch in 1...30 {
            let claim = try await ada.claimOne()
            #expect(claim.epoch == epoch && claim.attempt == 1)
            try await ada.release(claim.handle)
        }
        #expect(try await ada.value("SELECT attempts FROM pgswarm.tasks WHERE id = \(task)", as: Int.self) == 0)
    }
}
