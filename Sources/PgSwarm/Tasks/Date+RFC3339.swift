public import FoundationEssentials

extension Date {
    /// The time in UTC with milliseconds, for example `2026-01-31T08:15:30.250Z`.
    public var rfc3339: String {
        formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Reads an RFC 3339 time, with or without fractions of a second, with any offset.
    public init?(rfc3339 text: String) {
        let styles = [
            Date.ISO8601FormatStyle(includingFractionalSeconds: true),
            Date.ISO8601FormatStyle(includingFractionalSeconds: false),
        ]
        for style in styles {
            if let date = try? style.parse(text) {
                self = date
                return
            }
        }
        return nil
    }
}
