/// Bytes that arrive in pieces and are looked at line by line.
struct LineBuffer {
    private var bytes: [UInt8] = []
    private var position = 0

    mutating func append(_ more: [UInt8]) { bytes += more }

    /// All that has arrived.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The next complete line that satisfies `condition`; it and the lines before it are passed over for good.
    mutating func next(where condition: (String) -> Bool) -> String? {
        var start = position
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: bytes[start..<end], as: UTF8.self)
            start = end + 1
            if condition(line) {
                position = start
                return line
            }
        }
        return nil
    }
}
