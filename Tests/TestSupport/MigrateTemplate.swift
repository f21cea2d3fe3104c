internal import PgSwarm
internal import Postgres

/// Brings the schema into the database that the tests' databases are copied from.
func migrateTemplate(_ connection: isolated Connection) throws {
    _ = try Migrator().migrate(on: connection)
    // Tests introduce agents by their bare names, as an embedded server allows.
    try connection.setRegistration(open: true)
}

/// A name for the present state of all migration files.
func schemaFingerprint() -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for file in Migration.embedded {
        for byte in (file.name + file.checksum).utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    return String(hash, radix: 16)
}
