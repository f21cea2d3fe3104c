import Postgres
import TestSupport

/// Many callers with a connection each, who act at the same time.
struct Crowd: Sendable {
    let members: [Caller]

    /// So many callers, named `name-0`, `name-1` and so on.
    init(_ count: Int, named name: String = "worker") async throws {
        let options = try TestDatabase.current.options
        members = try await withThrowingTaskGroup(of: Caller.self) { group in
            for index in 0..<count {
                group.addTask {
                    let connection = try await Connection.connect(options, deadline: .now + .seconds(60))
                    return Caller(connection: connection, agent: "\(name)-\(index)")
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Lets all of them do `work` at once and answers what each came to.
    func each<T: Sendable>(_ work: @escaping @Sendable (Int, Caller) async throws -> T) async throws -> [T] {
        try await withThrowingTaskGroup(of: (Int, T).self) { group in
            for (index, member) in members.enumerated() {
                group.addTask { (index, try await work(index, member)) }
            }
            var results: [(Int, T)] = []
            for try await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    func disperse() async {
        for member in members { await member.connection.close() }
    }
}

/// How many deadlocks the server has found in the test's database.
func deadlocks() async throws -> Int {
    try await Caller.named().value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
}

/// Waits until a caller's statement waits for a lock.
func waitsForLock(_ caller: Caller) async throws {
    let observer = try await Caller.named()
    let process = caller.connection.processID
    try await eventually("process \(process) waits for a lock") {
        try await observer.value(
            "SELECT count(*) FROM pg_stat_activity WHERE pid = \(process) AND wait_event_type = 'Lock'", as: Int.self)
            == 1
    }
}
