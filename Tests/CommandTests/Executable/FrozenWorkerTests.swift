import Postgres
import TestSupport
import Testing

/// A worker that stands still for longer than its leases while its commands go on.
@Suite(.database, .timeLimit(.minutes(5))) struct FrozenWorkerTests {
    @Test func `What its commands had finished is refused and kept aside, all of it`() async throws {
        let shell = try await Shell()
        var ids: [String] = []
        for _ in 0..<4 { ids.append(try await shell.enqueue("q", "{}", "--lease", "3s")) }
        let frozen = try await ChildProcess.start(
            .pgswarm,
            ["work", "q", "--agent", "frozen", "--concurrency", "4", "--until-empty", "--json"]
                + ["--", "sh", "-c", "sleep 0.5; echo '\"late\"'"],
            environment: shell.environment)
        for id in ids {
            _ = try await frozen.line(deadline: .seconds(30)) { $0.contains("\"started\"") && $0.contains("\"\(id)\"") }
        }
        await frozen.freeze()
        // Ends when the leases have run out and all is done, by which time the frozen one's commands have long ended.
        try await shell("work", "q", "--agent", "other", "--until-empty", "--", "echo", "\"in time\"")
        await frozen.thaw()
        let result = try await frozen.waitForExit(deadline: .seconds(60))
        #expect(result.exitCode == 0, "\(result)")
        for id in ids { #expect(try await shell.json("show", id)["result"] == "in time") }
        #expect(try await shell.count("late_results") == 4, "\(result)")
        #expect(try await shell.count("leases") == 0)
    }
}
