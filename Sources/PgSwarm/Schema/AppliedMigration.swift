import FoundationEssentials
import Postgres

/// A file as the database remembers it.
struct AppliedMigration {
    var name: String
    var version: Int
    var checksum: String
    var isRepeatable: Bool
    var appliedAt: Date
    var appliedBy: String
    var toolVersion: String

    init(_ row: Row) throws(PostgresError) {
        name = try row[0, as: String.self]
        version = try row[1, as: Int.self]
        checksum = try row[2, as: String.self]
        isRepeatable = try row[3, as: Bool.self]
        appliedAt = try row[4, as: Date.self]
        appliedBy = try row[5, as: String.self]
        toolVersion = try row[6, as: String.self]
    }
}
