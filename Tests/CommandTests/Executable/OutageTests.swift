import FoundationEssentials
import Postgres
import TestSupport
import Testing

/// A database that goes away for a while, and commands that wait for it.
@Suite(.children, .timeLimit(.minutes(5))) struct OutageTests {
    @Test func `Who follows and who waits outlast a restart of the server`() async throws {
        let home = FileManager.default.temporaryDirectory.path + "/outage_" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(
            atPath: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        defer { try? FileManager.default.removeItem(atPath: home) }
        let environment = ["HOME": home, "XDG_STATE_HOME": home + "/state", "PGSWARM_AGENT": "tester"]
        func run(_ arguments: String...) async throws -> ChildResult {
            try await Executable.pgswarm.run(arguments, environment: environment)
        }
        do {
            let up = try await run("up", "--json")
            try #require(up.exitCode == 0, "\(up)")
            let url = try #require(try Value(text: up.output)["database_url"].string)
            _ = try await run("enqueue", "before")

            let follower = try await ChildProcess.start(
                .pgswarm, ["events", "--follow", "--json", "--database", url], environment: environment)
            _ = try await follower.line(deadline: .seconds(20)) { $0.contains("\"before\"") }
            let waiting = try await ChildProcess.start(
                .pgswarm, ["claim", "after", "--wait", "2m", "--database", url], environment: environment)
            let watcher = try await Connection.connect(
                ConnectionOptions(url: url), deadline: .now + .seconds(20))
            try await eventually("the claim waits") {
                let rows = try await watcher.query(
                    "SELECT FROM pg_stat_activity WHERE query LIKE '%pg_listening_channels%' AND pid <> pg_backend_pid()"
                )
                return !rows.isEmpty
            }
            await watcher.close()

            #expect(try await run("down").exitCode == 0)
            try await eventually("both have noticed") {
                let told = await [follower.error, waiting.error]
                return told.allSatisfy { $0.contains("trying again") }
            }
            #expect(try await run("up").exitCode == 0)
            let enqueued = try await run("enqueue", "after", "7", "--json")
            let id = try #require(try Value(text: enqueued.output)["id"].string, "\(enqueued)")

            let claimed = try await waiting.waitForExit(deadline: .seconds(60))
            #expect(claimed.exitCode == 0 && claimed.output.contains("handle"), "\(claimed)")
            #expect(claimed.error.split(separator: "\n").count == 1, "\(claimed)")
            _ = try await follower.line(deadline: .seconds(60)) {
                $0.contains("\"claimed\"") && $0.contains("\"\(id)\"")
            }
            let warning = try Value(text: await follower.error)["warning"]
            #expect(warning["code"] == "unreachable" || warning["code"] == "outcome_unknown", "\(warning)")
            let events = await follower.output.split(separator: "\n").filter { $0.contains("\"before\"") }
            #expect(events.count == 1, "what was shown is not shown again")
        } catch {
            _ = try await run("down")
            throw error
        }
        _ = try await run("down")
    }
}
