import Postgres
import Testing

@Suite struct StatementCacheTests {
    private func prepared(_ db: Connection) async throws -> Int {
        // In two parts, because this statement must not count itself.
        try await db.query(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%my' || '_mark%'"
        )[0][0, as: Int.self]
    }

    @Test func aStatementIsPreparedTheSecondTime() async throws {
        let db = try await PrivateServer.shared().connect()
        for (run, count) in [(1, 0), (2, 1), (3, 1)] {
            #expect(try await db.query("SELECT \(run) AS my_mark")[0][0, as: Int.self] == run)
            #expect(try await prepared(db) == count)
        }
        // Other types make another statement.
        for _ in 1...2 { _ = try await db.query("SELECT \("text") AS my_mark") }
        #expect(try await prepared(db) == 2)
        await db.close()
    }

    @Test func itCanBeTurnedOff() async throws {
        var options = try await PrivateServer.shared().options()
        options.statementCache = false
        let db = try await Connection.connect(options)
        for _ in 1...3 { _ = try await db.query("SELECT \(1) AS my_mark") }
        #expect(try await prepared(db) == 0)
        await db.close()
    }

    @Test func itSurvivesAChangedTable() async throws {
        let db = try await PrivateServer.shared().connect()
        try await db.script("CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1)")
        for _ in 1...3 { #expect(try await db.query("SELECT * FROM t")[0].count == 1) }
        try await db.script("ALTER TABLE t ADD b text DEFAULT 'x'")
        for _ in 1...3 { #expect(try await db.query("SELECT * FROM t")[0]["b", as: String.self] == "x") }
        try await db.script("ALTER TABLE t ALTER a TYPE text")
        let results = try await db.pipeline(["SELECT 1", "SELECT * FROM t", "SELECT 2"])
        #expect(try results.map { try $0.get().count } == [1, 1, 1])
        #expect(try results[1].get()[0]["a", as: String.self] == "1")
        await db.close()
    }

    @Test func inATransactionAChangedTableIsAnErrorOnce() async throws {
        let db = try await PrivateServer.shared().connect()
        try await db.script("CREATE TEMP TABLE t (a int)")
        for _ in 1...3 { _ = try await db.query("SELECT * FROM t") }
        try await db.script("ALTER TABLE t ADD b text")
        let once: @Sendable (isolated Connection) throws -> Int = { db in
            try db.transaction { db in try db.query("SELECT * FROM t").columns.count }
        }
        #expect(try await postgresError { try await db.run(once) }.sqlState == .featureNotSupported)
        #expect(try await db.run(once) == 2)
        await db.close()
    }

    @Test func itSurvivesDiscardedStatements() async throws {
        let db = try await PrivateServer.shared().connect()
        for run in 1...6 {
            #expect(try await db.query("SELECT \(run) AS my_mark")[0][0, as: Int.self] == run)
            if run.isMultiple(of: 3) { try await db.script("DISCARD ALL") }
        }
        await db.close()
    }

    @Test func madeUpTextsDoNotFillTheServer() async throws {
        let db = try await PrivateServer.shared().connect()
        for number in 0..<700 {
            for _ in 0..<2 { _ = try await db.query(SQL(unsafe: "SELECT \(number) AS my_mark")) }
        }
        #expect(try await prepared(db) <= 500)
        await db.close()
    }
}
