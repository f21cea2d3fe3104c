import EmbeddedPostgres
import FoundationEssentials
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

@Suite(.timeLimit(.minutes(5))) struct LifetimeTests {
    @Test func `A bound server and its files go when its process is killed`() async throws {
        // The body of an exit test runs in a process of its own; the environment is how it learns the path.
        let path = "/tmp/pgswarm-\(UUID().uuidString.prefix(8))"
        setenv("PGSWARM_TEST_BOUND", path, 1)
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let location = ServerLocation(
                directory: try #require(getenv("PGSWARM_TEST_BOUND").map { String(cString: $0) }))
            let server = try await EmbeddedServer.startForTest(location)
            try #require(EmbeddedServer.running(at: location)?.processID == server.processID)
            kill(getpid(), SIGKILL)
        }
        try await eventually("the watchdog removes \(path)") { access(path, F_OK) != 0 }
    }

    @Test func `An independent server outlives its process`() async throws {
        try await withTemporaryLocation { location in
            setenv("PGSWARM_TEST_INDEPENDENT", location.directory, 1)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                let path = try #require(getenv("PGSWARM_TEST_INDEPENDENT").map { String(cString: $0) })
                _ = try await EmbeddedServer.start(
                    ServerLocation(directory: path), settings: ["fsync": "off"])
                kill(getpid(), SIGKILL)
            }
            let server = try #require(EmbeddedServer.running(at: location))
            #expect(try await server.answer("SELECT 'alive'") == "alive")
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become somebody else"))
    func `An ordinary user has a server too`() async throws {
        await #expect(processExitsWith: .success) {
            let user = try #require(getpwnam("nobody")?.pointee)
            try #require(setgroups(0, nil) == 0 && setgid(user.pw_gid) == 0 && setuid(user.pw_uid) == 0)
            try await withTemporaryLocation { location in
                let server = try await EmbeddedServer.startForTest(location)
                try #require(server.dataDirectory.hasPrefix(location.directory))
                try #require(try await server.answer("SELECT 'served'") == "served")
                try await server.stop()
            }
        }
    }
}
