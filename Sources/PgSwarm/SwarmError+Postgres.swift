public import Postgres

extension SwarmError {
    /// Translates an error of the connection into the closed list.
    ///
    /// A lost connection becomes `unreachable` here; whoever sent a write that can't be repeated turns that into
    /// `outcome_unknown`, because only they know what was under way.
    public init(_ error: PostgresError) {
        switch error {
        case .server(let server):
            self.init(server, underlying: error)
        case .connectFailed(let reason):
            self.init(
                .unreachable, "the database can't be reached: \(reason)",
                hint: Self.isRefusedLogin(reason)
                    ? "Check the user, the password (~/.pgpass, PGPASSWORD) and the name of the database."
                    : "Check the address and that the server runs, then repeat the call.",
                underlying: error)
        case .connectionLost(let reason):
            self.init(
                .unreachable, "the connection to the database was lost: \(reason)",
                hint: "Repeat the call.", underlying: error)
        case .outcomeUnknown(let reason):
            self.init(
                .outcomeUnknown, "the connection broke before the answer came: \(reason)",
                hint: "Look at the task, or repeat the call with the same key or request id.",
                underlying: error)
        case .deadlineExceeded:
            self.init(
                .unreachable, "the database did not answer in time",
                hint: "Nothing was changed; repeat the call.", underlying: error)
        case .poolTimeout:
            self.init(
                .unreachable, "no connection to the database became free in time",
                hint: "Allow more connections or longer waits.", underlying: error)
        case .cancelled:
            self.init(.cancelled, "the call was cancelled; nothing was changed", underlying: error)
        case .invalidOptions(let reason):
            self.init(.usage, "the database address is wrong: \(reason)", underlying: error)
        case .poolClosed:
            self.init(.usage, "the connection was closed before this call", underlying: error)
        case .decoding(let reason):
            self.init(.internal, "an answer of the database can't be read: \(reason)", underlying: error)
        }
    }

    /// Translates any error a call's body can throw.
    init(any error: any Error) {
        switch error {
        case let error as SwarmError: self = error
        case let error as PostgresError: self.init(error)
        case let error as CancellationError:
            self.init(.cancelled, "the call was cancelled; nothing was changed", underlying: error)
        default: self.init(.internal, "\(error)", underlying: error)
        }
    }

    /// Whether a server answered and did not let the user in, which no repetition heals.
    ///
    /// Judged by the text, because libpq gives nothing else for a connection that was refused.
    private static func isRefusedLogin(_ reason: String) -> Bool {
        let words = ["authentication failed", "does not exist", "not permitted to log in", "no pg_hba.conf entry"]
        return reason.contains("FATAL") && words.contains { reason.contains($0) }
    }

    private init(_ server: ServerError, underlying: PostgresError) {
        let state = server.sqlState.rawValue
        if let code = Code(sqlState: state) {
            self.init(code, server.message, hint: server.hint, underlying: underlying)
        } else if Code.isMissingSchema(state), server.message.contains("pgswarm") {
            self.init(
                .notMigrated, "the database has no pgswarm schema, or an older one: \(server.message)",
                hint: "Run `pgswarm migrate` as the owner of the database.", underlying: underlying)
        } else if state.hasPrefix("22") || state == "54001" {
            // Data exceptions, and nesting that is too deep.
            self.init(
                .invalidArgument, "the database can't keep this value: \(server.message)",
                hint: "Change the value, or keep it elsewhere and pass a reference to it.", underlying: underlying)
        } else {
            self.init(
                .internal, "the database refused the call: \(server.message) (SQLSTATE \(state))",
                hint: server.hint, underlying: underlying)
        }
    }
}
