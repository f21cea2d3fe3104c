import Postgres
import Testing

@Suite struct PoolTests {
    private func pool(_ configure: (inout ConnectionPool.Configuration) -> Void = { _ in }) async throws
        -> ConnectionPool
    {
        var configuration = ConnectionPool.Configuration()
        configure(&configuration)
        return ConnectionPool(try await PrivateServer.shared().options(), configuration: configuration)
    }

    @Test func threeHundredWaitersShareFourConnections() async throws {
        let pool = try await pool()
        let processes = try await withThrowingTaskGroup(of: Int32.self) { group in
            for index in 0..<300 {
                group.addTask {
                    try await pool.withConnection { db in
                        let row = try db.query("SELECT \(index), pg_backend_pid()")[0]
                        let (answer, process) = try row.decode((Int, Int32).self)
                        return answer == index ? process : -1
                    }
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(processes.count <= 4 && !processes.contains(-1))
        await pool.close()
    }

    @Test func lendsInTheOrderOfAsking() async throws {
        let pool = try await pool { $0.maximum = 1 }
        let (order, note) = AsyncStream.makeStream(of: Int.self)
        let gate = Gate()
        async let holder: Void = pool.withConnection { _ in gate.wait() }
        try await gate.waiting()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<20 {
                group.addTask { try await pool.withConnection { _ in _ = note.yield(index) } }
                while pool.waiting <= index { await Task.yield() }
            }
            gate.open()
            try await group.waitForAll()
        }
        try await holder
        note.finish()
        #expect(await order.reduce(into: []) { $0.append($1) } == Array(0..<20))
        await pool.close()
    }

    @Test func waitersGiveUpInTime() async throws {
        let pool = try await pool {
            $0.maximum = 1
            $0.acquireTimeout = .milliseconds(50)
        }
        // Making the connection counts as waiting for one; here it must be there already.
        while (try? await pool.withConnection { _ in }) == nil {}
        let gate = Gate()
        async let holder: Void = pool.withConnection { _ in gate.wait() }
        try await gate.waiting()
        #expect(try await postgresError { try await pool.withConnection { _ in } }.isPoolTimeout)
        let overdue = try await postgresError {
            try await pool.withConnection(deadline: .now + .milliseconds(10)) { _ in }
        }
        #expect(overdue.isDeadlineExceeded)
        let task = Task { try await postgresError { try await pool.withConnection { _ in } } }
        task.cancel()
        #expect(try await task.value.isCancelled)
        gate.open()
        try await holder
        #expect(try await pool.withConnection { try $0.query("SELECT 1").count } == 1)
        await pool.close()
    }

    @Test func cancelledWaitersDoNotLoseConnections() async throws {
        let pool = try await pool { $0.maximum = 2 }
        for _ in 0..<20 {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        _ = try? await pool.withConnection { try $0.query("SELECT 1").count }
                    }
                }
                await Task.yield()
                group.cancelAll()
            }
        }
        try await PrivateServer.shared().useAtOnce(2, of: pool)
        await pool.close()
    }

    @Test func rollsBackWhatIsLeftOpen() async throws {
        let pool = try await pool { $0.maximum = 1 }
        let table = "left_open_\(Int.random(in: 0..<1_000_000))"
        try await pool.withConnection { db in try db.script("BEGIN; CREATE TABLE \(table) (a int)") }
        let (isInside, exists) = try await pool.withConnection { db in
            (db.isInTransaction, try db.query("SELECT to_regclass(\(table)) IS NOT NULL")[0][0, as: Bool.self])
        }
        #expect(!isInside && !exists)
        await pool.close()
    }

    @Test func replacesConnectionsThatTheServerHasLeft() async throws {
        let server = try await PrivateServer.shared()
        let pool = try await pool { $0.maximum = 2 }
        for _ in 0..<5 {
            let process = try await pool.withConnection { $0.processID }
            try await server.terminate(process)
            let next = try await pool.withConnection { db in
                _ = try db.query("SELECT 1")
                return db.processID
            }
            #expect(next != process)
        }
        await pool.close()
    }

    @Test func aLostConnectionIsNotKept() async throws {
        let server = try await PrivateServer.shared()
        let pool = try await pool { $0.maximum = 1 }
        let error = try await postgresError {
            try await pool.withConnection { db in try db.query("SELECT pg_terminate_backend(pg_backend_pid())") }
        }
        #expect(error.isOutcomeUnknown)
        #expect(try await pool.withConnection { try $0.query("SELECT 1").count } == 1)
        await pool.close()
        _ = server
    }

    @Test func aBrokenConnectStrandsNobody() async throws {
        let options = ConnectionOptions(parameters: ["host": "/nonexistent"])
        let pool = ConnectionPool(options, configuration: .init(maximum: 2))
        let errors = try await withThrowingTaskGroup(of: PostgresError.self) { group in
            for _ in 0..<50 {
                group.addTask { try await postgresError { try await pool.withConnection { _ in } } }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(errors.count == 50)
        for error in errors { #expect(error.isConnectFailed) }
        await pool.close()
    }

    @Test func survivesARestartOfTheServer() async throws {
        let server = try await PrivateServer()
        let pool = ConnectionPool(server.options(), configuration: .init(maximum: 3))
        try await pool.withConnection { try $0.script("CREATE TABLE t (a int)") }
        try await server.useAtOnce(3, of: pool)
        await server.stop(crash: true)
        #expect(
            try await postgresError { try await pool.withConnection { try $0.query("SELECT 1") } }.isConnectionProblem)
        try await server.start()
        for _ in 0..<5 { #expect(try await pool.withConnection { try $0.query("SELECT FROM t").count } == 0) }
        await pool.close()
        await server.stop()
    }

    @Test func oldConnectionsAreReplaced() async throws {
        let pool = try await pool { $0.maximumLifetime = .zero }
        let first = try await pool.withConnection { $0.processID }
        #expect(try await pool.withConnection { $0.processID } != first)
        await pool.close()
    }

    @Test func runReapsIdleConnections() async throws {
        let server = try await PrivateServer.shared()
        let pool = try await pool { $0.idleTimeout = .milliseconds(20) }
        let reaper = Task { await pool.run() }
        let process = try await pool.withConnection { $0.processID }
        try await server.wait(until: "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = \(process))")
        reaper.cancel()
        await reaper.value
        await pool.close()
    }

    @Test func cancellingTheTaskCancelsTheStatement() async throws {
        let server = try await PrivateServer.shared()
        let pool = try await pool { $0.maximum = 1 }
        let process = try await pool.withConnection { $0.processID }
        let task = Task {
            try await postgresError { try await pool.withConnection { try $0.query("SELECT pg_sleep(60)") } }
        }
        try await server.waitUntilSleeping(process)
        task.cancel()
        #expect(try await task.value.isCancelled)
        #expect(try await pool.withConnection { $0.processID } == process)
        await pool.close()
    }

    @Test func closingWaitsThenCancels() async throws {
        let server = try await PrivateServer.shared()
        let pool = try await pool()
        let process = try await pool.withConnection { $0.processID }
        let task = Task {
            try await postgresError { try await pool.withConnection { try $0.query("SELECT pg_sleep(60)") } }
        }
        try await server.waitUntilSleeping(process)
        await pool.close(grace: .milliseconds(20))
        #expect(try await task.value.isCancelled)
        #expect(try await postgresError { try await pool.withConnection { _ in } }.isPoolClosed)
        await pool.close()
        try await server.wait(until: "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = \(process))")
    }
}
