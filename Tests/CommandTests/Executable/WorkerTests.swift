import FoundationEssentials
import Postgres
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a worker says of itself, and when it ends.
@Suite(.database, .timeLimit(.minutes(5))) struct WorkerTests {
    private func start(_ shell: Shell, _ arguments: [String]) async throws -> ChildProcess {
        try await ChildProcess.start(.pgswarm, arguments, environment: shell.environment)
    }

    /// Fails the payload 1 for good, 2 for now, hands 3 back, and completes the rest.
    private let script = """
        case $(cat) in
        1) printf 'no such page\\nline two' >&2; exit 3;;
        2) exit 4;;
        3) exit 75;;
        esac
        """

    @Test func `A worker says what it begins with and each task that was not completed`() async throws {
        let shell = try await Shell()
        let dead = try await shell.enqueue("q", "1", "--title", "page", "--max-attempts", "1")
        let failed = try await shell.enqueue("q", "2", "--max-attempts", "3", "--title", "")
        let done = try await shell.enqueue("q", "4")
        let worker = try await start(shell, ["work", "q", "q", "--concurrency", "1", "--", "sh", "-c", script])
        try await eventually("all three were done") {
            try await shell.list("tasks", "--state", "done").count == 1
        }
        await worker.terminate()
        let result = try await worker.waitForExit(deadline: .seconds(20))
        let lines = result.error.split(separator: "\n")
        try #require(lines.count >= 3, "\(result)")
        #expect(lines[0] == "working on \"q\", 1 task at once")
        #expect(lines[1] == "task \(dead) failed and is dead (attempt 1): page: exit 3: no such page")
        // The rest may follow if its backoff was short.
        #expect(lines[2] == "task \(failed) failed (attempt 1 of 3): 2: exit 4")
        #expect(!result.error.contains("task \(done) "))
    }

    @Test func `A lost task and one that is handed back are told`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q", "1", "--title", "page")
        // Long enough that the successor comes before the next renewal, which would keep the lease.
        let worker = try await start(shell, ["work", "q", "--lease", "30s", "--", "sleep", "600"])
        try await eventually("it is held") { try await shell.count("leases") == 1 }
        // Who names the task takes it over at once, before the worker, which hears of the loss, would claim it again;
        // unless a renewal came in between, then the clock jumps again.
        var isTaken = false
        for _ in 0..<20 where !isTaken {
            try await shell.database.moveClock(by: .seconds(3600))
            isTaken = try await shell.run(["claim", "--task", id], as: "successor").exitCode == 0
        }
        try #require(isTaken)
        let lost = "task \(id) was lost (its lease ran out or was taken back): page\n"
        try await eventually("the loss is told", within: .seconds(60)) { await worker.error.contains(lost) }

        let next = try await shell.enqueue("q", "2", "--title", "next")
        try await eventually("it is held") {
            try await shell.json("show", next)["state"] == "running"
        }
        try await eventually("it hands back") {
            // The second signal makes it do so; two that come at once may be heard as one.
            await worker.terminate()
            return await worker.error.contains("task \(next) was released: next: the worker was about to end\n")
        }
        #expect(try await worker.waitForExit(deadline: .seconds(20)).exitCode == 0)
    }

    @Test func `With json a failure can be told from a completion`() async throws {
        let shell = try await Shell()
        let dead = try await shell.enqueue("q", "1", "--max-attempts", "1")
        let released = try await shell.enqueue("q", "3")
        let done = try await shell.enqueue("q", "4")
        let worker = try await start(
            shell, ["work", "q", "--json", "--concurrency", "1", "--batch", "1", "--", "sh", "-c", script])
        var settled: [String: Value] = [:]
        while settled.count < 3 {
            let line = try await worker.line(deadline: .seconds(20)) { $0.contains("\"settled\"") }
            let event = try Value(text: line)
            settled[try #require(event["id"].string)] = event
        }
        await worker.terminate()
        try await worker.waitForExit(deadline: .seconds(20))
        #expect(settled[dead]?["verdict"] == "fail" && settled[dead]?["state"] == "dead", "\(settled)")
        #expect(settled[released]?["verdict"] == "release" && settled[released]?["state"] == "scheduled")
        #expect(settled[done]?["verdict"] == "complete" && settled[done]?["state"] == "done")
        #expect(settled.values.allSatisfy { $0["code"] == "ok" })
    }

    @Test func `A worker that is to end when all is done says what it waits for`() async throws {
        let shell = try await Shell()
        _ = try await shell.enqueue("p")
        try await shell("pause", "p", "--reason", "freeze")
        let later = try await shell.enqueue("q", "1", "--delay", "1h")
        let worker = try await start(shell, ["work", "p", "q", "--until-empty", "--", "true"])
        try await eventually("it says so") { await worker.error.contains("waiting:") }
        let lines = await worker.error.split(separator: "\n")
        #expect(lines.count == 2 && lines[0].hasSuffix("until nothing is left"), "\(lines)")
        #expect(
            lines[1].hasPrefix(
                "waiting: queue \"p\" is paused: freeze (1 ready); \"q\" has 1 scheduled (the next is due in "),
            "\(lines)")
        try await shell("cancel", later)
        try await shell("resume", "p")
        let result = try await worker.waitForExit(deadline: .seconds(20))
        #expect(result.output.hasSuffix(": 1 completed\n"), "\(result)")
    }

    @Test func `What its commands call is called by the same agent, with the same credential`() async throws {
        let shell = try await Shell(openRegistration: false)
        let credential = shell.database.folder + "/builder.credential"
        // A login may use its own name.
        let login = shell.database.options.parameters["user"]
        try await shell("agents", "register", "builder", "--credential-file", credential, as: login)
        let parent = try await shell.json("enqueue", "q", as: login)["id"]
        let path = try Executable.pgswarm.path
        try await shell(
            "work", "q", "--until-empty", "--agent", "builder", "--credential-file", credential,
            "--", "sh", "-c", "'\(path)' enqueue child --parent $PGSWARM_HANDLE --json", as: login)
        let children = try await shell.list("tasks", "--queue", "child")
        #expect(children.count == 1 && children[0]["parent"] == parent, "\(children)")
        let events = try await shell.list("events", "--queue", "child")
        #expect(events.contains { $0["kind"] == "enqueued" && $0["agent"] == "builder" }, "\(events)")
    }

    @Test func `A result that is too large is told as the failure that it becomes`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q")
        let output = try await shell(
            "work", "q", "--json", "--until-empty", "--", "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' a")
        let events = try output.split(separator: "\n").map { try Value(text: String($0)) }
        #expect(events.contains { $0["event"] == "refused" && $0["code"] == "too_large" }, "\(output)")
        let settled = events.first { $0["event"] == "settled" }
        #expect(settled?["verdict"] == "fail" && settled?["state"] == "dead", "\(output)")
        #expect(try await shell.json("show", id)["state"] == "dead")
    }

    @Test func `A worker whose agent drains ends when nothing is left that it could get`() async throws {
        let shell = try await Shell()
        _ = try await shell.enqueue("q")
        try await shell("agents", "drain", "tester")
        let output = try await shell("work", "q", "--until-empty", "--", "true")
        #expect(output.hasPrefix("0 tasks"), "\(output)")
    }

    @Test func `The end of the terminal is a signal to finish`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q")
        let gate = shell.database.folder + "/gate"
        let script = "while [ ! -e \(gate) ]; do sleep 0.02; done"
        let worker = try await start(shell, ["work", "q", "--json", "--", "sh", "-c", script])
        _ = try await worker.line(deadline: .seconds(20)) { $0.contains("\"started\"") }
        kill(worker.processID, SIGHUP)
        _ = try await worker.line(deadline: .seconds(20)) { $0.contains("\"draining\"") }
        try Data().write(to: URL(filePath: gate))
        let result = try await worker.waitForExit(deadline: .seconds(20))
        #expect(result.exitCode == 0, "\(result)")
        #expect(try await shell.json("show", id)["state"] == "done")

        let coordinator = try await start(shell, ["coordinate", "--json"])
        _ = try await coordinator.line(deadline: .seconds(20)) { $0.contains("\"leading\"") }
        kill(coordinator.processID, SIGHUP)
        #expect(try await coordinator.waitForExit(deadline: .seconds(20)).exitCode == 0)
    }

    @Test func `Under nohup the end of the terminal means nothing`() async throws {
        let shell = try await Shell()
        let path = try Executable.pgswarm.path
        let worker = try await ChildProcess.start(
            Executable(path: "/bin/sh"), ["-c", "trap '' HUP; exec '\(path)' work q --json -- cat"],
            environment: shell.environment)
        _ = try await worker.line(deadline: .seconds(20)) { $0.contains("\"opened\"") }
        kill(worker.processID, SIGHUP)
        _ = try await shell.enqueue("q")
        _ = try await worker.line(deadline: .seconds(20)) { $0.contains("\"settled\"") }
        #expect(await !worker.output.contains("draining"))
        await worker.terminate()
        try await worker.waitForExit(deadline: .seconds(20))
    }
}
