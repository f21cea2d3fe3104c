public import Postgres

extension Connection {
    /// Makes sure that the database has a schema that this program can work with, in one query.
    ///
    /// For the start of a session and for a call that failed; not for every call.
    ///
    /// - Returns: The version of the schema.
    /// - Throws: `not_migrated` when there is none or an older one, `schema_newer`.
    @discardableResult
    public func checkSchema(supporting version: Int = Migration.embeddedVersion) throws(SwarmError) -> Int {
        let found = try row(MigrationsSQL.version) { row throws(PostgresError) in
            try row[0, as: Int?.self] ?? 0
        }
        if found > version {
            throw SwarmError(
                .schemaNewer,
                "the database's schema has version \(found), this program knows version \(version)",
                hint: "Use a later version of pgswarm.")
        }
        if found < version {
            throw SwarmError(
                .notMigrated,
                "the database's schema has version \(found), this program needs version \(version)",
                hint: "Run `pgswarm migrate` as the owner of the database.")
        }
        return found
    }
}
