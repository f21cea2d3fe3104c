import FoundationEssentials
import Postgres
import TestSupport
import Testing

@testable import PgSwarm

@Suite("The migrator", .emptyDatabase)
struct MigratorTests {
    /// A schema of two numbered and two repeatable files.
    private static let small = [
        Migration(name: "0001_one.sql", text: "CREATE TABLE pgswarm.one (a integer);"),
        Migration(name: "0002_two.sql", text: "CREATE TABLE pgswarm.two (b integer);"),
        Migration(name: "functions/reset.sql", text: "DROP FUNCTION IF EXISTS pgswarm.schema_version();"),
        Migration(
            name: "functions/version.sql",
            text: """
                CREATE FUNCTION pgswarm.schema_version() RETURNS integer LANGUAGE sql AS
                'SELECT max(version) FROM pgswarm.migration WHERE NOT repeatable';
                """),
    ]

    private static let psql: Executable? = {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let candidates = folders.map { "/usr/lib/postgresql/\($0)/bin/psql" } + ["/usr/bin/psql"]
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) }.map {
            Executable(path: $0)
        }
    }()

    private func withDatabase<Answer: Sendable>(
        _ body: @Sendable (isolated Connection) throws -> Answer
    ) async throws -> Answer {
        try await TestDatabase.current.pool.withConnection(deadline: .now + .seconds(60), body)
    }

    @Test("Makes the whole schema in an empty database, and then finds nothing to do")
    func freshAndRepeated() async throws {
        let migrator = Migrator()
        let first = try await withDatabase { db in try migrator.migrate(on: db) }
        #expect(first == migrator.files.map(\.name))
        let second = try await withDatabase { db in try migrator.migrate(on: db) }
        #expect(second.isEmpty)
        let report = try await withDatabase { db in try migrator.status(on: db) }
        #expect(report.isCurrent)
        #expect(report.databaseVersion == Migration.embeddedVersion)
        #expect(report.files.allSatisfy { $0.appliedAt != nil && $0.toolVersion == Swarm.version })
        let version = try await withDatabase { db in try db.checkSchema() }
        #expect(version == Migration.embeddedVersion)
    }

    @Test("May be started by twenty at once")
    func twentyAtOnce() async throws {
        let database = try TestDatabase.current
        let migrator = Migrator()
        let applied = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<20 {
                group.addTask {
                    let connection = try await database.connect()
                    let names = try await connection.run(deadline: .now + .seconds(120)) { db in
                        try migrator.migrate(on: db)
                    }
                    await connection.close()
                    return names
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(applied.sorted() == migrator.files.map(\.name).sorted())
        let report = try await withDatabase { db in try migrator.status(on: db) }
        #expect(report.isCurrent)
    }

    @Test("Refuses a numbered file that has changed since it was applied, and changes nothing")
    func changedFile() async throws {
        let before = Migrator(files: Self.small)
        try await withDatabase { db in _ = try before.migrate(on: db) }
        var files = Self.small
        files[1] = Migration(name: "0002_two.sql", text: "CREATE TABLE pgswarm.two (b bigint);")
        files.insert(Migration(name: "0003_three.sql", text: "CREATE TABLE pgswarm.three ();"), at: 2)
        let after = Migrator(files: files)
        let error = await #expect(throws: SwarmError.self) {
            try await withDatabase { db in _ = try after.migrate(on: db) }
        }
        #expect(error?.code == .schemaChanged)
        #expect(error?.message.contains("0002_two.sql") == true)
        #expect(error?.hint?.contains(Swarm.version) == true)
        let version = try await withDatabase { db in try db.checkSchema(supporting: 2) }
        #expect(version == 2)
    }

    @Test("Refuses a database that a later version has migrated")
    func newerDatabase() async throws {
        let later = Migrator(
            files: Self.small + [Migration(name: "0003_three.sql", text: "CREATE TABLE pgswarm.three ();")],
            toolVersion: "9.0.0")
        try await withDatabase { db in _ = try later.migrate(on: db) }
        let error = await #expect(throws: SwarmError.self) {
            try await withDatabase { db in _ = try Migrator(files: Self.small).migrate(on: db) }
        }
        #expect(error?.code == .schemaNewer)
        #expect(error?.message.contains("9.0.0") == true)
        let check = await #expect(throws: SwarmError.self) {
            try await withDatabase { db in _ = try db.checkSchema(supporting: 2) }
        }
        #expect(check?.code == .schemaNewer)
    }

    @Test("Does not put older functions over those of a later version")
    func newerFunctions() async throws {
        var files = Self.small
        files[3] = Migration(name: files[3].name, text: files[3].text + "\n-- later")
        let later = Migrator(files: files, toolVersion: "9.0.0")
        try await withDatabase { db in _ = try later.migrate(on: db) }
        let error = await #expect(throws: SwarmError.self) {
            try await withDatabase { db in _ = try Migrator(files: Self.small).migrate(on: db) }
        }
        #expect(error?.code == .schemaNewer)
    }

    @Test("Applies all repeatable files again when one has changed, was added or was dropped")
    func repeatableFiles() async throws {
        try await withDatabase { db in _ = try Migrator(files: Self.small).migrate(on: db) }
        var files = Self.small
        files[3] = Migration(name: files[3].name, text: files[3].text + "\n-- changed")
        files.append(Migration(name: "functions/more.sql", text: "SELECT 1;"))
        let changed = Migrator(files: files)
        let again = try await withDatabase { db in try changed.migrate(on: db) }
        #expect(again == ["functions/reset.sql", "functions/version.sql", "functions/more.sql"])
        let fewer = Migrator(files: files.dropLast())
        let dropped = try await withDatabase { db in try fewer.migrate(on: db) }
        #expect(dropped == ["functions/reset.sql", "functions/version.sql"])
        let rest = try await withDatabase { db in try fewer.migrate(on: db) }
        #expect(rest.isEmpty)
    }

    @Test("Names the file and the line of a mistake, and keeps what was applied before")
    func mistake() async throws {
        var files = Self.small
        files[1] = Migration(name: "0002_two.sql", text: "SELECT 1;\nSELECT nonsense;\n")
        let broken = Migrator(files: files)
        let error = await #expect(throws: SwarmError.self) {
            try await withDatabase { db in _ = try broken.migrate(on: db) }
        }
        #expect(error?.code == .internal)
        #expect(error?.message.hasPrefix("0002_two.sql, line 2:") == true, "\(error?.message ?? "")")
        let mended = try await withDatabase { db in try Migrator(files: Self.small).migrate(on: db) }
        #expect(mended == Self.small.dropFirst().map(\.name))
    }

    @Test("Prints a script that has the same effect, also when psql runs it", arguments: [false, true])
    func script(withPsql: Bool) async throws {
        let migrator = Migrator()
        let script = migrator.script()
        if withPsql {
            guard let psql = Self.psql else { return }
            let database = try TestDatabase.current
            let file = database.folder + "/schema.sql"
            try script.write(toFile: file, atomically: true, encoding: .utf8)
            let result = try await psql.run(
                ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.url, "-f", file], deadline: .seconds(60))
            #expect(result.exitCode == 0, "\(result.error)")
        } else {
            try await withDatabase { db in try db.script(script) }
        }
        let printed = try await withDatabase { db in try SchemaPicture(db) }
        let report = try await withDatabase { db in try migrator.status(on: db) }
        #expect(report.isCurrent)
        try await withDatabase { db in
            try db.script("DROP SCHEMA pgswarm CASCADE")
            _ = try migrator.migrate(on: db)
        }
        let migrated = try await withDatabase { db in try SchemaPicture(db) }
        #expect(printed == migrated)
    }

    @Test("A call of a program that is too old for the schema says schema_newer")
    func tooOld() async throws {
        let later = Migration(name: "9999_later.sql", text: "DROP FUNCTION IF EXISTS pgswarm.enqueue_many;")
        let migrator = Migrator(files: Migration.embedded + [later], toolVersion: "9.0.0")
        try await withDatabase { db in _ = try migrator.migrate(on: db) }
        // The functions are applied after the numbered files, so the one that is missing has to go once more.
        try await withDatabase { db in try db.script(later.text) }
        let swarm = Swarm(try TestDatabase.current.options)
        let error = await #expect(throws: SwarmError.self) { try await swarm.enqueue(TaskDraft(queue: "q")) }
        #expect(error?.code == .schemaNewer)
        await swarm.close()
    }

    @Test("Without a schema every call says not_migrated")
    func notMigrated() async throws {
        let swarm = Swarm(try TestDatabase.current.options)
        let calls: [@Sendable () async throws -> Void] = [
            { _ = try await swarm.enqueue(TaskDraft(queue: "q")) },
            { _ = try await swarm.claim(["q"]) },
            { _ = try await swarm.tasks() },
            { try await swarm.withConnection { db in _ = try db.checkSchema() } },
        ]
        for call in calls {
            let error = await #expect(throws: SwarmError.self) { try await call() }
            #expect(error?.code == .notMigrated)
            #expect(error?.hint?.contains("pgswarm migrate") == true)
        }
        await swarm.close()
    }
}
