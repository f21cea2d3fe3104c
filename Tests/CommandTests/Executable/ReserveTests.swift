import FoundationEssentials
import Postgres
import TestSupport
import Testing

@testable import PgSwarmCommand

@Suite("The command: reserve", .database, .timeLimit(.minutes(5)))
struct ReserveTests {
    @Test("Takes, lists, extends and frees")
    func round() async throws {
        let shell = try await Shell()
        let taken = try await shell.json(
            "reserve", "take", "./src//**", "docs/", "--resource", "port:8080", "--for", "30m")
        #expect(taken["granted"] == true && taken["namespace"] == "default" && taken["mode"] == "exclusive")
        #expect(taken["reserved"].array.map { $0["pattern"].string } == ["src/**", "docs/**", "8080"])
        let seconds = try #require(taken["seconds"].number)
        #expect((1790...1800).contains(seconds))
        let handle = try #require(taken["handle"].string)
        let list = try await shell.list("reserve", "list")
        #expect(list.map { $0["pattern"].string } == ["docs/**", "src/**", "8080"])
        #expect(list.allSatisfy { $0["agent"] == "tester" && $0["reservation"].string.map(handle.hasPrefix) == true })
        #expect(!(try await shell("reserve", "list")).contains(handle))
        #expect(try await shell.json("reserve", "extend", handle, "--for", "1h")["reservations"] == 3)
        let freed = try await shell.json("reserve", "free", handle, "docs/", "--resource", "port:8080")
        #expect(freed["freed"] == 2 && freed["remaining"] == 1)
        #expect(try await shell("reserve", "free", handle) == "freed 1 name\n")
        #expect(try await shell.run(["reserve", "free", handle]).exitCode == 3)
        #expect(try await shell.refusal("reserve", "extend", handle, code: 5)["code"] == "lost_claim")
    }

    @Test("A refusal exits 4 and says who is in the way, to people and programs")
    func conflict() async throws {
        let shell = try await Shell()
        try await shell("reserve", "take", "src/**", "--namespace", "shop", as: "ada")
        let error = try await shell.refusal(
            "reserve", "take", "lib", "src/a", "--namespace", "shop", code: 4, as: "bob")
        #expect(error["code"] == "conflict")
        #expect(error["blockers"].array.count == 1)
        let blocker = error["blockers"][0]
        #expect(blocker["agent"] == "ada" && blocker["pattern"] == "src/**" && blocker["waiting"] == false)
        #expect(blocker["until"].string != nil)
        let result = try await shell.run(
            ["reserve", "take", "src/a", "--namespace", "shop", "--wait", "100ms"], as: "bob")
        #expect(result.exitCode == 4 && result.error.contains("ada has src/**"), "\(result)")
        let warned = try await shell("reserve", "take", "**", "--namespace", "shop", "--mode", "intent", as: "bob")
        #expect(warned.contains("warning: also ada has src/**") && warned.contains("everything"))
    }

    @Test("A waiting taker gets it when it is freed")
    func waiting() async throws {
        let shell = try await Shell()
        let handle = try #require(try await shell.json("reserve", "take", "a", as: "ada")["handle"].string)
        async let waited = shell.json("reserve", "take", "a", "--wait", "60s", as: "bob")
        let database = shell.database
        try await eventually("bob waits") {
            try await database.pool.withConnection { db in
                try db.query("SELECT count(*) FROM pgswarm.reservation_line")[0][0, as: Int.self] == 1
            }
        }
        try await shell("reserve", "free", handle, as: "ada")
        #expect(try await waited["granted"] == true)
    }

    @Test("Inside a task it lives by the task, and the hook refuses files outside it")
    func hook() async throws {
        var shell = try await Shell()
        _ = try await shell.enqueue("q")
        let handle = try #require(try await shell.claim("q")["handle"].string)
        shell.environment["PGSWARM_HANDLE"] = handle
        let folder = FileManager.default.temporaryDirectory.appending(path: "hook-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let command = URL(filePath: try Executable.pgswarm.path).deletingLastPathComponent().path
        var environment = shell.environment
        environment["PATH"] = "\(command):/usr/local/bin:/usr/bin:/bin"
        environment["HOME"] = folder.path
        func sh(_ script: String) async throws -> ChildResult {
            try await Executable(path: "/bin/sh").run(
                ["-c", "cd '\(folder.path)' && \(script)"], environment: environment)
        }
        let taken = try await sh("pgswarm reserve take 'src/**'")
        #expect(taken.output.contains("as long as task") && !taken.output.contains(handle), "\(taken)")
        let setUp = try await sh(
            """
            git init -q . && git config user.email a@b && git config user.name a && pgswarm reserve hook --install \
            && mkdir src && echo 1 > src/a && echo 1 > 'ü "x".md' && git add src/a && git commit -qm one
            """)
        #expect(setUp.exitCode == 0, "\(setUp)")
        let outside = try await sh("git add -A && git commit -qm two")
        #expect(
            outside.exitCode != 0 && (outside.output + outside.error).contains("ü \"x\".md  not reserved"), "\(outside)"
        )
        let base = try await sh("pgswarm reserve check --diff HEAD --json")
        #expect(base.exitCode == 4 && base.output.contains(#""verdict":"outside""#), "\(base)")
        #expect(try await sh("pgswarm reserve take --literal 'ü \"x\".md' && git commit -qm two").exitCode == 0)
        #expect(try await sh("pgswarm reserve hook --install").exitCode == 4)
        #expect(try await sh("pgswarm reserve check --diff nowhere").exitCode == 1)
        #expect(try await shell.run(["complete", handle]).exitCode == 0)
        #expect(try await shell.list("reserve", "list").isEmpty)
    }

    @Test("The example is the hook")
    func example() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Examples/hooks/pre-commit")
        #expect(try String(contentsOf: file, encoding: .utf8) == ReserveHook.script)
    }

    @Test("Wrong input is named, with the next step; hostile text is written out")
    func usage() async throws {
        let shell = try await Shell()
        #expect(try await shell.refusal("reserve", "take", code: 64)["code"] == "usage")
        for arguments in [
            ["a[b"], ["../x"], ["a", "--for", "-5m"], ["a", "--resource", "8080"], ["a", "--mode", "all"],
        ] {
            let result = try await shell.run(["reserve", "take"] + arguments)
            #expect(result.exitCode == 64, "\(result)")
        }
        let stars = try await shell.json("reserve", "take", String(repeating: "*", count: 5000), as: "eve")
        #expect(stars["reserved"][0]["warnings"][0]["message"].string?.contains("everything") == true)
        let deep = try await shell.refusal("reserve", "take", String(repeating: "a/", count: 10_000), code: 4)
        #expect(deep["code"] == "too_large")
        let hostile = try await shell.run(["reserve", "check", "\u{1b}[2J"])
        #expect(hostile.exitCode == 4 && hostile.output.contains(#"\x1b[2J"#), "\(hostile)")
        let namespace = try await shell.json("reserve", "namespace", "shop", "--ignore-case")
        #expect(namespace["case_sensitive"] == false)
        try await shell("reserve", "take", "SRC/a", "--namespace", "shop", as: "ada")
        #expect(try await shell.run(["reserve", "take", "src/A", "--namespace", "shop"]).exitCode == 4)
        #expect(try await shell.refusal("reserve", "extend", "nonsense", code: 64)["code"] == "invalid_handle")
    }
}
