import Postgres
import TestSupport
import Testing

/// Steering, and looking at things.
@Suite(.database, .timeLimit(.minutes(5))) struct SteeringTests {
    @Test func `Cancelling and retrying`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q")
        let handle = try #require(try await shell.claim("q")["handle"].string)
        #expect(try await shell.json("cancel", id, "--reason", "withdrawn")["state"] == "cancelled")
        #expect(try await shell.json("cancel", id)["code"] == "already_cancelled")
        let renewal = try await shell.run(["renew", handle, "--json"])
        #expect([0, 5].contains(renewal.exitCode), "\(renewal)")
        #expect(try await shell.run(["complete", handle]).exitCode == 5)
        #expect(try await shell.json("retry", id)["state"] == "ready")
        let refused = try await shell.refusal("retry", id, code: 4)
        #expect(refused["code"] == "wrong_state")
        #expect(try await shell.refusal("cancel", "99999", code: 4)["code"] == "not_found")
    }

    @Test func `Each answer is shown even when one is refused`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q")
        let result = try await shell.run(["cancel", id, "99999", "--json"])
        #expect(result.exitCode == 4)
        let rows = try result.output.split(separator: "\n").map { try Value(text: String($0)) }
        #expect(Set(rows.map { $0["code"] }.compactMap(\.string)) == ["ok", "not_found"])
    }

    @Test func `Queues are set, paused and resumed`() async throws {
        let shell = try await Shell()
        let set = try await shell.json("queues", "set", "q", "lease=5m", "max_running=2", "strict_lease=true")
        #expect(set["settings"]["lease"] == 300 && set["settings"]["max_running"] == 2)
        #expect(try await shell("queues", "set", "q", "max_running=default").contains("max_running    -"))
        #expect(
            try await shell.json("pause", "q", "--reason", "freeze")
                == .object([
                    "queue": "q", "paused": true, "action": "pause", "changed": true, "taken_back": 0, "created": false,
                ]))
        #expect(try await shell.json("pause", "q")["changed"] == false)
        let row = try await shell.json("queues")
        #expect(row["paused"] == true && row["paused_reason"] == "freeze" && row["lease_seconds"] == 300)
        #expect(try await shell.json("resume", "q")["changed"] == true)
        #expect(try await shell.json("stop", "--swarm")["swarm"] == true)
        #expect(try await shell.json("resume", "--swarm")["changed"] == true)
        #expect(try await shell.json("drain", "--target-agent", "tester")["agent"] == "tester")
        #expect(try await shell.run(["pause"]).exitCode == 64)
        #expect(try await shell.run(["stop", "q", "--swarm"]).exitCode == 64)
        #expect(try await shell.run(["pause", "--task", "999"]).exitCode == 4)
    }

    @Test(arguments: [["speed=9"], ["lease=-5m"], ["lease=soon"], ["max_running=-1"], ["lease"]])
    func `A wrong setting is refused and changes nothing`(settings: [String]) async throws {
        let shell = try await Shell()
        let result = try await shell.run(["queues", "set", "q"] + settings + ["--json"])
        #expect(result.exitCode == 64, "\(result)")
        #expect(try Value(text: result.error)["error"]["hint"] != .null, "\(result)")
        #expect(try await shell.count("queues") == 0)
    }

    @Test func `Why tells the true reason`() async throws {
        let shell = try await Shell()
        try await shell("queues", "set", "narrow", "max_running=1")
        let running = try await shell.enqueue("narrow")
        let behind = try await shell.enqueue("narrow")
        #expect(try await shell.json("why", running)["reason"] == "no_worker")
        _ = try await shell.claim("narrow", as: "holder")
        let held = try await shell.json("why", running)
        #expect(held.keys == ["id", "state", "reason", "message", "until", "detail"])
        #expect(held["reason"] == "held" && held["message"].string?.contains("holder") == true)
        #expect(try await shell.json("why", behind)["reason"] == "max_running")

        let scheduled = try await shell.enqueue("q", "1", "--delay", "1h")
        #expect(try await shell.json("why", scheduled)["reason"] == "scheduled")
        let blocked = try await shell.enqueue("q", "1", "--after", scheduled)
        #expect(try await shell.json("why", blocked)["reason"] == "blocked")
        let cancelled = try await shell.enqueue("q")
        try await shell("cancel", cancelled)
        #expect(try await shell.json("why", cancelled)["reason"] == "cancelled")
        let paused = try await shell.enqueue("p")
        try await shell("pause", "p", "--reason", "freeze")
        #expect(try await shell.json("why", paused)["reason"] == "paused")
        #expect(try await shell("why", paused).contains("freeze"))
        #expect(try await shell.refusal("why", "99999", code: 4)["code"] == "not_found")
    }

    @Test func `Tasks are listed newest first, filtered and paged`() async throws {
        let shell = try await Shell()
        var ids: [String] = []
        for _ in 0..<3 { ids.append(try await shell.enqueue("q")) }
        _ = try await shell.enqueue("other")
        let rows = try await shell.list("tasks", "--queue", "q", "--state", "ready", "--limit", "2")
        #expect(rows.map { $0["id"].string } == [ids[2], ids[1]])
        let expected: Set<String> = [
            "id", "queue", "kind", "title", "state", "reason", "priority", "attempts", "max_attempts",
            "agent", "payload",
            "result", "error", "created_at", "due_at", "started_at", "finished_at",
        ]
        #expect(rows[0].keys.isSuperset(of: expected))
        #expect(
            try await shell.list("tasks", "--queue", "q", "--before", ids[1]).map { $0["id"].string } == [
                ids[0]
            ])
        #expect(try await shell.list("tasks", "--state", "dead").isEmpty)
        #expect(try await shell("tasks", "--state", "dead") == "no tasks\n")
    }

    @Test func `Control characters of strangers never reach the terminal`() async throws {
        let shell = try await Shell()
        let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\nnext\u{9b}31m"
        let id = try await shell.enqueue("q", "1", "--title", evil, "--kind", evil)
        let handle = try #require(try await shell.claim("q")["handle"].string)
        try await shell("fail", handle, "--error", evil, "--dead")
        for command in [["tasks"], ["show", id], ["why", id], ["events"], ["leases"], ["status"]] {
            let result = try await shell.run(command)
            #expect(result.exitCode == 0, "\(result)")
            let bad = result.output.unicodeScalars.filter {
                $0.value < 0x20 && $0 != "\n" || 0x7f..<0xa0 ~= $0.value
            }
            #expect(bad.isEmpty, "\(command)")
        }
        #expect(try await shell("tasks").contains("\\x1b]0;owned\\x07"))
        let task = try await shell.json("show", id)
        #expect(task["title"] == .string(evil) && task["error"] == .string(evil))
    }

    @Test func `Events tell what happened, and follow what happens`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q")
        _ = try await shell.enqueue("other")
        let rows = try await shell.list("events", "--queue", "q")
        #expect(rows.count == 1)
        #expect(rows[0].keys == ["id", "at", "kind", "task_id", "queue", "agent", "detail"])
        #expect(rows[0]["kind"] == "enqueued" && rows[0]["task_id"] == .string(id))
        #expect(try await shell.list("events", "--since", "1h").count >= 2)
        #expect(try await shell.list("events", "--since", "2099-01-01T00:00:00Z").isEmpty)

        let follower = try await ChildProcess.start(
            .pgswarm, ["events", "--follow", "--task", id, "--json"], environment: shell.environment)
        #expect(try Value(text: try await follower.line(deadline: .seconds(10)))["kind"] == "enqueued")
        let handle = try #require(try await shell.claim("q")["handle"].string)
        try await shell("complete", handle)
        #expect(try Value(text: try await follower.line(deadline: .seconds(10)))["kind"] == "claimed")
        #expect(try Value(text: try await follower.line(deadline: .seconds(10)))["kind"] == "completed")
    }

    @Test func `A follower misses no event of a transaction that commits late`() async throws {
        let shell = try await Shell()
        let slow = try await shell.database.connect()
        try await slow.script("BEGIN; SELECT pgswarm.enqueue('late')")
        _ = try await shell.enqueue("early")
        let follower = try await ChildProcess.start(
            .pgswarm, ["events", "--follow", "--json"], environment: shell.environment)
        _ = try await follower.line(deadline: .seconds(10)) { $0.contains("\"early\"") }
        try await slow.script("COMMIT")
        _ = try await follower.line(deadline: .seconds(10)) { $0.contains("\"late\"") }
        await slow.close()
    }

    @Test func `Status shows the server, queues and sessions`() async throws {
        let shell = try await Shell()
        _ = try await shell.enqueue("q")
        _ = try await shell.claim("q")
        let status = try await shell.json("status")
        #expect(
            status.keys == [
                "server_version", "database", "user", "replica", "schema_version", "durability", "warnings",
                "coordinator", "approvals_separated", "queues", "sessions",
            ])
        #expect(status["queues"][0]["running"] == 1 && status["sessions"][0]["agent"] == "tester")
        #expect(status["replica"] == false)
        let text = try await shell("status")
        #expect(text.contains("durability"))
    }

    @Test func `Durability is told as it is`() async throws {
        let shell = try await Shell()
        try await shell.database.pool.withConnection { db in
            try db.script("ALTER DATABASE \"\(try TestDatabase.current.name)\" SET synchronous_commit = off")
        }
        let status = try await shell.json("status")
        #expect(status["durability"] == "D0")
        #expect(status["warnings"].array.contains { $0.string?.contains("synchronous_commit") == true })
    }
}
