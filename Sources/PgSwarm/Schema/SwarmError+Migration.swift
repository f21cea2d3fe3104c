import Postgres

extension SwarmError {
    /// An error while a migration file was applied, told with the file and the line.
    init(_ error: PostgresError, applying name: String, text: String) {
        let plain = SwarmError(error)
        guard let server = error.serverError else {
            self = plain
            return
        }
        let line = server.position.map { position in
            ", line \(text.unicodeScalars.prefix(max(0, position - 1)).count { $0 == "\n" } + 1)"
        }
        let isLock = server.sqlState == .lockNotAvailable
        self.init(
            plain.code == .notMigrated ? .internal : plain.code,
            "\(name)\(line ?? ""): \(server.message)",
            hint: isLock ? "Others use the tables or migrate at this moment; try again." : server.hint,
            underlying: error)
    }
}
