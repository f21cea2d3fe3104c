import Testing

@testable import PgSwarm

@Suite("The check of a command's last line")
struct JSONCheckTests {
    @Test(
        "takes JSON",
        arguments: [
            "{}", "[]", " [1, 2.5e-3, -0, \"a\\n\\u00e9\\ud83d\\ude00\", true, false, null] ", "0", "-1.5",
            "\"\"",
            "{\"a\": {\"b\": [[], {}]}, \"c\": 1}",
        ])
    func takes(_ text: String) {
        #expect(JSONCheck.passes(text))
    }

    @Test(
        "refuses everything else, and what the database can't keep",
        arguments: [
            "", " ", "hello", "2026-01-31", "01", "1.", ".5", "+1", "1e", "0x10", "{", "[1,]", "{\"a\"}",
            "{a: 1}",
            "[1] 2", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\x\"", "\"open", "\"tab\there\"", "nul",
            "1e99999",
        ])
    func refuses(_ text: String) {
        #expect(!JSONCheck.passes(text))
    }

    @Test("is not exhausted by depth")
    func deep() {
        #expect(!JSONCheck.passes(String(repeating: "[", count: 1_000_000)))
    }
}
