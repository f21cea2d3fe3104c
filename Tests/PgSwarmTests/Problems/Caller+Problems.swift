import Postgres

extension Caller {
    struct Reported: Sendable {
        let id: Int
        let created: Bool
        let occurrences: Int
    }

    @discardableResult
    func report(_ symptom: String, handle: String? = nil) async throws -> Reported {
        let row = try await rows(
            "SELECT id, created, occurrences FROM pgswarm.problem_report(\(symptom), handle => \(handle), agent => \(agent))"
        )[0]
        let (id, created, occurrences) = try row.decode((Int, Bool, Int).self)
        return Reported(id: id, created: created, occurrences: occurrences)
    }

    /// Takes the solver's lease; answers its handle.
    func begin(_ problem: Int) async throws -> String {
        try await value("SELECT handle FROM pgswarm.problem_begin(\(problem), agent => \(agent))")
    }

    /// Hands a solution in; answers how many tasks came back.
    func solve(_ problem: Int, solver: String? = nil) async throws -> Int {
        try await value(
            "SELECT resumed FROM pgswarm.problem_solve(\(problem), 'start it first', 'it runs', \(solver), agent => \(agent))"
        )
    }

    /// Parks a task on a problem; answers its state.
    func park(_ handle: String, _ problem: Int) async throws -> String {
        try await value("SELECT state FROM pgswarm.park_on_problem(\(handle), \(problem))")
    }

    func status(_ problem: Int) async throws -> String {
        try await value("SELECT status FROM pgswarm.problems WHERE id = \(problem)")
    }

    /// The status of the best solution that is found for a text.
    func found(_ text: String) async throws -> String? {
        try await value("SELECT solutions -> 0 ->> 'status' FROM pgswarm.problem_find(\(text)) LIMIT 1")
    }
}
