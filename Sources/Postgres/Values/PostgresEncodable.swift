/// A Swift value that can be a parameter of a statement.
///
/// Conform a type of your own by writing PostgreSQL's binary form of one of the types in
/// ``PostgresType``. A `RawRepresentable` type needs only the declaration when its raw value conforms.
public protocol PostgresEncodable: Sendable {
    /// The type the server shall take the value for.
    static var postgresType: PostgresType { get }
    /// Whether the value is SQL's NULL; then ``encode(to:)`` is not called.
    var isNull: Bool { get }
    /// Appends the value in the server's binary form.
    func encode(to bytes: inout [UInt8])
}

extension PostgresEncodable {
    /// False, as for every value but an empty optional.
    public var isNull: Bool { false }
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    /// The type of the raw value.
    public static var postgresType: PostgresType { RawValue.postgresType }
    /// Whether the raw value is NULL.
    public var isNull: Bool { rawValue.isNull }
    /// Appends the raw value.
    public func encode(to bytes: inout [UInt8]) { rawValue.encode(to: &bytes) }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    /// The type of the wrapped value.
    public static var postgresType: PostgresType { Wrapped.postgresType }

    /// True when there is no value.
    public var isNull: Bool {
        guard case .some(let value) = self else { return true }
        return value.isNull
    }

    /// Appends the wrapped value.
    public func encode(to bytes: inout [UInt8]) {
        if case .some(let value) = self { value.encode(to: &bytes) }
    }
}
