import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// Whether a schema may take another's place: a table of pairs, and chance against every "compatible".
@Suite("Compatibility", .database, .timeLimit(.minutes(10)))
struct CompatibilityTests {
    private struct Pair: Decodable {
        var name: String
        var backward: String
        var forward: String
    }

    @Test("The table of pairs (Tests/Corpus/schema-pairs.json)")
    func table() async throws {
        let data = try Data(contentsOf: SchemaSuiteTests.corpus.appending(path: "schema-pairs.json"))
        let pairs = try JSONDecoder().decode([Pair].self, from: data)
        #expect(pairs.count >= 60)
        let caller = try await Caller.named()
        let rows = try await caller.rows(
            """
            SELECT b.verdict, f.verdict, u.verdict, n.verdict
            FROM jsonb_array_elements(\(JSONText(String(decoding: data, as: UTF8.self)))) WITH ORDINALITY p (x, n)
            CROSS JOIN LATERAL pgswarm.schema_compat(x -> 'old', x -> 'new', 'backward') b
            CROSS JOIN LATERAL pgswarm.schema_compat(x -> 'old', x -> 'new', 'forward') f
            CROSS JOIN LATERAL pgswarm.schema_compat(x -> 'old', x -> 'new', 'full') u
            CROSS JOIN LATERAL pgswarm.schema_compat(x -> 'old', x -> 'new', 'none') n
            ORDER BY p.n
            """)
        for (pair, row) in zip(pairs, rows) {
            let (backward, forward, full, none) = try row.decode((String, String, String, String).self)
            let worst =
                ["incompatible", "unknown"].first { [pair.backward, pair.forward].contains($0) } ?? "compatible"
            #expect(backward == pair.backward, "\(pair.name), backward")
            #expect(forward == pair.forward, "\(pair.name), forward")
            #expect(full == worst, "\(pair.name), full")
            #expect(none == "compatible", "\(pair.name), none")
        }
    }

    @Test("What is shown against it is accepted by the one and refused by the other")
    func example() async throws {
        let caller = try await Caller.named()
        let old = JSONText(#"{"type": "object", "properties": {"a": {"type": "number"}}}"#)
        let new = JSONText(#"{"type": "object", "properties": {"a": {"type": "number", "maximum": 7}}}"#)
        let reason: JSONText = try await caller.value(
            "SELECT reasons -> 0 -> 'example' FROM pgswarm.schema_compat(\(old), \(new))")
        let valid: [Bool] = try await caller.column(
            "SELECT v.valid FROM unnest(ARRAY[\(old), \(new)]) s, pgswarm.schema_validate(s, \(reason)) v")
        #expect(valid == [true, false])
    }

    @Test("No value that chance finds contradicts a 'compatible'")
    func chance() async throws {
        var random = SeededRandom()
        var source = SchemaSource()
        let caller = try await Caller.named()
        let values = (0..<250).map { _ in source.value(2, &random) }
        try await caller.script("CREATE TABLE public.sample (x jsonb)")
        try await caller.rows(
            "INSERT INTO public.sample SELECT DISTINCT x FROM unnest(\(values.map(JSONText.init))) x")
        var verdicts: [String: Int] = [:]
        for _ in 0..<80 {
            let old = source.schema(2, &random)
            let new = source.changed(old, &random)
            let row = try await caller.rows(
                """
                SELECT w.verdict, (
                    SELECT x::text FROM public.sample WHERE w.verdict = 'compatible'
                      AND pgswarm._schema_judged(c.a, x, 1) = '[]' AND pgswarm._schema_judged(c.b, x, 1) <> '[]' LIMIT 1)
                FROM (SELECT pgswarm._schema_compiled(\(JSONText(old))) AS a, pgswarm._schema_compiled(\(JSONText(new))) AS b) c
                CROSS JOIN LATERAL pgswarm._compat_within(c.a, c.b) w
                """)[0]
            let (verdict, against) = try row.decode((String, String?).self)
            verdicts[verdict, default: 0] += 1
            #expect(against == nil, "old \(old), new \(new)")
        }
        print("verdicts by chance: \(verdicts.sorted { $0.key < $1.key })")
        #expect(verdicts["compatible", default: 0] > 5 && verdicts["incompatible", default: 0] > 5)
    }
}
