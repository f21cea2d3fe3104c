import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// Artifacts, notes and decisions as their users call them.
@Suite(.database, .timeLimit(.minutes(5))) struct ArtifactCommandTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "artifacts-\(UUID().uuidString)")

    private func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appending(path: name)
        try Data(bytes).write(to: path)
        return path.path
    }

    @Test func `A holder puts a file, another reads it, and the list tells how it stands`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        var shell = try await Shell()
        _ = try await shell.enqueue("q")
        let handle = try #require(try await shell.claim("q")["handle"].string)
        let path = try file("report.md", Array("# All is well\n".utf8))
        shell.environment["PGSWARM_HANDLE"] = handle
        let put = try await shell.json("artifact", "put", "report", path)
        #expect(put["id"] == "1" && put["created"] == true && put["name"] == "report.md" && put["version"] == 1)
        #expect(try await shell.json("artifact", "put", "report", path)["created"] == false)
        shell.environment["PGSWARM_HANDLE"] = ""
        #expect(try await shell("artifact", "get", "--task", "1", "report.md", as: "bob") == "# All is well\n")
        let json = try await shell.json("artifact", "get", "1", as: "bob")
        #expect(json["body"] == "# All is well\n" && json["media_type"] == "text/markdown")
        #expect(json["state"] == "unaccepted" && json["producer"] == "tester" && json["task"] == "1")
        #expect(try await shell.list("artifact", "--accepted").isEmpty)
        try await shell("complete", handle)
        #expect(try await shell.list("artifact", "--accepted").count == 1)
        #expect(try await shell("artifact", "list").contains("report.md"))
        #expect(
            try await shell.refusal("artifact", "put", "report", path, "--handle", handle, code: 5)["code"]
                == "lost_claim")
        let readings: Int = try await shell.database.pool.withConnection { db in
            try db.query("SELECT count(*) FROM pgswarm.readings WHERE agent = 'bob'")[0][0, as: Int.self]
        }
        #expect(readings == 1)
    }

    @Test func `Any bytes come back as they went, into a file and through a pipe`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let shell = try await Shell()
        let bytes = (0..<3000).map { UInt8(truncatingIfNeeded: $0 &* 11) }
        let path = try file("image.bin", bytes)
        #expect(try await shell.json("artifact", "put", "data", path)["size"] == 3000)
        let copy = folder.appending(path: "copy.bin")
        try await shell("artifact", "get", "1", "--output", copy.path)
        #expect(try Array(Data(contentsOf: copy)) == bytes)
        #expect(try await shell.json("artifact", "get", "1")["body_base64"].string == Data(bytes).base64EncodedString())
        let text = "\u{1b}[31mred\u{0007}\n"
        _ = try await shell.json("artifact", "put", "log", "-", input: text)
        #expect(try await shell("artifact", "get", "2") == text)
        let part = try await shell("artifact", "get", "2", "--first-byte", "5", "--max-bytes", "3")
        #expect(part == "red")
        let hash = String(repeating: "0a", count: 32)
        let place = "git:\(String(repeating: "b", count: 40)):src/a.c"
        let there = try await shell.json(
            "artifact", "put", "code", "--reference", place, "--sha256", hash, "--size", "12", "--name", "a.c")
        #expect(there["sha256"].string == hash)
        #expect(try await shell("artifact", "get", "a.c") == place + "\n")
        let large = try file("large.bin", [UInt8](repeating: 1, count: 300_000))
        #expect(try await shell.refusal("artifact", "put", "data", large, code: 4)["code"] == "too_large")
        let huge = try file("huge.bin", [UInt8](repeating: 1, count: 1_048_577))
        #expect(try await shell.refusal("artifact", "put", "data", huge, code: 4)["code"] == "too_large")
        #expect(try await shell.refusal("artifact", "get", "99", code: 4)["code"] == "not_found")
    }

    @Test func `Notes are set at the version that was read; decisions are logged and replaced`() async throws {
        let shell = try await Shell()
        #expect(try await shell.run(["note", "get", "api/port"]).exitCode == 3)
        #expect(try await shell.json("note", "set", "api/port", "8080", "--expect", "0")["version"] == 1)
        let stale = try await shell.refusal("note", "set", "api/port", "1", "--expect", "0", code: 4, as: "bob")
        #expect(stale["code"] == "stale_version" && stale["message"].string?.hasSuffix(": 8080") == true)
        #expect(try await shell.json("note", "set", "api/port", "8081", "--expect", "1")["version"] == 2)
        _ = try await shell.json("note", "set", "api/host", "--text", "local \"host\"")
        #expect(try await shell.json("note", "get", "api/host")["value"] == "local \"host\"")
        #expect(try await shell("note", "get", "api/port") == "8081\n")
        #expect(try await shell.list("note", "list", "api/").count == 2)
        #expect(try await shell.list("note", "history", "api/port").count == 2)
        #expect(try await shell("note", "set", "api/host", "--remove").contains("removed"))
        #expect(try await shell.list("note").count == 1)
        #expect(try await shell.json("note", "log", "use tabs", "--why", "habit", "--path", "src/**")["id"] == "1")
        #expect(try await shell.json("note", "log", "use spaces", "--supersedes", "1")["id"] == "2")
        #expect(try await shell.refusal("note", "log", "x", "--supersedes", "1", code: 4)["code"] == "wrong_state")
        #expect(try await shell.list("note", "log").count == 1)
        #expect(try await shell.list("note", "log", "--all").last?["superseded_by"] == "2")
        #expect(try await shell("note", "log", "--all").contains("use tabs (replaced by 2)"))
    }

    @Test(arguments: [
        ["artifact", "put", "data"], ["artifact", "put", "data", "/nowhere/x"], ["artifact", "put", "data", "/"],
        ["artifact", "put", "data", "--reference", "git:x"], ["artifact", "put", "Data", "-"],
        ["artifact", "put", "data", "-", "--name", "../x"], ["artifact", "put", "data", "-", "--sha256", "zz"],
        ["artifact", "put", "data", "-", "--media-type", "text"], ["artifact", "put", "data", "-", "--size", "3"],
        ["artifact", "get", "1", "--task", "1", "--plan", "p"], ["artifact", "get", "../x"],
        ["artifact", "get", "1", "--first-byte", "-1"], ["artifact", "list", "--limit", "0"],
        ["artifact", "list", "--task", "x"], ["note", "set", "k"], ["note", "set", "k", "1", "--remove"],
        ["note", "set", "k", "{"], ["note", "set", "a b", "1"], ["note", "set", "k", "1", "--expect", "-1"],
        ["note", "get", ""], ["note", "log", "--why", "x"], ["note", "log", ""], ["note", "list", "--limit", "0"],
        ["note", "log", "x", "--path", "../a"],
    ])
    func `Bad input is told as such, with the next step`(arguments: [String]) async throws {
        let shell = try await Shell()
        let result = try await shell.run(arguments + ["--json"], input: "x")
        #expect(result.exitCode == 64, "\(result)")
        #expect(try Value(text: result.error)["error"]["hint"] != .null, "\(result)")
    }

    @Test func `Nothing that is listed steers a terminal`() async throws {
        let shell = try await Shell()
        let text = "the \u{1b}[31mred\u{7} \u{202e}word"
        try await shell("note", "set", "k", "--text", text)
        try await shell("note", "log", text, "--why", text)
        for arguments in [["note", "list"], ["note", "get", "k"], ["note", "history", "k"], ["note", "log"]] {
            let output = try await shell.run(arguments).output
            let steers = output.unicodeScalars.contains { $0 == "\u{1b}" || $0 == "\u{7}" || $0 == "\u{202e}" }
            #expect(!steers, "\(arguments)")
        }
    }
}
