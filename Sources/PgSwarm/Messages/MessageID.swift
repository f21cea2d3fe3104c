/// The number of a message; all its recipients have it under the same one.
public struct MessageID: RawRepresentable, Sendable, Hashable, Comparable, LosslessStringConvertible {
    /// The number as the database stores it.
    public let rawValue: Int64

    /// Names the message with this number, whether or not it exists.
    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// Reads a positive decimal number; anything else is `nil`.
    public init?(_ description: String) {
        guard let number = Int64(description), number > 0 else { return nil }
        self.init(rawValue: number)
    }

    /// The number in decimal digits.
    public var description: String { String(rawValue) }

    /// Orders messages by their numbers.
    public static func < (left: MessageID, right: MessageID) -> Bool { left.rawValue < right.rawValue }
}
