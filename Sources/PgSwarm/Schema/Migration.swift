/// One SQL file of the folder Migrations.
public struct Migration: Sendable, Hashable {
    /// The path below the folder, for example `0001_tables.sql` or `functions/claim.sql`.
    public let name: String
    /// The statements.
    public let text: String
    /// The SHA-256 of the file in hexadecimal digits.
    public let checksum: String

    /// Takes a file.
    public init(name: String, text: String) {
        self.name = name
        self.text = text
        checksum = SHA256.hex(Array(text.utf8))
    }

    /// Files in functions/ are applied again whenever one of them has changed; the others once, by number.
    public var isRepeatable: Bool { Self.version(of: name) == 0 }

    /// The number of a file that is applied once; 0 for those that are repeated.
    public var version: Int { Self.version(of: name) }

    static func version(of name: String) -> Int {
        name.hasPrefix("functions/") ? 0 : Int(name.prefix { $0.isASCII && $0.isNumber }) ?? 0
    }
}
