import ArgumentParser
import FoundationEssentials

/// Moments as they are written on the command line.
enum TimeArgument {
    /// Reads RFC 3339; the error names what was given.
    static func parse(_ text: String) throws(ValidationError) -> Date {
        guard let date = Timestamp.parse(text) else {
            throw ValidationError(
                "'\(text.printable)' is not a time with its zone; write 2026-03-01T12:00:00Z or …+01:00")
        }
        return date
    }

    /// Reads RFC 3339, or a duration that lies so far back.
    static func parsePast(_ text: String) throws(ValidationError) -> PastMoment {
        if let date = Timestamp.parse(text) { return .date(date) }
        if let duration = try? DurationArgument.parse(text) { return .ago(duration) }
        throw ValidationError(
            "'\(text.printable)' is neither a duration such as 15m nor a time such as 2026-03-01T12:00:00Z")
    }
}

/// A moment that has gone, absolute or seen from now.
enum PastMoment: Sendable {
    case date(Date)
    case ago(Duration)
}
