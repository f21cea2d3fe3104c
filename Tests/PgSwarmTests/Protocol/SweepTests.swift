import Postgres
import TestSupport
import Testing

@Suite("Sweep", .database, .timeLimit(.minutes(5)))
struct SweepTests {
    @Test("Takes back what ran out, never earlier, and counts the attempt")
    func ranOut() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let old = try await ada.claimOne()
        try await letPass(.seconds(895))
        #expect(try await ada.sweep().lost == 0)
        try await letPass(.seconds(6))
        #expect(try await ada.sweep().lost == 1)
        #expect(try await ada.sweep().lost == 0)
        // Scattered over a second, so that what one host held does not come back in one instant.
        try await letPass(.seconds(2))
        let new = try await ada.claimOne()
        #expect(new.id == task)
        #expect(new.attempt == 2)
        #expect(new.epoch == old.epoch + 2)
        #expect(new.history?.contains(#""outcome": "lost""#) == true)
    }

    @Test("A dead session's leases are void although they have not run out")
    func deadSession() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 2)
        let session = try await ada.openSession(ttl: .seconds(180))
        try await ada.claim(session: session, lease: .seconds(3600))
        try await Caller.named("bob").claim(lease: .seconds(3600))
        try await letPass(.seconds(170))
        #expect(try await ada.sweep().lost == 0)
        // A session of the server's own age gets one ttl of grace from the server's start.
        try await letPass(.seconds(200))
        #expect(try await ada.sweep().lost == 1)
        let cause: String = try await ada.value("SELECT error FROM pgswarm.attempts WHERE outcome = 'lost'")
        #expect(cause.contains("beating"))
    }

    @Test("Rides on claims, so that nothing depends on a sweeper")
    func rides() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        try await ada.claimOne()
        try await letPass(.seconds(1000))
        try await ada.claim("another")
        try await letPass(.seconds(2))
        #expect(try await ada.claimOne().id == task)
    }

    @Test("In bounded rounds, and by many at once each lease once")
    func rounds() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 40)
        try await ada.claim(count: 40)
        try await letPass(.seconds(1000))
        let lost: Int = try await ada.value("SELECT lost FROM pgswarm.sweep(7)")
        #expect(lost == 7)
        let crowd = try await Crowd(6)
        let counts = try await crowd.each { _, member in
            var count = 0
            for _ in 0..<8 { count += try await member.sweep().lost }
            return count
        }
        #expect(counts.reduce(0, +) == 33)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.attempt", as: Int.self) == 40)
        for batch: Int32? in [0, -1, nil] {
            #expect(await refusal { try await ada.rows("SELECT pgswarm.sweep(\(batch))") } == "PS003")
            #expect(await refusal { try await ada.rows("SELECT pgswarm.promote(\(batch))") } == "PS003")
        }
        await crowd.disperse()
    }

    @Test("Promotes what is due, oldest first")
    func promotes() async throws {
        let ada = try await Caller.named()
        let late = try await ada.enqueue("q", #"{"delay": 60}"#)
        let early = try await ada.enqueue("q", #"{"delay": 30}"#)
        let far = try await ada.enqueue("q", #"{"delay": 6000}"#)
        #expect(try await ada.sweep().promoted == 0)
        try await letPass(.seconds(100))
        #expect(try await ada.sweep().promoted == 2)
        #expect(try await ada.value("SELECT pgswarm.promote()", as: Int.self) == 0)
        #expect(try await ada.claim(count: 5).map(\.id) == [early, late])
        #expect(try await ada.state(of: far) == "scheduled")
    }

    @Test("After so many losses in a row without progress the task is dead; progress begins the count anew")
    func maxLost() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("q", #"{"max_lost": 2, "max_attempts": 1}"#)
        try await ada.claimOne()
        try await ada.lose()
        try await ada.progress(ada.claimOne().handle, note: "moved")
        try await ada.lose()
        try await ada.claimOne()
        try await ada.lose()
        try await ada.claimOne()
        try await letPass(.seconds(1000))
        #expect(try await ada.sweep() == Caller.Sweep(lost: 0, dead: 1))
        #expect(try await ada.state(of: task) == "dead")
        let letter = try await ada.rows("SELECT attempts, jsonb_array_length(causes) FROM pgswarm.dead_letters")[0]
        #expect(try letter.decode((Int, Int).self) == (4, 4))
    }

    @Test("A lease further ahead than the longest allowed comes from a wrong clock and is void")
    func clockSetBack() async throws {
        let ada = try await Caller.named()
        try await letPass(.seconds(200_000))
        try await ada.enqueue()
        try await ada.claimOne()
        try await letPass(.seconds(-200_000))
        #expect(try await ada.sweep().lost == 1)
    }
}
