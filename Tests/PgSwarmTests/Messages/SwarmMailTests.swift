import PgSwarm
import Postgres
import TestSupport
import Testing

@Suite("Messages of the library", .database, .timeLimit(.minutes(3)))
struct SwarmMailTests {
    @Test("A receiver that waits is woken by a send, without a poll")
    func woken() async throws {
        _ = try await Caller.named("bob").introduced()
        try await withSwarm(agent: "bob") { configuration in
            configuration.pollInterval = .seconds(3600)
        } _: { bob, _ in
            async let received = bob.receive(wait: .seconds(60))
            let observer = try await Caller.named()
            try await eventually("the receiver waits") {
                try await observer.value("SELECT count(*) FROM pgswarm.mailbox_waiter", as: Int.self) > 0
            }
            try await withSwarm(agent: "ada") { ada, _ in
                let receipts = try await ada.send(MessageDraft(to: ["bob"], "hello"))
                #expect(receipts.map(\.state) == [.queued])
            }
            let mail = try await received
            #expect(mail.count == 1)
            #expect(mail.first?.message.body?.text == "\"hello\"" && mail.first?.message.sender == "ada")
            let ends = try await bob.ack(mail.map(\.delivery))
            #expect(ends.allSatisfy { $0.refusal == nil && $0.state == "acked" })
        }
    }

    @Test("With every ring lost a poll finds what has come")
    func polled() async throws {
        let ada = try await Caller.named()
        _ = try await Caller.named("bob").introduced()
        try await withSwarm(agent: "bob") { configuration in
            configuration.pollInterval = .milliseconds(50)
        } _: { bob, _ in
            async let received = bob.receive(wait: .seconds(60))
            // Says nothing to anybody: SQL alone rings for nobody.
            try await ada.send("bob")
            #expect(try await received.count == 1)
        }
    }

    @Test("An answer, a refusal and a lost delivery are told apart")
    func told() async throws {
        _ = try await Caller.named("bob").introduced()
        try await withSwarm(agent: "ada") { ada, _ in
            let receipts = try await ada.send(MessageDraft(to: ["bob", "bbo"], ["port": 8080]))
            #expect(receipts.map(\.state) == [.queued, .refused])
            #expect(receipts[1].refusal?.code == .unknownAgent && receipts[1].refusal?.hint != nil)
            let asked = try #require(receipts[0].id)
            try await withSwarm(agent: "bob") { bob, _ in
                let mail = try await bob.receive()
                try await bob.send(MessageDraft(replyTo: asked, "taken"))
                let given = try await bob.nack(mail.map(\.delivery), error: "busy")
                #expect(given.map(\.state) == ["queued"])
                let late = try await bob.ack(mail.map(\.delivery))
                #expect(late.first?.refusal?.code == .lostClaim)
            }
            #expect(try await ada.receive().map(\.message.inReplyTo) == [asked])
            #expect(try await ada.thread(of: asked).map(\.state) == ["answered", "delivered"])
        }
    }

    @Test("Sent in a transaction that is rolled back, a message was never there")
    func rolledBack() async throws {
        let bob = try await Caller.named("bob").introduced()
        try await withSwarm(agent: "ada") { ada, _ in
            struct Undo: Error {}
            await #expect(throws: (any Error).self) {
                try await ada.withConnection { db in
                    try db.transaction { db in
                        try db.send(MessageDraft(to: ["bob"], "never"), agent: "ada")
                        throw Undo()
                    }
                }
            }
        }
        #expect(try await bob.peek().isEmpty)
    }
}
