/// The five-character code by which PostgreSQL classifies an error.
///
/// Compare it with the constants below or with a code of your own: `error.sqlState == "PS001"`.
public struct SQLState: RawRepresentable, Hashable, Sendable {
    /// The five characters, for example `23505`.
    public let rawValue: String

    /// Wraps a code without checking it.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The first two characters, which name the family of the error, for example `23`.
    public var errorClass: Substring {
        rawValue.prefix(2)
    }
}

extension SQLState: ExpressibleByStringLiteral, CustomStringConvertible {
    /// Wraps a code written as a literal.
    public init(stringLiteral value: String) {
        self.init(rawValue: value)
    }

    /// The five characters.
    public var description: String { rawValue }
}

extension SQLState {
    /// A plain `RAISE WARNING`, and the warning that a wait for a synchronous standby was given up.
    public static let warning: SQLState = "01000"
    /// The server lacks the feature; also raised when a cached plan no longer fits its table.
    public static let featureNotSupported: SQLState = "0A000"
    /// A foreign key would point nowhere.
    public static let foreignKeyViolation: SQLState = "23503"
    /// A unique key exists already.
    public static let uniqueViolation: SQLState = "23505"
    /// A CHECK constraint was not met.
    public static let checkViolation: SQLState = "23514"
    /// A write was tried in a read-only transaction, typically on a standby.
    public static let readOnlyTransaction: SQLState = "25006"
    /// A statement came after one that had failed in the same transaction.
    public static let inFailedTransaction: SQLState = "25P02"
    /// The session does not know a prepared statement of this name.
    public static let invalidStatementName: SQLState = "26000"
    /// The password is wrong.
    public static let invalidPassword: SQLState = "28P01"
    /// Two serialisable transactions disturbed each other; repeat the whole transaction.
    public static let serializationFailure: SQLState = "40001"
    /// Two transactions waited for each other; repeat the whole transaction.
    public static let deadlockDetected: SQLState = "40P01"
    /// The text is not valid SQL.
    public static let syntaxError: SQLState = "42601"
    /// The role lacks the right.
    public static let insufficientPrivilege: SQLState = "42501"
    /// No such function, or none with these argument types.
    public static let undefinedFunction: SQLState = "42883"
    /// No such table or view.
    public static let undefinedTable: SQLState = "42P01"
    /// The statement has more parameters than the protocol can carry.
    public static let tooManyArguments: SQLState = "54023"
    /// The server's disk is full.
    public static let diskFull: SQLState = "53100"
    /// The server has no free connection slot.
    public static let tooManyConnections: SQLState = "53300"
    /// A lock was not available within `lock_timeout` or with `NOWAIT`.
    public static let lockNotAvailable: SQLState = "55P03"
    /// The statement was cancelled, by a request or by `statement_timeout`.
    public static let queryCanceled: SQLState = "57014"
    /// An administrator ended the session.
    public static let adminShutdown: SQLState = "57P01"
    /// Another process of the server crashed and took this session with it.
    public static let crashShutdown: SQLState = "57P02"
    /// The server is starting up or shutting down.
    public static let cannotConnectNow: SQLState = "57P03"

    /// Whether the code says that the session or the server went away, not that a statement was wrong.
    var isConnectionProblem: Bool {
        switch self {
        case .adminShutdown, .crashShutdown, .cannotConnectNow, .tooManyConnections: true
        default: errorClass == "08"
        }
    }
}
