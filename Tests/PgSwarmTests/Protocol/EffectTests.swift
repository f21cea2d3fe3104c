import Postgres
import TestSupport
import Testing

@Suite("Effects", .database, .timeLimit(.minutes(5)))
struct EffectTests {
    @Test("Intended, confirmed, and known to the next holder while unconfirmed")
    func ledger() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        let task = try await ada.enqueue("q", #"{"max_lost": 9}"#)
        let first = try await ada.claimOne()
        #expect(try await ada.intent(first.handle, "mail:1", detail: #"{"to": "x"}"#) == "new")
        #expect(try await ada.intent(first.handle, "mail:2") == "new")
        #expect(try await ada.intent(first.handle, "mail:2", detail: "5") == "unconfirmed")
        try await ada.confirm(first.handle, "mail:2", result: #"{"id": 7}"#)
        try await ada.lose()
        let second = try await bob.claimOne()
        #expect(second.effects?.contains("mail:1") == true)
        #expect(second.effects?.contains("mail:2") == false)
        let seen = try await bob.rows("SELECT state, intended, epoch FROM pgswarm.intent(\(second.handle), 'mail:1')")[
            0]
        #expect(try seen[0, as: String.self] == "unconfirmed")
        #expect(try seen[1, as: JSONText.self].text == #"{"to": "x"}"#)
        #expect(try seen[2, as: Int.self] == first.epoch)
        let known = try await bob.rows("SELECT state, result FROM pgswarm.intent(\(second.handle), 'mail:2')")[0]
        #expect(try known[0, as: String.self] == "confirmed")
        #expect(try known[1, as: JSONText.self].text == #"{"id": 7}"#)
        // A second confirmation changes nothing.
        try await bob.confirm(second.handle, "mail:2", result: "8")
        try await bob.confirm(second.handle, "mail:1", result: "9")
        let shown: [String] = try await ada.column(
            "SELECT key || ' ' || state || ' ' || result FROM pgswarm.effects WHERE task_id = \(task) ORDER BY key")
        #expect(shown == ["mail:1 confirmed 9", #"mail:2 confirmed {"id": 7}"#])
    }

    @Test("What was never intended can not be confirmed; keys are bounded")
    func refusals() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        #expect(await refusal { try await ada.confirm(handle, "nothing") } == "PS002")
        #expect(await refusal { try await ada.intent(handle, "") } == "PS003")
        #expect(await refusal { try await ada.intent(handle, String(repeating: "k", count: 501)) } == "PS003")
        let large = #""\#(String(repeating: "x", count: 1_100_000))""#
        #expect(await refusal { try await ada.intent(handle, "k", detail: large) } == "PS009")
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.effects", as: Int.self) == 0)
    }

    @Test("Meant twice at the same moment it is new only once")
    func race() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        let handle = try await ada.claimOne().handle
        let crowd = try await Crowd(8)
        let answers = try await crowd.each { _, member in try await member.intent(handle, "k") }
        #expect(answers.filter { $0 == "new" }.count == 1)
        #expect(answers.filter { $0 == "unconfirmed" }.count == 7)
        await crowd.disperse()
    }
}
