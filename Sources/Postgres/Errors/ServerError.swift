internal import CLibPQ

/// What the server said about a statement that it refused, or in a notice.
///
/// `detail` may quote stored values (a duplicate key, for example), so ``description`` leaves it out.
public struct ServerError: Error, Sendable, Hashable {
    /// The code to decide by; messages are for people and may be translated.
    public var sqlState: SQLState
    /// `ERROR`, `FATAL` or `PANIC`; for notices `WARNING`, `NOTICE`, `INFO` and so on.
    ///
    /// Never translated.
    public var severity: String
    /// One line that says what went wrong.
    public var message: String
    /// More about the particular case; may contain stored values.
    public var detail: String?
    /// What to do about it.
    public var hint: String?
    /// The constraint that was violated.
    public var constraint: String?
    /// The schema of the object concerned.
    public var schema: String?
    /// The table concerned.
    public var table: String?
    /// The column concerned.
    public var column: String?
    /// The 1-based position in the statement's text, in characters.
    public var position: Int?
    /// The functions that were running, innermost first.
    public var context: String?
    /// The function of the server's source that raised the error; the same in every language.
    public var routine: String?
    /// The text of the statement, with `$1` in place of values.
    public var statement: String?

    /// An error with the parts that every error has; the other parts are set afterwards.
    public init(sqlState: SQLState, severity: String = "ERROR", message: String) {
        self.sqlState = sqlState
        self.severity = severity
        self.message = message
    }

    /// Whether the server ended the session with this error.
    var endsSession: Bool {
        severity == "FATAL" || severity == "PANIC"
    }
}

extension ServerError: CustomStringConvertible {
    /// Severity, code, message and hint, without stored values.
    public var description: String {
        let text = "\(severity) \(sqlState): \(message)"
        guard let hint else { return text }
        return "\(text) (hint: \(hint))"
    }
}

extension ServerError {
    /// Reads the fields of a result that is an error or a notice; nil when libpq itself made it up,
    /// because then there is no SQLSTATE.
    init?(result: OpaquePointer?, statement: String? = nil) {
        func field(_ code: Int) -> String? {
            PQresultErrorField(result, Int32(code)).map { String(cString: $0) }
        }
        guard let sqlState = field(LIBPQ_FIELD_SQLSTATE) else { return nil }
        self.init(
            sqlState: SQLState(rawValue: sqlState),
            severity: field(LIBPQ_FIELD_SEVERITY) ?? "ERROR",
            message: field(LIBPQ_FIELD_MESSAGE) ?? "the server gave no message"
        )
        detail = field(LIBPQ_FIELD_DETAIL)
        hint = field(LIBPQ_FIELD_HINT)
        constraint = field(LIBPQ_FIELD_CONSTRAINT)
        schema = field(LIBPQ_FIELD_SCHEMA)
        table = field(LIBPQ_FIELD_TABLE)
        column = field(LIBPQ_FIELD_COLUMN)
        position = field(LIBPQ_FIELD_POSITION).flatMap { Int($0) }
        context = field(LIBPQ_FIELD_CONTEXT)
        routine = field(LIBPQ_FIELD_ROUTINE)
        self.statement = statement
    }

    /// Whether the result of a statement was that its prepared plan is out of date or gone.
    var isStaleStatement: Bool {
        sqlState == .invalidStatementName
            || (sqlState == .featureNotSupported && routine == "RevalidateCachedQuery")
    }

    /// Whether this notice says that the commit was done here but perhaps not on the standby.
    ///
    /// Its SQLSTATE is that of every `RAISE WARNING`, so the server's routine has to tell.
    var isReplicationWaitGivenUp: Bool {
        severity == "WARNING" && routine == "SyncRepWaitForLSN"
    }
}
