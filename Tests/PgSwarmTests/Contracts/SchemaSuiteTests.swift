import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// The official JSON Schema Test Suite, draft 2020-12, all required tests (Tests/Corpus/json-schema, with its licence).
@Suite("JSON Schema Test Suite", .database, .timeLimit(.minutes(10)))
struct SchemaSuiteTests {
    static let corpus = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Corpus")

    /// What is out, and why: each of these is refused when the schema is published, never passed silently.
    private static let excluded = [
        // PostgreSQL's text and jsonb can't hold the character 0, so that neither schema nor value gets in.
        "const.json: nul characters in strings", "enum.json: nul characters in strings",
        // One dialect is known: a $schema that names another is refused.
        "vocabulary.json: schema that uses custom metaschema with with no validation vocabulary",
        "vocabulary.json: ignore unrecognized optional vocabulary",
    ]

    /// What the suite's schemas may refer to, by its address: nothing is ever fetched, so it is given.
    private func documents() throws -> String {
        var members: [String] = []
        for (folder, base) in [
            ("remotes", "http://localhost:1234/"), ("metaschema", "https://json-schema.org/draft/2020-12/"),
        ] {
            let root = Self.corpus.appending(path: "json-schema/\(folder)")
            for path in try FileManager.default.subpathsOfDirectory(atPath: root.path)
            where path.hasSuffix(".json") && !path.contains("format-assertion") && !path.contains("metaschema-") {
                let name = folder == "metaschema" ? String(path.dropLast(5)) : path
                let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
                members.append("\"\(base + name)\": \(text)")
            }
        }
        return "{\(members.joined(separator: ", "))}"
    }

    /// Runs a file of the suite in the database.
    ///
    /// A document is given to a schema when the text of one of them names it.
    private static let runner = """
        CREATE FUNCTION public.suite(suite json, documents jsonb)
        RETURNS TABLE (grouping_name text, test text, wanted boolean, got text)
        LANGUAGE plpgsql SET search_path = pg_catalog, pgswarm AS $$
        DECLARE
            g json; t json; d record; c jsonb; given jsonb; words text; found boolean;
        BEGIN
            FOR g IN SELECT json_array_elements(suite) LOOP
                BEGIN
                    grouping_name := g ->> 'description';
                    words := CASE json_typeof(g -> 'schema') WHEN 'object' THEN ((g -> 'schema')::jsonb - '$schema')::text ELSE '' END;
                    given := '{}';
                    LOOP
                        found := false;
                        FOR d IN SELECT * FROM jsonb_each(documents) x WHERE NOT given ? x.key LOOP
                            IF position(CASE WHEN d.key LIKE '%/meta/%' THEN 'meta/' || regexp_replace(d.key, '.*/', '')
                                             WHEN d.key LIKE 'https://json-schema.org/%' THEN d.key
                                             ELSE regexp_replace(d.key, '.*/', '') END IN words) > 0 THEN
                                given := given || jsonb_build_object(d.key, d.value);
                                words := words || d.value::text;
                                found := true;
                            END IF;
                        END LOOP;
                        EXIT WHEN NOT found;
                    END LOOP;
                    c := _schema_compiled((g -> 'schema')::jsonb, given);
                    FOR t IN SELECT json_array_elements(g -> 'tests') LOOP
                        test := t ->> 'description';
                        wanted := (t ->> 'valid')::boolean;
                        got := CASE WHEN c ? 'errors' THEN 'refused: ' || (c -> 'errors')::text
                                    ELSE (_schema_judged(c, (t -> 'data')::jsonb, 5) = '[]')::text END;
                        RETURN NEXT;
                    END LOOP;
                EXCEPTION WHEN untranslatable_character THEN
                    -- Not even its name can be read out of it: by hand.
                    grouping_name := substring(g::text FROM '"description": *"([^"]*)"');
                    got := 'refused: ' || SQLERRM;
                    FOR wanted IN SELECT m[1]::boolean FROM regexp_matches(g::text, '"valid": *(true|false)', 'g') m
                    LOOP
                        RETURN NEXT;
                    END LOOP;
                END;
            END LOOP;
        END $$
        """

    @Test("All required tests of draft 2020-12 but the listed ones")
    func required() async throws {
        let caller = try await Caller.named()
        try await caller.script(Self.runner)
        let documents = JSONText(try documents())
        let folder = Self.corpus.appending(path: "json-schema/tests/draft2020-12")
        var (count, passed) = (0, 0)
        var out: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
            let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
            let rows = try await caller.rows(
                "SELECT grouping_name, test, wanted, got FROM public.suite(\(text)::json, \(documents))")
            for row in rows {
                let (group, test, wanted, got) = try row.decode((String, String, Bool, String?).self)
                count += 1
                if got == "\(wanted)" {
                    passed += 1
                } else {
                    out.insert("\(file): \(group)")
                    #expect(got?.hasPrefix("refused: ") == true, "\(file): \(group): \(test): \(got ?? "no answer")")
                }
            }
        }
        print("JSON Schema Test Suite: \(passed) of \(count) required tests")
        #expect(out == Set(Self.excluded))
        #expect(count >= 1299 && Double(passed) >= 0.99 * Double(count))
    }
}
