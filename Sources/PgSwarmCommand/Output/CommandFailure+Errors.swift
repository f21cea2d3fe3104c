import EmbeddedPostgres
import PgSwarm
import Postgres
import SystemPackage

extension CommandFailure {
    /// The failure that any error of a command amounts to.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as SwarmError:
            self.init(error.code.rawValue, error.message, hint: error.hint ?? Self.advice(error.code))
        case let error as PostgresError: self.init(SwarmError(error))
        case let error as EmbeddedError: self.init("failed", error.description, hint: error.hint)
        case let error as Errno: self.init("failed", error.description)
        case is CancellationError: self.init("failed", "interrupted")
        default: self.init("internal", "\(error)")
        }
    }

    /// The next step where an error itself names none, because it comes from PostgreSQL and not from pgswarm.
    private static func advice(_ code: SwarmError.Code) -> String? {
        switch code {
        case .notAllowed:
            "Connect as a role that may: pgswarm_worker claims, pgswarm_coordinator plans and steers, "
                + "pgswarm_operator sets up."
        case .internal: "If it happens again, report it with this message."
        default: nil
        }
    }
}
