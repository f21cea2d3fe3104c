import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm problem solve`: takes the lease of the solver, hands the solution in, or gives up.
struct ProblemSolve: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "solve",
        abstract: "Begin to solve a problem, or hand its solution in.",
        discussion: """
            Without --solution it takes the lease of the solver, or renews your own, and prints a handle; while somebody else \
            has it, it is refused (code 4) with who and until when. With --solution the problem is solved, and every task \
            that waits for it becomes ready.

            EXAMPLES
              pgswarm problem solve 12
              pgswarm problem solve 12 --solution 'start the server first' --evidence 'CI run 7 passes'
              pgswarm problem solve 12 --abandon p12.1.…
            """
    )

    @Argument(help: "The number of the problem.")
    var id: Int64

    @Option(help: ArgumentHelp("What to do, or - for standard input.", valueName: "text"))
    var solution: String?

    @Option(help: ArgumentHelp("How you know that it helps: a command and what it printed.", valueName: "text"))
    var evidence: String?

    @Option(help: ArgumentHelp("The solver's handle, if another session took the lease.", valueName: "handle"))
    var solver: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("How long the lease lasts.", valueName: "duration"),
        transform: DurationArgument.parsePositive)
    var lease: Duration = .seconds(1800)

    @Option(help: ArgumentHelp("Give the lease up.", valueName: "handle"))
    var abandon: String?

    @Option(help: ArgumentHelp("A repetition with the same id has no second effect.", valueName: "id"))
    var requestID: String?

    @OptionGroup(title: "Common") var options: CommonOptions

    /// Everybody may hand in a solution; only who executes takes the solver's lease.
    var duty: Duty? { solution == nil ? .executing : .proposing }

    func validate() throws {
        guard (solution == nil) == (evidence == nil) else {
            throw ValidationError("give --solution and --evidence together: a solution says how its author knows")
        }
        guard solution == nil || abandon == nil else {
            throw ValidationError("give --solution or --abandon, not both")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        if let abandon {
            let change = try await connection.abandonProblem(solver: abandon)
            await change.show("is not being solved any more", in: context, on: connection)
            return .ok
        }
        let caller = try await context.caller(on: connection)
        if let solution, let evidence {
            let change = try await connection.solveProblem(
                id, try TextInput.read(solution, as: "solution"), evidence: evidence, solver: solver,
                requestID: requestID,
                agent: caller.agent, session: caller.session)
            await change.show("is solved", in: context, on: connection)
            return .ok
        }
        let lease = try await connection.beginSolving(
            id, lease: lease, agent: caller.agent, session: caller.session)
        if context.json {
            context.console.json([
                "id": .string("\(lease.problem)"), "handle": .string(lease.handle), "until": JSON(lease.until),
                "title": .string(lease.title), "waiting": JSON(lease.waiting),
            ])
        } else {
            context.console.line("problem \(lease.problem) is yours to solve until \(Timestamp.format(lease.until))")
            context.console.line("handle  \(lease.handle)")
        }
        return .ok
    }
}

extension ProblemChange {
    /// Wakes who sleeps on the queues that got work back, and tells what happened.
    func show(_ what: String, in context: CommandContext, on connection: Connection) async {
        if !queues.isEmpty { _ = try? await connection.ring(queues) }
        if context.json {
            context.console.json([
                "id": .string("\(problem)"), "solution": JSON(solution.map { "\($0)" }), "status": JSON(status),
                "resumed": JSON(resumed), "queues": JSON(queues.map(\.rawValue)),
            ])
            return
        }
        let by = solution.map { " (solution \($0))" } ?? ""
        let back = resumed > 0 ? "; \(resumed.counted("task")) resumed" : ""
        context.console.line("problem \(problem) \(what)\(by)\(back)")
    }
}
