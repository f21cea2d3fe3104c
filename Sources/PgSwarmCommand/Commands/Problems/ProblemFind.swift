import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm problem find`: what is known about an error.
struct ProblemFind: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "Find what is known about an error.",
        discussion: """
            Ends with code 3 when nothing fits.

            EXAMPLE
              make 2>&1 | tail -n 20 | pgswarm problem find -
            """
    )

    @Argument(help: "The error as it was printed, or - for standard input.")
    var text: String

    @Option(help: ArgumentHelp("Only in this scope.", valueName: "name"))
    var scope: String?

    @Option(help: ArgumentHelp("Only of this kind.", valueName: "name"))
    var kind: String?

    @Option(help: ArgumentHelp("Only with this tag; may be repeated.", valueName: "tag"))
    var tag: [String] = []

    @Option(help: ArgumentHelp("How many at most.", valueName: "n"))
    var limit = 5

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let text = try TextInput.read(text, as: "text")
        let found = try await context.connect().findProblems(text, scope: scope, kind: kind, tags: tag, count: limit)
        if context.json {
            for problem in found { context.console.json(problem.json) }
        } else if found.isEmpty {
            context.console.line("nothing like this is known; report it with: pgswarm problem report TEXT")
        }
        if !context.json {
            for problem in found { context.console.lines(try lines(problem, style: context.console.style)) }
        }
        return found.isEmpty ? .nothingToDo : .ok
    }

    private func lines(_ problem: FoundProblem, style: Style) throws -> [String] {
        let now = Date()
        let fit = problem.match == "fingerprint" ? "same error" : "\(Int((problem.score * 100).rounded())) % alike"
        var fields = Fields()
        fields.add("problem \(problem.id)", problem.title, .heading)
        fields.add(
            "status",
            "\(problem.status); \(fit); met \(problem.occurrences.counted("time")), last \(Elapsed.relative(problem.seenAt, to: now))"
        )
        if let solver = problem.solver, let until = problem.solverUntil {
            fields.add("solver", "\(solver), until \(Timestamp.format(until))", .warning)
        }
        for solution in try problem.solutions.decode([KnownSolution].self) {
            let confirmed = solution.confirmations > 0 ? ", by \(solution.confirmations.counted("agent"))" : ""
            fields.add("solution \(solution.id)", "(\(solution.status)\(confirmed)) \(solution.solution)", .good)
        }
        return fields.render(style: style)
    }
}

/// A solution as `find` answers it.
private struct KnownSolution: Decodable {
    var id: String
    var status: String
    var solution: String
    var confirmations: Int
}

extension FoundProblem {
    /// The entry as `problem find --json` shows it.
    var json: JSON {
        [
            "id": .string("\(id)"), "score": JSON(score), "match": .string(match), "status": .string(status),
            "scope": .string(scope), "kind": .string(kind), "title": .string(title), "occurrences": JSON(occurrences),
            "seen_at": JSON(seenAt), "tags": JSON(tags), "solutions": JSON(solutions), "solver": JSON(solver),
            "solver_since": JSON(solverSince), "solver_until": JSON(solverUntil),
        ]
    }
}
