import Postgres
import Testing

@Suite struct TransactionTests {
    struct Refusal: Error {}

    private func withTable(_ body: (Connection) async throws -> Void) async throws {
        let db = try await PrivateServer.shared().connect()
        try await db.execute("CREATE TEMP TABLE t (a int PRIMARY KEY)")
        try await body(db)
        await db.close()
    }

    private func count(_ db: Connection) async throws -> Int {
        try await db.query("SELECT count(*) FROM t")[0][0, as: Int.self]
    }

    @Test func commitsWhatReturns() async throws {
        try await withTable { db async throws in
            let value = try await db.run { db in
                try db.transaction { db in
                    let isInside = db.isInTransaction
                    #expect(isInside)
                    try db.execute("INSERT INTO t VALUES (1)")
                    return try db.query("SELECT a FROM t")[0][0, as: Int.self]
                }
            }
            #expect(value == 1)
            #expect(try await count(db) == 1)
            #expect(await !db.isInTransaction)
        }
    }

    private static func insertAndThrow(_ db: isolated Connection) throws {
        try db.transaction { db in
            try db.execute("INSERT INTO t VALUES (1)")
            throw Refusal()
        }
    }

    @Test func rollsBackWhatThrows() async throws {
        try await withTable { db async throws in
            await #expect(throws: Refusal.self) { try await db.run(Self.insertAndThrow) }
            #expect(try await count(db) == 0)
        }
    }

    @Test func aSwallowedServerErrorStillFailsTheCommit() async throws {
        try await withTable { db async throws in
            let error = try await postgresError {
                try await db.run { db in
                    try db.transaction { db in
                        try db.execute("INSERT INTO t VALUES (1)")
                        _ = try? db.execute("INSERT INTO t VALUES (1)")
                    }
                }
            }
            #expect(error.sqlState == .inFailedTransaction)
            #expect(try await count(db) == 0)
        }
    }

    @Test func nestedOnesAreSavepoints() async throws {
        try await withTable { db async throws in
            try await db.run { db in
                try db.transaction { db in
                    try db.execute("INSERT INTO t VALUES (1)")
                    _ = try db.transaction { db in try db.execute("INSERT INTO t VALUES (2)") }
                    _ = try? db.transaction { db in
                        try db.execute("INSERT INTO t VALUES (3)")
                        try db.execute("INSERT INTO t VALUES (1)")
                    }
                    try db.execute("INSERT INTO t VALUES (4)")
                }
            }
            #expect(
                try await db.query("SELECT array_agg(a::bigint ORDER BY a) FROM t")[0][0, as: [Int].self] == [1, 2, 4])
        }
    }

    @Test func errorsOfTheCommitAreThrown() async throws {
        try await withTable { db async throws in
            try await db.script("CREATE TEMP TABLE child (a int REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
            let error = try await postgresError {
                try await db.run { db in _ = try db.transaction { try $0.execute("INSERT INTO child VALUES (9)") } }
            }
            #expect(error.sqlState == .foreignKeyViolation)
            // In a statement of its own the commit comes after the server has said that it is complete.
            #expect(
                try await postgresError { try await db.execute("INSERT INTO child VALUES (9)") }.sqlState
                    == .foreignKeyViolation
            )
        }
    }
}
