import FoundationEssentials
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import PgSwarm

@Suite("A worker on a server", .database, .timeLimit(.minutes(5)))
struct WorkerOnServerTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func drafts(_ count: Int, lease: Duration? = nil) -> [TaskDraft] {
        (0..<count).map { number in
            var draft = TaskDraft(queue: "q", payload: JSONText("\(number)"))
            draft.lease = lease
            return draft
        }
    }

    private func gated(_ gate: Gate) -> ClosureHandler {
        ClosureHandler { _, _ in
            try await gate.pass()
            return .complete()
        }
    }

    private func number(_ sql: SQL) async throws -> Int {
        try await TestDatabase.current.pool.withConnection { db in
            try db.query(sql).first?[0, as: Int.self] ?? 0
        }
    }

    @Test("shares a queue with others; each task is done once and nothing stays held")
    func shares() async throws {
        try await withSwarm { swarm, _ in
            try await swarm.enqueue(drafts(2000))
            let counts = Mutex([TaskID: Int]())
            let handler = ClosureHandler { task, _ in
                counts.withLock { $0[task.id, default: 0] += 1 }
                return .complete(task.payload)
            }
            var configuration = WorkerConfiguration(concurrency: 20, untilEmpty: true)
            configuration.logger = Self.quiet
            try await withThrowingTaskGroup(of: WorkerReport.self) { [configuration] group in
                for _ in 0..<3 {
                    let worker = try Worker(
                        swarm, queues: ["q"], configuration: configuration, handler: handler)
                    group.addTask {
                        try await worker.run()
                        return worker.report
                    }
                }
                var completed = 0
                for try await report in group {
                    completed += report.completed
                    #expect(report.ending == .empty)
                }
                #expect(completed == 2000)
            }
            #expect(counts.withLock { $0.count == 2000 && $0.values.allSatisfy { $0 == 1 } })
            #expect(try await number("SELECT count(*) FROM pgswarm.tasks WHERE state = 'done'") == 2000)
            #expect(try await number("SELECT count(*) FROM pgswarm.lease") == 0)
            #expect(try await number("SELECT count(*) FROM pgswarm.sessions WHERE live AND leases > 0") == 0)
        }
    }

    @Test("keeps a task for longer than its lease, in one attempt")
    func longerThanLease() async throws {
        try await withSwarm { swarm, _ in
            let receipts = try await swarm.enqueue(drafts(1, lease: .seconds(1)))
            let gate = Gate()
            try await RunningWorker.with(swarm, handler: gated(gate)) { running in
                await running.log.waitFor(\.isRenewed, times: 5)
                gate.open()
                await running.log.waitFor(\.isSettled)
            }
            #expect(try await swarm.attempts(of: receipts[0].id).map(\.outcome) == ["completed"])
        }
    }

    @Test("stops the work on a task that another has taken over, and its result is kept aside")
    func superseded() async throws {
        try await withSwarm { swarm, _ in
            // Long enough that on a loaded machine the next renewal, which tells the loss, comes before the worker's own
            // deadline, which would stop the work for another reason.
            let receipts = try await swarm.enqueue(drafts(1, lease: .seconds(12)))
            let gate = Gate()
            let events = try await RunningWorker.with(
                swarm,
                handler: ClosureHandler { _, _ in
                    try? await gate.pass()
                    return .complete(JSONText("\"too late\""))
                }
            ) { running in
                await gate.waitForCrowd(1)
                try await withSwarm(agent: "other") { other, _ in
                    // As after a freeze: on the database's clock the lease is long over. Who names the task takes it
                    // over at once, unless a renewal came in between; then the clock jumps again.
                    var taken: ClaimedTask?
                    for _ in 0..<20 where taken == nil {
                        try await TestDatabase.current.moveClock(by: .seconds(3600))
                        taken = try? await other.claim(task: receipts[0].id)
                    }
                    let stolen = try #require(taken)
                    #expect(stolen.epoch > 1)
                    await running.log.waitFor(\.isSettled)
                    try await other.complete(stolen.handle, result: JSONText("\"in time\""))
                }
            }
            #expect(events.compactMap(\.stopReason) == [.lost])
            #expect(try await swarm.task(receipts[0].id).result?.text == "\"in time\"")
            #expect(try await number("SELECT count(*) FROM pgswarm.late_results") == 1)
        }
    }

    @Test("hears of a cancellation and tells the handler")
    func cancelled() async throws {
        try await withSwarm { swarm, _ in
            // The lease is so long that no renewal would tell in time: the ring does.
            let receipts = try await swarm.enqueue(drafts(1, lease: .seconds(3600)))
            let gate = Gate()
            let events = try await RunningWorker.with(swarm, handler: gated(gate)) { running in
                await gate.waitForCrowd(1)
                _ = try await swarm.cancel([receipts[0].id], reason: "enough")
                await running.log.wait { events in events.contains { $0.stopReason != nil } }
            }
            #expect(events.compactMap(\.stopReason) == [.cancel])
            #expect(try await swarm.task(receipts[0].id).state == .cancelled)
        }
    }

    @Test("stops an attempt at its deadline, however long the lease")
    func deadline() async throws {
        try await withSwarm { swarm, _ in
            var draft = TaskDraft(queue: "q")
            draft.deadline = .seconds(2)
            draft.maxAttempts = 1
            let task = try await swarm.enqueue(draft).id
            let gate = Gate()
            let events = try await RunningWorker.with(swarm, handler: gated(gate)) { running in
                await running.log.wait { events in events.contains { $0.stopReason != nil } }
                // The worker stops a little before the database's own time.
                try await eventually("it is dead") {
                    _ = try await swarm.sweep()
                    return try await swarm.task(task).state == .dead
                }
            }
            #expect(events.compactMap(\.stopReason) == [.lost])
            #expect(try await swarm.attempts(of: task).count == 1)
        }
    }

    @Test("hands running work back at no cost when its patience ends")
    func handsBack() async throws {
        try await withSwarm { swarm, _ in
            let receipts = try await swarm.enqueue(drafts(1))
            let gate = Gate()
            try await RunningWorker.with(swarm, handler: gated(gate)) { running in
                await gate.waitForCrowd(1)
                running.worker.handBack()
            }
            #expect(try await swarm.attempts(of: receipts[0].id).map(\.outcome) == ["released"])
            let task = try await swarm.task(receipts[0].id)
            #expect(task.state == .ready && task.attempts == 0)
        }
    }

    @Test("goes on by itself when its connections are cut, and does each task")
    func connectionsCut() async throws {
        try await withSwarm { swarm, _ in
            try await swarm.enqueue(drafts(3000))
            let done = Mutex(Set<TaskID>())
            try await RunningWorker.with(
                swarm, WorkerConfiguration(concurrency: 50),
                handler: ClosureHandler { task, _ in
                    _ = done.withLock { $0.insert(task.id) }
                    return .complete()
                }
            ) { running in
                for round in 1...4 {
                    await running.log.waitFor(\.isSettled, times: 500 * round)
                    _ = try await number(
                        """
                        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid()
                        """)
                }
                await running.log.waitFor(\.isSettled, times: 3000)
            }
            #expect(done.withLock { $0.count } == 3000)
            #expect(try await number("SELECT count(*) FROM pgswarm.tasks WHERE state = 'done'") == 3000)
            #expect(try await number("SELECT count(*) FROM pgswarm.lease") == 0)
        }
    }

    @Test("is woken by an enqueue, long before it would look by itself")
    func woken() async throws {
        try await withSwarm { swarm, _ in
            let configuration = WorkerConfiguration(concurrency: 2, pollInterval: .seconds(3600))
            let handler = ClosureHandler { _, _ in .complete() }
            let events = try await RunningWorker.with(swarm, configuration, handler: handler) { running in
                for round in 1...3 {
                    await running.log.waitFor(\.isIdle, times: round)
                    try await swarm.enqueue(drafts(1)[0])
                    await running.log.waitFor(\.isSettled, times: round)
                }
            }
            #expect(events.count { if case .woken = $0 { true } else { false } } >= 1)
        }
    }

    @Test("lets a handler report, announce effects and enqueue children under its fence")
    func context() async throws {
        try await withSwarm { swarm, _ in
            let receipts = try await swarm.enqueue(drafts(1))
            let child = Mutex<TaskID?>(nil)
            try await RunningWorker.with(
                swarm,
                handler: ClosureHandler { task, context in
                    guard task.parent == nil else { return .complete() }
                    try await context.progress(
                        note: "half", checkpoint: JSONText("{\"page\": 7}"), percent: 50)
                    #expect(try await context.intent("mail").state == .new)
                    try await context.confirm("mail", result: JSONText("\"sent\""))
                    let id = try await context.enqueue(TaskDraft(queue: "q")).id
                    child.withLock { $0 = id }
                    return .complete()
                }
            ) { running in
                await running.log.waitFor(\.isSettled, times: 2)
            }
            let id = try #require(child.withLock { $0 })
            #expect(try await swarm.task(id).parent == receipts[0].id)
        }
    }

    @Test("gives each kind to its handler, typed, and leaves kinds it doesn't know to others")
    func kinds() async throws {
        struct Letter: Codable { var to: String }
        try await withSwarm { swarm, _ in
            var print = try TaskDraft(queue: "q", Letter(to: "Ada"))
            print.kind = "print"
            var broken = TaskDraft(queue: "q", payload: JSONText("[]"))
            broken.kind = "print"
            broken.maxAttempts = 1
            var other = TaskDraft(queue: "q")
            other.kind = "other"
            let receipts = try await swarm.enqueue([print, broken, other])
            var configuration = WorkerConfiguration(concurrency: 1)
            configuration.logger = Self.quiet
            let worker = try Worker(
                swarm, queues: ["q"], configuration: configuration,
                kinds: [KindHandler("print") { (letter: Letter, _) in "to \(letter.to)" }])
            let log = EventLog(worker.events())
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await log.run() }
                group.addTask { try await worker.run() }
                await log.waitFor(\.isSettled, times: 3)
                worker.drain()
                try await group.waitForAll()
            }
            #expect(try await swarm.task(receipts[0].id).result?.text == "\"to Ada\"")
            let dead = try await swarm.task(receipts[1].id)
            #expect(dead.state == .dead && dead.error?.contains("Letter") == true)
            let left = try await swarm.task(receipts[2].id)
            #expect(left.state == .scheduled && left.attempts == 0)
        }
    }

    @Test("runs a command for each task")
    func commands() async throws {
        try await withSwarm { swarm, _ in
            let receipts = try await swarm.enqueue(drafts(100))
            let handler = try CommandHandler(["cat"], logger: Self.quiet)
            try await RunningWorker.with(swarm, WorkerConfiguration(concurrency: 8), handler: handler) {
                running in
                await running.log.waitFor(\.isSettled, times: 100)
            }
            for (number, receipt) in receipts.enumerated() where number % 9 == 0 {
                #expect(try await swarm.task(receipt.id).result?.text == "\(number)")
            }
            #expect(try await number("SELECT count(*) FROM pgswarm.tasks WHERE state = 'done'") == 100)
        }
    }
}
