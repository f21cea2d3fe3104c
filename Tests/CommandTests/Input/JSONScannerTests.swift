import Testing

@testable import PgSwarmCommand

@Suite struct JSONScannerTests {
    private func scan(_ text: String) throws -> JSONScanner {
        try Array(text.utf8).withUnsafeBufferPointer { try JSONScanner($0) }
    }

    @Test(arguments: [
        "1", "-0.5e+10", "\"\"", "true", "null", " [ ] ", "{}", "[[[]],{}]",
        #"{"a":{"b":[1,2,{"c":null}]},"d":"\u00e9\ud83d\ude00\n"}"#,
        "\"日本\"", "[1 , 2]", "\t{ \"a\" : 1 }\r\n",
    ])
    func acceptsJSON(text: String) throws {
        try JSONScanner.check(text)
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1,]", "{\"a\":1,}", "{a:1}", "{\"a\"}", "{\"a\" 1}", "01", "1.", ".5", "+1",
        "1e", "tru", "nul", "truex",
        "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\u0000\"", "\"a\nb\"", "1 2",
        "{}{}", "[}", "{]", "]",
        "'a'", "[1 2]", "NaN", "{\"a\":}", "[,1]", "-",
    ])
    func refusesEverythingElse(text: String) {
        #expect(throws: JSONScanner.Fault.self) { try JSONScanner.check(text) }
    }

    @Test func tellsWhereItBreaks() {
        let fault = #expect(throws: JSONScanner.Fault.self) { try JSONScanner.check(#"{"a":1 "b":2}"#) }
        #expect(
            fault
                == JSONScanner.Fault(
                    message: "'\"' stands where a comma or the closing bracket should", offset: 7))
    }

    @Test func findsTheMembersOfTheOutermostObject() throws {
        let text = #"{"payload":{"payload":[1,{"x":2}]}, "ti\u0074le" : "a" ,"n":12}"#
        let bytes = Array(text.utf8)
        guard case .object(let members) = try scan(text).shape else {
            Issue.record("no object")
            return
        }
        #expect(members.map(\.key) == ["payload", "title", "n"])
        #expect(
            members.map { String(decoding: bytes[$0.value], as: UTF8.self) } == [
                #"{"payload":[1,{"x":2}]}"#, "\"a\"", "12",
            ])
    }

    @Test func findsTheElementsOfTheOutermostList() throws {
        let text = #"[1, [2,3], "x"]"#
        let bytes = Array(text.utf8)
        guard case .array(let elements) = try scan(text).shape else {
            Issue.record("no list")
            return
        }
        #expect(elements.map { String(decoding: bytes[$0], as: UTF8.self) } == ["1", "[2,3]", "\"x\""])
    }

    @Test func resolvesEscapesOfAString() throws {
        guard case .string(let text) = try scan(#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#).shape else {
            Issue.record("no string")
            return
        }
        #expect(text == "a\"\\/\u{8}\u{c}\n\r\té😀")
    }

    @Test func depthIsLimitedByMemoryAlone() throws {
        let depth = 200_000
        try JSONScanner.check(String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
    }
}
