import Postgres
import TestSupport
import Testing

/// Claiming and the holder's writes.
@Suite(.database, .timeLimit(.minutes(5))) struct HolderTests {
    private let claimedKeys: Set<String> = [
        "brief",
        "id", "handle", "epoch", "fence", "attempt", "max_attempts", "queue", "kind", "title", "payload",
        "priority",
        "lease_until", "lease_seconds", "deadline", "created_at", "trace", "parent", "needs", "checkpoint",
        "history",
        "effects", "late_results", "problems", "unread",
    ]

    @Test func `A claim answers everything the holder needs`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q", #"{"path":"a"}"#, "--lease", "90s")
        let answer = try await shell.json("claim", "q")
        #expect(answer.keys == ["tasks"])
        let task = answer["tasks"][0]
        #expect(task.keys == claimedKeys)
        #expect(task["id"] == .string(id))
        #expect(task["handle"].string?.hasPrefix("\(id).1.") == true)
        #expect(task["payload"] == .object(["path": "a"]))
        #expect(task["lease_seconds"] == 90 && task["attempt"] == 1 && task["epoch"] == 1)
        #expect(task["lease_until"].string?.hasSuffix("Z") == true)
        #expect(
            task["history"] == .array([]) && task["problems"] == .array([]) && task["checkpoint"] == .null)
    }

    @Test func `Nothing to claim is exit code 3 with the reason`() async throws {
        let shell = try await Shell()
        let empty = try await shell.json("claim", "q", code: 3)
        #expect(empty["tasks"] == .array([]) && empty["reason"] == "empty" && empty["retry_at"] == .null)

        _ = try await shell.enqueue("q", "1", "--delay", "1h")
        let later = try await shell.json("claim", "q", code: 3)
        #expect(later["reason"] == "scheduled")
        #expect(later["retry_at"].string?.hasSuffix("Z") == true)

        try await shell("pause", "q", "--reason", "freeze\u{1b}[2J")
        let paused = try await shell.json("claim", "q", code: 3)
        #expect(paused["reason"] == "paused")
        let shown = try await shell.run(["claim", "q"])
        #expect(shown.exitCode == 3)
        #expect(shown.output.contains("freeze\\x1b[2J"))
    }

    @Test func `A claim that waits gets what comes`() async throws {
        let shell = try await Shell()
        let waiting = try await ChildProcess.start(
            .pgswarm, ["claim", "q", "--wait", "30s", "--json"], environment: shell.environment)
        try await eventually("the claim waits") { try await shell.count("sessions") == 1 }
        let id = try await shell.enqueue("q")
        let result = try await waiting.waitForExit(deadline: .seconds(20))
        #expect(result.exitCode == 0, "\(result)")
        #expect(try Value(text: result.output)["tasks"][0]["id"] == .string(id))
        #expect(try await shell.json("claim", "q", "--wait", "50ms", code: 3)["reason"] == "all_running")
    }

    @Test func `A repeated request gets the same task`() async throws {
        let shell = try await Shell()
        _ = try await shell.enqueue("q")
        _ = try await shell.enqueue("q")
        let first = try await shell.claim("q", "--request-id", "r1")
        #expect(try await shell.claim("q", "--request-id", "r1") == first)
    }

    @Test func `The loser of a named task is told who holds it`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q")
        #expect(try await shell.json("claim", "--task", id, as: "winner")["tasks"][0]["id"] == .string(id))
        let error = try await shell.refusal("claim", "q", "--task", id, code: 4, as: "loser")
        #expect(error["code"] == "held")
        #expect(error["message"].string?.contains("winner") == true)
    }

    @Test func `The life of a task, from claim to result`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q")
        let handle = try #require(try await shell.claim("q")["handle"].string)

        let renewed = try await shell.json("renew", handle, "--lease", "1h")
        #expect(renewed.keys == ["id", "handle", "status", "lease_until", "lease_seconds", "unread"])
        #expect(renewed["status"] == "ok" && renewed["lease_seconds"] == 3600)
        // Without a length it is the last one.
        #expect(try await shell.json("renew", handle)["lease_seconds"].number ?? 0 > 3500)
        let progress = try await shell.json(
            "progress", handle, "--note", "half", "--percent", "50", "--checkpoint", #"{"o":1}"#, "--usage",
            #"{"tokens":7}"#)
        #expect(progress["status"] == "ok")
        let intent = try await shell.json("effect", "intent", handle, "mail", "--detail", "1")
        #expect(intent["state"] == "new" && intent["key"] == "mail")
        #expect(try await shell.json("effect", "intent", handle, "mail")["state"] == "unconfirmed")
        #expect(try await shell.json("effect", "confirm", handle, "mail")["state"] == "confirmed")
        let done = try await shell.json("complete", handle, #"{"r":1}"#)
        #expect(done.keys == ["id", "handle", "code", "state", "message", "due_at"])
        #expect(done["code"] == "ok" && done["state"] == "done")

        let task = try await shell.json("show", id)
        #expect(task["result"] == .object(["r": 1]))
        #expect(task["checkpoint"] == .object(["o": 1]))
        #expect(task["progress"][0]["usage"] == .object(["tokens": 7]))
        #expect(task["effects"][0]["key"] == "mail")
        #expect(task["history"][0]["outcome"] == "completed")
    }

    @Test func `A result comes from standard input, and a repetition changes nothing`() async throws {
        let shell = try await Shell()
        _ = try await shell.enqueue("q")
        let handle = try #require(try await shell.claim("q")["handle"].string)
        #expect(try await shell.json("complete", handle, "-", input: "[1,\n2]")["code"] == "ok")
        #expect(try await shell.json("complete", handle, "[1,2]")["code"] == "duplicate")
        let other = try await shell.refusal("complete", handle, "[3]", code: 4)
        #expect(other["message"].string?.contains("another result") == true)
        let large = "\"" + String(repeating: "x", count: 2 << 20) + "\""
        let refused = try await shell.refusal("complete", handle, "-", input: large, code: 4)
        #expect(refused["message"].string?.hasPrefix("the result has ") == true, "\(refused)")
    }

    @Test func `Failing tries again, or not; releasing costs nothing`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q")
        let first = try #require(try await shell.claim("q")["handle"].string)
        let retried = try await shell.json("fail", first, "--error", "busy", "--retry-in", "1h")
        #expect(retried["state"] == "scheduled")
        #expect(retried["due_at"].string?.hasSuffix("Z") == true)
        try await shell.database.moveClock(by: .seconds(7200))
        let second = try await shell.claim("q")
        #expect(second["attempt"] == 2 && second["history"][0]["error"] == "busy")
        let released = try await shell.json(
            "release", try #require(second["handle"].string), "--note", "see the checkpoint")
        #expect(released["state"] == "ready")
        let third = try await shell.claim("q")
        #expect(third["attempt"] == 2 && third["history"][1]["note"] == "see the checkpoint")
        let dead = try await shell.json(
            "fail", try #require(third["handle"].string), "--error", "no file", "--dead")
        #expect(dead["state"] == "dead")
        #expect(try await shell.json("why", id)["reason"] == "dead")
    }

    @Test func `Who was superseded is refused with exit code 5 everywhere, and the result is kept aside`()
        async throws
    {
        let shell = try await Shell()
        let id = try await shell.enqueue("q", "{}", "--lease", "10s")
        let old = try #require(try await shell.claim("q", as: "sleeper")["handle"].string)
        try await shell.database.moveClock(by: .seconds(3600))
        let new = try #require(try await shell.claimEventually("q", as: "successor")["handle"].string)

        let calls: [[String]] = [
            ["renew", old], ["progress", old, "--note", "x"], ["complete", old, #"{"late":true}"#],
            ["fail", old, "--error", "x"], ["release", old], ["effect", "intent", old, "mail"],
            ["effect", "confirm", old, "mail"], ["enqueue", "children", "1", "--parent", old],
        ]
        for call in calls {
            let result = try await shell.run(call + ["--json"])
            #expect(result.exitCode == 5, "\(call): \(result)")
            #expect(try Value(text: result.error)["error"]["code"] == "lost_claim", "\(call)")
        }
        let task = try await shell.json("show", id)
        #expect(task["state"] == "running" && task["agent"] == "successor")
        #expect(
            task["late_results"].array.contains {
                $0["verb"] == "complete" && $0["result"] == .object(["late": true])
            })
        #expect(try await shell.json("complete", new)["state"] == "done")
    }

    @Test func `Some lost leases among several are told one by one`() async throws {
        let shell = try await Shell()
        _ = try await shell.enqueue("q")
        let handle = try #require(try await shell.claim("q")["handle"].string)
        let other = handle.dropLast() + (handle.hasSuffix("0") ? "1" : "0")
        let result = try await shell.run(["renew", handle, String(other), "--json"])
        #expect(result.exitCode == 5)
        let rows = try result.output.split(separator: "\n").map { try Value(text: String($0)) }
        #expect(rows.map { $0["status"] } == ["ok", "lost"])
    }

    @Test func `A handle that is cut short or belongs to no grant is refused`() async throws {
        let shell = try await Shell()
        _ = try await shell.enqueue("q")
        _ = try await shell.enqueue("q")
        let handle = try #require(try await shell.claim("q")["handle"].string)
        let cut = try await shell.refusal("complete", String(handle.dropLast(3)), code: 64)
        #expect(cut["code"] == "invalid_handle")
        let foreign = try await shell.refusal("complete", "2" + handle.dropFirst(), code: 5)
        #expect(foreign["code"] == "lost_claim")
        #expect(
            try await shell.refusal("complete", "999" + handle.dropFirst(), code: 5)["code"] == "lost_claim")
        #expect(try await shell.json("queues")["done"] == 0)
    }

    @Test func `A loop that renews ends when the task is cancelled, and a draining agent gets no more`() async throws {
        let shell = try await Shell()
        let id = try await shell.enqueue("q")
        let handle = try #require(try await shell.json("claim", "q")["tasks"][0]["handle"].string)
        try await shell("cancel", id)
        #expect(try await shell.refusal("renew", handle, code: 5)["message"].string?.contains("cancelled") == true)
        _ = try await shell.enqueue("q")
        try await shell("agents", "drain", "tester")
        let claim = try await shell.json("claim", "q", code: 3)
        #expect(claim["reason"] == "draining", "\(claim)")
    }
}

extension Shell {
    /// Claims until a task that was taken back comes; it returns with jitter.
    func claimEventually(_ queue: String, as agent: String) async throws -> Value {
        var answers: [String] = []
        for _ in 0..<20 {
            let result = try await run(["claim", queue, "--json"], as: agent)
            answers.append("\(result)")
            if result.exitCode == 0 { return try Value(text: result.output)["tasks"][0] }
            try await database.moveClock(by: .seconds(5))
        }
        throw NothingCame(queue: queue, answers: answers)
    }
}

struct NothingCame: Error {
    let queue: String
    let answers: [String]
}
