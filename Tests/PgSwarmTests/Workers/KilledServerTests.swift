import EmbeddedPostgres
import FoundationEssentials
import Glibc
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import PgSwarm

@Suite("A server that is killed under load", .timeLimit(.minutes(5)))
struct KilledServerTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("loses no enqueue and no completion that it had acknowledged; everybody goes on by themselves")
    func ledger() async throws {
        let folder = "/tmp/pgswarm-killed-\(UUID().uuidString.prefix(8))"
        let location = ServerLocation(directory: folder)
        @Sendable func start() async throws -> EmbeddedServer {
            // With fsync, as on a real server: a killed one keeps what the kernel has, so this is the least of it.
            try await EmbeddedServer.start(location, lifetime: .boundToProcess(removingFiles: true))
        }
        let first = try await start()
        let options = try ConnectionOptions(url: first.databaseURL)
        let connection = try await Connection.connect(options)
        try await connection.run { db in
            _ = try Migrator().migrate(on: db)
            try db.setRegistration(open: true)
        }
        await connection.close()

        let swarm = Swarm(options, configuration: SwarmConfiguration(logger: Self.quiet))
        let book = Book()
        let events = try await RunningWorker.with(
            swarm, WorkerConfiguration(concurrency: 16), handler: ClosureHandler { _, _ in .complete() }
        ) { running in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for author in 0..<4 {
                    group.addTask {
                        var number = 0
                        while !book.isClosed {
                            number += 1
                            var draft = TaskDraft(queue: "q", payload: JSONText("\(number)"))
                            // Some can be repeated without harm, of others the fate is unknown when the answer is lost.
                            if author.isMultiple(of: 2) { draft.key = "\(author).\(number)" }
                            guard let receipt = try? await swarm.enqueue(draft) else { continue }
                            book.enter(receipt.id)
                        }
                    }
                }
                var server = first
                for round in 1...3 {
                    await running.log.waitFor(\.isSettled, times: round * 300)
                    let result = kill(server.processID, SIGKILL)
                    #expect(result == 0)
                    server = try await start()
                }
                await running.log.waitFor(\.isSettled, times: 1200)
                book.close()
                try await group.waitForAll()
            }
            try await eventually("all work is done", within: .seconds(120)) {
                let counts = try await swarm.queues().first?.counts ?? [:]
                return counts.filter { $0.value > 0 }.keys.allSatisfy { $0 == .done }
            }
        }
        let completed = events.compactMap { event -> TaskID? in
            guard case .settled(let id, let code) = event, code == .ok || code == .duplicate else { return nil }
            return id
        }
        let outcomes = try await swarm.withConnection { db in
            try db.query("SELECT id FROM pgswarm.tasks WHERE state = 'done'").map { try $0[0, as: Int64.self] }
        }
        let done = Set(outcomes.map { TaskID(rawValue: $0) })
        #expect(outcomes.count == done.count)
        #expect(book.entries.subtracting(done) == [])
        #expect(Set(completed).subtracting(done) == [])
        #expect(Set(completed).count == completed.count)
        await swarm.close()
        try await start().stop()
    }
}

/// The tasks whose enqueue was acknowledged, until the book is closed.
private final class Book: Sendable {
    private let state = Mutex((entries: Set<TaskID>(), isClosed: false))

    var entries: Set<TaskID> { state.withLock { $0.entries } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    func enter(_ task: TaskID) { state.withLock { _ = $0.entries.insert(task) } }
    func close() { state.withLock { $0.isClosed = true } }
}
