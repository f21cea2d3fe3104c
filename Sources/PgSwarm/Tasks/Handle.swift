/// What the holder of a task shows with every write: the task, the epoch of the grant and a random claim id.
///
/// It is a capability: whoever knows it may settle the task as long as the grant has not been superseded,
/// so treat it like a password of that one attempt. Written `task.epoch.claim`, the claim in 32 hex digits.
public struct Handle: Sendable, Hashable, CustomStringConvertible {
    /// The handle as it is shown to the database.
    public let text: String
    /// The task that was granted.
    public let taskID: TaskID
    /// Which grant of the task this is; a later grant or a loss makes the number grow.
    public let epoch: Int

    /// Reads a handle.
    ///
    /// - Throws: `invalid_handle` when it is malformed, for example cut short by a copy.
    ///   Whether it is still valid only the database knows.
    public init(_ text: String) throws(SwarmError) {
        // Byte by byte, because a worker reads one for each task that it gets.
        var bytes = text.utf8.makeIterator()
        guard
            let task = Handle.number(from: &bytes), task > 0, let epoch = Handle.number(from: &bytes),
            Handle.isClaim(bytes)
        else {
            throw SwarmError(
                .invalidHandle,
                "\"\(text.prefix(80))\" is not a handle: it is written task.epoch.claim",
                hint: "Pass the handle exactly as claim returned it."
            )
        }
        self.text = text
        taskID = TaskID(rawValue: task)
        self.epoch = Int(epoch)
    }

    /// The text of the handle.
    public var description: String { text }

    /// The decimal number up to the next dot.
    private static func number(from bytes: inout String.UTF8View.Iterator) -> Int64? {
        var number: Int64?
        while let byte = bytes.next() {
            guard byte != UInt8(ascii: ".") else { return number }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let (shifted, isTooLong) = (number ?? 0).multipliedReportingOverflow(by: 10)
            let (sum, isTooLarge) = shifted.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
            guard !isTooLong, !isTooLarge else { return nil }
            number = sum
        }
        return nil
    }

    /// Whether 32 hexadecimal digits are left, and nothing else.
    private static func isClaim(_ rest: String.UTF8View.Iterator) -> Bool {
        var rest = rest
        var count = 0
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): count += 1
            default: return false
            }
        }
        return count == 32
    }
}

extension Handle: Codable {
    /// Reads a JSON string.
    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// Writes a JSON string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
