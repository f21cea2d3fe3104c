/// One parameter in the form in which it is sent.
public struct PostgresValue: Sendable, Hashable {
    /// The type the server shall take it for.
    public var type: PostgresType
    /// The binary form, or nil for NULL.
    public var bytes: [UInt8]?

    /// A value of a type that has no Swift counterpart here.
    public init(type: PostgresType, bytes: [UInt8]?) {
        self.type = type
        self.bytes = bytes
    }

    /// Encodes a Swift value.
    public init<T: PostgresEncodable>(_ value: T) {
        type = T.postgresType
        if value.isNull {
            bytes = nil
        } else {
            var encoded: [UInt8] = []
            value.encode(to: &encoded)
            bytes = encoded
        }
    }
}
