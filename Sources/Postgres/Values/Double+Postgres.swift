extension Double: PostgresEncodable, PostgresDecodable {
    /// `double precision`.
    public static var postgresType: PostgresType { .float8 }

    /// Appends eight bytes.
    public func encode(to bytes: inout [UInt8]) {
        bitPattern.appendBigEndian(to: &bytes)
    }

    /// Reads a `double precision` or a `real`.
    public init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) {
        switch (type, bytes.count) {
        case (.float8, 8): self.init(bitPattern: UInt64(bigEndianIn: bytes))
        case (Self.float4, 4): self.init(Float(bitPattern: UInt32(bigEndianIn: bytes)))
        case (.float8, _), (Self.float4, _): throw .length(Self.self, bytes.count)
        default: throw .mismatch(Self.self, type)
        }
    }

    private static let float4 = PostgresType(rawValue: 700)
}
