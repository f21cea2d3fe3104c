import Postgres
import TestSupport
import Testing

import struct FoundationEssentials.Date

@Suite("Waking", .database, .timeLimit(.minutes(5)))
struct WakeTests {
    @Test("A ring wakes who waits, once for each registration, and nobody else")
    func ring() async throws {
        let ada = try await Caller.named()
        let session = try await ada.openSession()
        #expect(try await ada.value("SELECT pgswarm.ring(ARRAY['q'])", as: Int.self) == 0)
        try await ada.rows("SELECT pgswarm.wait_for(\(session), ARRAY['q', 'r'])")
        try await ada.rows("SELECT pgswarm.wait_for(\(session), ARRAY['r', 'q'])")
        #expect(try await ada.value("SELECT pgswarm.ring(ARRAY['q', 'q', 'unknown'])", as: Int.self) == 1)
        #expect(try await ada.value("SELECT pgswarm.ring(ARRAY['q'])", as: Int.self) == 0)
        #expect(try await ada.value("SELECT pgswarm.ring(ARRAY['q', 'r'])", as: Int.self) == 1)
        #expect(try await ada.value("SELECT pgswarm.ring(NULL)", as: Int.self) == 0)
    }

    @Test("Who waits hears when the next scheduled task is due")
    func nextDue() async throws {
        let ada = try await Caller.named()
        let session = try await ada.openSession()
        let wait =
            "SELECT extract(epoch FROM pgswarm.wait_for(\(session), ARRAY['a', 'b']) - pgswarm.clock())::float8" as SQL
        #expect(try await ada.value(wait, as: Double?.self) == nil)
        try await ada.enqueue("b", #"{"delay": 500}"#)
        try await ada.enqueue("a", #"{"delay": 100}"#)
        try await ada.enqueue("c", #"{"delay": 10}"#)
        let due: Double = try await ada.value(wait)
        #expect(abs(due - 100) < 20)
    }

    @Test("A waiter that registered before its last look misses nothing: either it sees the task or it is rung")
    func noGap() async throws {
        let crowd = try await Crowd(2)
        let session = try await crowd.members[0].openSession()
        for _ in 0..<40 {
            let outcome = try await crowd.each { index, member in
                if index == 0 {
                    try await member.rows("SELECT pgswarm.wait_for(\(session), ARRAY['q'])")
                    return try await member.claim(session: session).count
                }
                try await member.enqueue()
                return try await member.value("SELECT pgswarm.ring(ARRAY['q'])")
            }
            #expect(outcome[0] + outcome[1] >= 1)
            try await crowd.members[0].claim(session: session)
            try await crowd.members[1].rows("SELECT pgswarm.ring(ARRAY['q'])")
        }
        await crowd.disperse()
    }
}
