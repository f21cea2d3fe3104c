import Postgres
import TestSupport
import Testing

/// Versions: what may be published, who agrees, in which order.
@Suite("Contracts", .database, .timeLimit(.minutes(5)))
struct ContractTests {
    private let number = #"{"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}"#

    @Test("A version is published once: the same again changes nothing, anything else is refused")
    func immutable() async throws {
        let ada = try await Caller.named()
        #expect(
            try await ada.publish("api", "1.0.0", number)
                == Published(status: "draft", created: true, verdict: nil, breaking: false, affected: []))
        let before = try await Picture.taken(by: ada)
        #expect(try await ada.publish("api", "1.0.0", number).created == false)
        #expect(await refusal { try await ada.publish("api", "1.0.0", "{}") } == "PS017")
        #expect(await refusal { try await ada.publish("api", "1.0.0", number, ", kind => 'text'") } != "accepted")
        #expect(await refusal { try await ada.publish("api", "1.0.1", number, ", compat => 'none'") } == "PS017")
        #expect(try await Picture.taken(by: ada).differences(from: before) == [])
    }

    @Test(arguments: [
        ("1.0", "{}", ""), ("01.0.0", "{}", ""), ("1.0.0+build", "{}", ""), ("1.0.0-", "{}", ""),
        ("1.0.0-01", "{}", ""),
        ("", "{}", ""), ("1.0.0", "[]", ""), ("1.0.0", #"{"typo": 1}"#, ""), ("1.0.0", "{}", ", kind => 'xml'"),
        ("1.0.0", "{}", ", compat => 'sideways'"), ("1.0.0", #""""#, ", kind => 'text'"),
        ("1.0.0", "3", ", kind => 'sql'"),
        ("1.0.0", "{}", ", examples => '[]'"), ("1.0.0", "{}", #", examples => '{"good": []}'"#),
        ("1.0.0", #"{"$ref": "http://example.com/"}"#, ""),
    ])
    func `Bad input is told as such and changes nothing`(version: String, body: String, more: String) async throws {
        let ada = try await Caller.named()
        let before = try await Picture.taken(by: ada, without: ["agent", "event"])
        #expect(await refusal { try await ada.publish("api", version, body, more) } == "PS003")
        #expect(try await Picture.taken(by: ada, without: ["agent", "event"]).differences(from: before) == [])
    }

    @Test("Versions are ordered as https://semver.org has it")
    func order() async throws {
        let ada = try await Caller.named()
        let versions = [
            "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
        ]
        for version in versions.shuffled() { try await ada.publish("api", version, "{}") }
        let ordered: [String] = try await ada.column("SELECT version FROM pgswarm.contracts ORDER BY place")
        #expect(ordered == versions)
    }

    @Test("Examples have to bear the schema out")
    func examples() async throws {
        let ada = try await Caller.named()
        try await ada.publish(
            "api", "1.0.0", number, #", examples => '{"valid": [{"n": 1}], "invalid": [{}, {"n": 0.5}]}'"#)
        let wrong = await refusalMessage {
            try await ada.publish("api", "1.0.1", number, #", examples => '{"valid": [{"n": 1}, {"n": "x"}]}'"#)
        }
        #expect(wrong == ("PS019", "valid example 1 does not fit the schema: /n must be integer, not string"))
        let fits = await refusalMessage {
            try await ada.publish("api", "1.0.1", number, #", examples => '{"invalid": [{"n": 3}]}'"#)
        }
        #expect(fits == ("PS019", "invalid example 0 fits the schema"))
    }

    @Test("A break needs a new major version; while that is 0, a new minor one")
    func steps() async throws {
        let ada = try await Caller.named()
        try await ada.fix("api", "1.0.0", number)
        let more = #"{"type": "object", "required": ["n", "m"], "properties": {"n": {"type": "integer"}}}"#
        let refused = await refusalMessage { try await ada.publish("api", "1.1.0", more) }
        #expect(refused.code == "PS020")
        #expect(refused.message.contains(#"it must have the property "m"; for example {"#))
        #expect(try await ada.publish("api", "2.0.0", more).breaking)
        #expect(try await ada.publish("api", "1.1.0", #"{"type": "object"}"#).verdict == "compatible")
        try await ada.fix("zero", "0.1.0", number)
        #expect(await refusal { try await ada.publish("zero", "0.1.1", more) } == "PS020")
        #expect(try await ada.publish("zero", "0.2.0", more).breaking)
        try await ada.fix("free", "1.0.0", number, ", compat => 'none'")
        #expect(try await ada.publish("free", "1.0.1", more).verdict == "compatible")
    }

    @Test("It is compared with the last agreed version before it, not with drafts nor with later ones")
    func base() async throws {
        let ada = try await Caller.named()
        try await ada.fix("api", "1.0.0", number)
        try await ada.publish("api", "1.0.1", "{}")
        try await ada.fix("api", "2.0.0", #"{"type": "string"}"#)
        try await ada.publish("api", "1.1.0", number)
        try await ada.publish("api", "2.0.1", #"{"type": "string"}"#)
        let bases: [String] = try await ada.column(
            "SELECT compared_with FROM pgswarm.contracts WHERE version IN ('1.1.0', '2.0.1') ORDER BY place")
        #expect(bases == ["1.0.0", "2.0.0"])
    }

    @Test("What nobody could decide needs somebody else than its publisher")
    func unknown() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        try await ada.fix("sig", "1.0.0", #""int f(int);""#, ", kind => 'signature', \"check\" => 'cc -fsyntax-only'")
        #expect(
            try await ada.publish("sig", "1.1.0", #""int f(int); int g();""#, ", kind => 'signature'").verdict
                == "unknown")
        let refused = await refusalMessage { try await ada.agree("sig", "1.1.0") }
        #expect(refused.code == "PS014")
        #expect(refused.message.contains("somebody else than ada"))
        try await bob.agree("sig", "1.1.0")
        let check = try await ada.rows("SELECT valid, check_command FROM pgswarm.contract_check('sig', '1.0.0', '1')")[
            0]
        let (valid, command) = try check.decode((Bool?, String).self)
        #expect(valid == nil && command == "cc -fsyntax-only")
        // Of a text the digest is the text's own.
        let digests: [String] = try await ada.column(
            "SELECT digest FROM pgswarm.contract_get('sig', '1.0.0') UNION SELECT encode(sha256('int f(int);'), 'hex')")
        #expect(digests.count == 1)
    }

    @Test("A worker publishes what is its own, and agrees to nothing")
    func workers() async throws {
        let ada = try await Caller.named()
        try await ada.fix("api", "1.0.0", number)
        try await withLogin("pgswarm_worker") { worker in
            #expect(await refusal { try await worker.publish("api", "1.1.0", "{}") } == "PS014")
            try await worker.publish("own", "1.0.0", number)
            #expect(await refusal { try await worker.agree("own", "1.0.0") } == "42501")
        }
        try await withLogin("pgswarm_coordinator") { coordinator in
            try await coordinator.publish("api", "1.1.0", "{}")
            try await coordinator.agree("own", "1.0.0")
        }
    }

    @Test("From draft to withdrawn, and never back")
    func statuses() async throws {
        let ada = try await Caller.named()
        let deprecate = "SELECT pgswarm.contract_deprecate('api', '1.0.0', agent => 'ada')"
        try await ada.publish("api", "1.0.0", number)
        #expect(await refusal { try await ada.script(deprecate) } == "PS010")
        #expect(await refusal { try await ada.rows("SELECT * FROM pgswarm.contract_get('api')") } == "PS002")
        try await ada.agree("api", "1.0.0")
        #expect(try await ada.agree("api", "1.0.0") == [])
        #expect(
            try await ada.value("SELECT contract_version FROM pgswarm.contract_get('api')", as: String.self) == "1.0.0")
        try await ada.script(deprecate)
        try await ada.script("SELECT pgswarm.contract_withdraw('api', '1.0.0', 'wrong', agent => 'ada')")
        #expect(await refusal { try await ada.agree("api", "1.0.0") } == "PS010")
        #expect(
            await refusal { try await ada.script("SELECT pgswarm.contract_withdraw('api', '1.0.0', ' ')") } == "PS003")
        let kinds: [String] = try await ada.column(
            "SELECT DISTINCT kind FROM pgswarm.events WHERE kind LIKE 'contract%' ORDER BY 1")
        #expect(kinds == ["contract_agreed", "contract_deprecated", "contract_published", "contract_withdrawn"])
    }
}
