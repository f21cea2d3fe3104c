import ArgumentParser
import PgSwarm

/// `pgswarm artifact list`, or without `list`.
struct ArtifactList: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List artifacts, newest first.",
        discussion: """
            EXAMPLE
              pgswarm artifact list --task 12 --all --json
            """
    )

    @Option(help: ArgumentHelp("Only those of this task.", valueName: "id"))
    var task: TaskID?

    @Option(help: ArgumentHelp("Only those of this plan; swarm for those of none.", valueName: "name"))
    var plan: String?

    @Option(help: ArgumentHelp("Only those of this kind.", valueName: "kind"))
    var kind: String?

    @Option(help: ArgumentHelp("Only those of this name.", valueName: "name"))
    var name: String?

    @Flag(help: "All versions, not only the newest of each name.")
    var all = false

    @Flag(help: "Only what was accepted, or given without a task.")
    var accepted = false

    @Option(help: ArgumentHelp("Only numbers below this: the last of the page before.", valueName: "id"))
    var before: Int64?

    @Option(help: ArgumentHelp("How many at most.", valueName: "n"))
    var limit = 50

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit is 1 to 10000") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let filter = ArtifactFilter(
            task: task, plan: plan, kind: kind, name: name, allVersions: all, acceptedOnly: accepted, before: before)
        let found = try await context.connect().artifacts(filter, limit: limit)
        if context.json {
            for artifact in found { context.console.json(.object(artifact.members)) }
        } else if found.isEmpty {
            context.console.line("no artifacts; put one with: pgswarm artifact put KIND FILE")
        } else {
            context.console.lines(table(found).render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }

    private func table(_ found: [ArtifactInfo]) -> Table {
        var table = Table([
            .right("ID"), .right("TASK"), .left("KIND"), .left("STATE"), .right("VERSION"), .right("SIZE"),
            .left("BY"), .flexible("NAME"),
        ])
        for artifact in found {
            table.add([
                Table.Cell("\(artifact.id)", .heading), Table.Cell(artifact.task?.description),
                Table.Cell(artifact.kind), Table.Cell(artifact.state, artifact.tone),
                Table.Cell("\(artifact.version)"), Table.Cell("\(artifact.size)"), Table.Cell(artifact.producer),
                Table.Cell(artifact.name ?? artifact.reference ?? "sha256 \(artifact.sha256.prefix(12))"),
            ])
        }
        return table
    }
}
