import EmbeddedPostgres
import FoundationEssentials
import Postgres

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A location in a temporary folder that is gone, its server included, when the body has ended.
func withTemporaryLocation<T>(
    _ path: String = "pgswarm-\(UUID().uuidString.prefix(8))",
    _ body: (ServerLocation) async throws -> T
) async throws -> T {
    let location = ServerLocation(directory: "/tmp/" + path)
    let result: Result<T, any Error>
    do { result = .success(try await body(location)) } catch { result = .failure(error) }
    try await EmbeddedServer.running(at: location)?.stop(mode: .immediate)
    let top = path.prefix { $0 != "/" }
    try? FileManager.default.removeItem(atPath: "/tmp/" + top)
    return try result.get()
}

extension EmbeddedServer {
    /// Starts a server for a test: quick to make and bound to the life of the test process.
    static func startForTest(_ location: ServerLocation) async throws -> EmbeddedServer {
        try await start(
            location, settings: ["fsync": "off", "shared_buffers": "16MB", "max_connections": "20"],
            lifetime: .boundToProcess(removingFiles: true))
    }

    /// What the server answers to `sql`: the first column of the first row.
    func answer(_ sql: String) async throws -> String? {
        let connection = try await Connection.connect(
            ConnectionOptions(url: databaseURL), deadline: .now + .seconds(10))
        do {
            let text = try await connection.query(SQL(unsafe: sql)).first?[0, as: String.self]
            await connection.close()
            return text
        } catch {
            await connection.close()
            throw error
        }
    }
}

/// Who owns the file at `path`, and what they may do with it.
func rights(of path: String) throws -> (owner: uid_t, mode: mode_t) {
    var status = stat()
    guard lstat(path, &status) == 0 else {
        throw EmbeddedError.unusableLocation(path: path, reason: "missing")
    }
    return (status.st_uid, status.st_mode & 0o777)
}
