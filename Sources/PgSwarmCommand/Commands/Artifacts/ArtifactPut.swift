import ArgumentParser
import PgSwarm
import SystemPackage

/// `pgswarm artifact put`: keeps a file, or a reference.
struct ArtifactPut: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Keep a file, or a reference, for good.",
        discussion: """
            The same put under one hold has no second effect; other content under the same name is the next version. A \
            file is named like itself unless --name says otherwise. What is too large is stored elsewhere and put as a \
            reference: git:<whole commit hash>:<path>, file:<path>, or an address with https, s3, gs or oci.

            EXAMPLES
              pgswarm artifact put report build/report.md
              make 2>&1 | pgswarm artifact put log - --name make.log
              pgswarm artifact put code --reference git:$commit:src/main.c --sha256 $hash --size 1834
            """
    )

    @Argument(help: "code, document, data, report, log, diff or another word.")
    var kind: String

    @Argument(help: "The file, or - for standard input.")
    var file: String?

    @Option(help: ArgumentHelp("By which it is found. Default: the file's own name.", valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp("What it is, as type/subtype. Default: by the file's name and content.", valueName: "type"))
    var mediaType: String?

    @Option(help: ArgumentHelp("Where the content is, instead of a file.", valueName: "reference"))
    var reference: String?

    @Option(name: .customLong("sha256"), help: ArgumentHelp("The hash that the content has.", valueName: "hex"))
    var sha256: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("How many bytes a reference leads to.", valueName: "n"))
    var size: Int64?

    @Option(help: ArgumentHelp("The contract version that it is made to.", valueName: "name@version"))
    var contract: String?

    @Option(
        help: ArgumentHelp("The plan that it is for. Default: that of the task, or the swarm's.", valueName: "name"))
    var plan: String?

    @OptionGroup var holder: HolderOptions

    @Option(help: ArgumentHelp("A repetition with the same id has no second effect.", valueName: "id"))
    var requestID: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard (file == nil) != (reference == nil) else {
            throw ValidationError("give a file (or - for standard input) or --reference")
        }
        guard reference == nil || (sha256 != nil && size != nil) else {
            throw ValidationError("a --reference needs --sha256 and --size of what it leads to")
        }
        guard reference != nil || size == nil else { throw ValidationError("--size goes with --reference") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        var draft: ArtifactDraft
        if let reference, let sha256, let size {
            draft = ArtifactDraft(kind, .reference(reference, sha256: sha256, size: size))
        } else {
            let path = file ?? "-"
            let bytes = try BytesInput.read(file: path)
            draft = ArtifactDraft(
                kind, .bytes(bytes), name: path == "-" ? nil : FilePath(path).lastComponent?.string,
                mediaType: MediaType.guess(path, bytes), sha256: sha256)
        }
        draft.name = name ?? draft.name
        draft.mediaType = mediaType ?? draft.mediaType
        draft.contract = contract
        draft.plan = plan
        draft.handle = try holder.value()
        let connection = try await context.connect()
        let caller = try await context.caller(on: connection)
        let receipt = try await connection.put(
            draft, requestID: requestID, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json([
                "id": .string("\(receipt.id)"), "created": .bool(receipt.isNew), "name": JSON(draft.name),
                "version": JSON(receipt.version), "sha256": .string(receipt.sha256), "size": JSON(receipt.size),
            ])
        } else {
            let called = draft.name.map { ": \($0.printable), version \(receipt.version)" } ?? ""
            context.console.line(
                "artifact \(receipt.id)\(receipt.isNew ? "" : " (put before)")\(called), \(receipt.size.counted("byte"))"
            )
            context.console.line("sha256 \(receipt.sha256)")
        }
        return .ok
    }
}

/// What a file probably is.
enum MediaType {
    private static let known = [
        "md": "text/markdown", "txt": "text/plain", "log": "text/plain", "json": "application/json",
        "html": "text/html", "css": "text/css", "csv": "text/csv", "diff": "text/x-diff", "patch": "text/x-diff",
    ]

    /// By the name of the file, if the content can be that.
    static func guess(_ path: String, _ bytes: [UInt8]) -> String {
        guard !bytes.contains(0), String(validating: bytes, as: UTF8.self) != nil else {
            return "application/octet-stream"
        }
        return FilePath(path).extension.flatMap { known[$0.lowercased()] } ?? "text/plain"
    }
}
