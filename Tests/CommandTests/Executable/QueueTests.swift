import PgSwarm
import TestSupport
import Testing

/// Queues that come into being, and lists that are cut short.
@Suite(.database, .timeLimit(.minutes(5))) struct QueueTests {
    @Test func `A queue that was not there is told as new`() async throws {
        let shell = try await Shell()
        #expect(try await shell("pause", "typo") == "\"typo\" is paused; it is a new queue\n")
        #expect(try await shell("pause", "typo") == "\"typo\" was already paused\n")
        #expect(try await shell.json("pause", "other", "--reason", "")["created"] == true)
        #expect(try await shell.json("pause", "other")["created"] == false)
        #expect(try await shell("queues").contains("paused:") == false)
        #expect(try await shell("queues", "set", "third", "lease=5m").hasPrefix("\"third\" is a new queue\n"))
        #expect(try await shell.json("queues", "set", "third", "lease=5m")["created"] == false)
    }

    @Test func `A claim tells an empty queue from one that is not there`() async throws {
        let shell = try await Shell()
        _ = try await shell.enqueue("lint")
        try await shell("claim", "lint")
        let result = try await shell.run(["claim", "lint", "typo"])
        #expect(result.exitCode == 3 && result.output.contains("there was no queue \"typo\""), "\(result)")
        #expect(!result.output.contains("there was no queue \"lint\""))
        let answer = try await shell.json("claim", "lint", "typo", "lint", code: 3)
        #expect(answer["queues"].array.map { $0["created"] } == [false, false], "it came into being before")
        let new = try await shell.json("claim", "typo/2", code: 3)
        #expect(new["queues"][0]["created"] == true && new["message"].string?.contains("no queue") == true)
    }

    @Test func `A list that is cut short says so`() async throws {
        let shell = try await Shell()
        let first = try await shell.enqueue("q")
        let second = try await shell.enqueue("q")
        let cut = try await shell("tasks", "--limit", "1")
        #expect(cut.contains("these are the newest 1;") && cut.contains("--before \(second)"), "\(cut)")
        #expect(!cut.contains("\n\(first) "))
        #expect(try await !shell("tasks", "--limit", "2").contains("newest"))
        #expect(try await shell.list("tasks", "--limit", "1").count == 1)
        for _ in 0..<2 { try await shell("claim", "q") }
        #expect(try await shell("leases", "--limit", "1").contains("these are the oldest 1;"))
    }

    @Test func `An empty title is none`() async throws {
        let shell = try await Shell()
        _ = try await shell.enqueue("q", #"{"path":"cat.jpg"}"#, "--title", "")
        #expect(try await shell("tasks").contains("cat.jpg"))
    }

    @Test func `Events stand in columns, whatever their kind`() async throws {
        let shell = try await Shell()
        _ = try await shell.enqueue("q")
        try await shell("agents", "register", "someone")
        let lines = try await shell("events").split(separator: "\n")
        let longest = try #require(lines.first { $0.contains("agent_registered") })
        let short = try #require(lines.first { $0.contains("enqueued") })
        #expect(longest.contains("agent_registered  "))
        let column = try #require(short.firstRange(of: "task ")?.lowerBound)
        // 24 columns of time, two of space, 16 of kind, two of space.
        #expect(short.distance(from: short.startIndex, to: column) == 44)
    }

    @Test func `Output that can't be written is told`() async throws {
        let shell = try await Shell()
        _ = try await shell.enqueue("q")
        let path = try Executable.pgswarm.path
        let result = try await Executable(path: "/bin/sh").run(
            ["-c", "'\(path)' tasks > /dev/full"], environment: shell.environment)
        #expect(result.exitCode == 1, "\(result)")
        #expect(result.error.hasPrefix("error: the output can't be written: "), "\(result)")
    }
}
