import FoundationEssentials
import PgSwarm
import Testing

@Suite("Handles and ids")
struct HandleTests {
    private static let claim = "0123456789abcdef0123456789abcdef"

    @Test("A handle tells the task and the epoch")
    func parts() throws {
        let handle = try Handle("42.3.\(Self.claim)")
        #expect(handle.taskID == TaskID(rawValue: 42))
        #expect(handle.epoch == 3)
        #expect(handle.text == "42.3.\(Self.claim)")
    }

    @Test(
        "What is no handle is refused",
        arguments: [
            "", "42", "42.3", "42.3.", "42.3.\(claim.dropLast())", "42.3.\(claim)0", "x.3.\(claim)",
            "42.x.\(claim)",
            "-1.3.\(claim)", "42.-3.\(claim)", "42.3.\(claim.uppercased())", "42.3.\(claim).",
            " 42.3.\(claim)",
            "42.3.0123456789abcdef0123456789abcdeg", "99999999999999999999.3.\(claim)",
        ])
    func malformed(text: String) {
        let error = #expect(throws: SwarmError.self) { try Handle(text) }
        #expect(error?.code == .invalidHandle)
        #expect(error?.hint != nil)
    }

    @Test("Ids and handles are strings in JSON")
    func json() throws {
        struct Both: Codable, Equatable {
            var id: TaskID
            var handle: Handle
        }
        let both = Both(id: TaskID(rawValue: 9_007_199_254_740_993), handle: try Handle("1.1.\(Self.claim)"))
        let data = try JSONEncoder().encode(both)
        #expect(String(decoding: data, as: UTF8.self).contains("\"9007199254740993\""))
        #expect(try JSONDecoder().decode(Both.self, from: data) == both)
        #expect(try JSONDecoder().decode(TaskID.self, from: Data("7".utf8)) == TaskID(rawValue: 7))
    }

    @Test("Times are RFC 3339 with milliseconds, read with and without")
    func times() throws {
        let date = Date(timeIntervalSince1970: 1_700_000_000.25)
        #expect(date.rfc3339 == "2023-11-14T22:13:20.250Z")
        #expect(Date(rfc3339: "2023-11-14T22:13:20.250Z") == date)
        #expect(Date(rfc3339: "2023-11-14T23:13:20+01:00") == Date(timeIntervalSince1970: 1_700_000_000))
        #expect(Date(rfc3339: "yesterday") == nil)
    }
}
