import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// A worker that stands still for longer than its leases while its commands go on.
@Suite(.database, .timeLimit(.minutes(5))) struct FrozenWorkerTests {
    @Test func `What its commands had finished is refused and kept aside, all of it`() async throws {
        let shell = try await Shell()
        let folder = shell.database.folder
        var ids: [String] = []
        for _ in 0..<4 { ids.append(try await shell.enqueue("q", "{}", "--lease", "4s")) }
        let script = """
            : > \(folder)/begun-$PGSWARM_TASK_ID
            while [ ! -e \(folder)/gate ]; do sleep 0.02; done
            echo '"late"'
            : > \(folder)/ended-$PGSWARM_TASK_ID
            """
        let frozen = try await ChildProcess.start(
            .pgswarm,
            [
                "work", "q", "--agent", "frozen", "--concurrency", "4", "--until-empty", "--json", "--", "sh", "-c",
                script,
            ],
            environment: shell.environment)
        let all = ids
        func wait(for word: String) async throws {
            try await eventually("all have \(word)") {
                all.allSatisfy { FileManager.default.fileExists(atPath: "\(folder)/\(word)-\($0)") }
            }
        }
        try await wait(for: "begun")
        await frozen.freeze()
        try Data().write(to: URL(filePath: folder + "/gate"))
        try await wait(for: "ended")
        // Ends when the leases have run out and all is done.
        try await shell("work", "q", "--agent", "other", "--until-empty", "--", "echo", "\"in time\"")
        await frozen.thaw()
        let result = try await frozen.waitForExit(deadline: .seconds(60))
        #expect(result.exitCode == 0, "\(result)")
        for id in ids { #expect(try await shell.json("show", id)["result"] == "in time") }
        #expect(try await shell.count("late_results") == 4, "\(result)")
        #expect(try await shell.count("leases") == 0)
    }
}
