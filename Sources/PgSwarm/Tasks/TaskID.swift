/// The number of a task: it grows with every enqueued task and is never used again.
///
/// In JSON and in text it is a string, because JSON readers lose digits of large numbers.
public struct TaskID: RawRepresentable, Sendable, Hashable, Comparable {
    /// The number as the database stores it.
    public let rawValue: Int64

    /// Names the task with this number, whether or not it exists.
    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// Orders tasks by the time of their creation, roughly: ids are drawn before the commit.
    public static func < (left: TaskID, right: TaskID) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension TaskID: LosslessStringConvertible {
    /// Reads a positive decimal number; anything else is `nil`.
    public init?(_ description: String) {
        guard let number = Int64(description), number > 0 else { return nil }
        self.init(rawValue: number)
    }

    /// The number in decimal digits.
    public var description: String { String(rawValue) }
}

extension TaskID: Codable {
    /// Reads a JSON string, and also a JSON number from writers that know no better.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self), let id = TaskID(text) {
            self = id
        } else {
            self.init(rawValue: try container.decode(Int64.self))
        }
    }

    /// Writes a JSON string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
