import Foundation
import Postgres
import Synchronization
import Testing

@Suite struct ConnectionTests {
    @Test func answersAQuery() async throws {
        let db = try await PrivateServer.shared().connect()
        let rows = try await db.query("SELECT \(40) + 2 AS answer, \("text")::text FROM generate_series(1, 3)")
        #expect(rows.count == 3 && rows.affected == 3)
        #expect(rows.columns.map(\.name) == ["answer", "text"])
        #expect(rows.columns.map(\.type) == [.int8, .text])
        #expect(try rows.map { row throws in try row["answer", as: Int.self] } == [42, 42, 42])
        #expect(try rows[2].decode((Int, String).self) == (42, "text"))
        #expect(try await db.query("SELECT pg_backend_pid()")[0][0, as: Int32.self] == db.processID)
        #expect(await db.parameterStatus("server_encoding") == "UTF8")
        await db.close()
    }

    @Test func countsAffectedRows() async throws {
        let db = try await PrivateServer.shared().connect()
        try await db.execute("CREATE TEMP TABLE t (a int)")
        #expect(try await db.execute("INSERT INTO t SELECT generate_series(1, 5)") == 5)
        #expect(try await db.execute("UPDATE t SET a = 0 WHERE a > \(2)") == 3)
        #expect(try await db.execute("DELETE FROM t") == 5)
        let nothing = try await db.query("")
        #expect(nothing.isEmpty)
        #expect(throws: PostgresError.self) { try nothing[0][0, as: Int.self] }
        #expect(throws: PostgresError.self) { try nothing[-1]["a", as: Int.self] }
        await db.close()
    }

    @Test func serverErrorsCarryTheirParts() async throws {
        let db = try await PrivateServer.shared().connect()
        try await db.execute("CREATE TEMP TABLE t (a int CONSTRAINT t_unique UNIQUE)")
        try await db.execute("INSERT INTO t VALUES (1)")
        let error = try await postgresError { try await db.execute("INSERT INTO t VALUES (\(1)::bigint)") }
        let details = try #require(error.serverError)
        #expect(error.sqlState == .uniqueViolation && details.severity == "ERROR")
        #expect(details.constraint == "t_unique" && details.table == "t")
        #expect(details.detail == "Key (a)=(1) already exists.")
        #expect(details.statement == "INSERT INTO t VALUES ($1::bigint)")
        #expect(!error.isConnectionProblem)
        let raised = try await postgresError {
            try await db.script("DO $$ BEGIN RAISE 'lost' USING ERRCODE = 'PS001', HINT = 'claim again'; END $$")
        }
        #expect(raised.sqlState == "PS001" && raised.serverError?.hint == "claim again")
        #expect("\(raised)" == "ERROR PS001: lost (hint: claim again)")
        let syntax = try await postgresError { try await db.query("SELECT FROM WHERE") }
        #expect(syntax.sqlState == .syntaxError && syntax.serverError?.position == 13)
        #expect(try await db.query("SELECT 1").count == 1)
        await db.close()
    }

    @Test func scriptsRunManyStatementsAsOne() async throws {
        let db = try await PrivateServer.shared().connect()
        try await db.script("CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)")
        let error = try await postgresError { try await db.script("INSERT INTO t VALUES (3); SELECT 1/0; SELECT 1") }
        #expect(error.sqlState == "22012")
        #expect(try await db.query("SELECT a FROM t").count == 2)
        await db.close()
    }

    @Test func carriesFiftyMegabytes() async throws {
        let db = try await PrivateServer.shared().connect()
        let value = Bytes([UInt8](repeating: 0xA5, count: 50_000_000))
        #expect(try await db.query("SELECT \(value)")[0][0, as: Bytes.self] == value)
        let text = String(repeating: "x", count: 50_000_000)
        #expect(try await db.query("SELECT length(\(text))")[0][0, as: Int.self] == 50_000_000)
        await db.close()
    }

    @Test func refusesWhatTheProtocolCannotCarry() async throws {
        let db = try await PrivateServer.shared().connect()
        let nul = try await postgresError { try await db.query(SQL(unsafe: "SELECT 1 \0 WHERE false")) }
        #expect(nul.sqlState == .syntaxError)
        let value = try await postgresError { try await db.query("SELECT \("a\0b")") }
        #expect(value.sqlState == "22021")
        let many = SQL("SELECT 1", [Int](repeating: 1, count: 70_000))
        #expect(try await postgresError { try await db.query(many) }.sqlState == .tooManyArguments)
        #expect(try await db.query("SELECT 1").count == 1)
        await db.close()
    }

    @Test(arguments: ["COPY (SELECT 1) TO STDOUT", "COPY pg_temp.t FROM STDIN"])
    func copyEndsTheConnectionInsteadOfHanging(copy: String) async throws {
        let db = try await PrivateServer.shared().connect()
        try await db.execute("CREATE TEMP TABLE t (a int)")
        let error = try await postgresError { try await db.script(copy) }
        #expect(error.isOutcomeUnknown && "\(error)".contains("COPY"))
        #expect(await !db.isOpen)
        let pipelined = try await PrivateServer.shared().connect()
        try await pipelined.execute("CREATE TEMP TABLE t (a int)")
        _ = try await postgresError { try await pipelined.pipeline([SQL(unsafe: copy)]) }
        #expect(await !pipelined.isOpen)
    }

    @Test func noticesReachTheirReceiver() async throws {
        let notices = Mutex<[ServerError]>([])
        var options = try await PrivateServer.shared().options()
        let (stream, continuation) = AsyncStream.makeStream(of: ServerError.self)
        options.onNotice = { continuation.yield($0) }
        let db = try await Connection.connect(options)
        try await db.script("DO $$ BEGIN RAISE WARNING 'careful'; END $$")
        continuation.finish()
        for await notice in stream { notices.withLock { $0.append(notice) } }
        #expect(notices.withLock { $0.map(\.message) } == ["careful"])
        #expect(notices.withLock { $0.map(\.severity) } == ["WARNING"])
        await db.close()
    }

    @Test func aClosedConnectionRefuses() async throws {
        let db = try await PrivateServer.shared().connect()
        await db.close()
        await db.close()
        #expect(try await postgresError { try await db.query("SELECT 1") }.isConnectionLost)
        #expect(await !db.isOpen)
        db.cancel()
    }

    @Test func threadsEndWithTheirConnections() async throws {
        let server = try await PrivateServer.shared()
        let closed = try await server.connect()
        var released: Connection? = try await server.connect()
        let names = [closed, released].compactMap { $0.map { "pg \($0.processID)" } }
        #expect(Set(names).isSubset(of: threadNames()))
        await closed.close()
        released = nil
        _ = released
        // A job for a closed connection gets a thread, which ends too.
        _ = await closed.isOpen
        let limit = ContinuousClock.now + .seconds(10)
        while !threadNames().isDisjoint(with: names), ContinuousClock.now < limit { await Task.yield() }
        #expect(threadNames().isDisjoint(with: names))
        for name in names {
            let process = Int32(name.dropFirst(3)) ?? 0
            try await server.wait(until: "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = \(process))")
        }
    }

    private func threadNames() -> Set<String> {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        let names = tasks.compactMap { try? String(contentsOfFile: "/proc/self/task/\($0)/comm", encoding: .utf8) }
        return Set(names.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) })
    }
}
