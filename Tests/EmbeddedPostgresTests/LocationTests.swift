import FoundationEssentials
import Testing

@testable import EmbeddedPostgres

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

@Suite(.timeLimit(.minutes(5))) struct LocationTests {
    @Test func `The standard location follows XDG, and the home folder without it`() {
        #expect(
            ServerLocation.standard(environment: ["XDG_STATE_HOME": "/s", "HOME": "/h"]).directory
                == "/s/pgswarm")
        #expect(
            ServerLocation.standard(environment: ["XDG_STATE_HOME": "relative", "HOME": "/h"]).directory
                == "/h/.local/state/pgswarm")
        #expect(ServerLocation.standard(environment: [:]).directory.hasSuffix("/.local/state/pgswarm"))
        #expect(ServerLocation(directory: "/a/./b//../c/").directory == "/a/c")
    }

    @Test func `A path too long for a socket moves the socket, and the server is found again`() async throws {
        let path = "pgswarm-\(UUID().uuidString.prefix(8))/" + String(repeating: "long/", count: 30) + "end"
        try await withTemporaryLocation(path) { location in
            let server = try await EmbeddedServer.startForTest(location)
            let folder = try #require(try await server.answer("SHOW unix_socket_directories"))
            #expect(folder.utf8.count <= ServerFiles.longestSocketFolder)
            #expect(!folder.hasPrefix(location.directory))
            #expect(EmbeddedServer.running(at: location)?.databaseURL == server.databaseURL)
            try await server.stop()
            let again = try await EmbeddedServer.startForTest(location)
            #expect(again.databaseURL == server.databaseURL)
            try await again.stop()
            try FileManager.default.removeItem(atPath: folder)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root has another account run the server"))
    func `Root's private folder is no place for the server, which is found all the same`() async throws {
        let top = "pgswarm-\(UUID().uuidString.prefix(8))"
        #expect(mkdir("/tmp/" + top, 0o700) == 0)
        try await withTemporaryLocation(top + "/state") { location in
            let server = try await EmbeddedServer.startForTest(location)
            #expect(!server.dataDirectory.hasPrefix(location.directory))
            #expect(EmbeddedServer.running(at: location)?.processID == server.processID)
            try await server.stop()
            let again = try await EmbeddedServer.startForTest(location)
            #expect(again.dataDirectory == server.dataDirectory)
            try await again.stop()
            try FileManager.default.removeItem(atPath: FilePaths.parent(of: server.dataDirectory))
        }
    }

    @Test func `A file in the way of the folder is named in the error`() async throws {
        let path = "/tmp/pgswarm-\(UUID().uuidString.prefix(8))"
        try "in the way".write(toFile: path, atomically: false, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        await #expect(throws: EmbeddedError.unusableLocation(path: path, reason: "it is not a folder")) {
            try await EmbeddedServer.start(ServerLocation(directory: path))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a folder to somebody else"))
    func `Somebody else's folder is never used for the socket`() async throws {
        let path = "/tmp/pgswarm-\(UUID().uuidString.prefix(8))"
        #expect(mkdir(path, 0o777) == 0 && chown(path, 4_242, 4_242) == 0)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let account = ServerAccount(userID: 4_243, groupID: 4_243)
        #expect(throws: EmbeddedError.unusableLocation(path: path, reason: "it belongs to another user")) {
            try ServerFiles.makePrivate(path, for: account)
        }
    }

    @Test func `A link in the place of the socket's folder is refused`() throws {
        let path = "/tmp/pgswarm-\(UUID().uuidString.prefix(8))"
        #expect(symlink("/tmp", path) == 0)
        defer { unlink(path) }
        #expect(throws: EmbeddedError.self) { try ServerFiles.makePrivate(path, for: .invoker) }
    }
}
