import FoundationEssentials
import TestSupport
import Testing

@testable import EmbeddedPostgres

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What a crash leaves behind.
@Suite(.timeLimit(.minutes(5))) struct RecoveryTests {
    @Test func `A killed server is started again at once and has what was committed`() async throws {
        try await withTemporaryLocation { location in
            let first = try await EmbeddedServer.startForTest(location)
            _ = try await first.answer("CREATE TABLE kept AS SELECT 'committed' AS word")
            #expect(kill(first.processID, SIGKILL) == 0)
            // Its children are still alive now and hold the shared memory.
            let second = try await EmbeddedServer.startForTest(location)
            #expect(!second.wasRunning)
            #expect(second.processID != first.processID)
            #expect(try await second.answer("SELECT word FROM kept") == "committed")
        }
    }

    @Test(.children) func `A process id that now belongs to another program is not taken for the server`()
        async throws
    {
        try await withTemporaryLocation { location in
            let first = try await EmbeddedServer.startForTest(location)
            let folder = try #require(try await first.answer("SHOW unix_socket_directories"))
            let files = [first.dataDirectory + "/postmaster.pid", folder + "/.s.PGSQL.5432.lock"]
            let old = try files.map { try String(contentsOfFile: $0, encoding: .utf8) }
            try await first.stop()
            // As after a crash and a reboot: the files are there, and the process id is somebody else's.
            let stranger = try await startStranger(owning: first.dataDirectory)
            for (file, text) in zip(files, old) {
                let rest = text.drop { $0 != "\n" }
                try "\(stranger.processID)\(rest)".write(toFile: file, atomically: false, encoding: .utf8)
            }
            #expect(EmbeddedServer.running(at: location) == nil)
            let second = try await EmbeddedServer.startForTest(location)
            #expect(!second.wasRunning)
            #expect(second.processID != stranger.processID)
            try await second.stop()
            #expect(kill(stranger.processID, 0) == 0, "the stranger must not have been touched")
        }
    }

    @Test func `A server that is still starting is waited for`() async throws {
        try await withTemporaryLocation { location in
            let first = try await EmbeddedServer.startForTest(location)
            let file = first.dataDirectory + "/postmaster.pid"
            let ready = try String(contentsOfFile: file, encoding: .utf8)
            let starting = ready.replacing("ready   ", with: "starting")
            try #require(starting != ready)
            try starting.write(toFile: file, atomically: false, encoding: .utf8)
            #expect(EmbeddedServer.running(at: location) == nil)
            async let second = EmbeddedServer.startForTest(location)
            try await eventually("the second start is under way") {
                do throws(EmbeddedError) {
                    try await LocationLock.acquire(location, timeout: .zero).release()
                    return false
                } catch {
                    return true
                }
            }
            try ready.write(toFile: file, atomically: false, encoding: .utf8)
            #expect(try await second.processID == first.processID)
            let log = try String(contentsOfFile: first.logFile, encoding: .utf8)
            #expect(!log.contains("already exists"), "no second postmaster was tried beside the first")
        }
    }

    @Test func `A half-made data folder is made anew`() async throws {
        try await withTemporaryLocation { location in
            let first = try await EmbeddedServer.startForTest(location)
            try await first.stop()
            try FileManager.default.moveItem(
                atPath: first.dataDirectory, toPath: first.dataDirectory + ".new")
            let second = try await EmbeddedServer.startForTest(location)
            #expect(try await second.answer("SELECT 'fine'") == "fine")
        }
    }

    @Test func `Data of another major version is refused by name`() async throws {
        try await withTemporaryLocation { location in
            let server = try await EmbeddedServer.startForTest(location)
            try await server.stop()
            let file = server.dataDirectory + "/PG_VERSION"
            try "9\n".write(toFile: file, atomically: false, encoding: .utf8)
            let error = await #expect(throws: EmbeddedError.self) {
                try await EmbeddedServer.startForTest(location)
            }
            #expect(error?.description.contains("belongs to PostgreSQL 9") == true)
            #expect(error?.hint?.contains("install PostgreSQL 9") == true)
        }
    }

    /// A process of the user who owns the data: only such a one can be mistaken for a server.
    private func startStranger(owning path: String) async throws -> ChildProcess {
        let owner = try rights(of: path).owner
        guard owner != geteuid() else {
            return try await ChildProcess.start(Executable(path: "/bin/sleep"), ["120"])
        }
        let user = ["--reuid=\(owner)", "--clear-groups", "sleep", "120"]
        let child = try await ChildProcess.start(Executable(path: "/usr/bin/setpriv"), user)
        return child
    }
}
