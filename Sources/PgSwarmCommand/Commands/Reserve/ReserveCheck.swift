import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm reserve check`: whether files lie inside what was reserved.
struct ReserveCheck: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check that files lie inside what you have reserved; exit 4 when one does not.",
        discussion: """
            With --diff the files are those that git says are changed: what is staged, or with a base the working tree \
            against it. Inside 'pgswarm work', or with --handle, only what that task has reserved counts; else all that \
            the agent has.

            EXAMPLES
              pgswarm reserve check --diff
              pgswarm reserve check --diff main --handle $HANDLE
              pgswarm reserve check src/main.ts README.md
            """
    )

    @Argument(help: "Paths from the root of the namespace; with --diff the base, if any.")
    var paths: [String] = []

    @Flag(help: "Check the files that git says are changed.")
    var diff = false

    @OptionGroup var namespace: NamespaceOptions

    @Option(help: "The task or reservation that must cover them. Default: PGSWARM_HANDLE, else all of the agent's.")
    var handle: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        guard diff || !paths.isEmpty else { throw ValidationError("name a path, or use --diff") }
        guard !diff || paths.count <= 1 else { throw ValidationError("--diff takes one base, such as main") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let paths = diff ? try await ChangedFiles.list(since: paths.first) : paths
        let connection = try await context.connect()
        let handle = handle ?? Environment.value("PGSWARM_HANDLE")
        let caller: Caller? = handle == nil ? try await context.caller(on: connection) : nil
        var checks: [PathCheck] = []
        // In pieces that one call takes.
        for start in stride(from: 0, to: paths.count, by: 5000) {
            checks += try await connection.checkReservations(
                namespace.name, paths: Array(paths[start..<min(start + 5000, paths.count)]), handle: handle,
                agent: caller?.agent, session: caller?.session)
        }
        show(checks, in: context)
        return checks.allSatisfy { $0.verdict == "inside" } ? .ok : .refused
    }

    private func show(_ checks: [PathCheck], in context: CommandContext) {
        if context.json {
            for check in checks {
                context.console.json([
                    "path": .string(check.path), "verdict": .string(check.verdict), "agent": JSON(check.agent),
                    "task_id": JSON(check.taskID?.description), "pattern": JSON(check.pattern),
                    "mode": JSON(check.mode), "until": JSON(check.until),
                ])
            }
            return
        }
        for check in checks where check.verdict != "inside" {
            let holder = check.agent.map { " by \($0)" } ?? ""
            let task = check.taskID.map { " for task \($0)" } ?? ""
            let pattern = check.pattern.map { ": \($0)" } ?? ""
            let reason = check.verdict == "taken" ? "reserved\(holder)\(task)\(pattern)" : "not reserved"
            context.console.line("\(check.path.printable)  \(reason.printable)")
        }
        let inside = checks.count { $0.verdict == "inside" }
        context.console.line("\(inside.grouped) of \(checks.count.counted("file")) reserved by you")
        if inside < checks.count {
            context.console.line(
                "reserve the others first: pgswarm reserve take \(namespace.namespace.map { "--namespace \($0.printable) " } ?? "")PATH…"
            )
        }
    }
}
