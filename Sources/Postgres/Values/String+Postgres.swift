extension String: PostgresEncodable, PostgresDecodable {
    /// `text`.
    public static var postgresType: PostgresType { .text }

    /// Appends the text in UTF-8.
    ///
    /// The server refuses a text that contains a NUL character.
    public func encode(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: utf8)
    }

    /// Reads `text`, `varchar`, `char`, `name` or an enum.
    public init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) {
        guard type.isTextual else { throw .mismatch(Self.self, type) }
        try self.init(utf8In: bytes)
    }

    /// Reads UTF-8, which a database with the encoding SQL_ASCII does not guarantee.
    init(utf8In bytes: some Sequence<UInt8>) throws(PostgresError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .decoding("the bytes are not UTF-8")
        }
        self = text
    }
}
