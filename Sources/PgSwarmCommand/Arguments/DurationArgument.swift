import ArgumentParser

/// Durations as they are written on the command line: `500ms`, `90s`, `15m`, `2h`, `1d`.
enum DurationArgument {
    /// Nanoseconds of each unit.
    private static let units: [(name: String, nanoseconds: Double)] = [
        ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9), ("d", 86_400e9),
    ]
    /// About three hundred years: beyond it no meaning is left, only overflow.
    private static let limit = 9e18

    /// Reads a duration; the error names what was given.
    static func parse(_ text: String) throws(ValidationError) -> Duration {
        if text.hasPrefix("-") { throw ValidationError("'\(text.printable)' is negative; a duration is not") }
        guard let unit = units.first(where: { text.hasSuffix($0.name) }),
            let number = decimal(text.dropLast(unit.name.count))
        else {
            throw ValidationError("'\(text.printable)' is not a duration; write 500ms, 90s, 15m, 2h or 1d")
        }
        let nanoseconds = number * unit.nanoseconds
        guard nanoseconds <= limit else { throw ValidationError("'\(text.printable)' is too long") }
        return .nanoseconds(Int64(nanoseconds))
    }

    /// As ``parse(_:)``, for a duration that must be longer than nothing.
    static func parsePositive(_ text: String) throws(ValidationError) -> Duration {
        let duration = try parse(text)
        guard duration > .zero else {
            throw ValidationError("'\(text.printable)' must be longer than nothing")
        }
        return duration
    }

    /// Digits, perhaps with a fraction; nothing else that `Double` would read, such as `1e9`, `inf` or `0x10`.
    private static func decimal(_ text: Substring) -> Double? {
        guard let first = text.utf8.first, first != UInt8(ascii: "."), text.utf8.last != UInt8(ascii: "."),
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") })
        else { return nil }
        return Double(text)
    }
}
