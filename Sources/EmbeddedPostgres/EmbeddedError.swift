/// Why a private server could not be started, found or stopped.
///
/// Every case describes itself in one line for people, and ``hint`` names the next step.
public enum EmbeddedError: Error, Sendable, Equatable {
    /// No folder with the programs `initdb` and `postgres` was found; the associated value lists where it looked.
    case binariesNotFound(searched: [String])
    /// The programs in `folder` cannot serve: they are older than the oldest supported PostgreSQL.
    case unsupportedVersion(folder: String, found: Int, oldest: Int)
    /// The data was written by another major version of PostgreSQL than any that is installed.
    case versionMismatch(dataDirectory: String, dataVersion: Int, installed: [Int])
    /// A folder cannot be created, read or written.
    case unusableLocation(path: String, reason: String)
    /// The process runs as root and the machine has no account that could run the server instead.
    case noServerAccount
    /// `initdb`, or the creation of the database, failed with this output.
    case initializationFailed(output: String)
    /// The server ended before it accepted connections; `log` is the end of its log.
    case startFailed(log: String, logFile: String)
    /// The server did not get ready, or did not stop, before the deadline.
    case timedOut(doing: String, logFile: String)
    /// Another process holds the lock of the location for longer than the deadline.
    case locationBusy(path: String)
    /// A program could not be run at all.
    case commandFailed(program: String, reason: String)
    /// The calling Swift task was cancelled.
    case cancelled
}

extension EmbeddedError: CustomStringConvertible {
    /// What went wrong, in one line.
    public var description: String {
        switch self {
        case .binariesNotFound:
            "PostgreSQL's server programs (initdb, postgres) are not installed"
        case .unsupportedVersion(let folder, let found, let oldest):
            "PostgreSQL \(found) in \(folder) is too old: \(oldest) or newer is needed"
        case .versionMismatch(let directory, let version, let installed):
            "the data in \(directory) belongs to PostgreSQL \(version), but "
                + (installed.isEmpty
                    ? "none is" : "only \(installed.map(String.init).joined(separator: ", ")) is")
                + " installed"
        case .unusableLocation(let path, let reason):
            "cannot use \(path): \(reason)"
        case .noServerAccount:
            "PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody"
        case .initializationFailed(let output):
            "the database could not be initialised: \(output)"
        case .startFailed(let log, _):
            "the server ended while it was starting: \(log)"
        case .timedOut(let doing, _):
            "the server took too long while \(doing)"
        case .locationBusy(let path):
            "another process is starting or stopping the server in \(path)"
        case .commandFailed(let program, let reason):
            "cannot run \(program): \(reason)"
        case .cancelled:
            "cancelled"
        }
    }

    /// The next step for a person who meets this error, or nil where there is nothing to advise.
    public var hint: String? {
        switch self {
        case .binariesNotFound, .unsupportedVersion:
            "install it (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql@17), "
                + "or set PGSWARM_POSTGRES_BIN to the folder that holds initdb and postgres"
        case .versionMismatch(let directory, let version, _):
            "install PostgreSQL \(version), or move \(directory) away to begin with an empty database"
        case .unusableLocation:
            "check its owner and rights, or choose another folder with XDG_STATE_HOME"
        case .noServerAccount:
            "create a user postgres, or run this as an ordinary user"
        case .startFailed(_, let logFile), .timedOut(_, let logFile):
            "see \(logFile)"
        case .locationBusy:
            "try again when it has finished"
        case .initializationFailed, .commandFailed, .cancelled:
            nil
        }
    }
}
