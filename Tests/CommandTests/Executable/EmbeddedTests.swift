import FoundationEssentials
import TestSupport
import Testing

/// The server that `pgswarm up` starts.
@Suite(.children, .timeLimit(.minutes(5))) struct EmbeddedTests {
    @Test func `Up starts a server that other commands find, and down stops it`() async throws {
        let home = FileManager.default.temporaryDirectory.path + "/up_" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(
            atPath: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        let environment = ["HOME": home, "XDG_STATE_HOME": home + "/state"]
        func run(_ arguments: String...) async throws -> ChildResult {
            try await Executable.pgswarm.run(arguments, environment: environment)
        }
        let result = await Result {
            let first = try await run("up", "--json")
            try #require(first.exitCode == 0, "\(first)")
            let up = try Value(text: first.output)
            #expect(up.keys == ["database_url", "data_directory", "log_file", "started", "migrated"])
            #expect(up["started"] == true && !up["migrated"].array.isEmpty)

            let second = try Value(text: try await run("up", "--json").output)
            #expect(second["started"] == false && second["migrated"] == .array([]))
            #expect(second["database_url"] == up["database_url"])

            #expect(try await run("enqueue", "hello", "1").exitCode == 0)
            let work = try await run("work", "hello", "--until-empty", "--", "cat")
            #expect(work.output.contains("1 completed"), "\(work)")
            let named = try await run(
                "tasks", "--json", "--database", try #require(up["database_url"].string))
            #expect(try Value(text: named.output)["state"] == "done")
        }
        let down = try await run("down", "--json")
        #expect(try Value(text: down.output)["stopped"] == true)
        let again = try await run("down")
        #expect(again.exitCode == 0 && again.output == "no embedded server is running\n")
        #expect(try await run("tasks").exitCode == 6)
        try? FileManager.default.removeItem(atPath: home)
        try result.get()
    }
}

extension Result where Failure == any Error, Success == Void {
    fileprivate init(_ work: () async throws -> Void) async {
        do {
            self = .success(try await work())
        } catch {
            self = .failure(error)
        }
    }
}
