import Postgres
import TestSupport
import Testing

import struct FoundationEssentials.UUID

@Suite("Renew", .database, .timeLimit(.minutes(5)))
struct RenewTests {
    private func left(_ ada: Caller) async throws -> Double {
        try await ada.value("SELECT extract(epoch FROM lease_until - pgswarm.clock())::float8 FROM pgswarm.leases")
    }

    @Test("Counts from now and is never added up; the length is the call's or the last one's")
    func relative() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let claim = try await ada.claimOne(lease: .seconds(100))
        for _ in 0..<3 { #expect(try await ada.renew(claim.handle) == "ok") }
        #expect(try await abs(left(ada) - 100) < 20)
        try await letPass(.seconds(90))
        try await ada.renew(claim.handle)
        #expect(try await abs(left(ada) - 100) < 20)
        try await ada.renew(claim.handle, lease: .seconds(1000))
        #expect(try await abs(left(ada) - 1000) < 20)
        // Without a length it is the last one; only who asks for less gets less.
        try await ada.renew(claim.handle)
        _ = try await ada.renew([claim.handle])
        try await ada.progress(claim.handle, note: "still here")
        #expect(try await abs(left(ada) - 1000) < 20)
        try await letPass(.seconds(500))
        _ = try await ada.renew([claim.handle])
        #expect(try await abs(left(ada) - 1000) < 20)
        try await ada.renew(claim.handle, lease: .seconds(200))
        #expect(try await abs(left(ada) - 200) < 20)
        #expect(await refusal { try await ada.renew(claim.handle, lease: .seconds(-1)) } == "PS003")
        #expect(await refusal { try await ada.renew(claim.handle, lease: .seconds(100_000)) } == "PS003")
    }

    @Test("Ends at the deadline of the attempt, which then has failed")
    func deadline() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("q", #"{"deadline": 60, "max_attempts": 1}"#)
        let claim = try await ada.claimOne()
        try await letPass(.seconds(61))
        #expect(try await ada.renew([claim.handle]) == ["lost"])
        #expect(await refusal { try await ada.renew(claim.handle) } == "PS001")
        #expect(await refusal { try await ada.progress(claim.handle, note: "x") } == "PS001")
        // Nobody else has it: what it has done still counts.
        #expect(try await ada.state(of: task) == "running")
        _ = try await ada.sweep()
        #expect(try await ada.state(of: task) == "dead")
        #expect(try await ada.settle(claim.handle).code == "lost_claim")
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.late_results", as: Int.self) == 1)
    }

    @Test("A lease that ran out and that nobody took lives again")
    func revives() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let claim = try await ada.claimOne()
        try await letPass(.seconds(5000))
        #expect(try await ada.renew(claim.handle) == "ok")
        #expect(try await ada.sweep().lost == 0)
        #expect(try await ada.state(of: task) == "running")
    }

    @Test("Answers for each handle: ok, lost, cancel, pause, drain")
    func signals() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 4)
        let paused = try await ada.enqueue("paused")
        let session = try await ada.openSession()
        let handles = try await ada.claim("q", "paused", count: 5, session: session).map(\.handle)
        try await ada.rows("SELECT pgswarm.pause('paused')")
        try await ada.cancel(tasks[1])
        try await ada.complete(handles[2])
        let asked = handles + ["nonsense", "\(tasks[0]).1.00000000000000000000000000000000", "\(paused).1"]
        let expected = ["ok", "cancel", "lost", "ok", "pause", "lost", "lost", "lost"]
        #expect(try await ada.renew(asked, session: session) == expected)
        #expect(try await ada.renew(asked) == expected)
        try await ada.rows("SELECT pgswarm.drain('ada')")
        #expect(try await ada.renew(asked, session: session).prefix(2) == ["drain", "cancel"])
        #expect(try await ada.renew(handles[0]) == "drain")
        #expect(try await ada.renew([handles[0]]) == ["drain"])
        #expect(try await ada.renew([], session: session) == [])
        #expect(await refusal { _ = try await ada.renew(handles, session: UUID()) } == "PS013")
    }

    @Test("With a session it is also a beat; without one the sessions behind the handles live on")
    func beats() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 2)
        let session = try await ada.openSession(ttl: .seconds(180))
        let handles = try await ada.claim(count: 2, session: session).map(\.handle)
        for round in 0..<4 {
            try await letPass(.seconds(150))
            switch round {
            case 0: _ = try await ada.renew(handles, session: session)
            case 1: _ = try await ada.renew(handles)
            case 2: try await ada.renew(handles[0])
            default: try await ada.progress(handles[1], note: "x")
            }
        }
        #expect(try await ada.sweep() == Caller.Sweep())
    }

    @Test("Never waits: what is being settled at this moment is busy")
    func busy() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        try await ada.enqueue(count: 2)
        let handles = try await ada.claim(count: 2).map(\.handle)
        try await bob.script("BEGIN")
        try await bob.hold(handles[0])
        #expect(try await ada.renew(handles) == ["busy", "ok"])
        try await bob.script("COMMIT")
        #expect(try await ada.renew(handles) == ["ok", "ok"])
    }

    @Test("Judges strict leases by the time after its wait for the session")
    func strictAfterWait() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        try await ada.setQueue("q", #"{"strict_lease": true}"#)
        try await ada.enqueue()
        let session = try await ada.openSession()
        let handle = try await ada.claimOne(session: session).handle
        try await bob.script("BEGIN")
        _ = try await bob.beat(session)
        async let statuses = ada.renew([handle], session: session)
        try await waitsForLock(ada)
        try await letPass(.seconds(1000))
        try await bob.script("COMMIT")
        #expect(try await statuses == ["lost"])
    }
}
