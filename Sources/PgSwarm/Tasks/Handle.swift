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
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3,
            let taskID = TaskID(String(parts[0])),
            let epoch = Int(parts[1]), epoch >= 0,
            parts[2].utf8.count == 32, parts[2].utf8.allSatisfy(Handle.isHexDigit)
        else {
            throw SwarmError(
                .invalidHandle,
                "\"\(text.prefix(80))\" is not a handle: it is written task.epoch.claim",
                hint: "Pass the handle exactly as claim returned it."
            )
        }
        self.text = text
        self.taskID = taskID
        self.epoch = epoch
    }

    /// The text of the handle.
    public var description: String { text }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
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
