import FoundationEssentials
import TestSupport
import Testing

@Suite(.database, .timeLimit(.minutes(5))) struct EnqueueTests {
    @Test func `One task answers its id and whether it is new`() async throws {
        let shell = try await Shell()
        let first = try await shell.json("enqueue", "q", #"{"n":1}"#, "--key", "a", "--title", "one")
        #expect(first.keys == ["id", "created"])
        #expect(first["created"] == true)
        let again = try await shell.json("enqueue", "q", #"{"n":1}"#, "--key", "a", "--title", "one")
        #expect(again == .object(["id": first["id"], "created": false]))
        #expect(try await shell.count() == 1)
        #expect(try await shell("enqueue", "q", "1").hasSuffix("in \"q\"\n"))
    }

    @Test func `A key with another body is refused`() async throws {
        let shell = try await Shell()
        try await shell("enqueue", "q", "1", "--key", "a")
        let error = try await shell.refusal("enqueue", "q", "2", "--key", "a", code: 4)
        #expect(error["code"] == "request_mismatch")
    }

    @Test func `Every option arrives`() async throws {
        let shell = try await Shell()
        let upstream = try await shell.enqueue("q")
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let id = try await shell.enqueue(
            "q", "[1]", "--title", "t", "--kind", "k", "--priority", "-2", "--max-attempts", "5", "--lease",
            "90s",
            "--deadline", "2h", "--after", upstream, "--needs", "git", "--trace", trace)
        let task = try await shell.json("show", id)
        #expect(
            task["title"] == "t" && task["kind"] == "k" && task["priority"] == -2 && task["max_attempts"] == 5
        )
        #expect(task["trace"] == .string(trace))
        #expect(task["state"] == "blocked")
        #expect(task["dependencies"][0]["id"] == .string(upstream))

        let due = try await shell.enqueue("q", "1", "--delay", "1h")
        #expect(try await shell.json("show", due)["state"] == "scheduled")
        let past = try await shell.enqueue("q", "1", "--at", "2020-01-01T00:00:00+02:00")
        #expect(try await shell.json("show", past)["state"] == "ready")
    }

    @Test func `A payload comes from the argument or from standard input`() async throws {
        let shell = try await Shell()
        let id = try await shell.json("enqueue", "q", "-", input: "{\n \"a\": [1,\n 2]\n}\n")["id"].string
        #expect(try await shell.json("show", try #require(id))["payload"] == .object(["a": .array([1, 2])]))
        let none = try await shell.json("enqueue", "q")["id"].string
        #expect(try await shell.json("show", try #require(none))["payload"] == .object([:]))
    }

    @Test(arguments: ["{broken", "{\"a\":}", "", "{} {}", "\"\\u0000\""])
    func `Broken JSON is refused and nothing is enqueued`(payload: String) async throws {
        let shell = try await Shell()
        let error = try await shell.refusal("enqueue", "q", payload, code: 64)
        #expect(error["code"] == "usage")
        #expect(error["message"].string?.contains("JSON") == true)
        #expect(try await shell.count() == 0)
    }

    @Test func `A payload above the limit is refused, by the database and before it`() async throws {
        let shell = try await Shell()
        let above = try await shell.refusal(
            "enqueue", "q", "-", input: "\"" + String(repeating: "x", count: 2 << 20) + "\"", code: 4)
        #expect(above["code"] == "too_large" && above["message"].string?.hasPrefix("the payload has ") == true)
        let huge = try await shell.refusal(
            "enqueue", "q", "-", input: "\"" + String(repeating: "x", count: 100 << 20) + "\"", code: 4)
        #expect(huge["code"] == "too_large" && huge["hint"] == above["hint"])
        #expect(huge["message"].string?.contains("the limit is 1048576") == true, "\(huge)")
        #expect(above["message"].string?.contains("the limit is 1048576") == true, "\(above)")
        #expect(try await shell.count() == 0)
    }
}

@Suite(.database, .timeLimit(.minutes(5))) struct BulkEnqueueTests {
    private func file(_ text: String, in shell: Shell) throws -> String {
        let path = shell.database.folder + "/tasks.jsonl"
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    @Test func `Every line is a task, in the order of the file`() async throws {
        let shell = try await Shell()
        let path = try file(
            """
            {"path":"a"}

            {"payload":{"path":"b"},"title":"B","priority":3}
            "word"
            {"payload":1,"key":"k"}
            {"payload":1,"key":"k"}
            """, in: shell)
        let receipts = try await shell.list("enqueue", "q", "--file", path, "--kind", "count")
        #expect(receipts.map(\.keys) == Array(repeating: ["id", "created"], count: 5))
        #expect(receipts.map { $0["created"] } == [true, true, true, true, false])
        #expect(receipts[3]["id"] == receipts[4]["id"])
        let second = try await shell.json("show", try #require(receipts[1]["id"].string))
        #expect(
            second["payload"] == .object(["path": "b"]) && second["title"] == "B" && second["priority"] == 3)
        #expect(second["kind"] == "count")
    }

    @Test func `Ten thousand lines go in quickly and are counted for people`() async throws {
        let shell = try await Shell()
        let lines = (1...10_000).map { "{\"n\":\($0)}" }.joined(separator: "\n")
        let start = ContinuousClock.now
        let output = try await shell("enqueue", "words", "--file", "-", input: lines)
        #expect(output == "enqueued 10,000 tasks in \"words\" (10,000 new)\n")
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(try await shell.count() == 10_000)
    }

    @Test func `Lines of text become strings`() async throws {
        let shell = try await Shell()
        let receipts = try await shell.list(
            "enqueue", "q", "--file", "-", "--text", input: "say \"hi\"\nbye\n")
        let first = try await shell.json("show", try #require(receipts[0]["id"].string))
        #expect(first["payload"] == "say \"hi\"")
    }

    @Test(arguments: [
        ("{broken", "column"), (#"{"payload":1,"titel":"x"}"#, "titel"),
        (#"{"payload":1,"priority":99999}"#, "line 3"),
        (#"{"payload":1,"after":["99999"]}"#, "line 3"),
    ])
    func `A broken third line keeps the whole file out and is named`(line: String, named: String) async throws {
        let shell = try await Shell()
        let path = try file("{\"n\":1}\n{\"n\":2}\n\(line)\n{\"n\":4}\n", in: shell)
        let result = try await shell.run(["enqueue", "q", "--file", path, "--json"])
        let error = try Value(text: result.error)["error"]
        #expect(result.exitCode == 64 || error["code"] == "not_found", "\(result)")
        #expect(result.output.isEmpty)
        #expect(error["message"].string?.contains("tasks.jsonl, line 3") == true, "\(error)")
        #expect(error["message"].string?.contains(named) == true, "\(error)")
        #expect(try await shell.count() == 0)
        #expect(try await shell.count("queues") == 0)
    }

    @Test func `A broken line far down keeps out what was sent before it`() async throws {
        let shell = try await Shell()
        let lines = (1...2500).map { "{\"n\":\($0)}" }.joined(separator: "\n") + "\n{oops"
        let error = try await shell.refusal("enqueue", "q", "--file", "-", input: lines, code: 64)
        #expect(error["message"].string?.contains("standard input, line 2501") == true)
        #expect(try await shell.count() == 0)
    }

    @Test func `What is wrong with the queue is not a fault of a line`() async throws {
        let shell = try await Shell()
        try await shell("queues", "set", "q", "backlog_limit=1")
        let full = try await shell.refusal("enqueue", "q", "--file", "-", input: "1\n2\n3\n", code: 4)
        #expect(full["code"] == "queue_full")
        #expect(full["hint"].string?.hasPrefix("Nothing was enqueued. ") == true, "\(full)")
        #expect(full["hint"].string?.contains("line") == false, "\(full)")
        #expect(try await shell.count() == 0)
    }

    @Test func `A folder is no file of tasks`() async throws {
        let shell = try await Shell()
        let error = try await shell.refusal("enqueue", "q", "--file", shell.database.folder, code: 64)
        #expect(error["message"].string?.contains(shell.database.folder) == true)
        #expect(error["hint"] == "Name a file with a task a line.")
    }

    @Test func `A file that is not there is named`() async throws {
        let shell = try await Shell()
        let error = try await shell.refusal("enqueue", "q", "--file", "/nonexistent.jsonl", code: 64)
        #expect(error["message"].string?.contains("/nonexistent.jsonl") == true)
    }
}
