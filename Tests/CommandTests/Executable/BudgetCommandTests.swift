import TestSupport
import Testing

/// `pgswarm budget` and its verbs.
@Suite(.database, .timeLimit(.minutes(3))) struct BudgetCommandTests {
    @Test func `A budget is set, shown, held, raised and dropped`() async throws {
        let shell = try await Shell()
        #expect(try await shell.list("budget").isEmpty)
        let set = try await shell.json(
            "budget", "set", "queue:q", "tokens", "--soft", "50", "--hard", "100", "--hold", "30.5")
        #expect(set["scope"] == "queue:q" && set["axis"] == "tokens" && set["admitted"] == 0)
        for _ in 0..<5 { _ = try await shell.enqueue("q") }
        for _ in 0..<3 { _ = try await shell.json("claim", "q") }
        let refused = try await shell.json("claim", "q", code: 3)
        #expect(refused["reason"].string != nil)
        let shown = try await shell.list("budget", "show", "queue:q", "tokens")
        #expect(shown.count == 1 && shown[0]["held"] == .number(91.5) && shown[0]["left"] == .number(8.5))
        #expect(shown[0]["parked"] == 2 && shown[0]["hard"] == 100 && shown[0]["soft"] == 50)
        let holds = try await shell.list("budget", "holds", "queue:q")
        #expect(holds.count == 3 && holds[0]["amount"] == .number(30.5) && holds[0]["agent"] == "tester")
        #expect(try await shell.json("why", "4")["reason"] == "budget")
        #expect(try await shell.refusal("claim", "--task", "4", code: 4)["code"] == "budget_exhausted")
        let raised = try await shell.json("budget", "set", "queue:q", "tokens", "--hard", "130")
        #expect(raised["admitted"] == 1 && raised["soft"] == 50)
        let table = try await shell("budget")
        #expect(table.contains("queue:q") && table.contains("91.5"))
        #expect(try await shell("budget", "holds").contains("30.5"))
        #expect(try await shell.json("budget", "drop", "queue:q", "tokens")["dropped"] == true)
        #expect(try await shell.json("budget", "drop", "queue:q", "tokens")["dropped"] == false)
        #expect(try await shell.list("budget").isEmpty)
        #expect(try await shell("budget").contains("pgswarm budget set"))
    }

    @Test func `Bad input is named and changes nothing`() async throws {
        let shell = try await Shell()
        for arguments in [
            ["swarm", "tokens", "--hard", "nan", "--hold", "1"], ["swarm", "tokens", "--hard", "inf", "--hold", "1"],
            ["swarm", "tokens", "--hard", "-1", "--hold", "1"], ["swarm", "tokens", "--hard", "5"],
            ["swarm", "tokens"], ["swarm", "coffee", "--hard", "5"], ["a\u{1b}[31mb", "attempts", "--hard", "5"],
            ["swarm", "attempts", "--hard", "5", "--soft", "6"], ["swarm", "attempts", "--hard", "many"],
        ] {
            let result = try await shell.run(["budget", "set"] + arguments)
            #expect(result.exitCode == 64, "\(result)")
            #expect(!result.error.contains("\u{1b}"), "\(result)")
        }
        for arguments in [["task:1", "attempts", "--hard", "5"], ["plan:none", "attempts", "--hard", "5"]] {
            let result = try await shell.run(["budget", "set"] + arguments)
            #expect(result.exitCode == 4, "\(result)")
        }
        #expect(try await shell.list("budget").isEmpty)
    }
}
