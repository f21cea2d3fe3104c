/// A JSON document as text, for `jsonb`.
///
/// The server checks it; nothing is parsed here.
public struct JSONText: Sendable, Hashable {
    /// The document.
    public var text: String

    /// Wraps a document without checking it.
    public init(_ text: String) {
        self.text = text
    }
}

extension JSONText: PostgresEncodable, PostgresDecodable {
    /// `jsonb`.
    public static var postgresType: PostgresType { .jsonb }

    /// Appends the version of the binary form and the text.
    public func encode(to bytes: inout [UInt8]) {
        bytes.append(Self.formatVersion)
        bytes.append(contentsOf: text.utf8)
    }

    /// Reads a `jsonb` or a `json`.
    public init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) {
        switch type {
        case .jsonb:
            guard bytes.first == Self.formatVersion else {
                throw .decoding("this version of jsonb's binary form is unknown")
            }
            self.init(try String(utf8In: bytes.dropFirst()))
        case Self.json:
            self.init(try String(utf8In: bytes))
        default:
            throw .mismatch(Self.self, type)
        }
    }

    private static let formatVersion: UInt8 = 1
    private static let json = PostgresType(rawValue: 114)
}
