/// Everything that can go wrong between this program and a PostgreSQL server.
///
/// The question that matters after an error is whether the statement took effect:
///
/// | case | effect |
/// |---|---|
/// | ``server(_:)``, ``deadlineExceeded``, ``cancelled`` | none: the server rolled it back |
/// | ``connectFailed(_:)``, ``poolTimeout``, ``poolClosed``, ``invalidOptions(_:)`` | none: it was never sent |
/// | ``connectionLost(_:)`` | none: it was not sent, or its transaction was not committed |
/// | ``outcomeUnknown(_:)`` | perhaps: ask the server, or repeat it if it is idempotent |
/// | ``decoding(_:)`` | as written: only reading the answer failed |
public enum PostgresError: Error, Sendable {
    /// The server refused the statement.
    indirect case server(ServerError)
    /// No connection could be made; the text says what each host answered.
    case connectFailed(String)
    /// The connection ended before the statement could have been committed.
    case connectionLost(String)
    /// The statement or the commit was sent and no trustworthy answer came back.
    case outcomeUnknown(String)
    /// The deadline passed, and the statement was cancelled or never begun.
    case deadlineExceeded
    /// The Swift task or ``Connection/cancel()`` cancelled the statement, or it was never begun.
    case cancelled
    /// No connection of the pool became free in time.
    case poolTimeout
    /// A value did not have the type or form that was asked for; names the column.
    case decoding(String)
    /// The URL or a parameter is wrong. Never contains the password.
    case invalidOptions(String)
    /// The pool has been closed.
    case poolClosed

    /// Whether the way to the server is the problem and another connection may do better.
    ///
    /// True for ``outcomeUnknown(_:)`` too, which must be told apart before a statement is repeated.
    public var isConnectionProblem: Bool {
        switch self {
        case .connectFailed, .connectionLost, .outcomeUnknown: true
        case .server(let error): error.sqlState.isConnectionProblem
        default: false
        }
    }

    /// The server's code, if the server refused the statement.
    public var sqlState: SQLState? {
        guard case .server(let error) = self else { return nil }
        return error.sqlState
    }

    /// The server's error, if the server refused the statement.
    public var serverError: ServerError? {
        guard case .server(let error) = self else { return nil }
        return error
    }
}

extension PostgresError: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        switch self {
        case .server(let error): error.description
        case .connectFailed(let reason): "cannot connect: \(reason)"
        case .connectionLost(let reason): "connection lost: \(reason)"
        case .outcomeUnknown(let reason): "the outcome is unknown: \(reason)"
        case .deadlineExceeded: "the deadline passed before the server answered"
        case .cancelled: "cancelled"
        case .poolTimeout: "no connection of the pool became free in time"
        case .decoding(let reason): "cannot decode: \(reason)"
        case .invalidOptions(let reason): "invalid connection options: \(reason)"
        case .poolClosed: "the connection pool is closed"
        }
    }
}
