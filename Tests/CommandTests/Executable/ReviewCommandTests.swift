import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// Reviews as their users call them.
@Suite(.database, .timeLimit(.minutes(5))) struct ReviewCommandTests {
    /// A shell whose agents keep their credentials in a folder of their own.
    private static func shell() async throws -> Shell {
        var shell = try await Shell()
        shell.environment["XDG_CONFIG_HOME"] =
            FileManager.default.temporaryDirectory.appending(path: "reviews-\(UUID().uuidString)").path
        for (name, role) in [("dora", "human"), ("critic", "reviewer"), ("builder", "worker")] {
            try await shell("agents", "register", name, "--role", role, as: name == "dora" ? nil : "dora")
        }
        return shell
    }

    private static func judge(_ shell: Shell, _ arguments: String...) async throws -> Value {
        let review = try await shell.json("review", "next", as: "critic")["reviews"][0]
        let (handle, digest) = (try #require(review["handle"].string), try #require(review["digest"].string))
        let result = try await shell.run(
            ["review", "submit", handle, "--digest", digest, "--summary", "seen", "--json"] + arguments, as: "critic")
        try #require(result.exitCode == 0, "\(result)")
        return try Value(text: result.output)
    }

    @Test func `A result is judged, sent back, answered, judged again and accepted`() async throws {
        let shell = try await Self.shell()
        let policy = try await shell.json("review", "policy", "q", "mode=peers", "rounds=2", as: "dora")
        #expect(policy["mode"] == "peers" && policy["rounds"] == 2 && policy["score"] == 4)
        #expect(
            try await shell.refusal("review", "policy", "q", "rounds=0", code: 64, as: "dora")["code"]
                == "invalid_argument")
        #expect(
            try await shell.refusal("review", "policy", "q", "mode=none", code: 4, as: "builder")["code"]
                == "not_allowed")
        let task = try await shell.enqueue("q")
        let handle = try #require(try await shell.claim("q", as: "builder")["handle"].string)
        #expect(try await shell.json("complete", handle, "1", "--confidence", "5", as: "builder")["state"] == "review")
        #expect(try await shell.refusal("review", "next", code: 4, as: "builder")["code"] == "not_allowed")
        #expect(try await shell.list("review", "list")[0]["task_id"].string == task)
        let verdict = try await Self.judge(shell, "--score", "3", "--finding", "major@a.c:17: no check")
        #expect(verdict["route"] == "fix_loop" && verdict["state"] == "ready")
        #expect(try await shell.json("review", "next", code: 3, as: "critic")["reviews"].array.isEmpty)
        let again = try #require(try await shell.claim("q", as: "builder")["handle"].string)
        #expect(try await shell.refusal("complete", again, "2", code: 4, as: "builder")["code"] == "wrong_state")
        #expect(try await shell.json("review", "answer", again, "all", "fixed", as: "builder")["open"] == 0)
        try await shell("evidence", "add", "--handle", again, "--kind", "tests", "--exit-status", "0", as: "builder")
        try await shell("complete", again, "2", as: "builder")
        #expect(try await Self.judge(shell, "--score", "5", "--passed", "make test")["route"] == "fast_lane")
        let evidence = try await shell.list("evidence", "list", task)
        #expect(evidence.count == 2 && evidence[1]["tier"] == 3 && evidence[1]["fresh"] == true)
        let item = try await shell.list("triage", "list")[0]
        #expect(item["task_id"].string == task && item["evidence_tier"] == 3 && item["score"] == 5)
        #expect(try await shell.refusal("triage", "accept", task, code: 4, as: "critic")["code"] == "not_allowed")
        #expect(
            try await shell.refusal("triage", "accept", task, "--digest", "00", code: 4, as: "dora")["code"]
                == "conflict")
        let accepted = try await shell.json("triage", "accept", task, as: "dora")
        #expect(accepted["state"] == "done" && accepted["separated"] == true)
        #expect(try await shell.refusal("triage", "accept", task, code: 4, as: "dora")["code"] == "wrong_state")
        #expect(try await shell.json("triage", "reopen", task, "--reason", "x", as: "dora")["generation"] == 1)
        #expect(try await shell("triage").contains("nothing waits for a person"))
    }

    @Test func `People send back and reject, plant canaries and give evidence`() async throws {
        let shell = try await Self.shell()
        try await shell("review", "policy", "q", "mode=human", as: "dora")
        try await shell("review", "risk", "q", "src/**", "high", as: "dora")
        let task = try await shell.enqueue("q", "{}", "--path", "src/a.c")
        let handle = try #require(try await shell.claim("q", as: "builder")["handle"].string)
        try await shell("complete", handle, "1", as: "builder")
        #expect(try await shell.list("triage", "list")[0]["risk"] == "high")
        try await shell("evidence", "add", "--task", task, "--kind", "seen", "--body", #""tried it""#, as: "dora")
        #expect(try await shell.list("evidence", "list", task)[0]["tier"] == 4)
        #expect(try await shell.json("triage", "send-back", task, "--reason", "no", as: "dora")["state"] == "ready")
        let again = try #require(try await shell.claim("q", as: "builder")["handle"].string)
        try await shell("review", "answer", again, "all", "disputed", "--note", "it is so", as: "builder")
        try await shell("complete", again, "1", as: "builder")
        #expect(try await shell.json("triage", "reject", task, "--reason", "no", as: "dora")["state"] == "dead")
        #expect(try await shell.run(["triage", "reject", task]).exitCode == 64)
        #expect(
            try await shell.refusal("canary", "plant", "q", "1", "2", "--expect", "bad", code: 4, as: "dora")["code"]
                == "wrong_state")
        try await shell("review", "policy", "q", "mode=peers", as: "dora")
        let canary = try await shell.json("canary", "plant", "q", "1", "2", "--expect", "bad", as: "dora")["task_id"]
        #expect(try await Self.judge(shell, "--score", "5")["task_id"] == canary)
        let planted = try await shell.run(["canary", "list", "--json"], as: "dora")
        #expect(try Value(text: planted.output)["verdicts"][0]["agent"] == "critic")
        #expect(try await shell.run(["canary", "list"], as: "critic").exitCode == 4)
    }

    @Test func `A worker's check is captured as evidence, and a check that fails fails the attempt`() async throws {
        let shell = try await Self.shell()
        try await shell(
            "review", "policy", "q", "mode=peers", "auto_accept=true", "auto_evidence=2", "audit_rate=0", as: "dora")
        let task = try await shell.enqueue("q", #"{"n":1}"#)
        let worked = try await shell.run(
            ["work", "q", "--until-empty", "--check", "grep -q 2", "--", "sh", "-c", "echo 2"], as: "builder")
        #expect(worked.exitCode == 0, "\(worked)")
        let evidence = try await shell.list("evidence", "list", task)
        #expect(evidence.count == 1 && evidence[0]["tier"] == 2 && evidence[0]["exit_status"] == 0)
        #expect(evidence[0]["body"]["command"] == "grep -q 2")
        #expect(try await Self.judge(shell, "--score", "5")["route"] == "automatic")
        let failing = try await shell.enqueue("q", "{}", "--max-attempts", "1")
        let failed = try await shell.run(
            ["work", "q", "--until-empty", "--check", "echo not so; exit 3", "--", "sh", "-c", "echo 2"], as: "builder")
        #expect(failed.exitCode == 0, "\(failed)")
        #expect(try await shell.json("show", failing)["state"] == "dead")
        let proof = try await shell.list("evidence", "list", failing)
        #expect(proof[0]["exit_status"] == 3 && proof[0]["body"]["output"].string?.contains("not so") == true)
    }
}
