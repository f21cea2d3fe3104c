import Postgres
import Testing

@Suite struct PipelineTests {
    private func withTable(_ body: (Connection) async throws -> Void) async throws {
        let db = try await PrivateServer.shared().connect()
        try await db.script(
            """
            CREATE TEMP TABLE t (a int PRIMARY KEY);
            CREATE TEMP TABLE child (a int REFERENCES t DEFERRABLE INITIALLY DEFERRED)
            """
        )
        try await body(db)
        #expect(try await db.query("SELECT 1").count == 1)
        await db.close()
    }

    @Test func answersEachStatement() async throws {
        try await withTable { db async throws in
            for _ in 1...3 {
                let batch = (0..<100).map { index in SQL("SELECT $1 + 1", [index]) }
                let results = try await db.pipeline(batch + ["SELECT 'x'", "DELETE FROM t"])
                #expect(try results.prefix(100).map { try $0.get()[0][0, as: Int.self] } == Array(1...100))
                #expect(try results[100].get()[0][0, as: String.self] == "x")
                #expect(try results[101].get().affected == 0)
            }
            #expect(try await db.pipeline([]).isEmpty)
        }
    }

    @Test func isAllOrNothing() async throws {
        try await withTable { db async throws in
            for _ in 1...3 {
                let results = try await db.pipeline([
                    "INSERT INTO t VALUES (\(Int32(1)))", "SELECT 1/0", "INSERT INTO t VALUES (\(Int32(2)))",
                ])
                let states = results.map { result -> SQLState? in
                    if case .failure(let error) = result { error.sqlState } else { nil }
                }
                #expect(states == [.inFailedTransaction, "22012", .inFailedTransaction])
                #expect(try await db.query("SELECT FROM t").isEmpty)
            }
        }
    }

    @Test func aStatementThatCannotBePreparedFailsTheBatch() async throws {
        try await withTable { db async throws in
            for _ in 1...3 {
                let results = try await db.pipeline(["SELECT 1", "SELECT nonsense", "SELECT 1"])
                #expect(throws: PostgresError.self) { try results[1].get() }
                if case .failure(let error) = results[1] { #expect(error.sqlState == "42703") }
            }
        }
    }

    @Test func anErrorOfTheCommitFailsAll() async throws {
        try await withTable { db async throws in
            let results = try await db.pipeline(["INSERT INTO child VALUES (1)", "SELECT 1"])
            for result in results {
                #expect(throws: PostgresError.self) { try result.get() }
                if case .failure(let error) = result { #expect(error.sqlState == .foreignKeyViolation) }
            }
            #expect(try await db.query("SELECT FROM child").isEmpty)
        }
    }

    private static func insertAndThrow(_ db: isolated Connection) throws {
        try db.transaction { db in
            _ = try db.pipeline(["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"])
            let count = try db.query("SELECT FROM t").count
            #expect(count == 2)
            throw PostgresError.cancelled
        }
    }

    @Test func joinsAnOpenTransaction() async throws {
        try await withTable { db async throws in
            #expect(try await postgresError { try await db.run(Self.insertAndThrow) }.isCancelled)
            #expect(try await db.query("SELECT FROM t").isEmpty)
        }
    }

    @Test func largeBatchesDoNotBlockOnFullBuffers() async throws {
        try await withTable { db async throws in
            let value = String(repeating: "x", count: 100_000)
            let results = try await db.pipeline((0..<300).map { _ in SQL("SELECT $1", [value]) })
            #expect(try results.allSatisfy { try $0.get()[0][0, as: String.self].utf8.count == 100_000 })
        }
    }

    @Test func theDeadlineEndsIt() async throws {
        try await withTable { db async throws in
            let results = try await db.run(deadline: .now + .milliseconds(100)) { db in
                try db.pipeline(["INSERT INTO t VALUES (1)", "SELECT pg_sleep(60)", "SELECT 1"])
            }
            for result in results {
                if case .failure(let error) = result { #expect(error.isDeadlineExceeded) } else { Issue.record("done") }
            }
            #expect(try await db.query("SELECT FROM t").isEmpty)
        }
    }

    @Test func aLostConnectionIsAnUnknownOutcome() async throws {
        let server = try await PrivateServer.shared()
        try await withTable { other in
            let db = try await server.connect()
            async let error = postgresError { try await db.pipeline(["SELECT 1", "SELECT pg_sleep(60)"]) }
            try await server.waitUntilSleeping(db.processID)
            try await server.terminate(db.processID)
            #expect(try await error.isOutcomeUnknown)
        }
    }
}
