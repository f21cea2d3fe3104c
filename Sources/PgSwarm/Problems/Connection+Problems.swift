public import FoundationEssentials
public import Postgres

extension Connection {
    /// Entries that fit a text, best first: the same fingerprint, then what shares rare words with it and looks like it.
    ///
    /// - Throws: `invalid_argument`.
    public func findProblems(
        _ text: String, scope: String? = nil, kind: String? = nil, tags: [String] = [], count: Int = 5
    ) throws(SwarmError) -> [FoundProblem] {
        let sql = ProblemsSQL.find(text, scope: scope, kind: kind, tags: tags.isEmpty ? nil : tags, count: count)
        return try rows(sql) { row throws(PostgresError) in try FoundProblem(row) }
    }

    /// The entries met last.
    ///
    /// - Parameter statuses: Only these; `nil`: all but closed ones.
    public func problems(_ statuses: [String]? = nil, limit: Int = 50) throws(SwarmError) -> [ProblemInfo] {
        try rows(ProblemsSQL.list(statuses, limit: limit)) { row throws(PostgresError) in try ProblemInfo(row) }
    }

    /// One entry, by its own number or that of one of its solutions.
    ///
    /// - Throws: `not_found`.
    public func problem(_ id: Int64) throws(SwarmError) -> ProblemInfo {
        let found = try rows(ProblemsSQL.show(id)) { row throws(PostgresError) in try ProblemInfo(row) }
        guard let problem = found.first else {
            throw SwarmError(
                .notFound, "there is no problem \(id)", hint: "List them with 'pgswarm problem list'.")
        }
        return problem
    }

    /// All solutions of a problem, also those that were refuted or replaced.
    public func solutions(of problem: Int64) throws(SwarmError) -> [SolutionInfo] {
        try rows(ProblemsSQL.solutions(of: problem)) { row throws(PostgresError) in try SolutionInfo(row) }
    }

    /// Enters a problem, or counts one more occurrence of the entry with its fingerprint.
    ///
    /// - Throws: `too_large`, `invalid_argument`, `lost_claim`.
    public func report(
        _ draft: ProblemDraft, requestID: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> ProblemReceipt {
        try row(ProblemsSQL.report(draft, requestID: requestID, agent: agent, session: session)) {
            row throws(PostgresError) in try ProblemReceipt(row)
        }
    }

    /// Takes the lease of the solver, or renews the caller's own.
    ///
    /// - Throws: `held` with who is solving it, `wrong_state`, `not_found`.
    public func beginSolving(
        _ problem: Int64, lease: Duration = .seconds(1800), agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> SolverLease {
        try row(ProblemsSQL.begin(problem, lease: lease, agent: agent, session: session)) {
            row throws(PostgresError) in try SolverLease(row)
        }
    }

    /// Gives the lease of the solver up; what waited comes back.
    ///
    /// Ring the answered queues after the commit.
    ///
    /// - Throws: `lost_claim`.
    public func abandonProblem(solver: String, note: String? = nil) throws(SwarmError) -> ProblemChange {
        try row(ProblemsSQL.abandon(solver, note: note)) { row throws(PostgresError) in try ProblemChange(row) }
    }

    /// Adds a solution; everything that waits for the problem becomes ready with it.
    ///
    /// Ring the answered queues after the commit.
    ///
    /// - Parameter evidence: How the author knows that it helps.
    /// - Parameter solver: The handle of ``SolverLease``; not needed by the session that has the lease, nor when nobody has.
    /// - Throws: `held`, `lost_claim`, `wrong_state`, `too_large`, `not_found`.
    public func solveProblem(
        _ problem: Int64, _ solution: String, evidence: String, solver: String? = nil, requestID: String? = nil,
        agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> ProblemChange {
        let sql = ProblemsSQL.solve(
            problem, solution, evidence: evidence, solver: solver, requestID: requestID, agent: agent, session: session)
        return try row(sql) { row throws(PostgresError) in try ProblemChange(row) }
    }

    /// Replaces a solution by a better one.
    ///
    /// - Throws: as ``solveProblem(_:_:evidence:solver:requestID:agent:session:)``.
    public func supersedeSolution(
        _ old: Int64, _ solution: String, evidence: String, solver: String? = nil, requestID: String? = nil,
        agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> ProblemChange {
        let sql = ProblemsSQL.supersede(
            old, solution, evidence: evidence, solver: solver, requestID: requestID, agent: agent, session: session)
        return try row(sql) { row throws(PostgresError) in try ProblemChange(row) }
    }

    /// Closes a problem as `wontfix` or as the `duplicate` of another, or takes that back (`open`).
    ///
    /// - Throws: `invalid_argument`, `held`, `not_found`.
    public func closeProblem(
        _ problem: Int64, _ resolution: String, duplicateOf: Int64? = nil, note: String? = nil, agent: AgentName? = nil,
        session: UUID? = nil
    ) throws(SwarmError) -> ProblemChange {
        let sql = ProblemsSQL.close(
            problem, resolution, duplicateOf: duplicateOf, note: note, agent: agent, session: session)
        return try row(sql) { row throws(PostgresError) in try ProblemChange(row) }
    }

    /// Says that a solution helped; its author can't.
    ///
    /// - Parameter solution: Its number, or that of a problem, for the best one.
    /// - Throws: `not_allowed`, `wrong_state`, `not_found`.
    public func confirmSolution(
        _ solution: Int64, note: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> SolutionOpinion {
        try row(ProblemsSQL.confirm(solution, note: note, agent: agent, session: session)) {
            row throws(PostgresError) in try SolutionOpinion(row)
        }
    }

    /// Says that a solution is `stale`, `wrong` or a `duplicate`.
    ///
    /// - Throws: `invalid_argument`, `not_found`.
    public func flagSolution(
        _ solution: Int64, _ reason: String, note: String? = nil, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> SolutionOpinion {
        try row(ProblemsSQL.flag(solution, reason, note: note, agent: agent, session: session)) {
            row throws(PostgresError) in try SolutionOpinion(row)
        }
    }

    /// Ends a hold at no cost until a problem is solved.
    ///
    /// - Parameter length: After which the task comes back in any case; `nil`: the swarm's setting, an hour.
    /// - Throws: `lost_claim`, `not_found`.
    public func park(
        _ handle: Handle, onProblem problem: Int64, for length: Duration? = nil, note: String? = nil
    ) throws(SwarmError) -> ParkedTask {
        try row(ProblemsSQL.park(handle, problem, for: length, note: note)) {
            row throws(PostgresError) in try ParkedTask(row)
        }
    }

    /// The whole log, in the order of its numbers.
    public func exportProblems() throws(SwarmError) -> [ProblemEntry] {
        let texts = try rows(ProblemsSQL.export) { row throws(PostgresError) in try row[0, as: JSONText.self] }
        return try texts.map { text throws(SwarmError) in try ProblemEntry(text) }
    }

    /// Takes entries in, each by its fingerprint; nothing is taken away that they do not name.
    ///
    /// - Parameter dryRun: Only tells what would happen.
    public func importProblems(
        _ entries: [ProblemEntry], dryRun: Bool = false, agent: AgentName? = nil, session: UUID? = nil
    ) throws(SwarmError) -> [ImportedProblem] {
        let texts = try entries.map { entry throws(SwarmError) in try entry.json }
        return try rows(ProblemsSQL.import(texts, dryRun: dryRun, agent: agent, session: session)) {
            row throws(PostgresError) in try ImportedProblem(row)
        }
    }
}
