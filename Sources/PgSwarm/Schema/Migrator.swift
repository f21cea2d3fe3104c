public import Postgres

/// Brings a database's schema to the version of this program.
///
/// Numbered files are applied once, in order, each in a transaction of its own. The files in functions/ are applied
/// all together in one transaction whenever one of them has changed. Any number of migrators may start at once: they
/// take turns, and whoever comes later finds the work done.
public struct Migrator: Sendable {
    /// The files, in the order of their application.
    public let files: [Migration]
    /// The version of pgswarm that is noted with each file.
    public let toolVersion: String
    /// How long to wait for other migrators and for locks on tables that are in use.
    public var lockTimeout: Duration = .seconds(60)

    /// Takes the files of this program, or others.
    public init(files: [Migration] = Migration.embedded, toolVersion: String = Swarm.version) {
        self.files = files
        self.toolVersion = toolVersion
    }

    /// Compares the database's schema with the files, in one query.
    public func status(on db: isolated Connection) throws(SwarmError) -> MigrationReport {
        report(try applied(on: db))
    }

    /// Applies what is missing.
    ///
    /// - Returns: The names of the files that were applied, none when there was nothing to do.
    /// - Throws: `schema_changed` and `schema_newer`, before anything was changed; `held` when others kept a lock for
    ///   too long; `not_allowed` when the role may not change the schema. What was applied before an error stays.
    @discardableResult
    public func migrate(on db: isolated Connection) throws(SwarmError) -> [String] {
        let before = try status(on: db)
        if let refusal = before.refusal { throw refusal }
        guard !before.isCurrent else { return [] }
        try run(MigrationsSQL.bookkeeping, as: "the bookkeeping", on: db)
        var done: [String] = []
        for file in files where !file.isRepeatable && before.pending.contains(file.name) {
            done += try apply([file], on: db)
        }
        return done + (try apply(files.filter(\.isRepeatable), on: db))
    }

    /// Applies files that belong together in one transaction, unless another migrator was quicker.
    private func apply(_ batch: [Migration], on db: isolated Connection) throws(SwarmError) -> [String] {
        try db.transacted { db in
            try execute(
                MigrationsSQL.begin(lockTimeout: lockTimeout), as: "waiting for other migrators", on: db)
            // Only now, under the lock, is it certain what is missing.
            let now = try status(on: db)
            if let refusal = now.refusal { throw refusal }
            let isMissing = batch.contains { now.pending.contains($0.name) }
            let isLeftOver = now.hasLeftOvers && batch.contains(where: \.isRepeatable)
            guard isMissing || isLeftOver else { return [] }
            for file in batch { try execute(file.text, as: file.name, on: db) }
            try execute(bookkeeping(for: batch), as: "the bookkeeping", on: db)
            return batch.map(\.name)
        }
    }

    /// What follows the statements of files that were applied.
    func bookkeeping(for batch: [Migration]) -> String {
        var text = [MigrationsSQL.handOver]
        text += batch.map { MigrationsSQL.note($0, toolVersion: toolVersion) }
        if batch.contains(where: \.isRepeatable) {
            text.append(MigrationsSQL.forget(allRepeatableBut: batch.map(\.name)))
        }
        return text.joined(separator: "\n")
    }

    private func run(_ text: String, as name: String, on db: isolated Connection) throws(SwarmError) {
        try db.transacted { db in
            try execute(
                MigrationsSQL.begin(lockTimeout: lockTimeout), as: "waiting for other migrators", on: db)
            try execute(text, as: name, on: db)
        }
    }

    private func execute(_ text: String, as name: String, on db: isolated Connection) throws(SwarmError) {
        do throws(PostgresError) {
            try db.script(text)
        } catch {
            throw SwarmError(error, applying: name, text: text)
        }
    }

    private func applied(on db: isolated Connection) throws(SwarmError) -> [AppliedMigration] {
        do throws(SwarmError) {
            return try db.rows(MigrationsSQL.applied) { row throws(PostgresError) in try AppliedMigration(row)
            }
        } catch {
            guard error.code == .notMigrated else { throw error }
            return []
        }
    }
}
