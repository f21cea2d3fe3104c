import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// Workers, sidecars and coordinators as processes.
@Suite(.database, .timeLimit(.minutes(5))) struct RuntimeTests {
    private func start(_ shell: Shell, _ arguments: [String]) async throws -> ChildProcess {
        try await ChildProcess.start(.pgswarm, arguments, environment: shell.environment)
    }

    @Test func `A worker does everything and says what it did`() async throws {
        let shell = try await Shell()
        let lines = (1...40).map { "{\"n\":\($0)}" }.joined(separator: "\n")
        try await shell("enqueue", "words", "--file", "-", input: lines)
        let output = try await shell("work", "words", "--until-empty", "--concurrency", "4", "--", "cat")
        #expect(output.hasPrefix("40 tasks in "), "\(output)")
        #expect(output.hasSuffix(": 40 completed\n"), "\(output)")
        #expect(try await shell.count("leases") == 0)
        let tasks = try await shell.list("tasks", "--state", "done", "--limit", "100")
        #expect(tasks.count == 40)
        #expect(tasks.allSatisfy { $0["result"] == $0["payload"] })
    }

    @Test func `With json every event is a line and the summary is the last`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q")
        let output = try await shell("work", "q", "--json", "--until-empty", "--", "true")
        let events = try output.split(separator: "\n").map { try Value(text: String($0)) }
        #expect(events.allSatisfy { $0.keys.isSuperset(of: ["event", "at"]) })
        #expect(events.contains { $0["event"] == "settled" && $0["id"] == .string(id) && $0["code"] == "ok" })
        let summary = try #require(events.last)
        #expect(
            summary.keys == [
                "event", "at", "claimed", "completed", "failed", "released", "lost", "refused", "ending",
            ])
        #expect(summary["event"] == "summary" && summary["completed"] == 1 && summary["ending"] == "empty")
    }

    @Test func `What a command writes to standard error is why it failed`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q", "{}", "--max-attempts", "1")
        let output = try await shell(
            "work", "q", "--until-empty", "--", "sh", "-c", "echo 'no such page' >&2; exit 3")
        #expect(output.hasSuffix(": 1 failed\n"), "\(output)")
        let task = try await shell.json("show", id)
        #expect(task["state"] == "dead")
        #expect(task["error"].string?.contains("no such page") == true)
    }

    @Test func `A first signal lets running work finish`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q")
        let gate = shell.database.folder + "/gate"
        let script = "while [ ! -e \(gate) ]; do sleep 0.02; done; echo '\"finished\"'"
        let worker = try await start(shell, ["work", "q", "--json", "--", "sh", "-c", script])
        _ = try await worker.line(deadline: .seconds(20)) { $0.contains("\"started\"") }
        await worker.terminate()
        _ = try await worker.line(deadline: .seconds(20)) { $0.contains("\"draining\"") }
        try Data().write(to: URL(filePath: gate))
        let result = try await worker.waitForExit(deadline: .seconds(20))
        #expect(result.exitCode == 0, "\(result)")
        #expect(try await shell.json("show", id)["result"] == "finished")
    }

    @Test func `A second signal hands running work back at no cost`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q")
        let worker = try await start(shell, ["work", "q", "--json", "--", "sleep", "600"])
        _ = try await worker.line(deadline: .seconds(20)) { $0.contains("\"started\"") }
        await worker.terminate()
        _ = try await worker.line(deadline: .seconds(20)) { $0.contains("\"draining\"") }
        await worker.terminate()
        let result = try await worker.waitForExit(deadline: .seconds(20))
        #expect(result.exitCode == 0, "\(result)")
        #expect(result.output.contains("\"handed_back\""))
        let task = try await shell.json("show", id)
        #expect(task["state"] == "ready" && task["attempts"] == 0, "\(task)")
    }

    @Test func `A worker whose watcher has gone does its work all the same`() async throws {
        let shell = try await Shell()
        for _ in 0..<5 { _ = try await shell.enqueue("q") }
        let path = try Executable.pgswarm.path
        let result = try await Executable(path: "/bin/sh").run(
            ["-c", "'\(path)' work q --until-empty --concurrency 1 --json -- true | head -n 1"],
            environment: shell.environment)
        #expect(result.output.split(separator: "\n").count == 1, "\(result)")
        #expect(try await shell.list("tasks", "--state", "done").count == 5)
    }

    @Test func `A list whose reader has gone ends quietly`() async throws {
        let shell = try await Shell()
        let lines = (1...3000).map { "{\"n\":\($0)}" }.joined(separator: "\n")
        try await shell("enqueue", "q", "--file", "-", input: lines)
        let path = try Executable.pgswarm.path
        let result = try await Executable(path: "/bin/sh").run(
            ["-c", "'\(path)' tasks --json --limit 3000 | head -n 1"], environment: shell.environment)
        #expect(result.error.isEmpty, "\(result)")
    }

    @Test func `A program that is not there is a wrong call`() async throws {
        let shell = try await Shell()
        let result = try await shell.run(["work", "q", "--", "/nonexistent/tool"])
        #expect(result.exitCode == 64, "\(result)")
        #expect(result.error.contains("/nonexistent/tool"))
    }

    @Test func `What a process claims inside run lives as long as it does`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q")
        let path = try Executable.pgswarm.path
        let script = "'\(path)' claim q --json; '\(path)' leases --json; exit 7"
        let result = try await shell.run(["run", "--agent", "builder", "--", "sh", "-c", script])
        #expect(result.exitCode == 7, "\(result)")
        let lines = try result.output.split(separator: "\n").map { try Value(text: String($0)) }
        try #require(lines.count == 2, "\(result)")
        #expect(lines[0]["tasks"][0]["id"] == .string(id))
        #expect(lines[1]["agent"] == "builder")
        let task = try await shell.json("show", id)
        #expect(task["state"] == "ready" && task["history"][0]["outcome"] == "released", "\(task)")
    }

    @Test func `A coordinator leads until it is told to end`() async throws {
        let shell = try await Shell()
        let coordinator = try await start(shell, ["coordinate", "--json"])
        _ = try await coordinator.line(deadline: .seconds(20)) { $0.contains("\"leading\"") }
        #expect(try await shell.json("status")["coordinator"] == "tester")
        await coordinator.terminate()
        let result = try await coordinator.waitForExit(deadline: .seconds(20))
        #expect(result.exitCode == 0, "\(result)")
        #expect(try await shell.json("status")["coordinator"] == .null)
    }
}
