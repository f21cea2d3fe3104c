import Postgres
import TestSupport
import Testing

@Suite("Backlog limit", .database, .timeLimit(.minutes(5)))
struct BacklogTests {
    @Test("Refuses what is too much with a code of its own, all or nothing")
    func limit() async throws {
        let ada = try await Caller.named()
        try await ada.setQueue("q", #"{"backlog_limit": 3}"#)
        try await ada.enqueue("q", #"{"delay": 3600}"#)
        try await ada.enqueue("q")
        #expect(await refusal { try await ada.enqueue("q", count: 2) } == "PS007")
        try await ada.enqueue("q")
        #expect(await refusal { try await ada.enqueue("q") } == "PS007")
        #expect(await refusal { try await ada.enqueue("q", #"{"key": "k"}"#) } == "PS007")
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.task", as: Int.self) == 3)
        try await ada.enqueue("other")
        // What runs is no backlog.
        try await ada.claimOne("q")
        try await ada.enqueue("q")
    }

    @Test("A task that is there already is answered although the queue is full")
    func knownKey() async throws {
        let ada = try await Caller.named()
        try await ada.setQueue("q", #"{"backlog_limit": 1}"#)
        let task = try await ada.enqueue("q", #"{"key": "k"}"#)
        #expect(try await ada.enqueue("q", #"{"key": "k"}"#) == task)
    }

    @Test("Holds against many at once")
    func race() async throws {
        let crowd = try await Crowd(16)
        try await crowd.members[0].setQueue("q", #"{"backlog_limit": 50}"#)
        let accepted = try await crowd.each { index, member in
            var count = 0
            for round in 0..<8 {
                let options = (index + round).isMultiple(of: 2) ? "{}" : #"{"key": "\#(index)-\#(round)"}"#
                let code = await refusal { try await member.enqueue("q", options) }
                #expect(["accepted", "PS007"].contains(code))
                count += code == "accepted" ? 1 : 0
            }
            return count
        }
        #expect(accepted.reduce(0, +) == 50)
        await crowd.disperse()
    }
}
