import ArgumentParser
import FoundationEssentials
import PgSwarm
import Postgres

/// `pgswarm problem list`, or without `list`.
struct ProblemList: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List problems, those met last first.",
        discussion: """
            EXAMPLE
              pgswarm problem list --status open --json
            """
    )

    @Option(
        help: ArgumentHelp(
            "open, solving, solved or closed; may be repeated. Default: all but closed.", valueName: "status"))
    var status: [String] = []

    @Option(help: ArgumentHelp("How many at most.", valueName: "n"))
    var limit = 50

    @OptionGroup(title: "Common") var options: CommonOptions

    func validate() throws {
        let known = ["open", "solving", "solved", "closed"]
        if let wrong = status.first(where: { !known.contains($0) }) {
            throw ValidationError(
                "'\(wrong.printable)' is no status of a problem; there are \(known.joined(separator: ", "))")
        }
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit is 1 to 100000") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let problems = try await context.connect().problems(status.isEmpty ? nil : status, limit: limit)
        if context.json {
            for problem in problems { context.console.json(problem.json) }
        } else if problems.isEmpty {
            context.console.line("no problems; report one with: pgswarm problem report TEXT")
        } else {
            context.console.lines(table(problems).render(width: context.console.width, style: context.console.style))
        }
        return .ok
    }

    private func table(_ problems: [ProblemInfo]) -> Table {
        let now = Date()
        var table = Table([
            .right("ID"), .left("STATUS"), .right("MET"), .left("LAST"), .right("WAITING"), .left("SOLVER"),
            .flexible("TITLE"),
        ])
        for problem in problems {
            table.add([
                Table.Cell("\(problem.id)", .heading), Table.Cell(problem.status, problem.tone),
                .count(problem.occurrences), Table.Cell(Elapsed.relative(problem.seenAt, to: now)),
                .count(Int64(problem.waiting), .warning), Table.Cell(problem.solver), Table.Cell(problem.title),
            ])
        }
        return table
    }
}

/// `pgswarm problem show`: one entry with its solutions.
struct ProblemShow: SwarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a problem with all its solutions.",
        discussion: """
            EXAMPLE
              pgswarm problem show 12
            """
    )

    @Argument(help: "The number of the problem, or of one of its solutions.")
    var id: Int64

    @OptionGroup(title: "Common") var options: CommonOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let connection = try await context.connect()
        let problem = try await connection.problem(id)
        let solutions = try await connection.solutions(of: problem.id)
        if context.json {
            context.console.json(problem.json(with: solutions))
        } else {
            context.console.lines(fields(problem, solutions).render(style: context.console.style))
        }
        return .ok
    }

    private func fields(_ problem: ProblemInfo, _ solutions: [SolutionInfo]) -> Fields {
        let now = Date()
        var fields = Fields()
        fields.add("problem \(problem.id)", problem.title, .heading)
        let ended = problem.resolution.map { " as \($0)\(problem.duplicateOf.map { " of \($0)" } ?? "")" } ?? ""
        fields.add("status", problem.status + ended, problem.tone)
        if let solver = problem.solver, let since = problem.solverSince, let until = problem.solverUntil {
            fields.add(
                "solver", "\(solver), \(Elapsed.relative(since, to: now)), until \(Timestamp.format(until))", .warning)
        }
        fields.add("waiting", problem.waiting > 0 ? problem.waiting.counted("task") : nil)
        fields.add("met", "\(problem.occurrences.counted("time")), last \(Elapsed.relative(problem.seenAt, to: now))")
        fields.add("reporter", problem.reporter)
        fields.add("scope", problem.scope)
        fields.add("kind", problem.kind)
        fields.add("tags", problem.tags.isEmpty ? nil : problem.tags.joined(separator: ", "))
        fields.add("environment", problem.environment)
        fields.add("symptom", problem.symptom)
        for solution in solutions {
            let by =
                solution.confirmedBy.isEmpty ? "" : ", confirmed by \(solution.confirmedBy.joined(separator: ", "))"
            let next = solution.supersededBy.map { " by \($0)" } ?? ""
            let status = solution.isStale ? "stale" : solution.status
            fields.add("solution \(solution.id)", solution.text, solution.status == "flagged" ? .bad : .good)
            fields.add("", "\(status)\(next), from \(solution.author ?? "somebody")\(by)")
            fields.add("evidence", solution.evidence)
        }
        return fields
    }
}

extension ProblemInfo {
    /// The tone of its status.
    var tone: Style.Tone? {
        switch status {
        case "open": .bad
        case "solving": .warning
        case "solved": .good
        default: .quiet
        }
    }

    /// The entry as `problem list --json` shows it.
    var json: JSON { .object(members) }

    /// The entry as `problem show --json` shows it.
    func json(with solutions: [SolutionInfo]) -> JSON {
        .object(members + [("solution_list", .array(solutions.map(\.json)))])
    }

    private var members: [(String, JSON)] {
        [
            ("id", .string("\(id)")), ("status", .string(status)), ("resolution", JSON(resolution)),
            ("duplicate_of", JSON(duplicateOf.map { "\($0)" })), ("scope", .string(scope)), ("kind", .string(kind)),
            ("title", .string(title)), ("occurrences", JSON(occurrences)), ("seen_at", JSON(seenAt)),
            ("created_at", JSON(createdAt)), ("reporter", JSON(reporter)), ("symptom", .string(symptom)),
            ("signature", .string(signature)), ("environment", JSON(environment)), ("tags", JSON(tags)),
            ("solver", JSON(solver)), ("solver_since", JSON(solverSince)), ("solver_until", JSON(solverUntil)),
            ("waiting", JSON(waiting)), ("solutions", JSON(solutions)),
        ]
    }
}

extension SolutionInfo {
    /// The solution as `problem show --json` shows it.
    var json: JSON {
        [
            "id": .string("\(id)"), "status": .string(status), "stale": .bool(isStale),
            "superseded_by": JSON(supersededBy.map { "\($0)" }), "solution": .string(text),
            "evidence": .string(evidence),
            "author": JSON(author), "created_at": JSON(createdAt), "confirmed_by": JSON(confirmedBy),
            "flags": flags.map { .raw($0.text) } ?? [],
        ]
    }
}
