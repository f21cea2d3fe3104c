import ArgumentParser
import PgSwarm

/// The option of every command: for whom the output is meant.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON: one object, or one a line for lists.")
    var json = false
}

/// The options of every command that talks to a database.
struct CommonOptions: ParsableArguments {
    @OptionGroup
    var output: OutputOptions

    @Option(
        help: ArgumentHelp(
            "The database. Default: PGSWARM_DATABASE_URL, libpq's environment (PGHOST, …), "
                + "the server of 'pgswarm up'.",
            valueName: "url"
        ))
    var database: String?

    @Option(help: ArgumentHelp("Who is calling. Default: PGSWARM_AGENT, user@host.", valueName: "name"))
    var agent: String?

    @Option(
        help: ArgumentHelp(
            "The file (mode 0600) with the agent's credential. Default: PGSWARM_CREDENTIAL_FILE, "
                + "~/.config/pgswarm/credentials/<agent>.",
            valueName: "path"
        ))
    var credentialFile: String?

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(
            "What the caller is for: worker, coordinator, reviewer, human. Refuses what is not its to do. "
                + "Default: PGSWARM_ROLE, the credential's.",
            valueName: "role"
        ))
    var role: AgentRole?

    /// True when programs read the output.
    var json: Bool { output.json }
}
