import Postgres
import TestSupport
import Testing

@Suite("Messages", .database, .timeLimit(.minutes(3)))
struct MessageTests {
    @Test("What a reader did not acknowledge comes again: the same id, count 2, before the rest of its thread")
    func redelivered() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob").introduced()
        let first = try #require(try await ada.send("bob", body: "1", thread: "t")[0].id)
        let second = try #require(try await ada.send("agent:bob", body: "2", thread: "t")[0].id)
        let taken = try await bob.receive()
        #expect(taken.map(\.id) == [first] && taken[0].deliveries == 1 && taken[0].sender == "ada")
        #expect(try await bob.receive().isEmpty, "the thread has one out")
        try await letPass(.seconds(301))
        let again = try await bob.receive()
        #expect(again.map(\.id) == [first] && again[0].deliveries == 2)
        #expect(try await bob.ack(taken[0].handle) == ["lost_claim"])
        #expect(try await bob.ack(again[0].handle, again[0].handle) == ["ok", "ok"])
        let next = try await bob.receive()
        #expect(next.map(\.id) == [second] && next[0].deliveries == 1)
        #expect(try await ada.fate(of: first) == ["acked"])
        #expect(try await ada.fate(of: second) == ["delivered"])
        #expect(try await bob.receive().isEmpty)
    }

    @Test("A late acknowledgement counts while nobody else has had the message")
    func late() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob").introduced()
        try await ada.send("bob")
        let mail = try await bob.receive(visibility: .seconds(10))
        try await letPass(.seconds(60))
        #expect(try await bob.ack(mail[0].handle) == ["ok"])
        #expect(try await bob.receive().isEmpty)
    }

    @Test("Given back with a delay it holds its thread and nothing else; after five times it is dead, with each cause")
    func nacked() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob").introduced()
        let poison = try #require(try await ada.send("bob", thread: "t")[0].id)
        let after = try #require(try await ada.send("bob", thread: "t")[0].id)
        let other = try #require(try await ada.send("bob", thread: "u")[0].id)
        var mail = try await bob.receive()
        #expect(mail.map(\.id) == [poison, other])
        #expect(try await bob.nack(mail[0].handle, delay: .seconds(60), error: "no key") == "ok")
        #expect(try await bob.receive().isEmpty)
        for round in 2...5 {
            try await letPass(.seconds(61))
            mail = try await bob.receive()
            #expect(mail.map(\.id) == [poison], "round \(round)")
            try await bob.nack(try #require(mail.first).handle, delay: .seconds(60), error: "no key \(round)")
        }
        #expect(try await bob.receive().map(\.id) == [after])
        let dead = try await ada.rows("SELECT message, reason, causes, deliveries FROM pgswarm.dead_messages")[0]
        #expect(try dead[0, as: Int.self] == poison)
        #expect(try dead[1, as: String.self].contains("no key 5"))
        #expect(try dead[2, as: JSONText.self].text.contains("no key 3"))
        #expect(try dead[3, as: Int.self] == 5)
        // Round trip: the same id, its old place, five more tries.
        let redriven = try await ada.rows(
            "SELECT id, generation FROM pgswarm.message_redrive(\([poison]), agent => 'ada')")[0]
        #expect(try redriven[0, as: Int.self] == poison)
        #expect(try redriven[1, as: Int.self] == 2)
        try await letPass(.seconds(301))
        mail = try await bob.receive()
        #expect(mail.map(\.id) == [poison, other])
        #expect(mail[0].deliveries == 1 && mail[0].seq == 1)
        try await bob.ack(mail[0].handle)
        #expect(try await ada.fate(of: poison) == ["acked"])
    }

    @Test("A dead letter is discarded with a reason only")
    func discarded() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob").introduced()
        try await ada.setMessages(#"{"max_deliveries": 1}"#)
        let id = try #require(try await ada.send("bob")[0].id)
        try await bob.nack(try await bob.receive()[0].handle)
        #expect(try await ada.fate(of: id) == ["dead"])
        #expect(
            await refusal { try await ada.rows("SELECT pgswarm.message_discard(\([id]), '', agent => 'ada')") }
                == "PS003")
        try await ada.rows("SELECT pgswarm.message_discard(\([id]), 'obsolete', agent => 'ada')")
        #expect(try await ada.fate(of: id) == ["discarded"])
    }

    @Test(
        "Fifty senders to one recipient at once: the order of each thread is that of the commits, and nothing is missing"
    )
    func manySenders() async throws {
        let bob = try await Caller.named("bob").introduced()
        try await bob.setMessages(#"{"max_count": 1000}"#)
        let crowd = try await Crowd(50, named: "sender")
        let sent = try await crowd.each { index, sender in
            var seqs: [Int] = []
            for n in 0..<6 {
                let answer = try await sender.send("bob", body: "[\(index), \(n)]", thread: "t\(n % 3)")[0]
                seqs.append(try #require(answer.seq))
            }
            return seqs
        }
        await crowd.disperse()
        // Numbers are taken under the mailbox's lock: a sender that has its answer comes before all later ones.
        #expect(sent.allSatisfy { $0 == $0.sorted() })
        #expect(sent.flatMap { $0 }.sorted() == Array(1...300))
        // The transactions' own order, which the database records, is the order of the numbers.
        let sorted: Bool = try await bob.value(
            """
            SELECT bool_and(ordered) FROM (
                SELECT seq > lag(seq, 1, 0) OVER (ORDER BY m.sent_at, m.id) AS ordered
                FROM pgswarm.delivery d JOIN pgswarm.message m ON m.id = d.message) x
            """)
        #expect(sorted)
        var got: [String: [Int]] = [:]
        while true {
            let mail = try await bob.receive(max: 100)
            if mail.isEmpty { break }
            for one in mail { got[one.thread, default: []].append(one.seq) }
            #expect(try await bob.rows("SELECT pgswarm.message_ack(\(mail.map(\.handle)))").count == mail.count)
        }
        #expect(got.values.allSatisfy { $0 == $0.sorted() })
        #expect(got.values.flatMap { $0 }.count == 300)
        #expect(try await deadlocks() == 0)
    }

    @Test("A message to a task waits for its holder, and reaches the next one after a reclaim")
    func toTask() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        let task = try await ada.enqueue()
        try await ada.send("task:\(task)", body: "\"use v2\"")
        let claim = try await bob.rows("SELECT handle, unread FROM pgswarm.claim('q', agent => 'bob')")[0]
        let handle = try claim[0, as: String.self]
        #expect(try claim[1, as: Int.self] == 1)
        #expect(await refusal { try await ada.receive("task:\(task)") } == "PS014")
        // For much longer than he will hold the task.
        let mail = try await bob.receive("task:\(task)", visibility: .seconds(7200))
        #expect(mail.map(\.body) == ["\"use v2\""])
        #expect(try await bob.receive(handle: handle).isEmpty)
        try await letPass(.seconds(1000))
        try await ada.sweep()
        try await letPass(.seconds(2))
        let next = try await ada.claimOne()
        #expect(next.id == task)
        #expect(try await bob.ack(mail[0].handle) == ["lost_claim"], "it went with the task")
        let again = try await ada.receive(handle: next.handle)
        #expect(again.map(\.id) == mail.map(\.id) && again[0].deliveries == 2)
        #expect(try await ada.ack(again[0].handle) == ["ok"])
        try await ada.complete(next.handle)
        let refused = try await bob.send("task:\(task)")[0]
        #expect(refused.state == "refused" && refused.code == "wrong_state")
    }

    @Test("A holder's message needs the current handle, and is stamped with the task")
    func asHolder() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob").introduced()
        let task = try await ada.enqueue()
        let claim = try await ada.claimOne()
        try await ada.send("bob", handle: claim.handle)
        let stamped: Int = try await bob.value("SELECT as_holder_of FROM pgswarm.message_receive(agent => 'bob')")
        #expect(stamped == task)
        try await ada.complete(claim.handle)
        #expect(await refusal { try await ada.send("bob", handle: claim.handle) } == "PS001")
        let count: Int = try await ada.value("SELECT count(*) FROM pgswarm.messages")
        #expect(count == 1)
    }

    @Test("A repetition with the same request id sends once and answers the same; another body under it is refused")
    func repeated() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob").introduced()
        let once = try await ada.send("bob", "carl", request: "r")
        #expect(try await ada.send("bob", "carl", request: "r") == once)
        #expect(try await bob.peek().count == 1)
        #expect(await refusal { try await ada.send("bob", "carl", body: "2", request: "r") } == "PS008")
    }
}
