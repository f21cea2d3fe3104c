/// A Swift value that can be read from a column.
///
/// A `RawRepresentable` type needs only the declaration when its raw value conforms.
public protocol PostgresDecodable: Sendable {
    /// Reads the server's binary form.
    ///
    /// - Throws: ``PostgresError/decoding(_:)`` when the type or the bytes don't fit; the caller adds
    ///   the column's name.
    init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError)
    /// The value that stands for SQL's NULL, or nil if NULL is an error.
    static var null: Self? { get }
}

extension PostgresDecodable {
    /// Nil: NULL is an error for every type but an optional.
    @inlinable
    public static var null: Self? { nil }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    /// Reads the raw value, and throws if no value of this type has it.
    @inlinable
    public init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) {
        let rawValue = try RawValue(from: bytes, type: type)
        guard let value = Self(rawValue: rawValue) else {
            throw .decoding("\(rawValue) is not a \(Self.self)")
        }
        self = value
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    /// Reads the wrapped value.
    @inlinable
    public init(from bytes: UnsafeRawBufferPointer, type: PostgresType) throws(PostgresError) {
        self = .some(try Wrapped(from: bytes, type: type))
    }

    /// No value.
    @inlinable
    public static var null: Wrapped?? { .some(.none) }
}

extension PostgresError {
    /// The error for a column whose type is not one that `target` can be read from.
    static func mismatch(_ target: Any.Type, _ type: PostgresType) -> PostgresError {
        .decoding("\(type) (OID \(type.rawValue)) cannot be read as \(target); cast the column in SQL")
    }

    /// The error for a value whose length is not that of its type.
    static func length(_ target: Any.Type, _ count: Int) -> PostgresError {
        .decoding("\(count) bytes are no \(target)")
    }
}
