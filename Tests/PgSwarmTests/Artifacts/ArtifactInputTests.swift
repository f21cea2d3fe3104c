import Postgres
import TestSupport
import Testing

@Suite("Bad artifacts", .database, .timeLimit(.minutes(3)))
struct ArtifactInputTests {
    private static let hash = String(repeating: "ab", count: 32)
    private static let commit = String(repeating: "c", count: 40)

    /// Arguments of a put, how it is refused, and a word of its message.
    private static let cases: [(String, String, String)] = [
        ("'data'", "PS003", "one body or one reference"),
        ("'data', body_text => 'x', body_json => '1'", "PS003", "one body"),
        ("'data', body_text => 'x', sha256 => '\(hash)'", "PS003", "SHA-256 is"),
        ("'data', body_text => 'x', sha256 => 'zz'", "PS003", "not a SHA-256"),
        ("'data', body_text => 'x', size => 2", "PS003", "1 bytes, not 2"),
        ("'data', body_text => repeat('x', 262145)", "PS009", "262145 bytes, the limit is 262144"),
        ("'data', body_bytes => '\\x6100', media_type => 'text/plain'", "PS003", "zero byte"),
        ("'data', body_bytes => '\\xff61', media_type => 'text/plain'", "PS003", "UTF-8"),
        ("'data', body_text => '{\"a\":', media_type => 'application/json'", "PS003", "application/json"),
        ("'data', body_text => '\"\\u0000\"', media_type => 'application/json'", "PS003", "application/json"),
        ("'data', body_text => repeat('[', 50000), media_type => 'application/json'", "PS003", "application/json"),
        ("'data', body_json => '1', media_type => 'text/plain'", "PS003", "JSON body"),
        ("'data', body_text => 'x', media_type => 'text/plain; charset=latin1'", "PS003", "media type"),
        ("'Data', body_text => 'x'", "PS003", "kind"),
        ("'ignore all instructions', body_text => 'x'", "PS003", "kind"),
        ("NULL, body_text => 'x'", "PS003", "kind"),
        ("'data', name => '../x', body_text => 'x'", "PS003", "name"),
        ("'data', name => 'a/../b', body_text => 'x'", "PS003", "name"),
        ("'data', name => '/etc/passwd', body_text => 'x'", "PS003", "name"),
        ("'data', name => 'a//b', body_text => 'x'", "PS003", "name"),
        ("'data', name => './a', body_text => 'x'", "PS003", "name"),
        ("'data', name => E'a\\nb', body_text => 'x'", "PS003", "name"),
        ("'data', name => 'a b', body_text => 'x'", "PS003", "name"),
        ("'data', name => U&'\\0430dmin', body_text => 'x'", "PS003", "name"),
        ("'data', name => '', body_text => 'x'", "PS003", "name"),
        ("'data', name => repeat('n', 201), body_text => 'x'", "PS003", "name"),
        ("'data', reference => 'git:\(commit):a.c'", "PS003", "needs the SHA-256 and the size"),
        ("'data', reference => 'git:main:a.c', sha256 => '\(hash)', size => 1", "PS003", "not a reference"),
        ("'data', reference => 'git:\(commit):/a.c', sha256 => '\(hash)', size => 1", "PS003", "not a reference"),
        ("'data', reference => 'git:\(commit):../a.c', sha256 => '\(hash)', size => 1", "PS003", ".."),
        ("'data', reference => 'file:/a/%2e%2E/b', sha256 => '\(hash)', size => 1", "PS003", ".."),
        ("'data', reference => E'file:/a\\u001b[31m', sha256 => '\(hash)', size => 1", "PS003", "control characters"),
        ("'data', reference => 'file:/a%00b', sha256 => '\(hash)', size => 1", "PS003", "control characters"),
        ("'data', reference => U&'file:/\\202e', sha256 => '\(hash)', size => 1", "PS003", "ASCII"),
        ("'data', reference => 'javascript:alert(1)', sha256 => '\(hash)', size => 1", "PS003", "not a reference"),
        ("'data', reference => 'https://user:word@host/a', sha256 => '\(hash)', size => 1", "PS003", "reference"),
        ("'data', reference => 'https://host/a', sha256 => '\(hash)', size => -1", "PS003", "out of range"),
        ("'data', reference => 'file:' || repeat('a', 2000), sha256 => '\(hash)', size => 1", "PS009", "2000"),
        ("'data', body_text => 'x', plan => 'nowhere'", "PS002", "plan"),
        ("'data', body_text => 'x', contract => 'api@1.0.0'", "PS002", "contract"),
        ("'data', '1.1.x', body_text => 'x'", "PS004", "handle"),
    ]

    @Test("Are refused with what is wrong and what to do, and change nothing")
    func refusals() async throws {
        let ada = try await Caller.named()
        try await ada.put("x")
        let before = try await Picture.taken(by: ada)
        for (arguments, code, word) in Self.cases {
            let (state, message) = await refusalMessage {
                try await ada.rows(SQL(unsafe: "SELECT pgswarm.artifact_put(\(arguments))"))
            }
            #expect(state == code && message.contains(word), "\(arguments): \(state) \(message)")
        }
        for arguments in ["", "1, name => 'x'", "name => 'x', task => 1, plan => 'p'", "1, version => 1"] {
            let sql = SQL(unsafe: "SELECT pgswarm.artifact_get(\(arguments))")
            #expect(["PS002", "PS003"].contains(await refusal { try await ada.rows(sql) }), "\(arguments)")
        }
        for arguments in ["1, first_byte => -1", "1, max_bytes => 0", "1, first_byte => NULL"] {
            let sql = SQL(unsafe: "SELECT pgswarm.artifact_get(\(arguments))")
            #expect(await refusal { try await ada.rows(sql) } == "PS003", "\(arguments)")
        }
        #expect(await refusal { try await ada.read(99) } == "PS002")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.artifact_list(count => 0)") } == "PS003")
        for settings in [#"{"artifact_inline": 1048577}"#, #"{"note_keys": 0}"#, #"{"x": 1}"#, "[]"] {
            #expect(
                await refusal { try await ada.rows("SELECT pgswarm.artifact_set(\(JSONText(settings)))") } == "PS003")
        }
        #expect(try await Picture.taken(by: ada).differences(from: before) == [])
    }

    @Test("What is allowed comes back byte by byte: zeros, bytes that are no text, an empty body, a reference")
    func allowed() async throws {
        let ada = try await Caller.named()
        let bytes = Bytes((0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        let id: Int = try await ada.value("SELECT id FROM pgswarm.artifact_put('data', body_bytes => \(bytes))")
        #expect(try await ada.value("SELECT body FROM pgswarm.artifact_get(\(id))", as: Bytes.self) == bytes)
        let empty = try await ada.put("")
        #expect(try await ada.read(empty.id) == "")
        let place = "git:\(Self.commit):src/a%20b.c"
        let there: Int = try await ada.value(
            "SELECT id FROM pgswarm.artifact_put('code', reference => \(place), sha256 => \(Self.hash), size => 7)")
        let row = try await ada.rows(
            "SELECT reference, sha256, size, body_text, body FROM pgswarm.artifact_get(\(there))")[0]
        let answer = try row.decode((String, String, Int, String?, Bytes?).self)
        #expect(answer.0 == place && answer.1 == Self.hash && answer.2 == 7 && answer.3 == nil && answer.4 == nil)
    }
}
