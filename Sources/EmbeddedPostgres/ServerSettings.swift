/// The configuration of a private server, written anew at each start.
enum ServerSettings {
    /// What suits a server that coordinates one machine's agents.
    static let standard: [String: String] = [
        "max_connections": "200",
        "shared_buffers": "256MB",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        // Queue tables die young: clean up often and in small steps.
        "autovacuum_naptime": "15s",
        "autovacuum_vacuum_cost_limit": "1000",
        // Every statement is short; compiling one costs more than it could save.
        "jit": "off",
        "idle_in_transaction_session_timeout": "0",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_destination": "stderr",
        "logging_collector": "off",
        "log_line_prefix": "%m [%p] %q%a ",
        "log_lock_waits": "on",
        "log_checkpoints": "off",
        "lc_messages": "C",
    ]

    /// The file's text: the standard settings, changed by `overrides`, and those that make the server private.
    static func text(overrides: [String: String], sockets: String) -> String {
        let settings = standard.merging(overrides) { $1 }
            .merging([
                "listen_addresses": "",
                "unix_socket_directories": sockets,
                "unix_socket_permissions": "0700",
                "port": "5432",
            ]) { $1 }
        let lines = settings.sorted { $0.key < $1.key }.map { "\($0.key) = \(quoted($0.value))" }
        return """
            # Written by pgswarm at each start. To change a setting for good, use ALTER SYSTEM:
            # its file is read after this one.
            \(lines.joined(separator: "\n"))

            """
    }

    private static func quoted(_ value: String) -> String {
        let escaped = value.flatMap { $0 == "'" || $0 == "\\" ? [$0, $0] : [$0] }.filter { !$0.isNewline }
        return "'" + String(escaped) + "'"
    }
}
