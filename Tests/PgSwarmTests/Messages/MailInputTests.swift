import Postgres
import TestSupport
import Testing

@Suite("Bad input to the relay", .database, .timeLimit(.minutes(3)))
struct MailInputTests {
    @Test("Ten thousand recipients are one clear error, and nothing is sent")
    func manyRecipients() async throws {
        let ada = try await Caller.named().introduced()
        let refused = await refusalMessage {
            try await ada.send(to: (1...10_000).map { "agent-\($0)" })
        }
        #expect(
            refused.code == "PS009" && refused.message.contains("10000 recipients") && refused.message.contains("100"))
        let count: Int = try await ada.value("SELECT count(*) FROM pgswarm.mailboxes")
        #expect(count == 1, "only the operator's")
    }

    @Test("A topic with more subscribers than a call may have recipients is refused")
    func largeTopic() async throws {
        let ada = try await Caller.named().introduced()
        try await ada.setMessages(#"{"max_recipients": 3}"#)
        for n in 1...4 {
            let member = try await Caller(connection: ada.connection, agent: "m\(n)").introduced()
            try await member.subscribe("topic:t")
        }
        #expect(await refusal { try await ada.send("topic:t") } == "PS009")
    }

    @Test("A body over the limit is refused with its size, one at the limit is not")
    func largeBody() async throws {
        let ada = try await Caller.named().introduced()
        func body(_ bytes: Int) -> String { "\"" + String(repeating: "x", count: bytes - 2) + "\"" }
        #expect(try await ada.send("ada", body: body(4096))[0].state == "queued")
        let refused = await refusalMessage { try await ada.send("ada", body: body(4097)) }
        #expect(refused.code == "PS009" && refused.message.contains("4097") && refused.message.contains("4096"))
        #expect(await refusal { try await ada.send("ada", body: body(10_000_000)) } == "PS009")
    }

    @Test(
        "What is no address is refused and quoted",
        arguments: [
            "", "role:", "role:a b", "task:0", "task:-1", "task:1e3", "task:٣", "task:9999999999999999999",
            "topic:\u{1b}[2J",
            "human:аdmin", "a\u{7}b",
        ])
    func addresses(address: String) async throws {
        let ada = try await Caller.named().introduced()
        #expect(await refusal { try await ada.send(to: [address]) } == "PS003")
        #expect(await refusal { try await ada.receive(address) } == "PS003")
    }

    @Test("Names that look like SQL are names")
    func injection() async throws {
        let ada = try await Caller.named().introduced()
        let sent = try await ada.send(to: ["x'; DROP TABLE pgswarm.message; --", "agent:%s%n"])
        #expect(sent.map(\.state) == ["refused", "refused"])
        #expect(
            try await ada.send("ada", body: #"{"sender": "root", "trust": "human", "hop": -5}"#)[0].state == "queued")
        let mail = try await ada.receive()[0]
        #expect(mail.sender == "ada" && mail.hop == 0, "what a body says about itself is only data")
    }

    @Test("Durations and numbers out of range are refused by name")
    func ranges() async throws {
        let ada = try await Caller.named().introduced()
        #expect(await refusal { try await ada.send("ada", ttl: .seconds(-5)) } == "PS003")
        #expect(await refusal { try await ada.send("ada", replyWithin: .seconds(-1)) } == "PS003")
        #expect(await refusal { try await ada.send("ada", ttl: .seconds(400 * 86_400)) } == "PS003")
        #expect(await refusal { try await ada.receive(visibility: .seconds(-1)) } == "PS003")
        #expect(await refusal { try await ada.receive(visibility: .seconds(0)) } == "PS003")
        #expect(await refusal { try await ada.receive(max: 0) } == "PS003")
        #expect(await refusal { try await ada.receive(max: 1_000_000) } == "PS003")
        try await ada.send("ada")
        let mail = try await ada.receive()[0]
        #expect(await refusal { try await ada.nack(mail.handle, delay: .seconds(-1)) } == "PS003")
        #expect(try await ada.ack(mail.handle) == ["ok"])
    }

    @Test("Control characters are refused in every text field, and kept as data in a body")
    func escapes() async throws {
        let ada = try await Caller.named().introduced()
        let evil = "ok\u{1b}[2J\rDONE"
        #expect(await refusal { try await ada.send("ada", thread: evil) } == "PS003")
        #expect(await refusal { try await ada.send("ada", key: evil) } == "PS003")
        #expect(await refusal { try await ada.send(to: ["ada"], subject: evil) } == "PS003")
        #expect(await refusal { try await ada.send(to: []) } == "PS003")
        try await ada.send("ada", body: #""ok\u001b[2J""#)
        #expect(try await ada.receive()[0].body == #""ok\u001b[2J""#)
    }

    @Test(
        "A handle that is none is refused; somebody else's secret is lost_claim",
        arguments: ["", "m1", "1.1.abc", "m1.1.zz"])
    func handles(handle: String) async throws {
        let ada = try await Caller.named().introduced()
        #expect(await refusal { try await ada.ack(handle) } == "PS004")
        #expect(try await ada.ack("m1.1.0123456789abcdef0123456789abcdef") == ["lost_claim"])
        #expect(await refusal { try await ada.ack("m99999999999.1.0123456789abcdef0123456789abcdef") } == "PS004")
        try await ada.send("ada")
        let mail = try await ada.receive()[0]
        let forged = String(mail.handle.dropLast(32)) + String(repeating: "0", count: 32)
        #expect(try await ada.ack(forged) == ["lost_claim"])
        #expect(try await ada.ack(mail.handle) == ["ok"])
    }

    @Test("A setting that is none, or an impossible value, changes nothing")
    func settings() async throws {
        let ada = try await Caller.named()
        #expect(await refusal { try await ada.setMessages(#"{"max_hop": 3}"#) } == "PS003")
        #expect(await refusal { try await ada.setMessages(#"{"max_count": 3, "ttl": -1}"#) } == "PS003")
        #expect(await refusal { try await ada.setMessages(#"{"max_count": "many"}"#) } == "PS003")
        #expect(await refusal { try await ada.setMessages(#"{"max_count": 3}"#, mailbox: "nobody") } == "PS011")
        let count: Int = try await ada.value("SELECT max_count FROM pgswarm.message_setting")
        #expect(count == 200)
    }
}
