import TestSupport
import Testing

/// `pgswarm breaker` and its verbs.
@Suite(.database, .timeLimit(.minutes(3))) struct BreakerCommandTests {
    @Test func `A breaker is listed, shown, forced, set and reset`() async throws {
        let shell = try await Shell()
        #expect(try await shell.list("breaker").isEmpty)
        _ = try await shell.enqueue("q", "1", "--needs", "api")
        let listed = try await shell.list("breaker", "list")
        #expect(listed.count == 1 && listed[0]["breaker"] == "api" && listed[0]["state"] == "closed")
        #expect(listed[0]["waiting"] == 1 && listed[0]["policy"]["consecutive"] == 5)
        #expect(try await shell.list("breaker", "list", "--defaults").count == 5)

        let opened = try await shell.json("breaker", "open", "api", "--reason", "x", "--for", "1h")
        #expect(opened["state"] == "forced_open")
        #expect(try await shell.json("claim", "q", code: 3)["reason"] == "breaker")
        #expect(try await shell.json("breaker", "show", "api")["forced_reason"] == "x")
        #expect(try await shell.json("breaker", "close", "api")["state"] == "forced_closed")
        #expect(try await shell.json("breaker", "reset", "api")["state"] == "closed")
        let set = try await shell.json("breaker", "set", "api", "rate=2.5", "open_base=10s", "consecutive=off")
        #expect(set["policy"]["rate"] == .number(2.5) && set["policy"]["open_base"] == 10)
        #expect(set["policy"]["consecutive"] == .null)
    }

    @Test func `Reports and permits`() async throws {
        let shell = try await Shell()
        let permit = try await shell.json("breaker", "permit", "api")
        #expect(permit["verdict"] == "go")
        let id = try #require(permit["permit"].string)
        #expect(try await shell.json("breaker", "report", "api", "failed", "--permit", id)["counted"] == true)
        #expect(try await shell.json("breaker", "report", "api", "failed", "--permit", id)["counted"] == false)
        let waiting = try await shell.json("breaker", "report", "api", "--retry-after", "30s")
        #expect(waiting["state"] == "waiting" && waiting["not_before"].string != nil)
        #expect(try await shell.refusal("breaker", "permit", "api", code: 4)["code"] == "breaker_open")
    }

    @Test func `Bad input is named and changes nothing`() async throws {
        let shell = try await Shell()
        for arguments in [
            ["breaker", "report", "api", "fine"], ["breaker", "report", "api"],
            ["breaker", "report", "api", "--retry-after", "-5s"], ["breaker", "set", "api", "rate"],
            ["breaker", "set", "api", "open_base=soon"], ["breaker", "open", "api", "--for", "0s"],
            ["breaker", "report", "api", "failed", "--permit", "x"], ["breaker", "set", "api", "colour=red"],
            ["breaker", "set", "api", "probes=0"], ["breaker", "open", "a\u{1b}[31mb"],
            ["breaker", "report", "api", "failed", "--handle", "1.1.x"],
        ] {
            let result = try await shell.run(arguments)
            #expect(result.exitCode == 64, "\(result)")
            #expect(!result.error.contains("\u{1b}"), "\(result)")
        }
        for arguments in [
            ["breaker", "show", "nothing"], ["breaker", "reset", "nothing"],
            ["breaker", "set", "agent:nobody", "enabled=true"],
        ] {
            let result = try await shell.run(arguments)
            #expect(result.exitCode == 4, "\(result)")
            #expect(!result.error.contains("\u{1b}"), "\(result)")
        }
        #expect(try await shell.list("breaker").isEmpty)
    }

    @Test func `An agent that crashed too often is refused with the reason`() async throws {
        let shell = try await Shell()
        _ = try await shell.enqueue("q", "1", "--needs", "api")
        #expect(
            try await shell.json("breaker", "open", "agent:tester", "--reason", "keeps crashing")["state"]
                == "forced_open")
        let refusal = try await shell.refusal("claim", "q", code: 4)
        #expect(refusal["code"] == "breaker_open")
        #expect(refusal["message"].string?.contains("keeps crashing") == true)
        #expect(try await shell.json("claim", "q", as: "other")["tasks"].array.count == 1)
    }
}
