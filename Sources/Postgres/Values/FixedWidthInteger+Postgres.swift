extension FixedWidthInteger {
    /// Appends the integer in network byte order.
    func appendBigEndian(to bytes: inout [UInt8]) {
        Swift.withUnsafeBytes(of: bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Reads an integer in network byte order; the caller has checked that the bytes are there.
    init(bigEndianIn bytes: UnsafeRawBufferPointer, at offset: Int = 0) {
        self.init(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Self.self))
    }
}

/// Reads any of the server's integer types that fits without loss.
private func decodeInteger<T: FixedWidthInteger>(
    _ target: T.Type, _ bytes: UnsafeRawBufferPointer, _ type: PostgresType
) throws(PostgresError) -> T {
    let width: Int
    switch type {
    case .int2: width = 2
    case .int4: width = 4
    case .int8: width = 8
    default: throw .mismatch(target, type)
    }
    guard T.bitWidth >= width * 8 else { throw .mismatch(target, type) }
    guard bytes.count == width else { throw .length(target, bytes.count) }
    switch width {
    case 2: return T(Int16(bigEndianIn: bytes))
    case 4: return T(Int32(bigEndianIn: bytes))
    default: return T(Int64(bigEndianIn: bytes))
    }
}

extension Int16: PostgresEncodable, PostgresDecodable {
    /// `smallint`.
    public static var postgresType: PostgresType { .int2 }
    /// Appends two bytes.
    public func encode(to bytes: inout [UInt8]) { appendBigEndian(to: &bytes) }
    /// Reads a `smallint`.
    public init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) {
        self = try decodeInteger(Self.self, bytes, type)
    }
}

extension Int32: PostgresEncodable, PostgresDecodable {
    /// `integer`.
    public static var postgresType: PostgresType { .int4 }
    /// Appends four bytes.
    public func encode(to bytes: inout [UInt8]) { appendBigEndian(to: &bytes) }
    /// Reads an `integer` or a `smallint`.
    public init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) {
        self = try decodeInteger(Self.self, bytes, type)
    }
}

extension Int64: PostgresEncodable, PostgresDecodable {
    /// `bigint`.
    public static var postgresType: PostgresType { .int8 }
    /// Appends eight bytes.
    public func encode(to bytes: inout [UInt8]) { appendBigEndian(to: &bytes) }
    /// Reads a `bigint`, an `integer` or a `smallint`.
    public init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) {
        self = try decodeInteger(Self.self, bytes, type)
    }
}

extension Int: PostgresEncodable, PostgresDecodable {
    /// `bigint`.
    public static var postgresType: PostgresType { .int8 }
    /// Appends eight bytes.
    public func encode(to bytes: inout [UInt8]) { Int64(self).appendBigEndian(to: &bytes) }
    /// Reads a `bigint`, an `integer` or a `smallint`.
    public init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) {
        self = try decodeInteger(Self.self, bytes, type)
    }
}
