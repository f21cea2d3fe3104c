import FoundationEssentials
import MetricsTestKit
import PgSwarm
import Postgres
import TestSupport
import Testing

@Suite("The life of a task through the library", .database, .timeLimit(.minutes(5)))
struct LifeOfATaskTests {
    struct Letter: Codable, Equatable {
        var to: String
        var at: Date
        var pages: [Int]
    }

    @Test("Typed payload in, typed result out, as they were")
    func typedRoundTrip() async throws {
        try await withSwarm { swarm, _ in
            let letter = Letter(
                to: "Ada \"L\" \u{1F4EC}\n", at: Date(timeIntervalSince1970: 1_700_000_000.25), pages: [1, 2])
            var draft = try TaskDraft(queue: "letters", letter)
            draft.kind = "letter"
            draft.title = "To \"Ada\"\t\\"
            draft.needs = ["post"]
            draft.lease = .seconds(77)
            let receipt = try await swarm.enqueue(draft)
            #expect(receipt.created)
            let task = try #require(try await swarm.claim(["letters"]).first)
            #expect(task.id == receipt.id)
            #expect(task.handle.taskID == receipt.id)
            #expect(try task.decode(Letter.self) == letter)
            #expect(task.title == draft.title)
            #expect(task.kind == "letter")
            #expect(task.needs == ["post"])
            #expect(task.leaseDuration == .seconds(77))
            #expect(task.attempt == 1)
            let settlement = try await swarm.complete(task.handle, result: letter)
            #expect(settlement.code == .ok)
            #expect(settlement.state == .done)
            let info = try await swarm.task(task.id)
            #expect(info.state == .done)
            #expect(try info.result?.decode(Letter.self) == letter)
            let attempts = try await swarm.attempts(of: task.id)
            #expect(attempts.map(\.outcome) == ["completed"])
        }
    }

    @Test("Fails, comes back, is released with a note, and dies with its history")
    func failures() async throws {
        try await withSwarm { swarm, _ in
            var draft = TaskDraft(queue: "q")
            draft.maxAttempts = 2
            try await swarm.enqueue(draft)
            let first = try #require(try await swarm.claim(["q"]).first)
            let failed = try await swarm.fail(first.handle, error: "no \"luck\"", retryIn: .zero)
            #expect(failed.code == .ok)
            try await TestDatabase.current.moveClock(by: .seconds(60))
            let second = try #require(try await swarm.claim(["q"]).first)
            #expect(second.attempt == 2)
            #expect(second.epoch > first.epoch)
            #expect(second.fence > first.fence)
            #expect(second.history?.text.contains("no \\\"luck\\\"") == true)
            try await swarm.progress(
                second.handle, Progress(note: "half", checkpoint: JSONText("{\"page\": 7}"), percent: 50))
            try await swarm.release(second.handle, note: "over to you")
            let third = try #require(try await swarm.claim(["q"]).first)
            #expect(third.attempt == 2)
            #expect(third.checkpoint?.text == "{\"page\": 7}")
            let dead = try await swarm.fail(third.handle, error: "again")
            #expect(dead.state == .dead)
            #expect(try await swarm.why(third.id).reason == "dead")
            #expect(try await swarm.retry([third.id]).map(\.wasAccepted) == [true])
            #expect(try await swarm.cancel([third.id], reason: "enough").map(\.code) == ["ok"])
            #expect(try await swarm.task(third.id).state == .cancelled)
            let outcomes = try await swarm.attempts(of: third.id).map(\.outcome)
            #expect(outcomes.sorted() == ["failed", "failed", "released"])
        }
    }

    @Test("A superseded holder is refused whatever it writes")
    func superseded() async throws {
        try await withSwarm { swarm, metrics in
            try await swarm.enqueue(TaskDraft(queue: "q"))
            let first = try #require(try await swarm.claim(["q"]).first)
            try await TestDatabase.current.moveClock(by: .seconds(86_400))
            try await swarm.sweep()
            let writes: [@Sendable () async throws -> Void] = [
                { try await swarm.complete(first.handle, result: JSONText("1")) },
                { try await swarm.fail(first.handle, error: "x") },
                { try await swarm.release(first.handle) },
                { try await swarm.renew(first.handle) },
                { try await swarm.progress(first.handle, Progress(note: "x")) },
                { _ = try await swarm.intent(first.handle, key: "mail") },
                { try await swarm.enqueue(TaskDraft(queue: "q"), parent: first.handle) },
                {
                    try await swarm.enqueue(
                        [TaskDraft(queue: "q"), TaskDraft(queue: "r")], parent: first.handle)
                },
                { try await swarm.withConnection { db in _ = try db.hold(first.handle) } },
            ]
            for (index, write) in writes.enumerated() {
                let error = await #expect(throws: SwarmError.self, "write \(index)") { try await write() }
                #expect(error?.code == .lostClaim, "write \(index): \(String(describing: error))")
            }
            #expect(try await swarm.tasks().count == 1)
            #expect(try await swarm.renew([first.handle]).map(\.status) == [.lost])
            #expect(metrics.counterTotal(label: "pgswarm_lost") > 0)
        }
    }

