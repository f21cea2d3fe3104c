import Postgres
import Testing

/// What callers are told when the connection is lost, which depends on what the server may have done.
@Suite struct LossTests {
    @Test func inAStatementOfItsOwnTheOutcomeIsUnknown() async throws {
        let server = try await PrivateServer.shared()
        let db = try await server.connect()
        async let failure = postgresError { try await db.query("SELECT pg_sleep(60)") }
        try await server.waitUntilSleeping(db.processID)
        try await server.terminate(db.processID)
        let error = try await failure
        #expect(error.isOutcomeUnknown && error.isConnectionProblem)
        #expect("\(error)".contains("57P01"))
        #expect(try await postgresError { try await db.query("SELECT 1") }.isConnectionLost)
    }

    @Test func inATransactionNothingWasCommitted() async throws {
        let server = try await PrivateServer.shared()
        let db = try await server.connect()
        async let failure = postgresError {
            try await db.run { db in try db.transaction { _ = try $0.query("SELECT pg_sleep(60)") } }
        }
        try await server.waitUntilSleeping(db.processID)
        try await server.terminate(db.processID)
        #expect(try await failure.isConnectionLost)
    }

    @Test func whileIdleNothingWasSent() async throws {
        let server = try await PrivateServer.shared()
        let db = try await server.connect()
        let last = ContinuousClock.now
        try await server.terminate(db.processID)
        // Within a tenth of a second after an answer it is not looked first.
        while last.duration(to: .now) < .milliseconds(150) { await Task.yield() }
        let error = try await postgresError { try await db.query("SELECT 1") }
        #expect(error.isConnectionLost)
        #expect("\(error)".contains("57P01"))
    }

    @Test func inTheCommitTheOutcomeIsUnknown() async throws {
        let server = try await PrivateServer.shared()
        let db = try await server.connect()
        try await db.script(
            """
            CREATE TEMP TABLE t (a int);
            CREATE FUNCTION pg_temp.slow() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION pg_temp.slow()
            """
        )
        async let failure = postgresError {
            try await db.run { db in try db.transaction { try $0.execute("INSERT INTO t VALUES (1)") } }
        }
        try await server.waitUntilSleeping(db.processID)
        // A cancellation does not end it: a commit is waited for.
        db.cancel()
        try await server.terminate(db.processID)
        #expect(try await failure.isOutcomeUnknown)
    }

    @Test func aCommitByHandIsACommitToo() async throws {
        let server = try await PrivateServer.shared()
        let db = try await server.connect()
        try await db.script(
            """
            CREATE TEMP TABLE t (a int);
            CREATE FUNCTION pg_temp.slow() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION pg_temp.slow()
            """
        )
        async let failure = postgresError {
            try await db.run { db in
                try db.execute("BEGIN")
                try db.execute("INSERT INTO t VALUES (1)")
                try db.execute("  commit")
            }
        }
        try await server.waitUntilSleeping(db.processID)
        db.cancel()
        try await server.terminate(db.processID)
        #expect(try await failure.isOutcomeUnknown)
    }

    /// A commit that waits for its standby: cancelling it would answer "done" for what may be lost.
    @Test func aCommitWithoutItsStandbyIsNotReportedAsDone() async throws {
        let server = try await PrivateServer(settings: ["synchronous_standby_names=nobody"])
        let db = try await server.connect()
        // One by one: a script is one transaction, and its commit would wait for the standby.
        for statement in ["SET synchronous_commit = local", "CREATE TABLE t (a int)", "SET synchronous_commit = on"] {
            try await db.script(statement)
        }

        let single = try await postgresError {
            try await db.run(deadline: .now + .milliseconds(100)) { try $0.execute("INSERT INTO t VALUES (1)") }
        }
        #expect(single.isOutcomeUnknown && "\(single)".contains("standby"))
        #expect(await db.isOpen)

        let start = ContinuousClock.now
        let commit = try await postgresError {
            try await db.run(deadline: start + .milliseconds(100)) { db in
                try db.transaction { try $0.execute("INSERT INTO t VALUES (2)") }
            }
        }
        #expect(commit.isOutcomeUnknown)
        #expect(start.duration(to: .now) > .seconds(4), "the commit was cancelled")
        // Both are there as soon as the server stops waiting, which is why nobody may say that they are not.
        try await server.terminate(db.processID)
        let other = try await server.connect()
        #expect(try await other.query("SELECT FROM t").count == 2)
        await other.close()
        await server.stop(crash: true)
    }

    @Test func aCrashOfTheServerIsALoss() async throws {
        let server = try await PrivateServer()
        let db = try await server.connect()
        async let failure = postgresError { try await db.query("SELECT pg_sleep(60)") }
        try await server.waitUntilSleeping(db.processID)
        await server.stop(crash: true)
        #expect(try await failure.isOutcomeUnknown)
        #expect(try await postgresError { try await server.connect() }.isConnectFailed)
    }
}
