import Postgres
import TestSupport
import Testing

/// The benchmark as its user calls it.
///
/// Its figures mean nothing here: the server is not durable and the
/// machine is busy.
@Suite(.database, .serialized, .timeLimit(.minutes(5))) struct BenchTests {
    @Test func `Every figure has a limit and a ratio`() async throws {
        let shell = try await Shell()
        let result = try await Executable.pgswarm.run(
            ["bench", "--quick", "--json"], environment: shell.environment, deadline: .seconds(240))
        try #require(result.exitCode == 0, "\(result)")
        let report = try Value(text: result.output)
        #expect(report["quick"] == .bool(true))
        #expect(report["server"]["fsync"] == "off")
        let figures = report["figures"].array
        #expect(
            Set(figures.compactMap { $0["part"].string })
                == ["commits", "enqueue", "drain", "wake", "claim", "renewal", "cost"])
        let names = figures.compactMap { $0["name"].string }
        #expect(Set(names).count == names.count)
        let wanted = [
            "enqueue_1000", "drain_worker_100", "drain_worker_100_bare", "drain_step_1_alone_bare",
            "drain_singles",
            "wake_p50", "claim_1000_p50", "renewal_5000", "cost_cpu_1", "cost_wal_100",
        ]
        for name in wanted { #expect(names.contains(name)) }
        for figure in figures {
            let isMereLimit = figure["part"] == "commits"
            let isMeasured =
                figure["limit"].number ?? 0 > 0 && (isMereLimit || figure["pgswarm"].number ?? 0 > 0)
            // Processor time of a server in a container of its own can't be read, and what a quick run takes of it can be
            // less than the time that a backend which ends in between takes out of the sum.
            let isProcessorTime = ["microseconds", "percent_of_core"].contains(figure["unit"].string)
            #expect(isMeasured || isProcessorTime, "\(figure)")
            if !isMereLimit && isMeasured { #expect(figure["ratio"].number ?? 0 > 0, "\(figure)") }
            #expect(["higher", "lower"].contains(figure["better"].string))
            #expect(figure["limit_is"].string?.isEmpty == false)
        }
        #expect(try await scratchDatabases(shell) == 0)
    }

    @Test func `People get a table`() async throws {
        let shell = try await Shell()
        let output = try await shell("bench", "--quick", "--only", "commits", "enqueue")
        #expect(output.contains("WHAT"))
        #expect(output.contains("enqueue, 100 a call"))
        #expect(output.contains("note: commits are not durable here"))
        #expect(!output.contains("drain"))
    }

    @Test func `In the connected database it leaves nothing behind`() async throws {
        let shell = try await Shell()
        _ = try await shell.enqueue("other")
        let report = try await shell.json("bench", "--quick", "--here", "--only", "enqueue", "claim")
        #expect(report["notes"].array.count == 1, "\(report)")
        #expect(try await shell.count() == 1)
        #expect(try await shell.count("ready") == 1)
        #expect(try await shell.count("queue") == 1)
        let schemas = try await shell.database.pool.withConnection { db in
            try db.query("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'pgswarm\\_bench%'")[0][
                0, as: Int.self]
        }
        #expect(schemas == 0)
    }

    @Test(.children) func `An interrupted one takes its database with it`() async throws {
        let shell = try await Shell()
        let child = try await ChildProcess.start(
            .pgswarm, ["bench", "--only", "drain"], environment: shell.environment)
        try await eventually("a database to measure in") { try await scratchDatabases(shell) == 1 }
        await child.interrupt()
        let result = try await child.waitForExit(deadline: .seconds(60))
        #expect(result.exitCode == 1, "\(result)")
        #expect(result.error.contains("interrupted"), "\(result)")
        #expect(try await scratchDatabases(shell) == 0)
    }

    @Test func `An unknown part is a wrong call`() async throws {
        let refusal = try await Shell().refusal("bench", "--only", "everything", code: 64)
        #expect(refusal["code"] == "usage")
    }

    /// How many databases of benchmarks there are.
    private func scratchDatabases(_ shell: Shell) async throws -> Int {
        try await shell.database.pool.withConnection { db in
            try db.query("SELECT count(*) FROM pg_database WHERE datname LIKE 'pgswarm\\_bench%'")[0][
                0, as: Int.self]
        }
    }
}
