import Postgres
import TestSupport

// Budgets, as the tests of them set and read them.
extension Caller {
    /// Sets a budget; answers how many parked tasks that lets out.
    @discardableResult
    func setBudget(
        _ scope: String, _ axis: String, soft: Double? = nil, hard: Double? = nil, hold: Double? = nil
    ) async throws -> Int {
        try await value(
            """
            SELECT admitted FROM pgswarm.budget_set(\(scope), \(axis), \(soft)::float8::numeric,
                \(hard)::float8::numeric, \(hold)::float8::numeric, agent => \(agent))
            """)
    }

    /// How the budget of a scope stands.
    func budget(_ scope: String, _ axis: String) async throws -> Standing {
        let row = try await rows(
            """
            SELECT spent, held, parked, unreported
            FROM pgswarm.budgets WHERE scope = \(scope) AND axis = \(axis)
            """)[0]
        let (spent, held, parked, unreported) = try row.decode((Double, Double, Int, Int).self)
        return Standing(spent: spent, held: held, parked: parked, unreported: unreported)
    }

    /// What is spent, what is held, how many tasks wait, how many holds were charged unknown.
    struct Standing: Equatable {
        var spent = 0.0
        var held = 0.0
        var parked = 0
        var unreported = 0
    }

    /// Reports what was used.
    func report(_ handle: String, _ usage: String) async throws {
        try await rows("SELECT * FROM pgswarm.progress(\(handle), usage => \(JSONText(usage)))")
    }

    /// How many tasks are in each state: "ready 3", sorted.
    func stateCounts() async throws -> [String] {
        try await column("SELECT state || ' ' || count(*) FROM pgswarm.tasks GROUP BY state ORDER BY 1")
    }
}
