import ArgumentParser
import TestSupport
import Testing

@testable import PgSwarmCommand

/// Wrong calls and requests for help; none of them needs a database.
@Suite(.children, .timeLimit(.minutes(5))) struct UsageTests {
    private func run(_ arguments: String...) async throws -> ChildResult {
        try await Executable.pgswarm.run(arguments, environment: ["HOME": "/nonexistent"])
    }

    @Test(arguments: [
        (["fly"], "fly"), (["claim"], "queue"), (["claim", "q", "--colour"], "--colour"),
        (["claim", "q", "--lease", "-5m"], "'-5m'"), (["claim", "q", "--lease", "soon"], "'soon'"),
        (["claim", "q", "--lease", "0s"], "'0s'"), (["claim", "q", "--count", "0"], "'0'"),
        (["claim", "q", "--count", "-3"], "-3"), (["claim", "q", "--wait", "-1s"], "'-1s'"),
        (["enqueue", "q", "{}", "--at", "tomorrow"], "'tomorrow'"),
        (["enqueue", "q", "--after", "x"], "'x'"),
        (["enqueue", "q", "--delay", "-1s"], "'-1s'"), (["enqueue", "q", "{}", "--file", "x"], "--file"),
        (["enqueue", "q", "--file", "x", "--key", "k"], "--key"), (["enqueue", "q", "--text"], "--text"),
        (["enqueue", "q", "--at", "2026-01-01T00:00:00Z", "--delay", "1s"], "--delay"),
        (["work", "q"], "--"), (["work", "--", "true"], "queue"), (["run"], "--"),
        (["work", "q", "--concurrency", "0", "--", "true"], "'0'"),
        (["progress", "h", "--percent", "101"], "101"), (["show", "x"], "'x'"),
        (["tasks", "--state", "asleep"], "'asleep'"), (["tasks", "--limit", "0"], "'0'"),
        (["fail", "h", "--dead", "--retry-in", "5s"], "--dead"), (["completions", "tcsh"], "'tcsh'"),
        (["migrate", "sideways"], "sideways"), (["events", "--since", "-5m"], "'-5m'"),
        (["nosuch", "--json-lines"], "'nosuch'"), (["help", "nosuch"], "'nosuch'"),
        (["doctor", "--help"], "'doctor'"), (["help", "queues", "nosuch"], "'queues nosuch'"),
        (["enqueue", "q", "--max-attempts", "-1"], "'-1'"), (["enqueue", "q", "--after", "-1"], "'-1'"),
        (["show", "-1"], "'-1'"), (["enqueue", "q", "-5"], "'-5'"),
        (["enqueue", "q", "--bogus", "-5"], "--bogus"), (["enqueue", "--priority", "-2"], "<queue>"),
        (["events", "--limit", "0"], "'0'"),
        (["tasks", "--before", "-1"], "'-1'"),
    ])
    func `A wrong call is refused with exit code 64 and names what is wrong`(
        arguments: [String], named: String
    ) async throws {
        let result = try await Executable.pgswarm.run(arguments, environment: ["HOME": "/nonexistent"])
        #expect(result.exitCode == 64, "\(result)")
        #expect(result.output.isEmpty)
        let lines = result.error.split(separator: "\n")
        #expect(lines.count == 2 && lines[0].hasPrefix("error: ") && lines[1].hasPrefix("  "), "\(result)")
        #expect(lines.first?.contains(named) == true, "\(result)")
    }

    @Test func `A complaint is one line, and names the command before its options`() async throws {
        let state = try await run("tasks", "--state", "bogus")
        #expect(!state.error.contains("\\n") && state.error.contains("one of: "), "\(state)")
        let unknown = try await run("nosuch", "--json")
        #expect(try Value(text: unknown.error)["error"]["message"] == "there is no command 'nosuch'")
        let dash = try await run("enqueue", "q", "-5")
        #expect(dash.error.contains("-- -5"), "\(dash)")
        for help in [try await run("help"), try await run("help", "queues", "set")] {
            #expect(help.exitCode == 0 && help.output.contains("USAGE: pgswarm"), "\(help)")
        }
    }

    @Test func `Help names defaults and limits`() async throws {
        let help = try await run("work", "--help").output
        let work = help.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(work.contains("Default: 30s") && work.contains("Default: 1s"), "\(work)")
        #expect(work.contains("else the last line that is JSON"))
        for command in ["enqueue", "complete"] {
            #expect(try await run(command, "--help").output.contains("1 MiB"))
        }
    }

    @Test func `With json a wrong call is one line of JSON`() async throws {
        let result = try await run("claim", "q", "--json", "--lease", "-5m")
        #expect(result.exitCode == 64)
        let error = try Value(text: result.error)["error"]
        #expect(error.keys == ["code", "message", "hint"])
        #expect(error["code"] == "usage")
        #expect(error["message"].string?.contains("-5m") == true)
        #expect(error["hint"] == "See 'pgswarm claim --help'.")
    }

    @Test func `What follows two dashes does not ask for JSON`() async throws {
        let result = try await run("work", "--", "tool", "--json")
        #expect(result.error.hasPrefix("error: "))
    }

    @Test func `Every command has an abstract that fits a line and an example`() async throws {
        for command in CommandList.groups.flatMap({ $0.subcommands })
        where command.configuration.shouldDisplay {
            let name = command._commandName
            #expect(command.configuration.abstract.count <= 54, "\(name)")
            let help = try await run(name, "--help")
            #expect(help.exitCode == 0 && help.error.isEmpty, "\(help)")
            #expect(help.output.contains("EXAMPLE"), "\(name)")
            #expect(help.output.contains("pgswarm \(name)"), "\(name)")
            for subcommand in command.configuration.subcommands {
                let help = try await run(name, subcommand._commandName, "--help")
                #expect(help.output.contains("EXAMPLE"), "\(name) \(subcommand._commandName)")
            }
        }
    }

    @Test func `Every command of the contract is there`() async throws {
        let names = Set(CommandList.groups.flatMap { $0.subcommands }.map { $0._commandName })
        let contract = [
            "up", "down", "migrate", "enqueue", "claim", "renew", "progress", "complete", "fail", "release",
            "work", "run",
            "coordinate", "tasks", "show", "why", "cancel", "retry", "queues", "pause", "resume", "agents",
            "events", "status",
        ]
        #expect(names.isSuperset(of: contract))
    }

    @Test func `Help and version go to standard output`() async throws {
        let help = try await run()
        #expect(help.exitCode == 0 && help.output.contains("USAGE: pgswarm"), "\(help)")
        let version = try await run("--version")
        #expect(version.exitCode == 0 && version.output == Version.current + "\n")
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `A completion script is printed for each shell`(shell: String) async throws {
        let result = try await run("completions", shell)
        #expect(result.exitCode == 0 && result.output.contains("enqueue"), "\(result.error)")
    }

    @Test func `A database that nobody named is exit code 6 and says how to get one`() async throws {
        let result = try await run("tasks")
        #expect(result.exitCode == 6, "\(result)")
        #expect(result.error.contains("pgswarm up"))
    }

    @Test func `A server that is down is exit code 6`() async throws {
        let result = try await run("tasks", "--database", "postgresql://nobody@/x?host=/nonexistent")
        #expect(result.exitCode == 6, "\(result)")
        #expect(result.error.hasPrefix("error: "))
        #expect(result.error.split(separator: "\n").count == 2)
    }

    @Test func `A database URL that is none never shows its password`() async throws {
        let result = try await run("tasks", "--database", "postgresql://me:secret@host:x/db")
        #expect(result.exitCode == 64, "\(result)")
        #expect(!result.error.contains("secret"))
    }
}
