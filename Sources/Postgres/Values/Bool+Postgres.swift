extension Bool: PostgresEncodable, PostgresDecodable {
    /// `boolean`.
    public static var postgresType: PostgresType { .bool }

    /// Appends one byte.
    public func encode(to bytes: inout [UInt8]) {
        bytes.append(self ? 1 : 0)
    }

    /// Reads a `boolean`.
    public init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) {
        guard type == .bool else { throw .mismatch(Self.self, type) }
        guard bytes.count == 1 else { throw .length(Self.self, bytes.count) }
        self = bytes[0] != 0
    }
}
