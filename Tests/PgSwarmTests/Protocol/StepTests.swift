import Postgres
import TestSupport
import Testing

import struct FoundationEssentials.UUID

@Suite("Step", .database, .timeLimit(.minutes(5)))
struct StepTests {
    @Test("Settles the last and claims the next in one call")
    func loop() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 5)
        let session = try await ada.openSession()
        var handle: String?
        var seen: [Int] = []
        repeat {
            let (code, claims) = try await ada.step(session, handle)
            #expect(code == (handle == nil ? nil : "ok"))
            handle = claims.first?.handle
            seen += claims.map(\.id)
        } while handle != nil
        #expect(seen == tasks)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.tasks WHERE state = 'done'", as: Int.self) == 5)
    }

    @Test("A lost handle does not keep it from claiming")
    func lost() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 2)
        let session = try await ada.openSession()
        let first = try await ada.step(session, nil).claims[0]
        try await ada.cancel(tasks[0])
        let (code, claims) = try await ada.step(session, first.handle, "complete", "1")
        #expect(code == "lost_claim")
        #expect(claims.map(\.id) == [tasks[1]])
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.late_results", as: Int.self) == 1)
    }

    @Test("Only settles when it asks for nothing; refuses nonsense whole")
    func refusals() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 2)
        let session = try await ada.openSession()
        let handle = try await ada.claimOne(session: session).handle
        let before = try await Picture.taken(by: ada)
        #expect(await refusal { _ = try await ada.step(UUID(), handle) } == "PS013")
        #expect(await refusal { _ = try await ada.step(session, handle, "finish") } == "PS003")
        #expect(await refusal { _ = try await ada.step(session, handle, queue: "no queue") } == "PS003")
        #expect(await refusal { _ = try await ada.step(session, handle, count: 10_001) } == "PS003")
        #expect(await refusal { _ = try await ada.step(session, handle, count: -1) } == "PS003")
        #expect(
            await refusal {
                try await ada.rows("SELECT pgswarm.step(\(session), NULL, NULL, NULL, NULL, 1)")
            } == "PS003")
        #expect(
            await refusal {
                try await ada.rows("SELECT pgswarm.step(\(session), NULL, NULL, NULL, ARRAY['q'], 1, '-1 s')")
            } == "PS003")
        #expect(try await Picture.taken(by: ada) == before)
        let (code, claims) = try await ada.step(session, handle, count: 0)
        #expect(code == "ok" && claims == [])
    }
}
