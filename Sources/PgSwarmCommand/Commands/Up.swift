import ArgumentParser
import EmbeddedPostgres
import Postgres

/// `pgswarm up`: a private server, migrated and ready.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start the embedded server, or find it running.",
        discussion: """
            The server is yours alone: it listens on a unix socket and keeps its data under $XDG_STATE_HOME/pgswarm \
            (~/.local/state/pgswarm). Other commands find it by themselves.

            EXAMPLE
              pgswarm up
            """
    )

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let console = Console.standard()
        let server = try await EmbeddedServer.start()
        let options = try ConnectionOptions(url: server.databaseURL)
        let deadline = ContinuousClock.now + .seconds(120)
        let connection = try await Connection.connect(options, deadline: deadline)
        // Whoever may connect to this server is its owner, so agents need no registration.
        let migrated = try await connection.migrate(openRegistration: true)
        if output.json {
            console.json([
                "database_url": .string(server.databaseURL),
                "data_directory": .string(server.dataDirectory),
                "log_file": .string(server.logFile),
                "started": .bool(!server.wasRunning),
                "migrated": JSON(migrated),
            ])
        } else {
            console.line(server.wasRunning ? "the embedded server is running" : "started the embedded server")
            var fields = Fields()
            fields.add("database", server.databaseURL)
            fields.add("data", server.dataDirectory)
            fields.add("migrated", migrated.isEmpty ? nil : migrated.count.counted("file"))
            console.lines(fields.render(style: console.style, indent: 2))
            console.line(
                "next: pgswarm enqueue hello '{\"name\":\"world\"}' && pgswarm work hello --until-empty -- cat"
            )
        }
        console.flush()
    }
}
