/// The exit codes of the command: part of its contract.
enum ExitStatus: Int32, Error {
    case ok = 0
    case failed = 1
    case nothingToDo = 3
    case refused = 4
    case lostClaim = 5
    case unreachable = 6
    case usage = 64

    /// The exit code that belongs to an error's code.
    ///
    /// Whatever is not listed was refused by the database.
    init(code: String) {
        self =
            switch code {
            case "lost_claim", "session_lost": .lostClaim
            case "unreachable", "outcome_unknown": .unreachable
            case "usage", "invalid_argument", "invalid_handle": .usage
            case "internal", "failed": .failed
            default: .refused
            }
    }
}
