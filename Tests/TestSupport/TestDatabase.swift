import FoundationEssentials
public import Postgres

/// A database of one test, which nobody else uses.
///
/// A test gets one with the trait `.database` (migrated) or `.emptyDatabase`, and asks for it with
/// ``current``. It is dropped when the test has ended.
public struct TestDatabase: Sendable {
    /// The name of the database.
    public let name: String
    /// How to reach it as superuser; also good for a child process.
    public let url: String
    /// The same for a ``Connection``.
    public let options: ConnectionOptions
    /// Up to four connections to it.
    public let pool: ConnectionPool
    /// A folder of the test's own, empty at first.
    public let folder: String

    /// The database of the running test; throws when the test lacks the trait.
    public static var current: TestDatabase {
        get throws {
            guard let scoped else { throw MissingTrait(name: ".database") }
            return scoped
        }
    }

    @TaskLocal static var scoped: TestDatabase?

    init(name: String, server: TestServer, folder: String) throws {
        self.name = name
        self.folder = folder
        url = DatabaseURL(server.url).naming(name)
        options = try ConnectionOptions(url: url)
        pool = ConnectionPool(options, configuration: .init(maximum: 4))
    }

    /// A new connection; whoever asks for it should close it.
    public func connect() async throws -> Connection {
        try await Connection.connect(options, deadline: .now + .seconds(30))
    }

    /// What a child process needs in its environment to work on this database and to leave the user's own
    /// files alone.
    public var environment: [String: String] {
        ["PGSWARM_DATABASE_URL": url, "HOME": folder, "XDG_STATE_HOME": folder + "/state"]
    }
}

/// A test asked for something that only a trait provides.
struct MissingTrait: Error, CustomStringConvertible {
    let name: String

    var description: String { "the test asks for what the trait \(name) gives, but does not have it" }
}
