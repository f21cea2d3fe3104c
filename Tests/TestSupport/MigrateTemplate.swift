internal import CMigrations
internal import Postgres

/// Brings the schema into the database that the tests' databases are copied from.
func migrateTemplate(_ connection: isolated Connection) throws {
    for file in migrationFiles() {
        try connection.script(file.text)
    }
}

/// A name for the present state of all migration files.
func schemaFingerprint() -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for file in migrationFiles() {
        for byte in (file.name + file.text).utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    return String(hash, radix: 16)
}

private func migrationFiles() -> [(name: String, text: String)] {
    (0..<pgswarm_migration_count()).map { index in
        let file = pgswarm_migration_at(index)
        let bytes = UnsafeBufferPointer(start: file.bytes, count: file.count)
        return (String(cString: file.name), String(decoding: bytes, as: UTF8.self))
    }
}
