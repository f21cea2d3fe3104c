/// The name of a queue.
///
/// A queue comes into being when its first task is enqueued.
public struct QueueName: RawRepresentable, Sendable, Hashable, Comparable, Codable {
    /// The name as the database stores it.
    public let rawValue: String

    /// Names a queue; the database checks the name when it is used.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Names a queue; the database checks the name when it is used.
    public init(_ name: String) {
        self.init(rawValue: name)
    }

    /// Orders queues by name.
    public static func < (left: QueueName, right: QueueName) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension QueueName: ExpressibleByStringLiteral, CustomStringConvertible {
    /// Names a queue in the source text.
    public init(stringLiteral value: String) {
        self.init(rawValue: value)
    }

    /// The name.
    public var description: String { rawValue }
}
