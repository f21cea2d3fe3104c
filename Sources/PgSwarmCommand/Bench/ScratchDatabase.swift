import PgSwarm
import Postgres

/// A database for the duration of a benchmark, on the server that the user named.
struct ScratchDatabase: Sendable {
    let name: String
    /// How to reach it.
    let options: ConnectionOptions
    /// How to reach the database that the user named, from where this one is made and dropped.
    private let home: ConnectionOptions

    private init(name: String, options: ConnectionOptions, home: ConnectionOptions) {
        self.name = name
        self.options = options
        self.home = home
    }

    /// Names a database that is not there yet.
    static func planned(at home: ConnectionOptions) -> ScratchDatabase {
        let name = "pgswarm_bench_" + String(UInt32.random(in: .min ... .max), radix: 36)
        var options = home
        options.parameters["dbname"] = name
        return ScratchDatabase(name: name, options: options, home: home)
    }

    /// Makes the database and its schema; agents may introduce themselves there.
    func create() async throws {
        try await Connection.visit(home) { db in
            do {
                try db.execute(BenchSQL.createDatabase(name))
            } catch PostgresError.server(let reason) where reason.sqlState == .insufficientPrivilege {
                throw CommandFailure(
                    "not_allowed", "this user may not create a database to measure in",
                    hint: "Name one who may, or use --here to measure in the connected database.")
            }
        }
        try await Connection.visit(options) { db in _ = try db.migrate(openRegistration: true) }
    }

    /// Drops the database, whoever is still connected.
    func drop() async throws {
        _ = try await Connection.visit(home) { db in try db.execute(BenchSQL.dropDatabase(name)) }
    }
}
