import Postgres
import TestSupport
import Testing

@Suite("Notes and decisions", .database, .timeLimit(.minutes(5)))
struct NoteTests {
    @Test("A note is set at the version that was read; whoever comes second hears what stands there")
    func versions() async throws {
        let ada = try await Caller.named()
        #expect(try await ada.note("api/port", "1", expect: 0) == 1)
        let second = await refusalMessage { try await ada.note("api/port", "2", expect: 0) }
        #expect(
            second.code == "PS022" && second.message.contains("version 1 by ada") && second.message.hasSuffix(": 1"))
        #expect(try await ada.note("api/port", "2", expect: 1) == 2)
        #expect(try await ada.note("api/port", "3") == 3)
        #expect(await refusal { try await ada.note("api/port", "4", expect: 2) } == "PS022")
        // Removed and made again, it goes on: an old version fits never again.
        #expect(try await ada.note("api/port", nil, expect: 3) == 4)
        #expect(try await ada.rows("SELECT pgswarm.note_get('api/port')").count == 0)
        #expect(await refusal { try await ada.note("api/port", nil) } == "PS002")
        #expect(await refusal { try await ada.note("api/port", "5", expect: 4) } == "PS022")
        #expect(try await ada.note("api/port", "5", expect: 0) == 5)
        let history: [Int] = try await ada.column("SELECT version FROM pgswarm.note_history('api/port')")
        #expect(history == [5, 3, 2, 1])
        let long = "\"\(String(repeating: "x", count: 5000))\""
        try await ada.note("api/text", long)
        let (code, message) = await refusalMessage { try await ada.note("api/text", "1", expect: 0) }
        #expect(code == "PS022" && message.count < 1200)
        let sizes: [Int] = try await ada.column("SELECT size FROM pgswarm.note_list('api/') WHERE value IS NULL")
        #expect(sizes == [5002])
    }

    @Test("50 writers compare and set one key 200 times each: as many versions as were granted, and nothing lost")
    func race() async throws {
        let ada = try await Caller.named()
        try await ada.note("counter", "0", expect: 0)
        let crowd = try await Crowd(50)
        let start = ContinuousClock.now
        let granted = try await crowd.each { _, caller in
            var granted = 0
            for _ in 0..<200 {
                let (version, number) = try await caller.rows(
                    "SELECT version, (value #>> '{}')::bigint FROM pgswarm.note_get('counter')"
                )[0].decode((Int, Int).self)
                let code = await refusal { try await caller.note("counter", "\(number + 1)", expect: version) }
                if code == "accepted" { granted += 1 } else { #expect(code == "PS022") }
            }
            return granted
        }.reduce(0, +)
        let (version, number) = try await ada.rows(
            "SELECT version, (value #>> '{}')::bigint FROM pgswarm.note_get('counter')"
        )[0].decode((Int, Int).self)
        print("of 10,000 attempts \(granted) were granted in \(ContinuousClock.now - start)")
        #expect(number == granted && version == granted + 1 && granted >= 200)
        let gaps: Int = try await ada.value(
            """
            SELECT count(*) FROM (SELECT version, lag(version) OVER (ORDER BY version) AS before
                                  FROM pgswarm.note_history('counter', count => 1000)) h WHERE version <> before + 1
            """)
        #expect(gaps == 0)
        #expect(try await deadlocks() == 0)
        await crowd.disperse()
    }

    @Test("Of 50 who make one key at once one does, and a full scratchpad stays within its limit")
    func creation() async throws {
        let ada = try await Caller.named()
        try await ada.rows("SELECT pgswarm.artifact_set('{\"note_keys\": 10}')")
        let crowd = try await Crowd(20)
        let one = try await crowd.each { _, caller in await refusal { try await caller.note("one", "1", expect: 0) } }
        #expect(one.filter { $0 == "accepted" }.count == 1)
        let many = try await crowd.each { index, caller in
            await refusal { try await caller.note("key-\(index)", "1") }
        }
        #expect(many.filter { $0 == "accepted" }.count == 9)
        #expect(many.filter { $0 == "PS009" }.count == 11)
        #expect(try await ada.note("one", nil) == 2)
        #expect(try await ada.note("other", "1") == 1)
        #expect(await refusal { try await ada.note("another", "1") } == "PS009")
        await crowd.disperse()
    }

    @Test("Each plan has its own; a handle leads to that of its task's plan, and stamps the writer")
    func scopes() async throws {
        let ada = try await Caller.named()
        let plan = try await ada.plan("site")
        let task = try await ada.enqueue()
        try await ada.rows("UPDATE pgswarm.task SET plan = \(plan)")
        let claim = try await ada.claimOne()
        try await ada.note("k", #""of the swarm""#)
        try await ada.note("k", #""of the plan""#, handle: claim.handle)
        let row = try await ada.rows("SELECT value, author, task_id FROM pgswarm.note_get('k', plan => 'site')")[0]
        let (value, author, writer) = try row.decode((JSONText, String, Int?).self)
        #expect(value.text == #""of the plan""# && author == "ada" && writer == task)
        let other: JSONText = try await ada.value("SELECT value FROM pgswarm.note_get('k')")
        #expect(other.text == #""of the swarm""#)
        #expect(
            try await ada.value("SELECT value FROM pgswarm.note_get('k', handle => \(claim.handle))", as: JSONText.self)
                == value)
        try await ada.complete(claim.handle)
        #expect(await refusal { try await ada.note("k", "1", handle: claim.handle) } == "PS001")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.note_get('k', plan => 'none')") } == "PS002")
    }

    @Test("Refuses bad keys and large values, and changes nothing")
    func refusals() async throws {
        let ada = try await Caller.named()
        try await ada.note("k", "1")
        let before = try await Picture.taken(by: ada)
        for key in ["", " ", "a b", "\u{1b}[31m", "/k", "\u{202e}", String(repeating: "k", count: 201)] {
            #expect(await refusal { try await ada.note(key, "1") } == "PS003", "\(key)")
        }
        #expect(await refusal { try await ada.note("k", "\"\(String(repeating: "x", count: 65535))\"") } == "PS009")
        #expect(await refusal { try await ada.note("k", "1", expect: -1) } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.note_list(count => 0)") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.decision_log(' ')") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.decision_log('x', task => 99)") } == "PS002")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.decision_log('x', supersedes => 99)") } == "PS002")
        #expect(
            await refusal { try await ada.rows("SELECT pgswarm.decision_log('x', paths => ARRAY['../a'])") } == "PS003")
        #expect(try await Picture.taken(by: ada).differences(from: before) == [])
    }

    @Test("Old versions are kept in bounded numbers")
    func history() async throws {
        let ada = try await Caller.named()
        try await ada.rows("SELECT pgswarm.artifact_set('{\"note_versions\": 3}')")
        for number in 1...10 { try await ada.note("k", "\(number)") }
        #expect(try await ada.column("SELECT version FROM pgswarm.note_history('k')", as: Int.self) == [10, 9, 8])
    }

    @Test("A decision is superseded once, and kept; a claim shows those that stand and concern it")
    func decisions() async throws {
        let ada = try await Caller.named()
        let first: Int = try await ada.value("SELECT id FROM pgswarm.decision_log('tabs', 'habit', agent => 'ada')")
        let crowd = try await Crowd(8)
        let codes = try await crowd.each { index, caller in
            await refusal {
                try await caller.rows(
                    "SELECT pgswarm.decision_log('spaces', supersedes => \(first), agent => \(caller.agent))")
            }
        }
        #expect(codes.filter { $0 == "accepted" }.count == 1 && codes.filter { $0 == "PS010" }.count == 7)
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.decisions", as: Int.self) == 2)
        try await ada.rows("SELECT pgswarm.decision_log('only docs', paths => ARRAY['docs/**'])")
        try await ada.rows("SELECT pgswarm.decision_log('only src', paths => ARRAY['src/**'])")
        let task = try await ada.enqueue("q", #"{"paths": ["src/a.c"]}"#)
        let brief: JSONText = try await ada.value("SELECT pgswarm._brief_decisions(NULL, \(task))")
        #expect(brief.text.contains("spaces") && brief.text.contains("only src"))
        #expect(!brief.text.contains("tabs") && !brief.text.contains("only docs"))
        await crowd.disperse()
    }

    @Test("What comes with a claim is bounded: 2 KB of notes, newest first, 1 KB of decisions")
    func bounds() async throws {
        let ada = try await Caller.named()
        let text = String(repeating: "y", count: 150)
        for number in 1...40 {
            try await ada.note("key-\(number)", "\"\(text)\"")
            try await ada.rows("SELECT pgswarm.decision_log(\("\(number) " + String(repeating: "z", count: 400)))")
        }
        try await ada.note("long", "\"\(String(repeating: "w", count: 9000))\"")
        let notes: JSONText = try await ada.value("SELECT pgswarm._brief_notes(NULL)")
        #expect(notes.text.utf8.count <= 2048 && notes.text.contains("key-40") && notes.text.contains(#""size": 9002"#))
        #expect(!notes.text.contains("\"key-1\"") && !notes.text.contains("www"))
        let decisions: JSONText = try await ada.value("SELECT pgswarm._brief_decisions(NULL, NULL)")
        #expect(decisions.text.utf8.count <= 1024 && decisions.text.contains("\"40 z"))
    }
}
