import EmbeddedPostgres
import Postgres

/// Where the database is: the first of the places a user can name it in.
enum DatabaseAddress {
    /// Variables that say where the server is.
    ///
    /// `PGPASSWORD` or `PGAPPNAME` alone do not.
    private static let variables = ["PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE"]

    /// The options to connect with.
    static func resolve(_ option: String?) throws -> ConnectionOptions {
        var options = try parse(option)
        if options.parameters["application_name"] == nil, Environment.value("PGAPPNAME") == nil {
            options.parameters["application_name"] = "pgswarm"
        }
        return options
    }

    /// The URL that a user named, or that of the embedded server; `nil` when libpq's environment says it.
    static func url(_ option: String?) throws -> String? {
        if let url = option ?? Environment.value("PGSWARM_DATABASE_URL") { return url }
        if variables.contains(where: { Environment.value($0) != nil }) { return nil }
        if let server = EmbeddedServer.running() { return server.databaseURL }
        throw CommandFailure(
            "unreachable", "no database is named and no embedded server is running",
            hint: "Run 'pgswarm up', or name a database with --database or PGSWARM_DATABASE_URL.")
    }

    private static func parse(_ option: String?) throws -> ConnectionOptions {
        guard let url = try url(option) else { return ConnectionOptions() }
        do {
            return try ConnectionOptions(url: url)
        } catch {
            // The URL itself stays out of the message: it may hold a password.
            let place = option == nil ? "PGSWARM_DATABASE_URL" : "--database"
            throw CommandFailure.usage(
                "\(place) is not a database URL: \(error)",
                hint: "Write postgresql://user@host:5432/database; a password belongs in ~/.pgpass.")
        }
    }
}
