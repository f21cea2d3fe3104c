import Postgres
import TestSupport
import Testing

/// What the suite does not ask: bounds, refusals, places of errors.
@Suite("JSON Schema", .database, .timeLimit(.minutes(5)))
struct SchemaTests {
    private func check(_ schema: String) async throws -> [String] {
        try await Caller.named().column("SELECT path || ': ' || message FROM pgswarm.schema_check(\(JSONText(schema)))")
    }

    private func errors(_ schema: String, _ value: String) async throws -> [String] {
        try await Caller.named().column(
            "SELECT path || ': ' || message FROM pgswarm.schema_errors(\(JSONText(schema)), \(JSONText(value)))")
    }

    @Test("Errors name the place and what must be so there")
    func places() async throws {
        let schema = #"""
            {"type": "object", "required": ["a"], "additionalProperties": false, "properties":
              {"a": {"type": "array", "items": {"minimum": 1}}, "b/~": {"pattern": "^x"}}}
            """#
        #expect(
            try await errors(schema, #"{"a": [1, 0], "b/~": "y", "c": 1}"#) == [
                "/a/1: must be at least 1", "/c: is not allowed here", "/b~1~0: must match the pattern ^x",
            ])
        #expect(try await errors(schema, "{}") == [#": must have the property "a""#])
        let first = try await Caller.named().rows(
            "SELECT valid, path, message FROM pgswarm.schema_validate(\(JSONText(schema)), \(JSONText("[]")))")[0]
        let (valid, path, message) = try first.decode((Bool, String, String).self)
        #expect(!valid && path == "" && message == "must be object, not array")
    }

    @Test(arguments: [
        (#"{"minimun": 1}"#, "/minimun"), (#"{"properties": {"a": {"unknown": 1}}}"#, "/properties/a/unknown"),
        (#"{"$ref": "http://example.com/x"}"#, "/$ref"), (#"{"$ref": "file:///etc/passwd"}"#, "/$ref"),
        (##"{"$ref": "#/$defs/a"}"##, "/$ref"), (##"{"$ref": "#"}"##, ""),
        (##"{"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"not": {"$ref": "#"}}}}"##, ""),
        (#"{"$schema": "http://json-schema.org/draft-07/schema#"}"#, "/$schema"),
        (#"{"pattern": "(a)\\1"}"#, "/pattern"), (#"{"pattern": "(?<=a)b"}"#, "/pattern"),
        (#"{"pattern": "(a{100}){100}"}"#, "/pattern"), (#"{"pattern": "\\bx"}"#, "/pattern"),
        (#"{"patternProperties": {"[": {}}}"#, "/patternProperties"), (#"{"type": "text"}"#, "/type"),
        (#"{"minLength": -1}"#, "/minLength"), (#"{"multipleOf": 0}"#, "/multipleOf"), (#"{"items": [{}]}"#, "/items"),
        (#"{"required": ["a", "a"]}"#, "/required"), (#"{"allOf": []}"#, "/allOf"), ("[]", ""), ("3", ""),
        (##"{"$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}}}"##, "/$defs/b"),
    ])
    func `A schema that can not be used is refused, with the place`(schema: String, path: String) async throws {
        let found = try await check(schema)
        #expect(found.first?.hasPrefix(path + ": ") == true, "\(found)")
        let code = await refusal { _ = try await errors(schema, "1") }
        #expect(code == "PS003")
    }

    @Test("What is one's own begins with x-; annotations and formats decide nothing")
    func annotations() async throws {
        let schema =
            #"{"x-mine": 1, "title": "t", "format": "date", "deprecated": true, "contentMediaType": "text/html"}"#
        #expect(try await check(schema) == [])
        #expect(try await errors(schema, #""no date""#) == [])
    }

    @Test("Depth, size and steps are bounded; what would take long is refused, not answered")
    func bounds() async throws {
        let deep = String(repeating: #"{"not":"#, count: 70) + "true" + String(repeating: "}", count: 70)
        #expect(try await check(deep) == [": is nested more than 64 levels deep"])
        let long = #"{"description": "\#(String(repeating: "a", count: 262_200))"}"#
        #expect(try await check(long).first?.contains("the limit is 262144") == true)
        // Each level asks twice: 2 to the power of 40 questions.
        let twice = ##"{"allOf": [{"properties": {"x": {"$ref": "#"}}}, {"properties": {"x": {"$ref": "#"}}}]}"##
        let value = String(repeating: #"{"x":"#, count: 40) + "1" + String(repeating: "}", count: 40)
        #expect(await refusal { _ = try await errors(twice, value) } == "PS009")
        let thin = String(repeating: #"{"x":"#, count: 400) + "1" + String(repeating: "}", count: 400)
        #expect(await refusal { _ = try await errors(##"{"properties": {"x": {"$ref": "#"}}}"##, thin) } == "PS009")
    }

    @Test("A pattern that ruins a backtracking engine is matched at once")
    func patterns() async throws {
        let text = "\"\(String(repeating: "a", count: 50_000))\""
        let start = ContinuousClock.now
        for pattern in ["(a+)+$", "^(a|a)*(a|aa)*b$", "^(?=.*[0-9])(a*)*$"] {
            _ = try await errors(#"{"pattern": "\#(pattern)"}"#, text)
        }
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test(arguments: [
        (#"^\\d+$"#, "12", "١"), (#"^\\w+$"#, "a_1", "é"), (#"^\\s$"#, "\u{2003}", "x"),
        (#"^[\\w.-]+$"#, "a.b-c", "a b"),
        (#"^.$"#, "x", "\u{2028}"), (#"^\\u{1F600}$"#, "😀", "x"), (#"^\\uD83D\\uDE00$"#, "😀", "x"),
        ("^[^a-c]$", "d", "b"),
        (#"^\\p{L}+$"#, "Straße", "a1"), (#"^\\p{Lu}$"#, "Ä", "ä"), (#"^\\S+$"#, "ab", "a b"), ("^a{2,3}?$", "aa", "a"),
        (#"^(?<year>[0-9]{4})$"#, "2026", "26"), ("^(?!x)", "ax", "xa"), (#"^\\/\\-\\.$"#, "/-.", "/-x"),
        ("^[[:a]$", ":", "b"),
    ])
    func `A pattern means what it means in ECMA-262`(pattern: String, fits: String, not: String) async throws {
        #expect(try await errors(#"{"pattern": "\#(pattern)"}"#, "\"\(fits)\"") == [])
        #expect(try await errors(#"{"pattern": "\#(pattern)"}"#, "\"\(not)\"").count == 1)
    }
}
