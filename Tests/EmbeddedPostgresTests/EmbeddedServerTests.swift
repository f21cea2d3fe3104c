import EmbeddedPostgres
import FoundationEssentials
import Testing

@Suite(.timeLimit(.minutes(5))) struct EmbeddedServerTests {
    @Test func `A second start finds the first server`() async throws {
        try await withTemporaryLocation { location in
            #expect(EmbeddedServer.running(at: location) == nil)
            let first = try await EmbeddedServer.startForTest(location)
            #expect(!first.wasRunning)
            let second = try await EmbeddedServer.startForTest(location)
            #expect(second.wasRunning)
            #expect(second.processID == first.processID)
            #expect(second.databaseURL == first.databaseURL)
            #expect(try await second.answer("SELECT current_database() || current_user") == "pgswarmpgswarm")
            try await second.stop()
            #expect(EmbeddedServer.running(at: location) == nil)
        }
    }

    @Test func `Ten starts at once make one server`() async throws {
        try await withTemporaryLocation { location in
            let servers = try await withThrowingTaskGroup(of: EmbeddedServer.self) { group in
                for _ in 0..<10 { group.addTask { try await EmbeddedServer.startForTest(location) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(servers.map(\.processID)).count == 1)
            #expect(servers.count { !$0.wasRunning } == 1)
        }
    }

    @Test func `The data survives a stop and a start`() async throws {
        try await withTemporaryLocation { location in
            let first = try await EmbeddedServer.startForTest(location)
            _ = try await first.answer("CREATE TABLE kept AS SELECT 'still here' AS word")
            try await first.stop(mode: .smart)
            let second = try await EmbeddedServer.startForTest(location)
            #expect(!second.wasRunning)
            #expect(second.dataDirectory == first.dataDirectory)
            #expect(try await second.answer("SELECT word FROM kept") == "still here")
        }
    }

    @Test func `Stopping a server that has ended is no error`() async throws {
        try await withTemporaryLocation { location in
            let server = try await EmbeddedServer.startForTest(location)
            try await server.stop(mode: .immediate)
            try await server.stop()
        }
    }

    @Test func `It listens on its socket only, which is closed to other users`() async throws {
        try await withTemporaryLocation { location in
            let server = try await EmbeddedServer.startForTest(location)
            #expect(try await server.answer("SHOW listen_addresses") == "")
            let folder = try #require(try await server.answer("SHOW unix_socket_directories"))
            #expect(try rights(of: folder).mode == 0o700)
        }
    }

    @Test func `Settings of the caller replace the standard ones`() async throws {
        try await withTemporaryLocation { location in
            let server = try await EmbeddedServer.start(
                location, settings: ["fsync": "off", "search_path": "it's, \"here\""],
                lifetime: .boundToProcess(removingFiles: true))
            #expect(try await server.answer("SHOW fsync") == "off")
            #expect(try await server.answer("SHOW search_path") == "it's, \"here\"")
            #expect(try await server.answer("SHOW max_connections") == "200")
        }
    }

    @Test func `A setting that PostgreSQL refuses is named in the error`() async throws {
        try await withTemporaryLocation { location in
            let error = await #expect(throws: EmbeddedError.self) {
                try await EmbeddedServer.start(location, settings: ["fsync": "perhaps"])
            }
            guard case .startFailed(let log, let file) = error else {
                Issue.record("unexpected: \(String(describing: error))")
                return
            }
            #expect(log.contains("fsync"))
            #expect(error?.hint?.contains(file) == true)
        }
    }
}
