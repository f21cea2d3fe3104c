/// Bytes as they are, for `bytea`; a plain `[UInt8]` would be an array of numbers.
public struct Bytes: Sendable, Hashable {
    /// The bytes.
    public var bytes: [UInt8]

    /// Wraps bytes.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }
}

extension Bytes: PostgresEncodable, PostgresDecodable {
    /// `bytea`.
    public static var postgresType: PostgresType { .bytea }

    /// Appends the bytes.
    public func encode(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: self.bytes)
    }

    /// Reads a `bytea`.
    public init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) {
        guard type == .bytea else { throw .mismatch(Self.self, type) }
        self.init(Array(bytes))
    }
}
