import EmbeddedPostgres
import FoundationEssentials
public import Postgres

/// The PostgreSQL server that the tests of this process use.
///
/// It is the one that `PGSWARM_TEST_DATABASE_URL` names (as a superuser), or else a private one that is
/// started at the first question and ends, with its files, when this process ends, however it ends.
public struct TestServer: Sendable {
    /// How to reach it as superuser.
    public let url: String
    /// The server's log; nil when the server is not a private one.
    public let logFile: String?
    /// The process id of the postmaster; nil when the server is not a private one.
    public let processID: Int32?
    /// A folder of this process, which the watchdog of a private server removes when the process has ended.
    let folder: String
    /// Connections to the maintenance database, for statements such as CREATE DATABASE.
    public let administration: ConnectionPool

    /// The server of this process.
    public static func shared() async throws -> TestServer { try await starting.value }

    // Not a child of the test that happens to ask first: all tests wait for this one start.
    private static let starting = Task { try await start() }

    private static func start() async throws -> TestServer {
        let folder = "/tmp/pgswarm-test-\(ProcessInfo.processInfo.processIdentifier)"
        if let url = ProcessInfo.processInfo.environment["PGSWARM_TEST_DATABASE_URL"], !url.isEmpty {
            return try TestServer(url: url, logFile: nil, processID: nil, folder: folder)
        }
        let server = try await EmbeddedServer.start(
            ServerLocation(directory: folder), settings: settings,
            lifetime: .boundToProcess(removingFiles: true))
        return try TestServer(
            url: server.databaseURL, logFile: server.logFile, processID: server.processID, folder: folder)
    }

    private init(url: String, logFile: String?, processID: Int32?, folder: String) throws {
        self.url = url
        self.logFile = logFile
        self.processID = processID
        self.folder = folder
        let options = try ConnectionOptions(url: DatabaseURL(url).naming("postgres"))
        // Hundreds of tests may ask for their databases at once.
        administration = ConnectionPool(
            options, configuration: .init(maximum: 4, acquireTimeout: .seconds(300)))
    }

    /// Nothing that a test writes has to survive a power cut.
    private static let settings = [
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "shared_buffers": "128MB",
        "max_connections": "400",
        "wal_level": "minimal",
        "max_wal_senders": "0",
    ]
}
