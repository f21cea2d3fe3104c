import Postgres

/// The migrated database that the tests' databases are copies of: copying takes a fraction of the time.
enum TemplateDatabase {
    /// Its name on `server`, after it has been made there.
    static func name(on server: TestServer) async throws -> String {
        try await making(server).value
    }

    // Every test waits for the one that makes it, so it belongs to none of them.
    private static let shared = Making()

    private static func making(_ server: TestServer) async -> Task<String, any Error> {
        await shared.task(server)
    }

    private actor Making {
        private var task: Task<String, any Error>?

        func task(_ server: TestServer) -> Task<String, any Error> {
            if let task { return task }
            let task = Task { try await make(on: server) }
            self.task = task
            return task
        }
    }

    private static func make(on server: TestServer) async throws -> String {
        // Named by its contents: on a server that outlives the run, the next run finds or replaces it.
        let name = "pgswarm_test_\(schemaFingerprint())"
        let draft = name + "_draft"
        let lock = try await Connection.connect(
            ConnectionOptions(url: DatabaseURL(server.url).naming("postgres")), deadline: .now + .seconds(30))
        defer { Task { await lock.close() } }
        try await lock.script("SELECT pg_advisory_lock(7236911)")
        let found = try await lock.query("SELECT 1 FROM pg_database WHERE datname = \(name)")
        guard found.isEmpty else { return name }
        try await lock.script("DROP DATABASE IF EXISTS \(draft) WITH (FORCE)")
        try await lock.script("CREATE DATABASE \(draft) TEMPLATE template1")
        let connection = try await Connection.connect(
            ConnectionOptions(url: DatabaseURL(server.url).naming(draft)), deadline: .now + .seconds(30))
        try await prepare(connection)
        await connection.close()
        // The name appears only when the contents are complete.
        try await lock.script("ALTER DATABASE \(draft) RENAME TO \(name)")
        return name
    }

    private static func prepare(_ connection: isolated Connection) throws {
        try migrateTemplate(connection)
        try DatabaseClock.install(connection)
    }
}
