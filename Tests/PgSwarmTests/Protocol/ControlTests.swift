import Postgres
import TestSupport
import Testing

@Suite("Control of a herd", .database, .timeLimit(.minutes(3)))
struct ControlTests {
    @Test("A stopped queue has its tasks taken back, at no cost, and nothing late takes effect")
    func stopQueue() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 3)
        let claims = try await ada.claim(count: 3)
        #expect(try await ada.control("queue:q", "stop") == 3)
        #expect(try await ada.settle(claims[0].handle).code == "lost_claim")
        #expect(try await ada.claim().isEmpty)
        #expect(try await ada.value("SELECT sum(attempts)::bigint FROM pgswarm.tasks", as: Int.self) == 0)
        try await ada.control("queue:q", "resume")
        try await letPass(.seconds(6))
        #expect(try await ada.claim(count: 5).count == 3)
    }

    @Test("What is resumed comes back step by step")
    func staggered() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 100)
        try await ada.control("queue:q", "pause")
        try await ada.control("queue:q", "resume")
        // Eight at first; how far the ramp has come when a claim arrives depends on the machine.
        let first = try await ada.claim(count: 100).count
        #expect((8...15).contains(first))
        try await letPass(.seconds(1))
        let second = try await ada.claim(count: 100).count
        #expect((16...40).contains(first + second))
        try await letPass(.seconds(12))
        #expect(try await ada.claim(count: 100).count == 100 - first - second)
    }

    @Test("One task is paused wherever it stands, and stays so until it is resumed")
    func task() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 2)
        let later = try await ada.enqueue("q", #"{"delay": 100}"#)
        for task in [tasks[0], later] { try await ada.control("task:\(task)", "pause") }
        #expect(try await ada.state(of: tasks[0]) == "held")
        #expect(try await ada.why(tasks[0]) == "paused")
        #expect(try await ada.claim(count: 5).map(\.id) == [tasks[1]])
        try await letPass(.seconds(200))
        #expect(try await ada.claim(count: 5).isEmpty)
        try await ada.control("task:\(tasks[0])", "resume")
        let claim = try await ada.claimOne()
        #expect(claim.id == tasks[0])
        // Running: its holder is told, and it does not run again.
        try await ada.control("task:\(claim.id)", "pause")
        #expect(try await ada.renew(claim.handle) == "pause")
        try await ada.release(claim.handle)
        #expect(try await ada.state(of: claim.id) == "held")
        #expect(try await ada.claim(count: 5).isEmpty)
        try await ada.control("task:\(claim.id)", "resume")
        try await ada.control("task:\(later)", "resume")
        let again = try await ada.claim(count: 5)
        #expect(Set(again.map(\.id)) == [claim.id, later])
        #expect(try await ada.control("task:\(later)", "stop") == 1)
        #expect(
            await refusal { try await ada.complete(try #require(again.first { $0.id == later }).handle) } == "PS001")
        #expect(try await ada.cancel(later) == ["ok"])
    }

    @Test("An agent is paused, drained and stopped; others go on")
    func agent() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        try await ada.enqueue(count: 5)
        let claim = try await ada.claimOne()
        try await ada.control("agent:ada", "pause")
        #expect(try await ada.renew(claim.handle) == "pause")
        #expect(try await ada.claim().isEmpty)
        #expect(try await bob.claim().count == 1)
        let told: String = try await ada.value("SELECT message FROM pgswarm.why_empty(ARRAY['q'], agent => 'ada')")
        #expect(told == "this agent is paused and gets no more: x")
        try await ada.control("agent:ada", "drain")
        #expect(try await ada.renew(claim.handle) == "drain")
        #expect(try await ada.control("agent:ada", "stop") == 1)
        #expect(try await ada.settle(claim.handle).code == "lost_claim")
        try await ada.control("agent:ada", "resume")
        #expect(try await ada.claim().count == 1)
    }

    @Test("A person's pause takes over from one that the swarm has made itself, and its last reason is told")
    func takesOver() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue()
        try await ada.rows(
            "UPDATE pgswarm.queue SET paused_at = now(), paused_by = 'problem 7', paused_reason = 'seven'")
        #expect(try await ada.value("SELECT pgswarm.pause('q', 'freeze', 'ada')", as: Bool.self))
        #expect(try await ada.value("SELECT paused_by FROM pgswarm.queues", as: String.self) == "ada")
        #expect(try await ada.value("SELECT pgswarm.pause('q', 'longer', 'ada')", as: Bool.self))
        #expect(try await !ada.value("SELECT pgswarm.pause('q', 'longer', 'ada')", as: Bool.self))
        #expect(try await ada.value("SELECT paused_reason FROM pgswarm.queues", as: String.self) == "longer")
    }

    @Test("The whole swarm is paused, drained and stopped, and told why")
    func swarm() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 5)
        let claim = try await ada.claimOne()
        try await ada.control("swarm", "pause")
        #expect(try await ada.renew(claim.handle) == "pause")
        #expect(try await ada.renew([claim.handle]) == ["pause"])
        #expect(try await ada.claim().isEmpty)
        #expect(await refusal { _ = try await ada.claimTask(tasks[1]) } == "PS006")
        #expect(try await ada.why(tasks[1]) == "paused")
        let session = try await ada.openSession()
        try await ada.control("swarm", "drain")
        #expect(try await ada.beat(session) == "drain")
        #expect(try await ada.control("swarm", "stop") == 1)
        #expect(await refusal { try await ada.complete(claim.handle) } == "PS001")
        try await ada.control("swarm", "resume")
        #expect(try await ada.claim(count: 9).count == 4)
        for bad in ["", "swarms", "queue:", "task:x", "task:", "planet:earth"] {
            #expect(await refusal { try await ada.control(bad, "pause") } == "PS003", "\(bad)")
        }
        #expect(await refusal { try await ada.control("agent:nobody", "stop") } == "PS002")
        #expect(await refusal { try await ada.control("swarm", "explode") } == "PS003")
    }
}

extension Caller {
    /// Pauses, drains, stops or resumes; answers how many tasks were taken back.
    @discardableResult
    func control(_ target: String, _ action: String) async throws -> Int {
        try await value("SELECT taken_back FROM pgswarm.control(\(target), \(action), 'x', agent => 'ada')")
    }
}
