extension Array: PostgresEncodable where Element: PostgresEncodable {
    /// The array type of the element's type.
    public static var postgresType: PostgresType { Element.postgresType.array }

    /// Appends a one-dimensional array.
    ///
    /// Arrays of arrays are not supported; the server refuses them.
    public func encode(to bytes: inout [UInt8]) {
        Int32(isEmpty ? 0 : 1).appendBigEndian(to: &bytes)  // dimensions
        Int32(contains(where: \.isNull) ? 1 : 0).appendBigEndian(to: &bytes)
        Element.postgresType.rawValue.appendBigEndian(to: &bytes)
        if isEmpty { return }
        Int32(truncatingIfNeeded: count).appendBigEndian(to: &bytes)
        Int32(1).appendBigEndian(to: &bytes)  // the lower bound
        for element in self {
            if element.isNull {
                Int32(-1).appendBigEndian(to: &bytes)
                continue
            }
            let start = bytes.count
            Int32(0).appendBigEndian(to: &bytes)
            element.encode(to: &bytes)
            let length = UInt32(truncatingIfNeeded: bytes.count - start - 4)
            for place in 0..<4 {
                bytes[start + place] = UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32(place)))
            }
        }
    }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    /// Reads a one-dimensional array.
    public init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) {
        guard bytes.count >= 12 else { throw .length(Self.self, bytes.count) }
        let dimensions = Int32(bigEndianIn: bytes)
        let elementType = PostgresType(rawValue: UInt32(bigEndianIn: bytes, at: 8))
        if dimensions == 0 {
            self = []
            return
        }
        // No array begins like a text or a number, so this also catches columns that are no arrays.
        guard dimensions == 1, bytes.count >= 20 else { throw .mismatch(Self.self, type) }
        let count = Int(Int32(bigEndianIn: bytes, at: 12))
        var offset = 20
        self = []
        // An element takes at least four bytes, which bounds what a broken header can reserve.
        reserveCapacity(Swift.max(0, Swift.min(count, bytes.count / 4)))
        while self.count < count {
            guard bytes.count - offset >= 4 else { throw .length(Self.self, bytes.count) }
            let length = Int(Int32(bigEndianIn: bytes, at: offset))
            offset += 4
            if length < 0 {
                guard let null = Element.null else { throw .decoding("element \(self.count) is NULL") }
                append(null)
                continue
            }
            guard bytes.count - offset >= length else { throw .length(Self.self, bytes.count) }
            let element = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
            append(try Element(from: element, type: elementType))
            offset += length
        }
    }
}
