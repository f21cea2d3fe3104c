import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm note set`: sets a note, at the version that was read.
struct NoteSet: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Set a note, if it stands as you read it.",
        discussion: """
            With --expect it is set only at that version (0: only if there is none), else refused (stale_version, code 4) with \
            what stands there. Without it the last one wins.

            EXAMPLES
              pgswarm note set api/port 8080 --expect 0
              pgswarm note set api/host --text localhost
              pgswarm note set api/port --remove --expect 2
            """
    )

    @Argument(help: "The key: letters, digits and . _ : / @ + -")
    var key: String

    @Argument(help: "The value as JSON, or - for standard input.")
    var value: String?

    @Option(help: ArgumentHelp("The value as a plain text.", valueName: "text"))
    var text: String?

    @Flag(help: "Remove the note.")
    var remove = false

    @Option(parsing: .unconditional, help: ArgumentHelp("The version at which it must stand.", valueName: "version"))
    var expect: Int64?

    @OptionGroup var scratchpad: NoteOptions

    @Option(help: ArgumentHelp("A repetition with the same id has no second effect.", valueName: "id"))
    var requestID: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard [value != nil, text != nil, remove].count(where: { $0 }) == 1 else {
            throw ValidationError("give a value, --text or --remove")
        }
        guard expect ?? 0 >= 0 else { throw ValidationError("--expect is a version, or 0 for none") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let json = try value.map { try JSONInput.read($0, as: "value") } ?? text.map { JSONText(JSON.string($0).text) }
        let scope = try scratchpad.scope()
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let version = try await connection.setNote(
            key, json, expect: expect.map { $0 == 0 ? .absent : .version($0) } ?? .any, in: scope,
            requestID: requestID, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json(["key": .string(key), "version": JSON(version)])
        } else {
            context.console.line(remove ? "\(key.printable) is removed" : "\(key.printable) is at version \(version)")
        }
        return .ok
    }
}
