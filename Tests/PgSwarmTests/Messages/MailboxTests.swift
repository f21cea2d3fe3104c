import Postgres
import TestSupport
import Testing

@Suite("Mailboxes", .database, .timeLimit(.minutes(3)))
struct MailboxTests {
    @Test("An unknown recipient is refused with near names, a retired one with its successor; the others get theirs")
    func unknown() async throws {
        let ada = try await Caller.named()
        _ = try await Caller.named("builder-1").introduced()
        _ = try await Caller.named("old").introduced()
        try await ada.rows("SELECT pgswarm.retire_agent('old', 'builder-1')")
        let sent = try await ada.send("bilder-1", "old", "builder-1", "role:none", "topic:none", "task:77", "human:me")
        #expect(sent.map(\.state) == ["refused", "refused", "queued", "refused", "refused", "refused", "refused"])
        #expect(sent[0].hint == "did you mean \"builder-1\"?" && sent[0].code == "unknown_agent")
        #expect(sent[1].hint?.contains("builder-1") == true)
        #expect(sent[5].code == "not_found")
        #expect(sent.allSatisfy { $0.state == "queued" || ($0.message != nil && $0.hint != nil) })
    }

    @Test("A role's mail is read by one of its members; a conversation stays with the member that had it")
    func role() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        let carl = try await Caller.named("carl")
        try await bob.subscribe("role:reviewers")
        try await carl.subscribe("role:reviewers")
        try await ada.send("role:reviewers", body: "1", thread: "t")
        try await ada.send("role:reviewers", body: "2", thread: "t")
        try await ada.send("role:reviewers", body: "3", thread: "u")
        #expect(await refusal { try await ada.receive("role:reviewers") } == "PS014")
        let first = try await bob.receive(max: 1)
        #expect(first.map(\.body) == ["1"])
        #expect(try await carl.receive().map(\.body) == ["3"])
        try await bob.ack(first[0].handle)
        #expect(try await carl.receive().isEmpty, "thread t is bob's for a while")
        #expect(try await bob.receive().map(\.body) == ["2"])
    }

    @Test("Who has left a role gets nothing more, and its threads go to others")
    func leaves() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        let carl = try await Caller.named("carl")
        try await bob.subscribe("role:r")
        try await carl.subscribe("role:r")
        try await ada.send("role:r", body: "1", thread: "t")
        try await ada.send("role:r", body: "2", thread: "t")
        try await bob.ack(try await bob.receive()[0].handle)
        try await bob.rows("SELECT pgswarm.message_unsubscribe('role:r', agent => 'bob')")
        #expect(try await bob.receive().isEmpty)
        #expect(try await carl.receive().map(\.body) == ["2"])
    }

    @Test("A topic is one payload with a delivery for each subscriber but the sender, nobody twice")
    func topic() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        let carl = try await Caller.named("carl")
        for caller in [ada, bob, carl] { try await caller.subscribe("topic:builds") }
        let sent = try await ada.send("topic:builds", "bob")
        #expect(sent.map(\.recipient).sorted() == ["agent:bob", "agent:carl"])
        #expect(Set(sent.compactMap(\.id)).count == 1)
        #expect(try await bob.receive().count == 1)
        #expect(try await carl.receive().count == 1)
        #expect(try await ada.receive().isEmpty)
    }

    @Test("An agent reads its own mailbox alone; an operator may look and not take")
    func others() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob").introduced()
        try await ada.send("bob")
        #expect(await refusal { try await ada.receive("bob") } == "PS014")
        #expect(try await ada.peek("bob").count == 1, "a superuser is an operator")
        #expect(try await ada.fate(of: 1) == ["stored"], "an onlooker changes nothing")
        #expect(try await bob.peek().count == 1)
        #expect(try await ada.fate(of: 1) == ["offered"])
        #expect(try await bob.receive().count == 1, "peeking took nothing")
    }

    @Test("A worker's login sends, reads and answers through functions, and can't look into what others write")
    func worker() async throws {
        let ada = try await Caller.named().introduced()
        try await withLogin("pgswarm_worker") { worker in
            #expect(try await worker.send("ada")[0].state == "queued")
            try await worker.subscribe("role:r")
            try await ada.send("role:r")
            try await ada.send("human:operator")
            let mail = try await worker.receive()
            #expect(mail.count == 1)
            #expect(try await worker.ack(mail[0].handle) == ["ok"])
            try await worker.rows("SELECT pgswarm.message_wait()")
            try await worker.rows("SELECT pgswarm.message_ring(ARRAY['ada'])")
            #expect(await refusal { try await worker.receive("human:operator") } == "PS014")
            #expect(await refusal { _ = try await worker.peek("ada") } == "PS014")
            #expect(await refusal { try await worker.rows("SELECT body FROM pgswarm.messages") } == "42501")
            #expect(await refusal { try await worker.rows("SELECT pgswarm.set_messages('{}')") } == "42501")
            #expect(await refusal { try await worker.subscribe("role:r", member: "ada") } == "PS014")
            #expect(await refusal { try await worker.rows("SELECT * FROM pgswarm.message_thread('human')") } == "PS002")
            #expect(await refusal { try await worker.send("ada", replyTo: 3) } == "PS002", "not its message")
        }
    }

    @Test("A conversation shows each message with what has become of it, to those who take part")
    func thread() async throws {
        let ada = try await Caller.named().introduced()
        let bob = try await Caller.named("bob").introduced()
        let asked = try #require(try await ada.send("bob", body: "\"?\"")[0].id)
        let mail = try await bob.receive()[0]
        let answer = try await bob.send(to: nil, body: "\"!\"", replyTo: asked)[0]
        #expect(answer.recipient == "agent:ada")
        try await bob.ack(mail.handle)
        let rows = try await ada.rows(
            "SELECT id, sender, state, in_thread FROM pgswarm.message_thread(message => \(answer.id), agent => 'ada')")
        #expect(try rows.map { row in try row[1, as: String.self] } == ["ada", "bob"])
        #expect(try rows.map { row in try row[2, as: String.self] } == ["answered", "stored"])
        #expect(try rows.map { row in try row[3, as: String.self] } == ["message:\(asked)", "message:\(asked)"])
    }

    @Test("A ring reaches who waits, once, and nobody else; a send itself rings for nobody")
    func rings() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob").introduced()
        let wait = try await bob.rows("SELECT recipients FROM pgswarm.message_wait(agent => 'bob')")[0]
        #expect(try wait[0, as: [String].self] == ["agent:bob"])
        try await ada.send("bob")
        let rings: SQL = "SELECT pgswarm.message_ring(ARRAY['bob', 'agent:ada'])"
        #expect(try await ada.value(rings, as: Int.self) == 1)
        #expect(try await ada.value(rings, as: Int.self) == 0, "the registration is used up")
    }

    @Test("Mail to a task that ends unread is a dead letter, not silence")
    func endedTask() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue()
        let id = try await ada.send("task:\(task)")[0].id
        try await ada.complete(try await ada.claimOne().handle)
        try await ada.rows("SELECT pgswarm.maintain()")
        #expect(try await ada.fate(of: id) == ["dead"])
    }

    @Test("The counts of a mailbox are those of its deliveries, whatever happens to it")
    func counts() async throws {
        let random = try await Crowd(6, named: "r")
        for member in random.members { _ = try await member.introduced() }
        let owner = try await Caller.named()
        try await owner.setMessages(#"{"max_deliveries": 2, "sender_rate": 100000, "max_count": 30}"#)
        var seed = SeededRandom()
        let seeds = (0..<6).map { _ in UInt64.random(in: 0...UInt64.max, using: &seed) }
        _ = try await random.each { index, caller in
            var dice = SeededRandom(seed: seeds[index])
            for _ in 0..<40 {
                switch Int.random(in: 0..<5, using: &dice) {
                case 0, 1:
                    let names = (0..<2).map { _ in "r-\(Int.random(in: 0..<6, using: &dice))" }
                    try await caller.send(to: names, thread: "t\(Int.random(in: 0..<3, using: &dice))")
                case 2: try await caller.send("r-\(Int.random(in: 0..<6, using: &dice))", key: "k")
                case 3: for mail in try await caller.receive(max: 3) { try await caller.ack(mail.handle) }
                default: for mail in try await caller.receive(max: 2) { try await caller.nack(mail.handle) }
                }
            }
        }
        await random.disperse()
        let wrong: Int = try await owner.value(
            """
            SELECT count(*) FROM pgswarm.mailbox m LEFT JOIN LATERAL (
                SELECT count(*) AS depth, coalesce(sum(d.bytes), 0) AS bytes, count(*) FILTER (WHERE d.state = 'queued') AS unread
                FROM pgswarm.delivery d WHERE d.mailbox = m.id AND d.state IN ('queued', 'leased')) d ON true
            WHERE (m.depth, m.bytes, m.unread) IS DISTINCT FROM (d.depth, d.bytes, d.unread)
            """)
        #expect(wrong == 0)
        #expect(try await deadlocks() == 0)
    }
}
