import PgSwarm
import Postgres

/// What the demo's database says.
///
/// It is asked again while it can't be reached, because the demo kills it.
struct Ledger: Sendable {
    private let pool: ConnectionPool

    init(databaseURL: String) throws {
        pool = ConnectionPool(try ConnectionOptions(url: databaseURL), configuration: .init(maximum: 2))
    }

    /// A task in somebody's hands, and the process that works on it.
    struct Hold: Sendable {
        let task: TaskID
        let agent: String
        let epoch: Int
        let processID: Int32
    }

    /// One attempt at a task.
    struct Attempt: Sendable {
        let number: Int
        let epoch: Int
        let agent: String
        let outcome: String
    }

    /// The balance at the end.
    struct Totals: Sendable {
        /// How many attempts ended in each way.
        var outcomes: [String: Int] = [:]
        var leases = 0
        var lateResults = 0
        /// Tasks that were completed once, not twice.
        var completedOnce = 0
    }

    func close() async {
        await pool.close()
    }

    /// Sets the queue up and fills it.
    func enqueue(_ drafts: [TaskDraft], lease: Duration) async throws -> [TaskID] {
        let settings = CountQueue.settings(lease: lease)
        return try await pool.withConnection(deadline: .now + .seconds(60)) { db in
            try db.configure(CountQueue.name, settings)
            let ids = try db.enqueue(drafts).map(\.id)
            try db.ring([CountQueue.name])
            return ids
        }
    }

    /// How many tasks are done.
    func done() async throws -> Int {
        try await ask(DemoSQL.done) { row throws(PostgresError) in try row[0, as: Int.self] }.first ?? 0
    }

    /// The tasks whose holders have said that they work on them.
    func holds() async throws -> [Hold] {
        try await ask(DemoSQL.holds) { row throws(PostgresError) in
            let (task, agent, epoch, processID) = try row.decode((TaskID, String?, Int, Int32).self)
            return Hold(task: task, agent: agent ?? "", epoch: epoch, processID: processID)
        }
    }

    /// Every attempt at a task, the first in front.
    func attempts(at task: TaskID) async throws -> [Attempt] {
        try await ask(DemoSQL.attempts(at: task)) { row throws(PostgresError) in
            let (number, epoch, agent, outcome) = try row.decode((Int, Int, String?, String).self)
            return Attempt(number: number, epoch: epoch, agent: agent ?? "", outcome: outcome)
        }
    }

    /// Whether the holder of an old epoch has brought a result that was refused.
    func hasLateResult(of hold: Hold) async throws -> Bool {
        let sql = DemoSQL.lateResults(of: hold.task, epoch: hold.epoch)
        return try await ask(sql) { row throws(PostgresError) in try row[0, as: Int.self] }.first ?? 0 > 0
    }

    /// The result of each task that is done.
    func results() async throws -> [TaskID: JSONText] {
        let pairs = try await ask(DemoSQL.results) { row throws(PostgresError) in
            try row.decode((TaskID, JSONText?).self)
        }
        return Dictionary(pairs.map { ($0.0, $0.1 ?? JSONText("null")) }) { first, _ in first }
    }

    func totals() async throws -> Totals {
        let outcomes = try await ask(DemoSQL.outcomes) { row throws(PostgresError) in
            try row.decode((String, Int).self)
        }
        let remains = try await ask(DemoSQL.remains) { row throws(PostgresError) in
            try row.decode((Int, Int, Int).self)
        }
        var totals = Totals(outcomes: Dictionary(outcomes) { first, _ in first })
        if let (leases, lateResults, once) = remains.first {
            (totals.leases, totals.lateResults, totals.completedOnce) = (leases, lateResults, once)
        }
        return totals
    }

    private func ask<Answer: Sendable>(
        _ sql: SQL, _ read: @escaping @Sendable (Row) throws(PostgresError) -> Answer
    ) async throws -> [Answer] {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            do {
                return try await pool.withConnection(deadline: .now + .seconds(20)) { db in
                    try db.query(sql).map { row in try read(row) }
                }
            } catch let error as PostgresError where error.isConnectionProblem && ContinuousClock.now < end {
                try await ContinuousClock().sleep(for: .milliseconds(100))
            }
        }
    }
}
