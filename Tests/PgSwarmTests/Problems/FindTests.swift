import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// Finding the right one of many: 1,000 real error texts among others made of their words.
@Suite("Find problems", .database, .timeLimit(.minutes(10)))
struct FindTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Corpus/errors.txt")
    private static let names = [
        "alpha", "beacon", "cinder", "delta", "ember", "falcon", "garnet", "harbor", "indigo", "jasper", "kettle",
        "lumen",
    ]
    private static let wordings = [
        ("cannot", "could not"), ("could not", "cannot"), ("can't", "cannot"), ("invalid", "bad"),
        ("unable to", "could not"),
        ("failed", "was unsuccessful"), ("must be", "has to be"), ("not found", "missing"), ("file", "document"),
        ("unknown", "unrecognized"), ("missing", "absent"), ("does not", "doesn't"), ("error", "problem"),
    ]

    /// The text with a value in each place for one.
    private func filled(_ text: String, _ random: inout SeededRandom) -> String {
        var result = ""
        var rest = text[...]
        while let percent = rest.firstIndex(of: "%") {
            result += rest[..<percent]
            rest = rest[rest.index(after: percent)...]
            while let next = rest.first, "-+0123456789.*$#lhzjt".contains(next) { rest.removeFirst() }
            guard let letter = rest.first, letter.isLetter else { continue }
            rest.removeFirst()
            result += "diux".contains(letter) ? "\(Int.random(in: 1...9999, using: &random))" : value(&random)
        }
        return result + rest
    }

    private func value(_ random: inout SeededRandom) -> String {
        let name = Self.names.randomElement(using: &random) ?? ""
        let other = Self.names.randomElement(using: &random) ?? ""
        return switch Int.random(in: 0..<5, using: &random) {
        case 0: "/\(name)/\(other)/main.py"
        case 1: "\(Int.random(in: 1...99999, using: &random))"
        case 2: "0x" + String(Int.random(in: 4096...1 << 40, using: &random), radix: 16)
        case 3: "\(name)_\(other)"
        default: "\(name)-\(Int.random(in: 1...99, using: &random))"
        }
    }

    /// Up to two words are said otherwise, one is lost, and something stands before.
    private func reworded(_ text: String, _ random: inout SeededRandom) -> String {
        var text = text
        var count = 0
        for (old, new) in Self.wordings where count < 2 && text.contains(old) {
            if let range = text.firstRange(of: old) { text.replaceSubrange(range, with: new) }
            count += 1
        }
        var words = text.split(separator: " ").map(String.init)
        if words.count > 5 { words.remove(at: Int.random(in: 0..<words.count, using: &random)) }
        let before = ["", "ERROR: ", "\(value(&random)):\(Int.random(in: 1...900, using: &random)): ", ""]
        return (before.randomElement(using: &random) ?? "") + words.joined(separator: " ")
    }

    @Test("The right entry is among the first three, with trigrams and without")
    func corpus() async throws {
        let seed: UInt64 = 20_260_301
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        let texts = try String(contentsOf: Self.file, encoding: .utf8).split(separator: "\n").map(String.init)
            .filter { !$0.hasPrefix("#") }
        #expect(texts.count == 1000)
        let stored = texts.map { filled($0, &random) }
        let variants = texts.map { reworded(filled($0, &random), &random) }
        let others = Int(ProcessInfo.processInfo.environment["PGSWARM_TEST_PROBLEMS"] ?? "") ?? 10_000
        let vocabulary = texts.flatMap { $0.split(separator: " ").map(String.init) }
        let noise = (0..<others).map { _ in
            let words = (0..<Int.random(in: 5...14, using: &random)).map { _ in
                vocabulary.randomElement(using: &random) ?? ""
            }
            return filled(words.joined(separator: " "), &random)
        }
        let ada = try await Caller.named()
        for chunk in stride(from: 0, to: stored.count + noise.count, by: 5000) {
            let part = Array((stored + noise).dropFirst(chunk).prefix(5000))
            try await ada.rows(
                """
                INSERT INTO pgswarm.problem (created_at, seen_at, reporter, scope, kind, title, symptom, signature, fingerprint, search)
                SELECT now(), now(), 1, 'swarm', 'error', left(t, 200), t, s, pgswarm._fingerprint(s),
                       pgswarm._search_vector(left(t, 200), t, s, '{}')
                FROM (SELECT t, pgswarm.error_signature(t) AS s FROM unnest(\(part)) t WHERE t <> '') x ON CONFLICT DO NOTHING
                """)
        }
        try await ada.script("ANALYZE pgswarm.problem")
        try await ada.rows("SELECT pgswarm.maintain()")
        let hasTrigrams: Bool = try await ada.value("SELECT pgswarm._trigrams() IS NOT NULL")
        let with = try await found(stored, variants, by: ada)
        print("\(others + 1000) entries, trigrams \(hasTrigrams): \(with)")
        #expect(with.right >= 900)
        try await ada.script("DROP EXTENSION IF EXISTS pg_trgm")
        let without = try await found(stored, variants, by: ada)
        print("without trigrams: \(without)")
        #expect(without.right >= 850)
    }

    private func found(
        _ stored: [String], _ variants: [String], by caller: Caller
    ) async throws -> (right: Int, median: Duration, p95: Duration) {
        var times: [Duration] = []
        var right = 0
        for (text, variant) in zip(stored, variants) {
            let start = ContinuousClock.now
            let ids: [Int] = try await caller.column("SELECT id FROM pgswarm.problem_find(\(variant), count => 3)")
            times.append(ContinuousClock.now - start)
            let id: Int = try await caller.value(
                "SELECT id FROM pgswarm.problem WHERE fingerprint = pgswarm._fingerprint(pgswarm.error_signature(\(text)))"
            )
            if ids.contains(id) { right += 1 }
        }
        times.sort()
        return (right, times[times.count / 2], times[times.count * 95 / 100])
    }

    @Test("Bad input is refused with a hint, and large input has a bound")
    func badInput() async throws {
        let ada = try await Caller.named()
        let big = String(repeating: "word ", count: 4000)
        #expect(await refusal { try await ada.report(big) } == "PS009")
        #expect(await refusal { try await ada.report(" \n ") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.problem_report('x', repeat('t', 201))") } == "PS009")
        #expect(await refusal { try await ada.rows("SELECT * FROM pgswarm.problem_find('')") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT * FROM pgswarm.problem_find('x', count => -1)") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.problem_begin(99)") } == "PS002")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.problem_begin(99, '-1 s')") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.problem_close(99, 'later')") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.problem_flag(99, 'ugly')") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.problem_set('{\"problem_wait\": -1}')") } == "PS003")
        #expect(
            await refusal { try await ada.rows("SELECT pgswarm.problem_set('{\"epidemic_agents\": 1}')") } == "PS003")
        #expect(
            await refusal {
                try await ada.rows("SELECT pgswarm.problem_report('x', tags => array_fill('t'::text, ARRAY[33]))")
            } == "PS009")
        for text in ["'", "\\", "a & b | !c <-> (d", "''':*", "%s %n", "\u{1b}[31m", big, "((((", "\u{202e}x"] {
            _ = try await ada.rows("SELECT * FROM pgswarm.problem_find(\(text))")
            if text.count < 1000 { try await ada.report(text + " is a text") }
            _ = try await ada.rows("SELECT * FROM pgswarm.problem_find(\(text + " is a text"))")
        }
    }

    @Test(
        "An import of an export changes nothing; a refused entry does not hold the others up; a dry run changes nothing"
    )
    func transfer() async throws {
        let ada = try await Caller.named()
        let problem = try await ada.report("cannot open the display\n\u{1b}[31m of the browser ").id
        _ = try await ada.solve(problem)
        try await ada.rows("SELECT pgswarm.problem_supersede(\(problem), 'better', 'seen', agent => 'bob')")
        let codes: [String] = try await ada.column(
            "SELECT code FROM pgswarm.problem_import(ARRAY(SELECT pgswarm.problem_export()), agent => 'ada')")
        #expect(codes == ["unchanged"])
        let entries = [#"{"title": "one thing is broken", "solutions": [{"solution": "fix"}]}"#, #"{"title": ""}"#].map(
            JSONText.init)
        for dry in [true, false] {
            let codes: [String] = try await ada.column(
                "SELECT code FROM pgswarm.problem_import(\(entries), \(dry), agent => 'ada') ORDER BY ord")
            #expect(codes == ["created", "refused"])
            #expect(try await ada.value("SELECT count(*) FROM pgswarm.problems", as: Int.self) == (dry ? 1 : 2))
        }
    }
}
