import Postgres
import TestSupport
import Testing

@Suite("Late, and strict leases", .database, .timeLimit(.minutes(5)))
struct StrictLeaseTests {
    @Test("A holder whose lease ran out and whom nobody superseded completes, marked late")
    func late() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 3)
        let handles = try await ada.claim(count: 3).map(\.handle)
        try await letPass(.seconds(5000))
        #expect(try await ada.settle(handles[0]).code == "late")
        #expect(try await ada.settle(Array(handles[1...])) == ["late", "late"])
        let late: [Bool] = try await ada.column("SELECT late FROM pgswarm.tasks WHERE id = ANY (\(tasks))")
        #expect(late == [true, true, true])
        #expect(try await ada.settle(handles[0]).code == "duplicate")
    }

    @Test("In a strict queue time alone takes the lease: every write is refused, the result is kept")
    func strict() async throws {
        let ada = try await Caller.named()
        try await ada.setQueue("q", #"{"strict_lease": true}"#)
        let tasks = try await ada.enqueue(count: 2)
        let handles = try await ada.claim(count: 2).map(\.handle)
        try await letPass(.seconds(800))
        #expect(try await ada.renew(handles[0]) == "ok")
        try await letPass(.seconds(950))
        for (verb, write) in ada.writes(of: handles[0]) {
            #expect(await refusal { try await ada.rows(write) } == "PS001", "\(verb)")
        }
        #expect(try await ada.settle(handles[0], "complete", "1").code == "lost_claim")
        #expect(try await ada.settle(handles, nil, ["1", "2"]) == ["lost_claim", "lost_claim"])
        #expect(try await ada.renew(handles) == ["lost", "lost"])
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.late_results", as: Int.self) == 2)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.outcome", as: Int.self) == 0)
        try await ada.lose(after: .zero)
        #expect(Set(try await ada.claim(count: 2).map(\.id)) == Set(tasks))
    }

    @Test("The setting at the time of the claim counts")
    func atClaim() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        try await ada.setQueue("q", #"{"strict_lease": true}"#)
        try await letPass(.seconds(950))
        #expect(try await ada.settle(handle).code == "late")
    }
}
