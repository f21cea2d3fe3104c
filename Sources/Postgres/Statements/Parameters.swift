/// The parameters of a statement in one buffer, so that a statement costs a few allocations and not
/// a few for each of its parameters.
struct Parameters: Sendable, Hashable {
    private(set) var types: [PostgresType] = []
    /// Length in bytes, or -1 for NULL.
    private(set) var lengths: [Int] = []
    private(set) var bytes: [UInt8] = []

    var count: Int { types.count }

    mutating func append<T: PostgresEncodable>(_ value: T) {
        types.append(T.postgresType)
        if value.isNull {
            lengths.append(-1)
        } else {
            let start = bytes.count
            value.encode(to: &bytes)
            lengths.append(bytes.count - start)
        }
    }

    mutating func append(_ value: PostgresValue) {
        types.append(value.type)
        lengths.append(value.bytes?.count ?? -1)
        if let encoded = value.bytes { bytes.append(contentsOf: encoded) }
    }

    var values: [PostgresValue] {
        var offset = 0
        return zip(types, lengths).map { type, length in
            guard length >= 0 else { return PostgresValue(type: type, bytes: nil) }
            defer { offset += length }
            return PostgresValue(type: type, bytes: Array(bytes[offset..<offset + length]))
        }
    }

    /// Calls `body` with the arrays libpq wants: a pointer, a length and a format for each parameter.
    func withPointers<R>(
        _ body: (
            _ values: UnsafePointer<UnsafePointer<CChar>?>, _ lengths: UnsafePointer<Int32>,
            _ formats: UnsafePointer<Int32>
        ) -> R
    ) -> R {
        withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count + 1) { pointers in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * count + 2) { numbers in
                bytes.withUnsafeBytes { buffer in
                    let sizes = numbers.baseAddress.unsafelyUnwrapped
                    let formats = sizes + count + 1
                    // An empty value needs a pointer too, because libpq takes nil for NULL.
                    let base = buffer.baseAddress ?? UnsafeRawPointer(sizes)
                    var offset = 0
                    for (index, length) in lengths.enumerated() {
                        let pointer = (base + offset).assumingMemoryBound(to: CChar.self)
                        pointers.initializeElement(at: index, to: length < 0 ? nil : pointer)
                        numbers.initializeElement(at: index, to: Int32(clamping: max(length, 0)))
                        numbers.initializeElement(at: count + 1 + index, to: binaryFormat)
                        offset += max(length, 0)
                    }
                    return body(pointers.baseAddress.unsafelyUnwrapped, sizes, formats)
                }
            }
        }
    }
}

/// libpq's code for the binary form of parameters and results.
let binaryFormat: Int32 = 1
