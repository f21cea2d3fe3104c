import FoundationEssentials

extension Swarm {
    /// Entries of the problem log that fit a text, best first.
    public func findProblems(_ text: String, tags: [String] = [], count: Int = 5) async throws(SwarmError)
        -> [FoundProblem]
    {
        try await read("problem_find") { db throws(SwarmError) in
            try db.findProblems(text, tags: tags, count: count)
        }
    }

    /// Enters a problem, or counts one more occurrence of the entry with its fingerprint.
    public func report(_ draft: ProblemDraft) async throws(SwarmError) -> ProblemReceipt {
        let author = try await author()
        let request = UUID().uuidString
        return try await write("problem_report") { db throws(SwarmError) in
            try db.report(draft, requestID: request, agent: author.agent, session: author.session)
        }
    }

    /// Takes the lease of the solver, or renews this swarm's own.
    ///
    /// - Throws: `held` with who is solving it.
    public func beginSolving(
        _ problem: Int64, lease: Duration = .seconds(1800)
    ) async throws(SwarmError) -> SolverLease {
        let author = try await author()
        return try await write("problem_begin") { db throws(SwarmError) in
            try db.beginSolving(problem, lease: lease, agent: author.agent, session: author.session)
        }
    }

    /// Gives the lease of the solver up; what waited comes back.
    @discardableResult
    public func abandonProblem(solver: String, note: String? = nil) async throws(SwarmError) -> ProblemChange {
        let change = try await write("problem_abandon", repeatable: false) { db throws(SwarmError) in
            try db.abandonProblem(solver: solver, note: note)
        }
        ring(change.queues)
        return change
    }

    /// Adds a solution; everything that waits for the problem comes back with it.
    @discardableResult
    public func solveProblem(
        _ problem: Int64, _ solution: String, evidence: String, solver: String? = nil
    ) async throws(SwarmError) -> ProblemChange {
        let author = try await author()
        let request = UUID().uuidString
        let change = try await write("problem_solve") { db throws(SwarmError) in
            try db.solveProblem(
                problem, solution, evidence: evidence, solver: solver, requestID: request, agent: author.agent,
                session: author.session)
        }
        ring(change.queues)
        return change
    }

    /// Says that a solution helped.
    @discardableResult
    public func confirmSolution(_ solution: Int64, note: String? = nil) async throws(SwarmError) -> SolutionOpinion {
        let author = try await author()
        return try await write("problem_confirm") { db throws(SwarmError) in
            try db.confirmSolution(solution, note: note, agent: author.agent, session: author.session)
        }
    }

    /// Says that a solution is `stale`, `wrong` or a `duplicate`.
    @discardableResult
    public func flagSolution(
        _ solution: Int64, _ reason: String, note: String? = nil
    ) async throws(SwarmError) -> SolutionOpinion {
        let author = try await author()
        return try await write("problem_flag") { db throws(SwarmError) in
            try db.flagSolution(solution, reason, note: note, agent: author.agent, session: author.session)
        }
    }

    /// Ends a hold at no cost until a problem is solved.
    public func park(
        _ handle: Handle, onProblem problem: Int64, for length: Duration? = nil
    ) async throws(SwarmError) -> ParkedTask {
        try await write("park_on_problem", repeatable: false) { db throws(SwarmError) in
            try db.park(handle, onProblem: problem, for: length)
        }
    }
}
