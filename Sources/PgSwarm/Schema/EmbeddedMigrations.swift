internal import CMigrations

extension Migration {
    /// The files that were compiled into this program, in the order of their application.
    public static let embedded: [Migration] = (0..<pgswarm_migration_count()).map { index in
        let file = pgswarm_migration_at(index)
        let bytes = UnsafeBufferPointer(start: file.bytes, count: file.count)
        return Migration(name: String(cString: file.name), text: String(decoding: bytes, as: UTF8.self))
    }

    /// The version of the schema this program works with.
    ///
    /// Asked for at every start, so it does without the checksums that ``embedded`` would make.
    public static var embeddedVersion: Int {
        (0..<pgswarm_migration_count()).map { index in
            Migration.version(of: String(cString: pgswarm_migration_at(index).name))
        }.max() ?? 0
    }
}
