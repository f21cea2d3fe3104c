import EmbeddedPostgres
import FoundationEssentials

/// A location in a temporary folder that is gone, its server included, when the body has ended.
func withTemporaryLocation<T>(
    name: String = "pgswarm-\(UUID().uuidString.prefix(8))",
    _ body: (ServerLocation) async throws -> T
) async throws -> T {
    let location = ServerLocation(directory: "/tmp/" + name)
    do {
        let result = try await body(location)
        try await cleanUp(location)
        return result
    } catch {
        try? await cleanUp(location)
        throw error
    }
}

private func cleanUp(_ location: ServerLocation) async throws {
    try await EmbeddedServer.running(at: location)?.stop(mode: .immediate)
    try FileManager.default.removeItem(atPath: location.directory)
}

extension EmbeddedServer {
    /// Starts a server for a test: quick to make and bound to the life of the test process.
    static func startForTest(_ location: ServerLocation) async throws -> EmbeddedServer {
        try await start(
            location, settings: ["fsync": "off", "shared_buffers": "16MB", "max_connections": "20"],
            lifetime: .boundToProcess(removingFiles: true))
    }
}
