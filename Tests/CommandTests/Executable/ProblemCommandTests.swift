import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// The problem log as its users call it.
@Suite(.database, .timeLimit(.minutes(5))) struct ProblemCommandTests {
    @Test func `A problem is reported, solved by one, waited for by another, and confirmed`() async throws {
        let shell = try await Shell()
        #expect(try await shell.run(["problem", "find", "cannot open the display"]).exitCode == 3)
        let report = try await shell.json("problem", "report", "-", input: "cannot open the display of /tmp/a\n")
        #expect(report["created"] == true && report["id"] == "1")
        #expect(try await shell.json("problem", "report", "cannot open the display of /tmp/b")["occurrences"] == 2)
        let lease = try await shell.json("problem", "solve", "1")
        let solver = try #require(lease["handle"].string)
        #expect(try await shell.refusal("problem", "solve", "1", code: 4, as: "other")["code"] == "held")
        _ = try await shell.enqueue("q")
        let handle = try #require(try await shell.claim("q", as: "other")["handle"].string)
        #expect(try await shell.json("problem", "wait", handle, "1", as: "other")["state"] == "parked")
        let solved = try await shell.json(
            "problem", "solve", "1", "--solution", "start it", "--evidence", "it runs", "--solver", solver)
        #expect(solved["resumed"] == 1 && solved["status"] == "solved")
        #expect(try await shell.refusal("problem", "confirm", "1", code: 4)["code"] == "not_allowed")
        #expect(try await shell.json("problem", "confirm", "1", as: "other")["status"] == "confirmed")
        let found = try await shell.json("problem", "find", "cannot open the display of /x/y")
        #expect(found["match"] == "fingerprint" && found["status"] == "solved")
        #expect(try await shell.json("problem", "show", "1")["solutions"] == 1)
        #expect(try await shell("problem").contains("cannot open the display"))
        #expect(try await shell.refusal("problem", "solve", "1", "--abandon", solver, code: 5)["code"] == "lost_claim")
    }

    @Test func `An export comes back byte by byte, also from another database's import`() async throws {
        let shell = try await Shell()
        let folder = FileManager.default.temporaryDirectory.appending(path: "problems-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "PROBLEMS.md").path
        let foreign = "# Notes\n\n## It hangs\n\nIt hangs for an hour.\n\n**Fix:** restart ``` it\n\n| a | b |\n"
        let taken = try await shell.json("problem", "import", "-", input: foreign)
        #expect(taken["created"] == 1 && taken["skipped"][1]["line"] == 9)
        try await shell("problem", "report", "\u{1b}[31m## P1 · nasty\n```\n~~~ \u{7}\nend of the text")
        try await shell("problem", "export", file)
        let first = try String(contentsOfFile: file, encoding: .utf8)
        #expect(!first.unicodeScalars.contains("\u{1b}"))
        let again = try await shell.json("problem", "import", file)
        #expect(again["unchanged"] == 2 && again["created"] == 0 && again["updated"] == 0)
        #expect(try await shell("problem", "export") == first)
        let edited = first.replacing("It hangs\n", with: "It hangs at night\n")
        #expect(try await shell.json("problem", "import", "-", "--dry-run", input: edited)["updated"] == 1)
        #expect(try await shell("problem", "export") == first)
        #expect(try await shell.json("problem", "import", "-", input: edited)["entries"][0]["changes"][0] == "title")
        #expect(try await shell("problem", "export") == edited)
        try await shell.database.pool.withConnection { db in
            _ = try db.query(
                "TRUNCATE pgswarm.problem, pgswarm.solution, pgswarm.solution_opinion, pgswarm.problem_hit")
            _ = try db.query("ALTER SEQUENCE pgswarm.problem_id RESTART")
        }
        try await shell("problem", "import", "-", input: edited)
        #expect(try await shell("problem", "export") == edited)
    }

    @Test(arguments: [
        ["solve", "1", "--solution", "x"], ["solve", "x"], ["find", " "], ["report", ""], ["list", "--status", "bad"],
        ["list", "--limit", "-1"], ["flag", "1", "ugly"], ["wait", "nonsense", "1"], ["import", "/nowhere/x.md"],
        ["solve", "1", "--lease", "-5s"], ["close", "1", "--reopen", "--duplicate-of", "2"],
    ])
    func `Bad input is told as such, with the next step`(arguments: [String]) async throws {
        let shell = try await Shell()
        let result = try await shell.run(["problem"] + arguments + ["--json"])
        #expect(result.exitCode == 64, "\(result)")
        #expect(try Value(text: result.error)["error"]["hint"] != .null, "\(result)")
    }

    @Test func `Nothing that is printed steers a terminal`() async throws {
        let shell = try await Shell()
        let text = "the \u{1b}[31mred\u{7} \u{202e}error"
        try await shell("problem", "report", text, "--environment", text, "--title", "t \u{202e}x")
        try await shell("problem", "solve", "1", "--solution", text, "--evidence", text)
        for arguments in [["list"], ["show", "1"], ["find", text], ["export"]] {
            let output = try await shell.run(["problem"] + arguments).output
            let steers = output.unicodeScalars.contains { $0 == "\u{1b}" || $0 == "\u{7}" || $0 == "\u{202e}" }
            #expect(!steers, "\(arguments)")
        }
    }
}
