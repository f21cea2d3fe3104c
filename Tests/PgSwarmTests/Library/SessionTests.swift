import PgSwarm
import Postgres
import ServiceLifecycle
import TestSupport
import Testing

@testable import PgSwarm

@Suite("Sessions of a swarm", .database, .timeLimit(.minutes(5)))
struct SessionTests {
    @Test("One session is opened for a thousand callers who need it at once")
    func opensOnce() async throws {
        try await withSwarm { swarm, _ in
            try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 0..<1000 { group.addTask { try await swarm.session().id } }
                let ids = try await group.reduce(into: Set()) { $0.insert($1) }
                #expect(ids.count == 1)
            }
        }
    }

    @Test("Without a runner it is the bare one that all calls of the agent share, and outlives the program")
    func bare() async throws {
        var handles: [Handle] = []
        for _ in 0..<2 {
            try await withSwarm { configuration in
                configuration.sessionKind = nil
            } _: { swarm, _ in
                try await swarm.enqueue(TaskDraft(queue: "q"))
                handles += try await swarm.claim(["q"]).map(\.handle)
                let session = try await swarm.session()
                #expect(session.kind == .bare)
                let held = try await swarm.held()
                #expect(Set(held.map(\.handle)) == Set(handles))
            }
        }
        #expect(handles.count == 2)
    }

    @Test("While it runs it opens a session that it keeps alive, and ends it when it is shut down")
    func running() async throws {
        let database = try TestDatabase.current
        try await withSwarm { configuration in
            configuration.sessionKind = nil
        } _: { swarm, _ in
            try await swarm.enqueue(TaskDraft(queue: "q"))
            let running = Task { try await swarm.run() }
            try await eventually("it beats") { await swarm.sessions.isBeaten }
            let task = try #require(try await swarm.claim(["q"]).first)
            #expect(try await swarm.session().kind == .runtime)
            #expect(try await swarm.beat() == .ok)
            running.cancel()
            try await running.value
            // What it still held went back at no cost.
            let info = try await database.pool.withConnection { db in try db.task(task.id) }
            #expect(info.state == .ready)
            #expect(info.attempts == 0)
        }
    }

    @Test("A session that ran out is replaced by the next claim")
    func lostSession() async throws {
        let database = try TestDatabase.current
        try await withSwarm { swarm, _ in
            try await swarm.enqueue([TaskDraft(queue: "q"), TaskDraft(queue: "q")])
            let first = try #require(try await swarm.claim(["q"]).first)
            let before = try await swarm.session()
            _ = try await database.pool.withConnection { db in try db.closeSession(before.token) }
            let again = try await swarm.claim(["q"])
            #expect(again.count == 1)
            #expect(try await swarm.session().id != before.id)
            let error = await #expect(throws: SwarmError.self) { try await swarm.complete(first.handle) }
            #expect(error != nil)
        }
    }

    @Test("Whoever took the agent over does not take it back when it is taken over in turn")
    func takeOver() async throws {
        try await withSwarm { configuration in
            configuration.takesOver = true
        } _: { swarm, _ in
            _ = try await swarm.session()
            try await withSwarm { configuration in
                configuration.takesOver = true
            } _: { successor, _ in
                _ = try await successor.session()
                let error = await #expect(throws: SwarmError.self) { try await swarm.claim(["q"]) }
                #expect(error?.code == .sessionLost)
                let status = try await successor.beat()
                #expect(status == .ok)
            }
        }
    }

    @Test("A drained agent hears of it with its beat and its renewals")
    func draining() async throws {
        try await withSwarm { swarm, _ in
            try await swarm.enqueue(TaskDraft(queue: "q"))
            let task = try #require(try await swarm.claim(["q"]).first)
            try await swarm.drain("tester")
            #expect(try await swarm.beat() == .drain)
            #expect(await swarm.sessionStatus == .drain)
            #expect(try await swarm.renew([task.handle]).map(\.status) == [.drain])
        }
    }

    @Test("A swarm may work under the session of another process, and leaves it alone")
    func joining() async throws {
        try await withSwarm { owner, _ in
            try await owner.enqueue([TaskDraft(queue: "q"), TaskDraft(queue: "q")])
            let session = try await owner.session()
            try await withSwarm { configuration in
                configuration.joining = session.token
            } _: { guest, _ in
                let task = try #require(try await guest.claim(["q"]).first)
                #expect(try await owner.held().map(\.id) == [task.id])
                try await guest.enqueue(TaskDraft(queue: "q"), parent: task.handle)
                await guest.close(endingSession: true)
            }
            #expect(try await owner.beat() == .ok)
        }
    }

    @Test("An agent with a credential acts under its session, and nobody else acts as it")
    func credential() async throws {
        let credential = try await withSwarm { swarm, _ in
            let credential = try await swarm.register("secretary")
            try await swarm.setRegistration(open: false)
            return credential
        }
        try await withSwarm(agent: "secretary") { configuration in
            configuration.credential = credential
        } _: { swarm, _ in
            let receipt = try await swarm.enqueue(TaskDraft(queue: "q"))
            #expect(try await swarm.claim(["q"]).map(\.id) == [receipt.id])
            // It was registered as a worker, who does not steer.
            let error = await #expect(throws: SwarmError.self) { try await swarm.pause("q") }
            #expect(error?.code == .notAllowed)
        }
        for wrong in ["pgs_wrong", nil] {
            try await withSwarm(agent: "secretary") { configuration in
                configuration.credential = wrong
            } _: { swarm, _ in
                let error = await #expect(throws: SwarmError.self) {
                    try await swarm.enqueue(TaskDraft(queue: "q"))
                }
                #expect(error?.code == .badCredential)
            }
        }
        try await withSwarm(agent: "stranger") { swarm, _ in
            let error = await #expect(throws: SwarmError.self) { try await swarm.claim(["q"]) }
            #expect(error?.code == .unknownAgent)
        }
    }

    @Test("One seat has one holder")
    func seats() async throws {
        try await withSwarm { first, _ in
            try await withSwarm(agent: "second") { second, _ in
                #expect(try await first.takeSeat("lead").isLeading)
                let refused = try await second.takeSeat("lead")
                #expect(!refused.isLeading)
                #expect(refused.holder?.contains("tester") == true)
                #expect(try await first.leaveSeat("lead"))
                #expect(try await second.takeSeat("lead").isLeading)
            }
        }
    }
}
