import FoundationEssentials
import Testing

@testable import PgSwarmCommand

@Suite struct TextTests {
    @Test(arguments: [
        ("plain", "plain"), ("a\u{1b}[2Jb", "a\\x1b[2Jb"), ("line\nnext\ttab\r", "line\\nnext\\ttab\\r"),
        ("\u{7f}\u{9b}31m", "\\x7f\\x9b31m"), ("\u{202e}gpj", "\\u{202e}gpj"), ("\u{7}", "\\x07"),
        ("ok ✓ é", "ok ✓ é"),
    ])
    func controlCharactersAreWrittenOut(text: String, expected: String) {
        #expect(text.printable == expected)
    }

    @Test(arguments: [
        ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("👩‍👩‍👧", 2), ("❤️", 2), ("", 0), ("한", 2), ("ﾊﾟ", 2),
    ])
    func widthIsThatOnTheTerminal(text: String, width: Int) {
        #expect(text.displayWidth == width)
    }

    @Test func cutNeverExceedsTheWidth() {
        for width in 0...8 { #expect("日本語text".cut(to: width).displayWidth <= width) }
        #expect("日本語".cut(to: 6) == "日本語")
        #expect("日本語".cut(to: 5) == "日本…")
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000")])
    func numbersAreGrouped(number: Int, text: String) {
        #expect(number.grouped == text)
    }

    @Test func nounsAgreeWithTheirNumber() {
        #expect(1.counted("task") == "1 task")
        #expect(10_000.counted("task") == "10,000 tasks")
    }

    @Test(arguments: [
        (0.25, "250ms"), (1.0, "1s"), (1.52, "1.5s"), (9.97, "10s"), (59.0, "59s"), (119.0, "119s"),
        (120.0, "2m"),
        (125.0, "2m 5s"), (900.0, "15m"), (3600.0, "60m"), (7500.0, "2h 5m"), (200_000.0, "2d 7h"),
        (9e9, "forever"),
    ])
    func lengthsAreBrief(seconds: Double, text: String) {
        #expect(Elapsed.brief(seconds) == text)
    }

    @Test func momentsAreSeenFromNow() {
        let now = Date(timeIntervalSince1970: 1_000_000)
        #expect(Elapsed.relative(now + 0.4, to: now) == "just now")
        #expect(Elapsed.relative(now - 190, to: now) == "3m 10s ago")
        #expect(Elapsed.relative(now + 19.2, to: now) == "in 20s")
    }
    @Test func whatIsToComeHasNotBeenYet() {
        let now = Date(timeIntervalSince1970: 1_000_000)
        #expect(Elapsed.expected(now + 0.2, at: now) == "in 1s")
        #expect(Elapsed.expected(now - 1.5, at: now) == "1.5s ago")
        #expect(Elapsed.due(now + 0.2, at: now) == "due in 1s")
        #expect(Elapsed.due(now - 5, at: now) == "due now")
        #expect(Elapsed.remaining(until: now + 59.5, at: now) == "for 60s more")
        #expect(Elapsed.remaining(until: now - 60, at: now) == "overdue for 60s")
    }
}
