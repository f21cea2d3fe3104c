import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm note log`: the decisions, or one more of them.
struct NoteLog: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Log a decision, or list them.",
        discussion: """
            Decisions are kept for good. One that supersedes another takes its place in what claims show. Without a text \
            those that stand are listed, newest first.

            EXAMPLES
              pgswarm note log 'the API speaks JSON' --why 'all clients do' --path 'api/**'
              pgswarm note log 'the API speaks CBOR' --supersedes 1
              pgswarm note log
            """
    )

    @Argument(help: "What was decided, or - for standard input. Default: list.")
    var text: String?

    @Option(help: ArgumentHelp("Why.", valueName: "text"))
    var why: String?

    @Option(help: ArgumentHelp("The task that it is about.", valueName: "id"))
    var task: TaskID?

    @Option(help: ArgumentHelp("A path or glob that it is about; may be repeated.", valueName: "glob"))
    var path: [String] = []

    @Option(help: ArgumentHelp("The decision that it replaces.", valueName: "id"))
    var supersedes: Int64?

    @Flag(help: "List also those that were replaced.")
    var all = false

    @Option(help: ArgumentHelp("List so many at most.", valueName: "n"))
    var limit = 50

    @OptionGroup var scratchpad: NoteOptions

    @Option(help: ArgumentHelp("A repetition with the same id has no second effect.", valueName: "id"))
    var requestID: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard text != nil || (why == nil && task == nil && path.isEmpty && supersedes == nil && requestID == nil) else {
            throw ValidationError("say what was decided: pgswarm note log TEXT --why …")
        }
        guard text == nil || !all else { throw ValidationError("--all is for listing, without a text") }
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit is 1 to 10000") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        guard let text else { return try await list(in: context, on: connection) }
        // A decision that replaces another belongs where that one does, unless a plan is named.
        let scope = try scratchpad.scope()
        let caller = try await context.caller(on: connection)
        let draft = DecisionDraft(
            try TextInput.read(text, as: "decision"), why: why, scope: scope, task: task, paths: path,
            supersedes: supersedes)
        let id = try await connection.log(draft, requestID: requestID, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json(["id": .string("\(id)"), "supersedes": JSON(supersedes.map { "\($0)" })])
        } else {
            context.console.line("decision \(id)\(supersedes.map { ", instead of decision \($0)" } ?? "")")
        }
        return .ok
    }

    private func list(in context: CommandContext, on connection: Connection) async throws -> ExitStatus {
        let decisions = try await connection.decisions(plan: scratchpad.plan, all: all, limit: limit)
        if context.json {
            for decision in decisions { context.console.json(decision.json) }
            return .ok
        }
        guard !decisions.isEmpty else {
            context.console.line("no decisions; log one with: pgswarm note log TEXT --why TEXT")
            return .ok
        }
        let now = Date()
        for decision in decisions {
            var fields = Fields()
            let replaced = decision.supersededBy.map { " (replaced by \($0))" } ?? ""
            fields.add("decision \(decision.id)", decision.text + replaced, replaced.isEmpty ? .heading : .quiet)
            fields.add("why", decision.why)
            let about = [decision.plan.map { "plan \($0)" }, decision.task.map { "task \($0)" }].compactMap { $0 }
            let scope = (about + decision.paths).joined(separator: ", ")
            fields.add("about", scope.isEmpty ? nil : scope)
            fields.add(
                "by", "\(decision.author ?? "somebody"), \(Elapsed.relative(decision.decidedAt, to: now))", .quiet)
            context.console.lines(fields.render(style: context.console.style))
        }
        return .ok
    }
}

extension Decision {
    /// The decision as `note log --json` shows it.
    var json: JSON {
        [
            "id": .string("\(id)"), "plan": JSON(plan), "task": JSON(task?.description), "paths": JSON(paths),
            "decision": .string(text), "why": JSON(why), "author": JSON(author), "decided_at": JSON(decidedAt),
            "supersedes": JSON(supersedes.map { "\($0)" }), "superseded_by": JSON(supersededBy.map { "\($0)" }),
        ]
    }
}
