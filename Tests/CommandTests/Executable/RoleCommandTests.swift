import FoundationEssentials
import TestSupport
import Testing

@testable import PgSwarmCommand

/// What a command refuses by itself, and how agents get their roles.
@Suite("Roles at the command line", .database, .timeLimit(.minutes(5)))
struct RoleCommandTests {
    /// Each executing verb with the arguments it needs.
    private static let executing: [[String]] = [
        ["claim", "q"], ["claim", "--task", "1"], ["work", "q", "--", "true"], ["complete", "1.1.00"],
        ["effect", "intent", "1.1.00", "k"], ["effect", "confirm", "1.1.00", "k"], ["reserve", "take", "a"],
        ["reserve", "extend", "1.1.00"], ["reserve", "free", "1.1.00"], ["breaker", "permit", "b"],
        ["breaker", "report", "b", "failed"], ["problem", "solve", "1"], ["problem", "wait", "1.1.00", "1"],
        ["renew", "1.1.00"], ["progress", "1.1.00"], ["fail", "1.1.00"], ["release", "1.1.00"],
        ["agents", "mint", "child"],
    ]

    @Test("Every executing command is refused before the database is asked")
    func coordinator() async throws {
        var shell = try await Shell()
        // No server is there: what reaches for it fails with another code.
        shell.environment["PGSWARM_DATABASE_URL"] = "postgresql://nobody@/x?host=/nonexistent"
        for arguments in Self.executing {
            let options = arguments.contains("--") ? ["--as", "coordinator"] : []
            var line = arguments
            line.insert(contentsOf: options, at: 1)
            shell.environment["PGSWARM_ROLE"] = options.isEmpty ? "coordinator" : nil
            let result = try await shell.run(line)
            #expect(result.exitCode == 4 && result.error.contains("is a coordinator"), "\(arguments) \(result)")
        }
        shell.environment["PGSWARM_ROLE"] = "coordinator"
        for arguments in [["cancel", "1"], ["pause", "q"], ["enqueue", "q"], ["tasks"], ["problem", "list"]] {
            #expect(try await shell.run(arguments).exitCode == 6, "\(arguments)")
        }
        for arguments in [
            ["cancel", "1"], ["pause", "q"], ["enqueue", "q"], ["claim", "q"], ["complete", "1.1.00"],
            ["queues", "set", "q", "max_running=1"], ["breaker", "open", "b"],
        ] { #expect(try await shell.run(arguments + ["--as", "reviewer"]).exitCode == 4, "\(arguments)") }
        for arguments in [
            ["cancel", "1"], ["pause", "q"], ["coordinate"], ["breaker", "open", "b"], ["agents", "register", "x"],
            ["agents", "retire", "x"], ["agents", "set", "x", "owner=y"],
        ] { #expect(try await shell.run(arguments + ["--as", "worker"]).exitCode == 4, "\(arguments)") }
        shell.environment["PGSWARM_ROLE"] = "king"
        #expect(try await shell.run(["claim", "q"]).exitCode == 64)
    }

    @Test("What the credential says is known without asking, and what the database knows counts")
    func credential() async throws {
        var shell = try await Shell()
        shell.environment["XDG_CONFIG_HOME"] = shell.database.folder + "/config"
        _ = try await shell.enqueue("q")
        #expect(try await shell.json("status")["approvals_separated"] == false)
        #expect(try await shell("status").contains("human approvals not separated"))
        #expect(try await shell.json("agents", "register", "ann", "--role", "human")["role"] == "human")
        #expect(try await shell.json("status")["approvals_separated"] == true)
        let made = try await shell.json(
            "agents", "register", "chief", "--role", "coordinator", "--owner", "ann", "--model", "opus/4", as: "ann")
        #expect(made["role"] == "coordinator")
        try await shell("agents", "register", "judge", "--role", "reviewer", "--capability", "swift", as: "ann")
        try await shell("agents", "register", "builder", as: "ann")
        let refused = try await shell.refusal("claim", "q", code: 4, as: "chief")
        #expect(refused["code"] == "not_allowed")
        // Told that it is a worker, the command asks the database, which knows better.
        for agent in ["chief", "judge"] {
            let result = try await shell.refusal("claim", "q", "--as", "worker", code: 4, as: agent)
            #expect(result["code"] == "not_allowed")
        }
        #expect(try await shell.refusal("agents", "register", "x", code: 4, as: "builder")["code"] == "not_allowed")
        let child = try await shell.json("agents", "mint", "builder/1", "--expires", "1h", as: "builder")
        #expect(child["agent"] == "builder/1")
        #expect(try await shell.claim("q", as: "builder/1")["attempt"] == 1)
        let settings = try await shell.json(
            "agents", "set", "builder", "model=haiku/4.5", "capabilities=a,b", as: "ann")
        #expect(settings["settings"]["capabilities"] == .array(["a", "b"]))
        let agents = try await shell.list("agents")
        let chief = try #require(agents.first { $0["agent"] == "chief" })
        #expect(chief["role"] == "coordinator" && chief["owner"] == "ann" && chief["model"] == "opus/4")
        #expect(agents.first { $0["agent"] == "builder/1" }?["minted_by"] == "builder")
        #expect(try await shell("agents").contains("coordinator"))
        try await shell("agents", "retire", "builder", as: "ann")
        #expect(try await shell.refusal("claim", "q", code: 4, as: "builder/1")["code"] == "unknown_agent")
    }

    @Test("What a coordinator's process starts can not execute either")
    func sidecar() async throws {
        let shell = try await Shell()
        _ = try await shell.enqueue("q")
        let path = try Executable.pgswarm.path
        let script = "'\(path)' claim q; echo $?; unset PGSWARM_ROLE; '\(path)' claim q; echo $?; '\(path)' pause q"
        let result = try await shell.run(["run", "--as", "coordinator", "--", "sh", "-c", script])
        #expect(result.output.split(separator: "\n").prefix(2) == ["4", "4"], "\(result)")
        #expect(try await shell.json("queues")["paused"] == true)
    }
}
