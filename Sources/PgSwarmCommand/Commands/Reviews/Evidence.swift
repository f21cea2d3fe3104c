import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm evidence`: what speaks for results.
struct EvidenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence",
        abstract: "Put down and list what speaks for results.",
        discussion: """
            Tiers: 0 a statement, 1 the agent's own report, 2 captured by the runtime that holds the task (pgswarm work \
            --check), 3 run again by a reviewer, 4 a person. Evidence older than the last change of the work opens nothing.

            EXAMPLES
              pgswarm evidence add --handle $PGSWARM_HANDLE --kind tests --body '{"passed":12}' --exit-status 0
              pgswarm evidence list 42
            """,
        subcommands: [EvidenceAdd.self, EvidenceList.self]
    )
}

/// `pgswarm evidence add`: puts evidence down.
struct EvidenceAdd: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Put down what speaks for a result.",
        discussion: """
            With a handle as the holder of the task, or of a review of it; with --task as a person, for a task in review.

            EXAMPLES
              pgswarm evidence add --handle $HANDLE --tier 3 --kind tests --exit-status 0
              pgswarm evidence add --task 42 --kind seen --body '"tried it on the device"'
            """
    )

    @Option(help: ArgumentHelp("The handle of the task, or of the review.", valueName: "handle"))
    var handle: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("A task in review: evidence of tier 4.", valueName: "id"))
    var task: TaskID?

    @Option(parsing: .unconditional, help: ArgumentHelp("0 to 3. Default: 1.", valueName: "number"))
    var tier: Int?

    @Option(help: ArgumentHelp("What it is, in a word.", valueName: "word"))
    var kind = "check"

    @Option(help: ArgumentHelp("What was run and what came out, '-' for standard input.", valueName: "json"))
    var body: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Of what was run; anything but 0 speaks against it.", valueName: "number"))
    var exitStatus: Int?

    @Option(help: ArgumentHelp("The hash of the artifact that it is about.", valueName: "hash"))
    var artifact: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard (handle == nil) != (task == nil) else { throw ValidationError("give --handle, or --task as a person") }
        guard task == nil || tier == nil || tier == 4 else {
            throw ValidationError("--task is evidence of tier 4: leave --tier out")
        }
        guard (0...4).contains(tier ?? 1) else { throw ValidationError("'\(tier ?? 1)' is no tier, from 0 to 4") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let body = try body.map { try JSONInput.read($0, as: "body") }
        let handle = try handle.map { try Handle($0) }
        let connection = try await context.connect()
        let id: Int64
        if let task {
            let caller = try await context.caller(on: connection)
            id = try await connection.putEvidence(
                task, kind: kind, body: body, agent: caller.agent, session: caller.session)
        } else if let handle, let tier = EvidenceDraft.Tier(rawValue: tier ?? 1) {
            let draft = EvidenceDraft(tier, kind: kind, body: body, exitStatus: exitStatus, artifact: artifact)
            id = try await connection.putEvidence(handle, draft, session: try Caller.surroundingSession())
        } else {
            throw CommandFailure.usage("there is nothing that it is about", hint: "Give --handle or --task.")
        }
        if context.json {
            context.console.json(["id": .string("\(id)")])
        } else {
            context.console.line("evidence \(id)")
        }
        return .ok
    }
}

/// `pgswarm evidence list`: what speaks for a task's results.
struct EvidenceList: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what speaks for a task's results.",
        discussion: """
            EXAMPLE
              pgswarm evidence list 42
            """
    )

    @Argument(help: "The task.")
    var task: TaskID

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let evidence = try await context.connect().evidence(of: task)
        if context.json {
            for one in evidence { context.console.json(one.json) }
        } else if evidence.isEmpty {
            context.console.line("there is no evidence for task \(task)")
        } else {
            var table = Table([
                .right("ID"), .right("TIER"), .left("KIND"), .right("EXIT"), .left("FRESH"), .flexible("BY"),
                .flexible("BODY"),
            ])
            for one in evidence {
                table.add([
                    Table.Cell("\(one.id)", .heading), Table.Cell("\(one.tier)"), Table.Cell(one.kind),
                    Table.Cell(one.exitStatus.map(String.init), one.exitStatus ?? 0 == 0 ? nil : .warning),
                    Table.Cell(one.isFresh ? "yes" : "no", one.isFresh ? nil : .quiet), Table.Cell(one.agent),
                    Table.Cell(one.body?.text),
                ])
            }
            context.console.lines(table.render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }
}

extension EvidenceInfo {
    /// The evidence as `evidence list --json` shows it.
    fileprivate var json: JSON {
        [
            "id": .string("\(id)"), "task_id": .string("\(taskID)"), "tier": JSON(tier), "kind": .string(kind),
            "body": JSON(body), "exit_status": JSON(exitStatus), "artifact": JSON(artifact), "agent": .string(agent),
            "fresh": .bool(isFresh), "at": JSON(at),
        ]
    }
}
