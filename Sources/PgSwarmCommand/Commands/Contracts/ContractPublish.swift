import ArgumentParser
import PgSwarm
import Postgres

/// `pgswarm contract publish`: a new version, as a draft.
struct ContractPublish: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish a version of a contract as a draft.",
        discussion: """
            A version is never changed. It is compared with the last agreed one before it: what breaks that needs a new \
            major version. --dry-run shows what agreeing to it would reach.

            EXAMPLES
              pgswarm contract publish report 1.0.0 report.schema.json --examples examples.json
              pgswarm contract publish parser 2.0.0 parser.h --kind signature --check 'cc -fsyntax-only'
            """
    )

    @Argument(help: "The name of the contract.")
    var name: String

    @Argument(help: ArgumentHelp("MAJOR.MINOR.PATCH, for example 1.4.0.", valueName: "version"))
    var version: String

    @Argument(help: ArgumentHelp("Its body, or - for standard input.", valueName: "file"))
    var file: String

    @Option(
        help: ArgumentHelp("json_schema, openapi, sql, signature or text. Default: json_schema.", valueName: "kind"))
    var kind: ContractDraft.Kind = .jsonSchema

    @Option(
        help: ArgumentHelp("A JSON file: {\"valid\": [ … ], \"invalid\": [ … ]}.", valueName: "file"))
    var examples: String?

    @Option(
        help: ArgumentHelp(
            "With the first version: backward, forward, full or none. Default: backward.", valueName: "mode"))
    var compat: ContractDraft.Compatibility?

    @Option(help: ArgumentHelp("How to check what the database can't.", valueName: "command"))
    var check: String?

    @Option(help: ArgumentHelp("What people should know of it.", valueName: "text"))
    var note: String?

    @Flag(help: "Only show what would happen.")
    var dryRun = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let text = try TextInput.read(file: file, as: "contract")
        let body = kind == .jsonSchema ? try JSONInput.read(text, as: "schema") : JSONText(JSON.string(text).text)
        let cases = try examples.map {
            try JSONInput.read(try TextInput.read(file: $0, as: "examples"), as: "examples")
        }
        let draft = ContractDraft(
            ContractVersion(name: name, version: version), body, kind: kind, examples: cases, compatibility: compat,
            check: check, note: note)
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let change = try await connection.publishContract(
            draft, dryRun: dryRun, agent: caller.agent, session: caller.session)
        try ContractOutput(context).show(change, verb: change.isChanged ? "published" : "known", isDryRun: dryRun)
        return .ok
    }
}

/// `pgswarm contract agree`: from now on it counts.
struct ContractAgree: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "agree",
        abstract: "Agree to a version, so that it counts.",
        discussion: """
            Tasks that pin it may begin. If it breaks what was agreed before, tasks that have not started are held, \
            running ones are told, accepted consumers are tainted: look with --dry-run first.

            EXAMPLE
              pgswarm contract agree report@2.0.0 --dry-run
            """
    )

    @Argument(help: ArgumentHelp("The version.", valueName: "name@version"))
    var version: ContractVersion

    @Flag(help: "Only show what would happen.")
    var dryRun = false

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let version = try version.exact()
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let change = try await connection.agreeToContract(
            version, dryRun: dryRun, agent: caller.agent, session: caller.session)
        try ContractOutput(context).show(change, verb: "agreed", isDryRun: dryRun)
        return .ok
    }
}
