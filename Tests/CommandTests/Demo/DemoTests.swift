import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The demo as its audience runs it, only faster.
///
/// One at a time: each starts a server and five workers.
@Suite("The demo", .children, .serialized, .timeLimit(.minutes(5))) struct DemoTests {
    @Test("Survives three accidents on files with the oddest names")
    func accidents() async throws {
        let folder = try Folder()
        let place = try Folder()
        defer {
            folder.remove()
            place.remove()
        }
        for number in 1...20 { try folder.write("file \(number)", String(repeating: "x\n", count: number)) }
        for name in ["new\nline", "-rf", "\u{1b}[31mred", "'\"$(date)", "漢字 \u{202e}", " "] {
            try folder.write(name, "odd\n")
        }
        try folder.write([0x62, 0xff, 0xfe], "no Unicode")
        try folder.write("empty", "")
        try folder.makeFolder(".git")
        try folder.write(".git/object", "left out")
        #expect(mkfifo(folder.path.appending("pipe").string, 0o600) == 0)

        let report = try await play(folder, in: place)
        #expect(report["ok"] == true)
        #expect(report["tasks"] == 28)
        #expect(report["accepted_once"] == 28)
        #expect(report["matching_files"] == 28)
        #expect(report["servers_killed"] == 1)
        #expect(report["workers_frozen"] == 1)
        #expect(report["workers_killed"].number ?? 0 >= 1)
        #expect(report["stale_writes_refused"].number ?? 0 >= 1)
        #expect(report["leases_lost"].number ?? 0 >= 2)
        #expect(report["leases_left"] == 0)
        #expect(report["workers_left"] == 0)
        #expect(report["left_out"].string?.contains("1 link or special file") == true)
        let cues = Set(report["events"].array.compactMap { $0["event"].string })
        #expect(cues == ["step", "kill", "freeze", "thaw", "takeover", "refused", "done"])
    }

    @Test("Brings files of its own to an empty folder")
    func emptyFolder() async throws {
        let folder = try Folder()
        let place = try Folder()
        defer {
            folder.remove()
            place.remove()
        }
        let report = try await play(folder, in: place)
        #expect(report["ok"] == true)
        #expect(report["tasks"] == 48)
        #expect(report["matching_files"] == 48)
        #expect(folder.names.isEmpty)
    }

    @Test("Cleans up when it is interrupted")
    func interruption() async throws {
        let place = try Folder()
        defer { place.remove() }
        let folder = try Folder()
        defer { folder.remove() }
        for number in 1...30 { try folder.write("file \(number)", "x\n") }
        let demo = try await ChildProcess.start(
            .pgswarm, ["demo", folder.path.string, "--fast"], environment: environment(place))
        let line = try await demo.line(deadline: .seconds(60)) { $0.contains("workers started") }
        let workers = line.split { !$0.isNumber }.compactMap { Int32($0) }.suffix(4)
        await demo.interrupt()
        let result = try await demo.waitForExit(deadline: .seconds(30))
        #expect(result.exitCode == 130)
        #expect(result.error == "interrupted; the workers and the server are stopped\n")
        for worker in workers { #expect(kill(worker, 0) != 0) }
        try await eventually("the folder is gone") { place.names.isEmpty }
    }

    @Test(
        "Refuses what it can't play",
        arguments: [["/no/such/folder"], ["--workers", "2"], ["--limit", "0"]])
    func refusals(arguments: [String]) async throws {
        let result = try await Executable.pgswarm.run(["demo"] + arguments)
        #expect(result.exitCode == 64)
        #expect(result.output.isEmpty)
    }

    /// Plays the demo to its good end, after which nothing of it is left in `place`.
    private func play(_ folder: Folder, in place: Folder) async throws -> Value {
        let result = try await Executable.pgswarm.run(
            ["demo", folder.path.string, "--fast", "--json"], environment: environment(place),
            deadline: .seconds(150))
        try #require(result.exitCode == 0, "\(result)")
        #expect(result.error.isEmpty)
        try await eventually("the folder is gone") { place.names.isEmpty }
        return try Value(text: result.output)
    }

    private func environment(_ place: Folder) -> [String: String] {
        ["TMPDIR": place.path.string, "HOME": place.path.string]
    }
}
