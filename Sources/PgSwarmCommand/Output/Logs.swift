import Logging

/// What long-running commands tell an operator, on standard error.
enum Logs {
    /// A logger at the level of `PGSWARM_LOG` (`trace` to `critical`); warnings and worse unless it is set.
    static func logger(_ label: String) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Environment.value("PGSWARM_LOG").flatMap { Logger.Level(rawValue: $0) } ?? .warning
        return logger
    }
}
