import FoundationEssentials
import TestSupport
import Testing

/// Plans as their users call them.
@Suite(.database, .timeLimit(.minutes(5))) struct PlanCommandTests {
    private static let file = """
        plan: site
        goal: A site that opens
        defaults:
          queue: build
          contract: none
          criteria: it works
        tasks:
          lexer: {goal: The lexer is written, size: s}
          parser:
            goal: The parser is written
            after: lexer
            lease: 10m
          pages: {goal: "The pages: written", after: [lexer]}
          link:
            goal: All is one
            after: [parser, {task: pages, until: finished}]
        """

    @Test func `A file is shown, written once, drawn, changed and steered`() async throws {
        let shell = try await Shell()
        #expect(try await shell.run(["plan", "diff", "-"], input: Self.file).exitCode == 0)
        #expect(try await shell("plan").hasPrefix("no plans"))
        let made = try await shell.json("plan", "apply", "-", "--if-version", "0", input: Self.file)
        #expect(made["version"] == 1 && made["items"][1]["key"] == "parser" && made["items"][3]["action"] == "added")
        #expect(try await shell.run(["plan", "diff", "-"], input: Self.file).exitCode == 3)
        #expect(
            try await shell.refusal("plan", "apply", "-", "--if-version", "0", input: Self.file, code: 4)["code"]
                == "stale_version")
        let levels = try await shell("plan", "show", "site").split(separator: "\n").map {
            $0.split(separator: " ").map(String.init)
        }
        #expect(levels.contains { $0.starts(with: ["1", "*", "lexer", "ready"]) })
        #expect(
            levels.contains {
                $0.starts(with: ["3", "*", "link", "blocked"]) && $0.suffix(3) == ["pages", "(finished),", "parser"]
            })
        #expect(try await shell("plan", "tree", "site").contains("├─ parser  blocked\n"))
        #expect(try await shell("plan", "show", "site", "--dot").contains(#""pages" -> "link" [label="finished"];"#))
        #expect(try await shell("plan", "show", "site", "--mermaid").hasPrefix("flowchart LR\n"))
        #expect(try await shell.json("plan", "show", "site")["tasks"][3]["after"][0]["until"] == "finished")
        let claim = try await shell.claim("build")
        let handle = try #require(claim["handle"].string)
        #expect(claim["brief"]["key"] == "lexer")
        let changed = Self.file.replacing("The lexer is written", with: "The lexer reads tabs")
        let refused = try await shell.refusal("plan", "apply", "-", input: changed, code: 4)
        #expect(refused["code"] == "wrong_state")
        #expect(try #require(refused["message"].string).hasPrefix("standard input:8: tasks.lexer: begun already"))
        #expect(try await shell("plan", "diff", "-", input: changed).hasPrefix("! lexer  refused: task"))
        #expect(
            try await shell("plan", "propose", handle, #"{"title": "Test tabs"}"#, "--why", "seen")
                == "follow-up 1 is proposed\n")
        #expect(try await shell("plan", "propose", handle, #"{"title": "test TABS"}"#).hasSuffix("known already\n"))
        #expect(try await shell("plan", "propose", handle, #"{"title": "No"}"#) == "follow-up 2 is proposed\n")
        #expect(try await shell("plan", "decline", "2", "--reason", "later") == "1 follow-up declined\n")
        #expect(try await shell("plan", "follow-ups", "site").contains("Test tabs"))
        let accepted = try await shell.json("plan", "accept", "1", "--edit", #"{"key": "tabs"}"#)
        #expect(accepted["key"] == "tabs" && accepted["plan"] == "site")
        #expect(try await shell.run(["plan", "freeze", "site", "--reason", "tested"]).exitCode == 0)
        #expect(
            try await shell.refusal("plan", "apply", "-", "--cancel-running", input: changed, code: 4)["code"]
                == "wrong_state")
        try await shell("plan", "unfreeze", "site")
        #expect(try await shell("plan", "pause", "site") == "plan site is paused; 0 tasks taken out of the way\n")
        #expect(try await shell("plan", "resume", "site").hasPrefix("plan site goes on"))
        #expect(try await shell.json("plan", "list")["version"] == 2)
    }

    @Test(arguments: [
        ("aftr: lexer", "standard input:11: tasks.parser.aftr: there is no such key; is it \"after\"?"),
        (
            "after: lexr",
            "standard input:11: tasks.parser.after: there is no task \"lexr\" in this plan; is it \"lexer\"?"
        ),
        ("after: link", "standard input:11: tasks.link.after: these wait for one another: link → parser → link"),
        ("after: lexer\n    size: huge", "standard input:12: tasks.parser: \"size\" is out of range"),
        ("deadline: soon", "standard input:11: tasks.parser.deadline: 'soon' is not a duration"),
        ("after: [lexer", "standard input:1"),
        (
            "after: {task: lexer, untl: finished}",
            "standard input:11: tasks.parser.after.untl: there is no such key; is it \"until\"?"
        ),
        ("goal: again", "standard input:10: the same key twice: goal"),
    ])
    func `An error points at the line`(wrong: String, message: String) async throws {
        let shell = try await Shell()
        let text = Self.file.replacing("    after: lexer", with: "    " + wrong)
        let refused = try await shell.refusal("plan", "apply", "-", input: text, code: 64)
        let said = try #require(refused["message"].string)
        #expect(
            said.hasPrefix(message) || (message.contains("these wait") && said.contains("link → parser → link")),
            "\(said)")
        #expect(try await shell("plan").hasPrefix("no plans"))
    }

    @Test func `JSON is read too, with tabs and escapes, and plain words stay words`() async throws {
        let shell = try await Shell()
        let json = """
            {\t"plan": "j", "goal": "\\ud83d\\ude00 \\"ok\\"",
            \t"tasks": {"no": {"goal": "g", "criteria": ["c"], "queue": "q", "contract": "none", "payload": {"n": 1.50, "yes": "no"}}}}
            """
        try await shell("plan", "apply", "-", input: json)
        let sheet = try await shell.json("plan", "show", "j")
        #expect(sheet["goal"] == "😀 \"ok\"" && sheet["tasks"][0]["key"] == "no")
        let yaml =
            "goal: yes\ntasks:\n  on: {goal: no, criteria: off, queue: q, contract: none, payload: [on, 0x10, 1e3, ~, 'true']}\n"
        try await shell("plan", "apply", "-", "--name", "y", input: yaml)
        #expect(try await shell.json("plan", "show", "y")["tasks"][0]["goal"] == "no")
        #expect(try await shell.claim("q", as: "x")["payload"]["yes"] == "no")
        #expect(try await shell.claim("q", as: "x")["payload"][1] == "0x10")
    }

    @Test func `What would never end is refused`() async throws {
        let shell = try await Shell()
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            bomb +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        #expect(try await shell.refusal("plan", "apply", "-", input: bomb, code: 4)["code"] == "too_large")
        for text in [
            String(repeating: "[", count: 100_000), String(repeating: "- ", count: 100_000), "", "[]", "x: *y",
        ] {
            #expect(try await shell.run(["plan", "apply", "-"], input: text).exitCode == 64)
        }
    }
}
