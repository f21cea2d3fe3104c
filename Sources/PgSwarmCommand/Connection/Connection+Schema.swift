import PgSwarm
import Postgres

extension Connection {
    /// Refuses a database whose schema a later version of the program has changed: what this one would write
    /// there, nobody has thought about.
    ///
    /// An older schema is found out by the call that misses something.
    func refuseNewerSchema() throws {
        do throws(SwarmError) {
            try checkSchema()
        } catch {
            guard error.code == .notMigrated, error.underlying == nil else { throw error }
        }
    }

    /// Brings the schema up to date.
    ///
    /// - Returns: The files that were applied.
    func migrate(openRegistration: Bool) throws -> [String] {
        let applied = try Migrator().migrate(on: self)
        if openRegistration { try setRegistration(open: true) }
        return applied
    }

    /// Whether agents may introduce themselves without having been registered; `nil` when this login may not know.
    func hasOpenRegistration() -> Bool? {
        try? transaction { db in
            _ = try db.query(InspectionSQL.asOwner)
            return try db.query(InspectionSQL.registration).first?[0, as: Bool.self]
        }
    }

    /// Compares the schema with this program.
    func migrationReport() throws -> MigrationReport {
        try Migrator().status(on: self)
    }
}
