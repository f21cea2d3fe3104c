import FoundationEssentials
import Postgres
import Testing

@testable import PgSwarmCommand

@Suite struct JSONTests {
    @Test func keepsTheOrderAndStaysOnOneLine() {
        let value: JSON = [
            "z": "a\n\"\\\u{1b}\u{9b}", "a": [.integer(1), .number(1.5), .number(900), .null],
            "raw": .raw(#"{"x": [1]}"#),
            "yes": true,
        ]
        #expect(
            value.text == #"{"z":"a\n\"\\\u001b\u009b","a":[1,1.5,900,null],"raw":{"x": [1]},"yes":true}"#)
    }

    @Test func whatIsNotThereIsNull() {
        #expect(JSON(nil as String?).text == "null")
        #expect(JSON(nil as Date?).text == "null")
        #expect(JSON(nil as JSONText?).text == "null")
        #expect(JSON(.milliseconds(1500) as Duration?).text == "1.5")
        #expect(JSON(.infinity as Double?).text == "null")
    }
}

@Suite struct TimestampTests {
    @Test(arguments: [
        (0.0, "1970-01-01T00:00:00.000Z"), (951_827_696.25, "2000-02-29T12:34:56.250Z"),
        (-1.0, "1969-12-31T23:59:59.000Z"), (4_102_444_800.0, "2100-01-01T00:00:00.000Z"),
    ])
    func writesAndReadsItsOwnText(seconds: Double, text: String) throws {
        let date = Date(timeIntervalSince1970: seconds)
        #expect(Timestamp.format(date) == text)
        #expect(Timestamp.parse(text) == date)
    }

    @Test(arguments: [
        "2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", "2026-03-01 07:00:00.000-05:00",
        "2026-03-01t12:00Z",
    ])
    func readsEveryOffset(text: String) {
        #expect(Timestamp.parse(text) == Date(timeIntervalSince1970: 1_772_366_400))
    }

    @Test(arguments: [
        "", "2026-03-01", "2026-03-01T12:00:00", "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-03-01T24:00:00Z", "2026-03-01T12:00:00Zx", "2026-3-1T12:00:00Z", "tomorrow",
        "2026-03-01T12:00:00.Z",
    ])
    func refusesWhatIsNoMoment(text: String) {
        #expect(Timestamp.parse(text) == nil)
    }

    @Test func hasWordsForTheEndsOfTime() {
        #expect(Timestamp.format(Date(timeIntervalSince1970: 1e18)) == "infinity")
    }
}
