public import FoundationEssentials

extension UUID: PostgresEncodable, PostgresDecodable {
    /// `uuid`.
    public static var postgresType: PostgresType { .uuid }

    /// Appends sixteen bytes.
    public func encode(to bytes: inout [UInt8]) {
        Swift.withUnsafeBytes(of: uuid) { bytes.append(contentsOf: $0) }
    }

    /// Reads a `uuid`.
    public init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) {
        guard type == .uuid else { throw .mismatch(Self.self, type) }
        guard bytes.count == 16 else { throw .length(Self.self, bytes.count) }
        self.init(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}
