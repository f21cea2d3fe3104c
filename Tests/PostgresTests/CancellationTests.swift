import Foundation
import Postgres
import Testing

@Suite struct CancellationTests {
    @Test func theDeadlineEndsAStatement() async throws {
        let db = try await PrivateServer.shared().connect()
        let start = ContinuousClock.now
        let error = try await postgresError {
            try await db.run(deadline: start + .milliseconds(100)) { db in try db.query("SELECT pg_sleep(60)") }
        }
        #expect(error.isDeadlineExceeded)
        #expect(start.duration(to: .now) < .seconds(5))
        // It belongs to the scope, so the next statement is free of it.
        #expect(try await db.query("SELECT 1").count == 1)
        let late = try await postgresError { try await db.run(deadline: .now) { try $0.query("SELECT 1") } }
        #expect(late.isDeadlineExceeded)
        await db.close()
    }

    @Test func aTimeoutOfTheServerIsTheServersError() async throws {
        let db = try await PrivateServer.shared().connect()
        try await db.script("SET statement_timeout = '10ms'")
        #expect(try await postgresError { try await db.query("SELECT pg_sleep(60)") }.sqlState == .queryCanceled)
        await db.close()
    }

    @Test func cancellingTheTaskCancelsTheStatement() async throws {
        let server = try await PrivateServer.shared()
        let db = try await server.connect()
        let task = Task {
            try await postgresError {
                try await db.run { db in
                    do { _ = try db.query("SELECT pg_sleep(60)") } catch {}
                    // Further ones in this scope are refused at once.
                    return try db.query("SELECT 1")
                }
            }
        }
        try await server.waitUntilSleeping(db.processID)
        task.cancel()
        #expect(try await task.value.isCancelled)
        #expect(try await db.query("SELECT 1").count == 1)
        await db.close()
    }

    @Test func aCancelledTransactionIsRolledBack() async throws {
        let server = try await PrivateServer.shared()
        let db = try await server.connect()
        try await db.execute("CREATE TEMP TABLE t (a int)")
        let task = Task {
            try await postgresError {
                try await db.run { db in
                    try db.transaction { db in
                        try db.execute("INSERT INTO t VALUES (1)")
                        // The body goes on as if nothing had happened, and still nothing is committed.
                        _ = try? db.query("SELECT pg_sleep(60)")
                    }
                }
            }
        }
        try await server.waitUntilSleeping(db.processID)
        task.cancel()
        let error = try await task.value
        #expect(error.isCancelled || error.sqlState == .inFailedTransaction)
        #expect(try await db.query("SELECT FROM t").isEmpty)
        await db.close()
    }

    @Test func anOverdueTransactionIsNotCommitted() async throws {
        let db = try await PrivateServer.shared().connect()
        try await db.execute("CREATE TEMP TABLE t (a int)")
        let error = try await postgresError {
            try await db.run(deadline: .now + .milliseconds(200)) { db in
                try db.transaction { db in
                    try db.execute("INSERT INTO t VALUES (1)")
                    while let deadline = db.deadline, deadline > .now {}
                }
            }
        }
        #expect(error.isDeadlineExceeded)
        #expect(try await db.query("SELECT FROM t").isEmpty)
        await db.close()
    }

    /// The classic fault of cancellation: the request overtakes the answer and hits the next statement.
    @Test func aLateCancelNeverHitsTheNextStatement() async throws {
        let db = try await PrivateServer.shared().connect()
        var cancelled = 0
        // Shorter after each that was cancelled and longer after each that was not, so that on every machine, however
        // busy, the statement ends at about the time of the cancellation.
        var length = 0.002
        for round in 0..<400 {
            async let outcome = Result { [length] in try await db.query("SELECT pg_sleep(\(length))") }
            let delay = Duration.microseconds(Int.random(in: 0...4_000))
            let start = ContinuousClock.now
            while start.duration(to: .now) < delay { await Task.yield() }
            db.cancel()
            switch await outcome {
            case .success: length = min(length * 1.25, 0.1)
            case .failure(let error):
                cancelled += 1
                length = max(length * 0.8, 0.0001)
                #expect((error as? PostgresError)?.isCancelled == true)
            }
            #expect(try await db.query("SELECT \(round)")[0][0, as: Int.self] == round)
        }
        // The race was a race only if both things happened.
        #expect(cancelled > 20 && cancelled < 400)
        await db.close()
    }

    @Test func cancelWithoutAStatementDoesNothing() async throws {
        let db = try await PrivateServer.shared().connect()
        for _ in 0..<100 {
            db.cancel()
            #expect(try await db.query("SELECT 1").count == 1)
        }
        await db.close()
    }

    @Test func aScopeThatIsOverCannotCancelTheNext() async throws {
        let db = try await PrivateServer.shared().connect()
        for round in 0..<200 {
            let task = Task { try? await db.run { try $0.query("SELECT 1").count } }
            if round.isMultiple(of: 2) { await Task.yield() }
            task.cancel()
            async let next = db.run { try $0.query("SELECT \(round)")[0][0, as: Int.self] }
            #expect(try await next == round)
            _ = await task.value
        }
        await db.close()
    }

    @Test func aFrozenServerIsGivenUp() async throws {
        let server = try await PrivateServer()
        let db = try await server.connect()
        let postmaster = try #require(server.postmaster)
        kill(postmaster, SIGSTOP)
        kill(db.processID, SIGSTOP)
        let start = ContinuousClock.now
        let error = try await postgresError {
            try await db.run(deadline: .now + .milliseconds(100)) { try $0.query("SELECT 1") }
        }
        kill(db.processID, SIGCONT)
        kill(postmaster, SIGCONT)
        #expect(error.isOutcomeUnknown)
        #expect(await !db.isOpen)
        #expect(start.duration(to: .now) < .seconds(8))
        await server.stop()
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
