/// The end of a stream of bytes, in bounded memory.
struct TailBuffer: Sendable {
    private var bytes: [UInt8] = []
    private let limit: Int
    /// How many bytes there were in all.
    private(set) var total = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether bytes were left out.
    var isTruncated: Bool { total > limit }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        total += more.count
        bytes.append(contentsOf: more.suffix(limit))
        // Cutting at twice the limit only, so that each byte is moved at most once.
        if bytes.count >= 2 * limit { bytes.removeFirst(bytes.count - limit) }
    }

    /// The end of the stream.
    ///
    /// Bytes that are no UTF-8, and NUL, which the database can't store, are replaced.
    var text: String {
        let end = bytes.suffix(limit).map { $0 == 0 ? UInt8(ascii: "?") : $0 }
        // A cut may have gone through a character; its remains say nothing.
        let whole = isTruncated ? ArraySlice(end.drop { $0 & 0b1100_0000 == 0b1000_0000 }) : ArraySlice(end)
        return String(decoding: whole, as: UTF8.self)
    }
}
