import EmbeddedPostgres
import FoundationEssentials
import Postgres
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The demo's own server: nobody else's work depends on it, so it may be killed.
///
/// It lives in a temporary folder and ends with the demo, however the demo ends.
actor DemoServer {
    /// The folder of the server and of the workers' logs.
    nonisolated let folder: FilePath
    /// Where clients connect to.
    nonisolated let databaseURL: String
    private let isKept: Bool
    private var server: EmbeddedServer

    /// The process id of the postmaster.
    var processID: pid_t { server.processID }

    private init(_ server: EmbeddedServer, in folder: FilePath, isKept: Bool) {
        self.server = server
        self.folder = folder
        self.isKept = isKept
        databaseURL = server.databaseURL
    }

    /// Starts the server with an up-to-date schema.
    static func start(in folder: FilePath, isKept: Bool) async throws -> DemoServer {
        let server = try await EmbeddedServer.start(
            ServerLocation(directory: folder.string),
            lifetime: isKept ? .independent : .boundToProcess(removingFiles: true))
        let connection = try await Connection.connect(
            ConnectionOptions(url: server.databaseURL), deadline: .now + .seconds(30))
        _ = try await connection.migrate(openRegistration: true)
        await connection.close()
        return DemoServer(server, in: folder, isKept: isKept)
    }

    /// Makes the folder; the server's account must be able to enter it.
    static func makeFolder() throws -> FilePath {
        let parent = Environment.value("TMPDIR").flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
        let template = FilePath(parent).appending("pgswarm-demo-XXXXXX").string
        var bytes = Array(template.utf8CString)
        let made = bytes.withUnsafeMutableBufferPointer { text in
            text.baseAddress.flatMap { mkdtemp($0) }.map { FilePath(platformString: $0) }
        }
        guard let made else { throw Errno(rawValue: errno) }
        if geteuid() == 0 { chmod(made.string, 0o711) }
        return made
    }

    /// Kills the server as a crash would, and every process of it.
    func crash() {
        kill(server.processID, SIGKILL)
    }

    /// Starts it again.
    ///
    /// It recovers by itself.
    func restart() async throws {
        // The first start's watchdog watches over this one too.
        server = try await EmbeddedServer.start(
            ServerLocation(directory: folder.string), lifetime: .independent)
    }

    /// Stops the server and removes its folder, unless both are to be kept.
    func end() async {
        guard !isKept else { return }
        let server = server
        // Not structured, because it must happen even if the demo was interrupted.
        await Task { try? await server.stop(mode: .immediate) }.value
        Self.removeFolder(folder)
    }

    /// Removes the folder.
    ///
    /// What can't be removed, the server's watchdog removes a little later.
    static func removeFolder(_ folder: FilePath) {
        try? FileManager.default.removeItem(atPath: folder.string)
    }
}
