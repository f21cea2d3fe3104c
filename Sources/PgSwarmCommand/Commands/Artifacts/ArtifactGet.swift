import ArgumentParser
import FoundationEssentials
import PgSwarm

/// `pgswarm artifact get`: reads a content, which is recorded.
struct ArtifactGet: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Read an artifact, which is recorded.",
        discussion: """
            Writes the content as it is into --output or a pipe; on a terminal control characters are shown, not obeyed. A \
            reference is printed and not followed. Under a hold (--handle, or inside 'pgswarm work') the reading is that \
            of the task: when the artifact turns out to be wrong, the task is looked at again.

            EXAMPLES
              pgswarm artifact get 7
              pgswarm artifact get --task 12 report.md --output report.md
              pgswarm artifact get --plan site style.css --accepted
            """
    )

    @Argument(help: "The number of the artifact, or its name in the task or plan.")
    var artifact: String

    @Option(help: ArgumentHelp("The task that made it.", valueName: "id"))
    var task: TaskID?

    @Option(help: ArgumentHelp("The plan in which it is named. Default: that of the held task.", valueName: "name"))
    var plan: String?

    @Flag(help: "A name: for artifacts that are named like a number.")
    var named = false

    @Option(
        name: .customLong("of-version"),
        help: ArgumentHelp("This version of the name. Default: the newest.", valueName: "n"))
    var version: Int?

    @Flag(help: "Only what was accepted, or given without a task.")
    var accepted = false

    @Option(parsing: .unconditional, help: ArgumentHelp("Begin at this byte.", valueName: "n"))
    var firstByte = 0

    @Option(help: ArgumentHelp("Read so many bytes at most.", valueName: "n"))
    var maxBytes: Int?

    @Option(help: ArgumentHelp("Write the content into this file.", valueName: "file"))
    var output: String?

    @OptionGroup var holder: HolderOptions

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard task == nil || plan == nil else { throw ValidationError("give --task or --plan, not both") }
        guard firstByte >= 0, maxBytes ?? 1 > 0 else {
            throw ValidationError("--first-byte is 0 or more, --max-bytes 1 or more")
        }
    }

    private var key: ArtifactKey {
        if let task { return .task(task, artifact, version: version) }
        if plan == nil, !named, version == nil, let id = Int64(artifact) { return .id(id) }
        return .plan(plan, artifact, version: version)
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let handle = try holder.value()
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let found = try await connection.artifact(
            key, acceptedOnly: accepted, firstByte: firstByte, maxBytes: maxBytes, handle: handle,
            agent: caller.agent, session: caller.session)
        if let output, let bytes = found.bytes {
            try write(bytes, to: output)
        }
        if context.json {
            context.console.json(json(found))
        } else if let output, found.bytes != nil {
            context.console.line(
                "\(output.printable): artifact \(found.info.id), \(found.info.state), \(found.info.size.counted("byte"))"
            )
        } else {
            show(found, in: context)
        }
        return .ok
    }

    private func show(_ found: Artifact, in context: CommandContext) {
        guard let bytes = found.bytes else {
            context.console.line(found.info.reference?.printable ?? "")
            return
        }
        guard context.console.width != nil else {
            context.console.bytes(bytes)
            return
        }
        guard let text = found.text else {
            context.console.line("\(bytes.count.counted("byte")) that are no text; write them with --output FILE")
            return
        }
        context.console.lines(
            text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable })
    }

    private func json(_ found: Artifact) -> JSON {
        var members = found.info.members
        if output == nil, let bytes = found.bytes {
            if let text = found.text, !bytes.contains(0) {
                members.append(("body", .string(text)))
            } else {
                members.append(("body_base64", .string(Data(bytes).base64EncodedString())))
            }
        }
        if let output { members.append(("output", .string(output))) }
        return .object(members)
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        do {
            try Data(bytes).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw CommandFailure(
                "failed", "'\(path.printable)' can't be written: \(error)",
                hint: "Check that its folder exists and is yours.")
        }
    }
}