    @Test("Effects are announced once and remembered")
    func effects() async throws {
        try await withSwarm { swarm, _ in
            try await swarm.enqueue(TaskDraft(queue: "q"))
            let task = try #require(try await swarm.claim(["q"]).first)
            let first = try await swarm.intent(
                task.handle, key: "mail", detail: JSONText("{\"to\": \"ada\"}"))
            #expect(first.state == .new)
            let again = try await swarm.intent(task.handle, key: "mail")
            #expect(again.state == .unconfirmed)
            #expect(again.detail?.text == "{\"to\": \"ada\"}")
            try await swarm.confirm(task.handle, key: "mail", result: JSONText("\"id-1\""))
            let confirmed = try await swarm.intent(task.handle, key: "mail")
            #expect(confirmed.state == .confirmed)
            #expect(confirmed.result?.text == "\"id-1\"")
        }
    }

    @Test("A key makes one task of two, and refuses another body")
    func keys() async throws {
        try await withSwarm { swarm, _ in
            var draft = TaskDraft(queue: "q", payload: JSONText("[1]"))
            draft.key = "k"
            let first = try await swarm.enqueue(draft)
            let second = try await swarm.enqueue(draft)
            #expect(second.id == first.id)
            #expect(!second.created)
            draft.payload = JSONText("[2]")
            let error = await #expect(throws: SwarmError.self) { try await swarm.enqueue(draft) }
            #expect(error?.code == .requestMismatch)
        }
    }

    @Test("Many drafts of several queues are enqueued in order, all or none")
    func manyDrafts() async throws {
        try await withSwarm { swarm, _ in
            let drafts = (0..<2500).map {
                TaskDraft(queue: $0.isMultiple(of: 3) ? "a" : "b", payload: JSONText("\($0)"))
            }
            let receipts = try await swarm.enqueue(drafts, requestID: "bulk")
            #expect(receipts.count == 2500)
            #expect(Set(receipts.map(\.id)).count == 2500)
            let sample = try await swarm.task(receipts[1234].id)
            #expect(sample.payload?.text == "1234")
            let repeated = try await swarm.enqueue(drafts, requestID: "bulk")
            #expect(repeated == receipts)
            var bad = drafts
            bad[2400].payload = JSONText("{broken")
            let error = await #expect(throws: SwarmError.self) { try await swarm.enqueue(bad) }
            #expect(error?.code == .invalidArgument)
            let total = try await swarm.queues().reduce(0) { $0 + ($1.counts[.ready] ?? 0) }
            #expect(total == 2500)
        }
    }

    @Test("A named task is claimed once; who comes second is told who holds it")
    func namedTask() async throws {
        let receipt = try await withSwarm { swarm, _ in
            let receipt = try await swarm.enqueue(TaskDraft(queue: "q"))
            let task = try await swarm.claim(task: receipt.id)
            #expect(task.id == receipt.id)
            return receipt
        }
        try await withSwarm(agent: "second") { swarm, _ in
            let error = await #expect(throws: SwarmError.self) { try await swarm.claim(task: receipt.id) }
            #expect(error?.code == .held)
            #expect(error?.message.contains("tester") == true)
        }
    }

    @Test("An empty answer says why")
    func emptyAnswers() async throws {
        try await withSwarm { swarm, _ in
            #expect(try await swarm.claim(["q"]).isEmpty)
            #expect(try await swarm.whyEmpty(["q"]).map(\.reason) == ["empty"])
            try await swarm.enqueue(TaskDraft(queue: "q"))
            try await swarm.pause("q", reason: "lunch")
            #expect(try await swarm.claim(["q"]).isEmpty)
            let why = try #require(try await swarm.whyEmpty(["q"]).first)
            #expect(why.reason == "paused")
            #expect(why.ready == 1)
            try await swarm.resume("q")
            #expect(try await swarm.claim(["q"]).count == 1)
        }
    }

    @Test("Queues, agents and events can be looked at")
    func looking() async throws {
        try await withSwarm { swarm, _ in
            try await swarm.configure("q", JSONText("{\"max_running\": 3}"))
            try await swarm.enqueue(TaskDraft(queue: "q"))
            let task = try #require(try await swarm.claim(["q"]).first)
            let queue = try #require(try await swarm.queues().first { $0.queue == "q" })
            #expect(queue.maxRunning == 3)
            #expect(queue.counts == [.running: 1])
            let agent = try #require(try await swarm.agents().first { $0.agent == "tester" })
            #expect(agent.running == 1)
            #expect(agent.liveSessions == 1)
            #expect(try await swarm.held().map(\.handle) == [task.handle])
            let events = try await swarm.events(task: task.id)
            #expect(events.map(\.kind) == ["enqueued", "claimed"])
            #expect(try await swarm.lastEvents(2).count == 2)
            let unknown = await #expect(throws: SwarmError.self) {
                try await swarm.configure("q", JSONText("{\"colour\": 3}"))
            }
            #expect(unknown?.code == .invalidArgument)
        }
    }
}
