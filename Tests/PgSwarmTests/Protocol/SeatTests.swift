import Postgres
import TestSupport
import Testing

import struct FoundationEssentials.UUID

@Suite("Seats", .database, .timeLimit(.minutes(5)))
struct SeatTests {
    private func take(_ caller: Caller, _ session: UUID) async throws -> (leading: Bool, holder: String, epoch: Int) {
        let row = try await caller.rows(
            "SELECT s.leading, holder, epoch FROM pgswarm.take_seat('lead', \(session), '30 s') s")[0]
        let (leading, holder, epoch) = try row.decode((Bool, String, Int).self)
        return (leading, holder, epoch)
    }

    @Test("One at a time; kept by asking again, lost by time, by leaving and by the session's end")
    func oneAtATime() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        let (a, b) = (try await ada.openSession(kind: "coordinator"), try await bob.openSession(kind: "coordinator"))
        #expect(try await take(ada, a) == (true, "ada", 1))
        #expect(try await take(bob, b) == (false, "ada", 1))
        try await letPass(.seconds(20))
        #expect(try await take(ada, a) == (true, "ada", 1))
        try await letPass(.seconds(31))
        #expect(try await take(bob, b) == (true, "bob", 2))
        #expect(try await take(ada, a) == (false, "bob", 2))
        #expect(try await ada.value("SELECT pgswarm.leave_seat('lead', \(a))", as: Bool.self) == false)
        #expect(try await bob.value("SELECT pgswarm.leave_seat('lead', \(b))", as: Bool.self) == true)
        #expect(try await take(ada, a) == (true, "ada", 3))
        try await ada.rows("SELECT pgswarm.close_session(\(a))")
        #expect(try await take(bob, b) == (true, "bob", 4))
        let seat = try await ada.rows("SELECT name, agent, live FROM pgswarm.seats")[0]
        #expect(try seat.decode((String, String, Bool).self) == ("lead", "bob", true))
        #expect(await refusal { _ = try await take(ada, a) } == "PS013")
        #expect(await refusal { try await bob.rows("SELECT pgswarm.take_seat('', \(b))") } == "PS003")
        #expect(await refusal { try await bob.rows("SELECT pgswarm.take_seat('x', \(b), '-1 s')") } == "PS003")
    }

    @Test("Taken by many at once it has one holder")
    func race() async throws {
        let crowd = try await Crowd(8)
        let answers = try await crowd.each { _, member in
            try await take(member, member.openSession(kind: "coordinator"))
        }
        #expect(answers.filter(\.leading).count == 1)
        #expect(Set(answers.map(\.holder)).count == 1)
        await crowd.disperse()
    }

    @Test("Taken while its holder's session is being closed: nobody deadlocks")
    func lockOrder() async throws {
        let crowd = try await Crowd(2)
        for _ in 0..<30 {
            let session = try await crowd.members[0].openSession(kind: "coordinator")
            _ = try await take(crowd.members[0], session)
            try await letPass(.seconds(170))
            _ = try await crowd.each { index, member in
                await refusal {
                    if index == 0 { _ = try await take(member, session) }
                    if index == 1 { try await member.rows("SELECT pgswarm.close_session(\(session))") }
                }
            }.map { #expect(["accepted", "PS013"].contains($0)) }
        }
        #expect(try await deadlocks() == 0)
        await crowd.disperse()
    }
}
