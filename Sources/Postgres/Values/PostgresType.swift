/// A data type of the server, known by its object identifier.
public struct PostgresType: RawRepresentable, Hashable, Sendable {
    /// The type's OID in `pg_type`.
    public let rawValue: UInt32

    /// Wraps an OID.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }
}

extension PostgresType {
    /// `boolean`.
    public static let bool = PostgresType(rawValue: 16)
    /// `bytea`.
    public static let bytea = PostgresType(rawValue: 17)
    /// `bigint`.
    public static let int8 = PostgresType(rawValue: 20)
    /// `smallint`.
    public static let int2 = PostgresType(rawValue: 21)
    /// `integer`.
    public static let int4 = PostgresType(rawValue: 23)
    /// `text`.
    public static let text = PostgresType(rawValue: 25)
    /// `double precision`.
    public static let float8 = PostgresType(rawValue: 701)
    /// `timestamp with time zone`.
    public static let timestamptz = PostgresType(rawValue: 1184)
    /// `interval`.
    public static let interval = PostgresType(rawValue: 1186)
    /// `uuid`.
    public static let uuid = PostgresType(rawValue: 2950)
    /// `jsonb`.
    public static let jsonb = PostgresType(rawValue: 3802)

    /// `boolean[]`.
    public static let boolArray = PostgresType(rawValue: 1000)
    /// `bytea[]`.
    public static let byteaArray = PostgresType(rawValue: 1001)
    /// `bigint[]`.
    public static let int8Array = PostgresType(rawValue: 1016)
    /// `smallint[]`.
    public static let int2Array = PostgresType(rawValue: 1005)
    /// `integer[]`.
    public static let int4Array = PostgresType(rawValue: 1007)
    /// `text[]`.
    public static let textArray = PostgresType(rawValue: 1009)
    /// `double precision[]`.
    public static let float8Array = PostgresType(rawValue: 1022)
    /// `timestamp with time zone[]`.
    public static let timestamptzArray = PostgresType(rawValue: 1185)
    /// `interval[]`.
    public static let intervalArray = PostgresType(rawValue: 1187)
    /// `uuid[]`.
    public static let uuidArray = PostgresType(rawValue: 2951)
    /// `jsonb[]`.
    public static let jsonbArray = PostgresType(rawValue: 3807)

    /// Lets the server infer the type from the place where the value stands.
    public static let unspecified = PostgresType(rawValue: 0)
}

extension PostgresType {
    /// The type of an array with elements of this type; ``unspecified`` for types not listed here.
    public var array: PostgresType {
        switch self {
        case .bool: .boolArray
        case .bytea: .byteaArray
        case .int8: .int8Array
        case .int2: .int2Array
        case .int4: .int4Array
        case .text: .textArray
        case .float8: .float8Array
        case .timestamptz: .timestamptzArray
        case .interval: .intervalArray
        case .uuid: .uuidArray
        case .jsonb: .jsonbArray
        default: .unspecified
        }
    }

    /// Whether the binary form is nothing but text in the client's encoding.
    ///
    /// Types made by users are let through: enums are text, and whatever is not fails the UTF-8 check
    /// or shows at once that a cast is missing.
    var isTextual: Bool {
        switch rawValue {
        case 25, 18, 19, 705, 1042, 1043: true  // text, "char", name, unknown, char(n), varchar
        default: rawValue >= PostgresType.firstUserDefined
        }
    }

    private static let firstUserDefined: UInt32 = 16384
}

extension PostgresType: CustomStringConvertible {
    /// The SQL name if the type is one of those above, else the OID.
    public var description: String {
        switch self {
        case .bool: "boolean"
        case .bytea: "bytea"
        case .int8: "bigint"
        case .int2: "smallint"
        case .int4: "integer"
        case .text: "text"
        case .float8: "double precision"
        case .timestamptz: "timestamptz"
        case .interval: "interval"
        case .uuid: "uuid"
        case .jsonb: "jsonb"
        default: "type \(rawValue)"
        }
    }
}
