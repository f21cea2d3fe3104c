import Postgres
import TestSupport
import Testing

@Suite("Limits of the relay", .database, .timeLimit(.minutes(3)))
struct MailLimitTests {
    @Test("A full mailbox says so and still takes an urgent message; what is read makes room")
    func fullMailbox() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob").introduced()
        try await ada.setMessages(#"{"max_count": 20, "sender_rate": 1000}"#)
        for n in 1...18 { #expect(try await ada.send("bob")[0].depth == n) }
        let full = try await ada.send("bob")[0]
        #expect(full.state == "full" && full.code == "mailbox_full" && full.id == nil && full.depth == 18)
        #expect(full.message?.contains("agent:bob") == true && full.hint?.contains("send again after") == true)
        #expect(try await ada.send("bob", urgent: true)[0].state == "queued")
        #expect(try await ada.send("bob", urgent: true)[0].state == "queued")
        #expect(try await ada.send("bob", urgent: true)[0].state == "full")
        // The urgent ones come first.
        let mail = try await bob.receive(max: 4)
        #expect(mail.map(\.seq) == [19, 20, 1, 2])
        for one in mail { try await bob.ack(one.handle) }
        #expect(try await ada.send("bob")[0].state == "queued")
    }

    @Test("The bytes in a mailbox are bounded too")
    func bytes() async throws {
        let ada = try await Caller.named()
        _ = try await Caller.named("bob").introduced()
        try await ada.setMessages(#"{"max_bytes": 4000}"#, mailbox: "bob")
        let body = "\"" + String(repeating: "x", count: 1500) + "\""
        #expect(try await ada.send("bob", body: body)[0].state == "queued")
        #expect(try await ada.send("bob", body: body)[0].state == "queued")
        #expect(try await ada.send("bob", body: body)[0].state == "full")
        #expect(try await ada.send("bob", body: "1")[0].state == "queued")
    }

    @Test("A sender is bounded for each minute, and a broadcast answers for each recipient")
    func sender() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob").introduced()
        _ = try await Caller.named("carl").introduced()
        for _ in 1...29 { try await ada.send("bob") }
        #expect(try await ada.send("bob", "carl", "nobody").map(\.state) == ["queued", "queued", "refused"])
        let full = try await ada.send("bob")[0]
        #expect(full.state == "full" && full.message?.contains("30") == true)
        #expect(try await ada.send("bob", urgent: true)[0].state == "queued", "a reserve for what is urgent")
        #expect(try await bob.send("ada")[0].state == "queued", "others have their own")
        try await letPass(.seconds(61))
        #expect(try await ada.send("bob")[0].state == "queued")
        let rows: Int = try await ada.value(
            "SELECT count(*) FROM pgswarm.messages WHERE recipients = ARRAY['agent:bob', 'agent:carl']")
        #expect(rows == 1, "one payload for all")
    }

    @Test("An unread message with the same key is replaced, of the same sender alone")
    func coalesced() async throws {
        let ada = try await Caller.named()
        let carl = try await Caller.named("carl")
        let bob = try await Caller.named("bob").introduced()
        let old = try await ada.send("bob", body: "1", key: "status")[0]
        #expect(try await carl.send("bob", body: "\"c\"", key: "status")[0].state == "queued")
        let new = try await ada.send("bob", body: "2", key: "status")[0]
        #expect(new.state == "coalesced" && new.depth == 2)
        let mail = try await bob.receive()
        #expect(mail.map(\.body) == ["\"c\"", "2"])
        #expect(try await ada.send("bob", body: "3", key: "status")[0].state == "queued", "2 is being read")
        #expect(try await ada.fate(of: old.id) == ["replaced"])
    }

    @Test("Messages that only lead to one another end at the hop limit, and a human can still be told")
    func hops() async throws {
        let ada = try await Caller.named().introduced()
        let bob = try await Caller.named("bob").introduced()
        var (writer, reader) = (ada, bob)
        var answered: Int?
        for hop in 0...8 {
            let sent = try await writer.send(to: answered == nil ? ["bob"] : nil, replyTo: answered)[0]
            #expect(sent.state == "queued", "hop \(hop)")
            let mail = try await reader.receive()[0]
            #expect(mail.hop == hop)
            try await reader.ack(mail.handle)
            answered = mail.id
            swap(&writer, &reader)
        }
        let refused = try await writer.send(to: nil, replyTo: answered)[0]
        #expect(refused.state == "refused" && refused.code == "not_allowed")
        #expect(try await writer.send("human:operator", replyTo: answered)[0].state == "queued")
    }

    @Test("Who is handling a message can't hide that behind a new one")
    func handlingCounts() async throws {
        let ada = try await Caller.named().introduced()
        let bob = try await Caller.named("bob").introduced()
        try await ada.send("bob")
        let mail = try await bob.receive()[0]
        try await bob.send("ada")
        #expect(try await ada.receive()[0].hop == 1)
        try await bob.ack(mail.handle)
    }

    @Test("A message that nobody reads expires, and does not count as delivered")
    func expires() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob").introduced()
        let short = try #require(try await ada.send("bob", ttl: .seconds(60))[0].id)
        try await ada.send("bob")
        try await letPass(.seconds(61))
        #expect(try await bob.peek().count == 1)
        try await ada.sweep()
        #expect(try await ada.fate(of: short) == ["expired"])
        let row = try await ada.rows("SELECT unread, delivered FROM pgswarm.mailboxes WHERE mailbox = 'agent:bob'")[0]
        #expect(try row[0, as: Int.self] == 1)
        let events: Int = try await ada.value("SELECT count(*) FROM pgswarm.events WHERE kind = 'message_expired'")
        #expect(events == 1)
    }

    @Test(
        "A request without an answer becomes an event and urgent mail to a human, once; an answer in time prevents it")
    func overdue() async throws {
        let ada = try await Caller.named().introduced()
        let bob = try await Caller.named("bob").introduced()
        let asked = try #require(try await ada.send("bob", body: "\"which port?\"", replyWithin: .seconds(600))[0].id)
        let other = try #require(try await ada.send("bob", replyWithin: .seconds(600))[0].id)
        let mail = try await bob.receive()
        for one in mail { try await bob.ack(one.handle) }
        try await bob.send(to: nil, body: "8080", replyTo: other)
        #expect(try await ada.fate(of: other) == ["answered"])
        try await letPass(.seconds(601))
        try await ada.sweep()
        try await ada.sweep()
        let events: [Int] = try await ada.column(
            "SELECT (detail ->> 'message')::int FROM pgswarm.events WHERE kind = 'reply_overdue'")
        #expect(events == [asked])
        let told = try await ada.rows(
            "SELECT in_reply_to, urgent, trust FROM pgswarm.message_receive(ARRAY['human:operator'], agent => 'ada')")
        #expect(told.count == 1)
        #expect(try told[0][0, as: Int.self] == asked)
        #expect(try told[0][1, as: Bool.self])
        #expect(try told[0][2, as: String.self] == "system")
    }

    @Test("Claims tell of overdue answers too, without a coordinator")
    func overdueRides() async throws {
        let ada = try await Caller.named()
        _ = try await Caller.named("bob").introduced()
        try await ada.send("bob", replyWithin: .seconds(10))
        try await letPass(.seconds(20))
        try await ada.claim()
        let events: Int = try await ada.value("SELECT count(*) FROM pgswarm.events WHERE kind = 'reply_overdue'")
        #expect(events == 1)
    }
}
