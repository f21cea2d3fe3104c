import Postgres
import TestSupport
import Testing

@Suite("Many at once", .database, .timeLimit(.minutes(5)))
struct RaceTests {
    private func deadlocks() async throws -> Int {
        try await onDatabase { db in
            try db.count("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        }
    }

    /// Runs `body` on so many connections at the same time.
    private func onConnections<T: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int, isolated Connection) throws -> T
    ) async throws -> [T] {
        let database = try TestDatabase.current
        var connections: [Connection] = []
        for _ in 0..<count { connections.append(try await database.connect()) }
        let results = try await withThrowingTaskGroup(of: T.self) { group in
            for (index, connection) in connections.enumerated() {
                group.addTask { try await connection.run { db in try body(index, db) } }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for connection in connections { await connection.close() }
        return results
    }

    @Test("64 connections claim 10,000 tasks: each is granted once, and nobody deadlocks")
    func claims() async throws {
        try await openRegistration()
        let before = try await deadlocks()
        try await onDatabase { db in
            _ = try db.query(
                "SELECT count(*) FROM pgswarm.enqueue_many('q', array_fill('{}'::jsonb, ARRAY[10000]))")
        }
        let handles = try await onConnections(64) { index, db in
            var mine: [String] = []
            while true {
                let some = try db.claim("q", 7, agent: "worker-\(index % 8)")
                if some.isEmpty { return mine }
                mine += some
                // Every other claimer settles as it goes, so that claims, settlements and their events interleave.
                if index.isMultiple(of: 2) { for handle in some { #expect(try db.settle(handle) == "ok") } }
            }
        }.flatMap { $0 }
        #expect(handles.count == 10_000)
        #expect(Set(handles.map { $0.prefix { $0 != "." } }).count == 10_000)
        #expect(try await deadlocks() == before)
        try await onDatabase { db in
            let ready = try db.count("SELECT count(*) FROM pgswarm.ready")
            let tasks = try db.count("SELECT count(*) FROM pgswarm.tasks")
            let events = try db.count("SELECT count(*) FROM pgswarm.events WHERE kind = 'claimed'")
            #expect(ready == 0)
            #expect(tasks == 10_000)
            #expect(events == 10_000)
        }
    }

    @Test("64 claim one named task: one gets it, 63 are told who holds it")
    func namedTask() async throws {
        try await openRegistration()
        let task = try await onDatabase { db in try db.enqueue("q") }
        let answers = try await onConnections(64) { index, db in
            do {
                _ = try db.query("SELECT handle FROM pgswarm.claim_task(\(task), agent => \("w\(index)"))")
                return "won"
            } catch {
                guard let refused = (error as? PostgresError)?.serverError else { throw error }
                #expect(refused.message.contains("is held by w"))
                #expect(refused.message.contains("until"))
                return refused.sqlState.rawValue
            }
        }
        #expect(answers.filter { $0 == "won" }.count == 1)
        #expect(answers.filter { $0 == "PS005" }.count == 63)
    }

    @Test("One request repeated 100 times at once has one effect and one answer")
    func repetition() async throws {
        try await openRegistration()
        let ids = try await onConnections(50) { _, db in
            try (0..<2).map { _ in try db.enqueue("q", #"{"key": "once"}"#, payload: #"{"n": 1}"#) }
        }.flatMap { $0 }
        #expect(Set(ids).count == 1)
        let bulk = try await onConnections(50) { _, db in
            try db.query(
                """
                SELECT string_agg(id || created::text, ',') FROM pgswarm.enqueue_many(
                    'r', ARRAY['{}', '{}']::jsonb[], request_id => 'bulk')
                """)[0][0, as: String.self]
        }
        #expect(Set(bulk).count == 1)
        let handles = try await onConnections(50) { _, db in
            try (0..<2).map { _ in
                try db.query("SELECT handle FROM pgswarm.claim(ARRAY['q'], request_id => 'r', agent => 'a')")[
                    0][
                        0, as: String.self]
            }
        }.flatMap { $0 }
        #expect(handles.count == 100)
        #expect(Set(handles).count == 1)
        let codes = try await onConnections(50) { _, db in
            try (0..<2).map { _ in try db.settle(handles[0], "complete", #"{"ok": true}"#) }
        }.flatMap { $0 }
        #expect(codes.filter { $0 == "ok" }.count == 1)
        #expect(codes.filter { $0 == "duplicate" }.count == 99)
        try await onDatabase { db in
            let outcomes = try db.count("SELECT count(*) FROM pgswarm.outcome")
            let tasks = try db.count("SELECT count(*) FROM pgswarm.task")
            #expect(outcomes == 1)
            #expect(tasks == 3)
        }
    }

    @Test("The last parents finish together, often: every child is let go exactly once")
    func fanIn() async throws {
        try await openRegistration()
        for round in 0..<20 {
            let queue = "fan-\(round)"
            let (child, handles) = try await onDatabase { db in
                let parents = try (0..<8).map { _ in try db.enqueue(queue) }
                let child = try db.enqueue("children", #"{"after": \#(parents)}"#)
                return (child, try db.claim(queue, 8))
            }
            _ = try await onConnections(8) { index, db in try db.settle(handles[index]) }
            #expect(try await onDatabase { db in try db.state(of: child) } == "ready")
        }
    }

    @Test("A task enqueued behind another that is finishing is never stranded")
    func enqueueDuringCompletion() async throws {
        try await openRegistration()
        for _ in 0..<25 {
            let (parent, handle) = try await onDatabase { db in
                (try db.enqueue("up"), try db.claim("up")[0])
            }
            let ids = try await onConnections(2) { index, db in
                if index == 0 {
                    #expect(try db.settle(handle) == "ok")
                    return 0
                }
                return try db.enqueue("down", #"{"after": [\#(parent)]}"#)
            }
            let child = ids.max() ?? 0
            #expect(try await onDatabase { db in try db.state(of: child) } == "ready")
        }
    }

    @Test("Limits hold against many claimers")
    func maxRunning() async throws {
        try await openRegistration()
        try await onDatabase { db in
            _ = try db.query("SELECT pgswarm.set_queue('q', '{\"max_running\": 5}')")
            for _ in 0..<40 { _ = try db.enqueue("q") }
        }
        let claimed = try await onConnections(20) { _, db in try db.claim("q", 3).count }
        #expect(claimed.reduce(0, +) == 5)
        try await onDatabase { db in
            let waiting = try db.count("SELECT min(id) FROM pgswarm.tasks WHERE state = 'ready'")
            #expect(try db.why(waiting) == "max_running")
        }
    }
}
