import ArgumentParser
import PgSwarm
import Postgres

/// Settings of a queue as they are written on the command line: `lease=30m max_running=4`.
enum QueueSettings {
    /// The settings that are durations; the database takes them in seconds.
    private static let durations: Set = ["lease", "retry_base", "retry_cap", "stall_after", "stall_limit"]
    private static let numbers: Set = ["max_attempts", "max_lost", "max_running", "backlog_limit", "retry_rate"]
    private static let switches: Set = ["strict_lease"]

    /// The settings as an object for the database.
    static func parse(_ arguments: [String]) throws -> JSON {
        try SettingArguments.parse(arguments) { key, text in try value(text, of: key) }
    }

    /// The settings that the database answers, by name.
    ///
    /// It writes durations with six decimals; they are plain numbers here.
    static func read(_ answer: JSONText) throws -> [(String, JSON)] {
        let bytes = Array(answer.text.utf8)
        let members = try bytes.withUnsafeBufferPointer { bytes -> [(String, JSON)] in
            guard case .object(let members) = try JSONScanner(bytes).shape else { return [] }
            return members.map { member in
                let text = String(decoding: bytes[member.value], as: UTF8.self)
                return (member.key, Double(text).map { .number($0) } ?? .raw(text))
            }
        }
        return members.sorted { $0.0 < $1.0 }
    }

    /// A setting for people.
    static func describe(_ value: JSON, of key: String) -> String {
        switch value {
        case .number(let seconds) where durations.contains(key): Elapsed.brief(seconds)
        case .raw("null"): "-"
        default: value.text
        }
    }

    private static func value(_ text: String, of key: String) throws -> JSON {
        let known = durations.union(numbers).union(switches)
        guard known.contains(key) else {
            throw CommandFailure.usage(
                "there is no setting '\(key.printable)'",
                hint: "There are \(known.sorted().joined(separator: ", ")).")
        }
        if text == "default" || text == "null" { return .null }
        if durations.contains(key) { return try SettingArguments.duration(text, of: key, example: "15m") }
        if numbers.contains(key) {
            guard let number = Int(text), number > 0 else {
                throw CommandFailure.usage(
                    "\(key): '\(text.printable)' is no whole number above 0",
                    hint: "Write \(key)=10, or \(key)=default to reset it.")
            }
            return JSON(number)
        }
        guard let isOn = Bool(text) else {
            throw CommandFailure.usage(
                "\(key): '\(text.printable)' is neither true nor false",
                hint: "Write \(key)=true, or \(key)=default to reset it.")
        }
        return .bool(isOn)
    }
}
