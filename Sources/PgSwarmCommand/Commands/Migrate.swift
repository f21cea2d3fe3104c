import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm migrate`: brings the schema of a database up to date.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Create or update the schema of a database.",
        discussion: """
            EXAMPLES
              pgswarm migrate --database postgresql://owner@db.example/swarm
              pgswarm migrate status
              pgswarm migrate print > pgswarm.sql
            """,
        subcommands: [Up.self, Status.self, Print.self],
        defaultSubcommand: Up.self
    )

    /// `pgswarm migrate up`, or without `up`.
    struct Up: SwarmCommand {
        static let configuration = CommandConfiguration(
            abstract: "Apply what is missing.",
            discussion: """
                Registration stays as it is, which is closed in a new database: agents are registered by name \
                before they may claim.

                EXAMPLE
                  pgswarm migrate up --open-registration
                """
        )

        @Flag(help: "Let agents introduce themselves by name, without having been registered.")
        var openRegistration = false

        @OptionGroup(title: "Common") var options: CommonOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            let openRegistration = openRegistration
            let connection = try await context.connect(limit: .seconds(3600), anySchema: true)
            let applied = try await connection.migrate(openRegistration: openRegistration)
            if context.json {
                let isOpen = await connection.hasOpenRegistration()
                context.console.json(["applied": JSON(applied), "open_registration": JSON(isOpen)])
            } else if applied.isEmpty {
                context.console.line("the schema is up to date")
            } else {
                for name in applied { context.console.line("applied \(name.printable)") }
            }
            return .ok
        }
    }

    /// `pgswarm migrate status`.
    struct Status: SwarmCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare the database with this program.",
            discussion: """
                Exit code 0 when the schema is that of this program, 4 when it is not: files are pending, or \
                'migrate up' would refuse because the schema is newer or an applied file was changed. With --json \
                "refusal" tells them apart.

                EXAMPLE
                  pgswarm migrate status
                """
        )

        @OptionGroup(title: "Common") var options: CommonOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            let report = try await context.connect(anySchema: true).migrationReport()
            MigrationOutput(context).show(report)
            return report.isCurrent ? .ok : .refused
        }
    }

    /// `pgswarm migrate print`.
    struct Print: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the SQL, for those who apply it themselves.",
            discussion: """
                EXAMPLE
                  pgswarm migrate print | psql -v ON_ERROR_STOP=1 swarm
                """
        )

        func run() async throws {
            let console = Console.standard()
            console.line(Migrator().script())
            console.flush()
        }
    }
}
