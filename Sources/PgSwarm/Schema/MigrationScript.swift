extension Migrator {
    /// All files as one script for people who apply SQL themselves, for example with `psql -f`.
    ///
    /// One transaction: it takes effect as a whole or not at all, and is refused where the schema is already there.
    public func script() -> String {
        let versioned = files.filter { !$0.isRepeatable }
        let repeatable = files.filter(\.isRepeatable)
        var parts = [
            "-- The schema of pgswarm \(toolVersion), version \(versioned.map(\.version).max() ?? 0).",
            "-- Apply it once, as a role that may create roles; the owner of the database is not enough.",
            "BEGIN;",
            MigrationsSQL.begin(lockTimeout: lockTimeout),
            MigrationsSQL.bookkeeping,
        ]
        for batch in versioned.map({ [$0] }) + [repeatable] where !batch.isEmpty {
            for file in batch { parts += ["", "-- \(file.name)", file.text] }
            parts.append(bookkeeping(for: batch))
        }
        parts.append("COMMIT;\n")
        return parts.joined(separator: "\n")
    }
}
