import Postgres
import TestSupport
import Testing

import struct FoundationEssentials.UUID

@Suite("Claim", .database, .timeLimit(.minutes(2)))
struct ClaimTests {
    @Test("Grants a lease: task, epoch, fence, attempt, handle and time")
    func grant() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("q", payload: #"{"n": 1}"#)
        let claim = try await ada.claimOne(lease: .seconds(30))
        #expect(claim.id == task)
        #expect(claim.epoch == 1)
        #expect(claim.attempt == 1)
        #expect(claim.leaseSeconds == 30)
        #expect(claim.handle.hasPrefix("\(task).1."))
        #expect(claim.handle.split(separator: ".")[2].count == 32)
        #expect(claim.fence & 0xffff_ffff == 1 && claim.fence >> 32 >= 1)
        #expect([claim.checkpoint, claim.history, claim.effects, claim.lateResults] == [nil, nil, nil, nil])
        #expect(try await ada.state(of: task) == "running")
        #expect(try await ada.claim() == [])
        let leases = try await ada.rows("SELECT task_id, agent, live, stalled FROM pgswarm.leases")
        #expect(try leases[0].decode((Int, String, Bool, Bool).self) == (task, "ada", true, false))
    }

    @Test("Gives as many as asked for, and never more")
    func count() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 10)
        #expect(try await ada.claim(count: 4).count == 4)
        #expect(try await ada.claim(count: 4).count == 4)
        #expect(try await ada.claim(count: 4).count == 2)
        #expect(try await ada.claim("nothing", count: 4) == [])
    }

    @Test("Takes the lease's length from the call, else the task, else the queue")
    func leaseLength() async throws {
        let ada = try await Caller.named()
        try await ada.setQueue("q", #"{"lease": 77}"#)
        try await ada.enqueue("q")
        try await ada.enqueue("q", #"{"lease": 44}"#)
        try await ada.enqueue("q", #"{"lease": 44}"#)
        #expect(try await ada.claimOne().leaseSeconds == 77)
        #expect(try await ada.claimOne().leaseSeconds == 44)
        #expect(try await ada.claimOne(lease: .seconds(11)).leaseSeconds == 11)
        for bad in [Duration.seconds(0), .seconds(-1), .seconds(86_401)] {
            #expect(await refusal { try await ada.claim(lease: bad) } == "PS003")
        }
    }

    @Test("A deadline bounds the lease and all its renewals")
    func deadline() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue("q", #"{"deadline": 100}"#)
        let claim = try await ada.claimOne()
        let left = "SELECT extract(epoch FROM lease_until - started_at)::float8 FROM pgswarm.leases" as SQL
        #expect(try await ada.value(left, as: Double.self) == 100)
        try await letPass(.seconds(60))
        try await ada.renew(claim.handle)
        #expect(try await ada.value(left, as: Double.self) == 100)
        try await ada.progress(claim.handle, note: "still there")
        try await letPass(.seconds(41))
        #expect(try await ada.sweep().lost == 1)
        #expect(await refusal { try await ada.renew(claim.handle) } == "PS001")
    }

    @Test("A task by its id, also before its turn; the second is told who holds it and until when")
    func named() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        let tasks = try await ada.enqueue(count: 3)
        #expect(try await ada.claimTask(tasks[2]).id == tasks[2])
        let answer = await refusalMessage { _ = try await bob.claimTask(tasks[2]) }
        #expect(answer.code == "PS005")
        #expect(answer.message.contains("held by ada") && answer.message.contains("until"))
        #expect(await refusal { _ = try await bob.claimTask(999) } == "PS002")
        try await ada.cancel(tasks[0])
        #expect(await refusal { _ = try await bob.claimTask(tasks[0]) } == "PS006")
        try await ada.rows("SELECT pgswarm.pause('q')")
        #expect(await refusal { _ = try await bob.claimTask(tasks[1]) } == "PS006")
    }

    @Test("A task by its id is had as soon as its lease is void, without any sweep")
    func namedVoid() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        let task = try await ada.enqueue()
        let old = try await ada.claimOne()
        try await letPass(.seconds(899))
        #expect(await refusal { _ = try await bob.claimTask(task) } == "PS005")
        try await letPass(.seconds(2))
        let new = try await bob.claimTask(task)
        #expect(new.epoch > old.epoch && new.attempt == 2)
        #expect(await refusal { try await ada.complete(old.handle) } == "PS001")
    }

    @Test("A task by its id that has become due is ready")
    func namedDue() async throws {
        let ada = try await Caller.named()
        let task = try await ada.enqueue("q", #"{"delay": 60}"#)
        #expect(await refusal { _ = try await ada.claimTask(task) } == "PS006")
        try await letPass(.seconds(61))
        #expect(try await ada.claimTask(task).id == task)
    }

    @Test("Repeated with its request id it answers the same claims, and takes no more")
    func request() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 10)
        let first = try await ada.claim(count: 3, request: "r")
        #expect(try await ada.claim(count: 3, request: "r") == first)
        #expect(await refusal { try await ada.claim(count: 4, request: "r") } == "PS008")
        let other = try await Caller.named("bob").claim(count: 3, request: "r")
        #expect(Set(other.map(\.id)).isDisjoint(with: first.map(\.id)))
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.lease", as: Int.self) == 6)
        // An empty answer is no answer: the id may ask again.
        #expect(try await ada.claim("later", request: "s") == [])
        try await ada.enqueue("later")
        #expect(try await ada.claim("later", request: "s").count == 1)
    }

    @Test("Repeated 100 times at once with one request id: one effect, one answer", arguments: [false, true])
    func concurrentRequest(named: Bool) async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 50)
        let crowd = try await Crowd(20)
        let answers = try await crowd.each { _, member in
            let ada = Caller(connection: member.connection, agent: "ada")
            var answers: [[Claim]] = []
            for _ in 0..<5 {
                answers.append(
                    named
                        ? [try await ada.claimTask(tasks[7], request: "r")]
                        : try await ada.claim(count: 2, request: "r"))
            }
            return answers
        }.flatMap { $0 }
        #expect(answers.count == 100)
        #expect(answers.allSatisfy { $0 == answers[0] })
        #expect(try await ada.value("SELECT count(*) FROM pgswarm.lease", as: Int.self) == (named ? 1 : 2))
        await crowd.disperse()
    }

    @Test("What a session holds it finds again, whole")
    func held() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 3)
        let session = try await ada.openSession()
        let claims = try await ada.claim(count: 2, session: session)
        let held = try await ada.rows("SELECT \(raw: Claim.columns) FROM pgswarm.held(\(session)) ORDER BY id")
        let found = try held.map { try Claim($0) }
        // What is left of the leases has become less.
        for (found, claim) in zip(found, claims) { #expect(found.leaseSeconds < claim.leaseSeconds) }
        #expect(found.map(\.handle) == claims.map(\.handle))
        #expect(found.map(\.leaseUntil) == claims.map(\.leaseUntil))
        #expect(await refusal { try await ada.rows("SELECT pgswarm.held(\(UUID()))") } == "PS013")
    }

    @Test("Refuses what names no queue or no number")
    func refusals() async throws {
        let ada = try await Caller.named()
        for count: Int32? in [0, -1, 10_001, nil] {
            #expect(await refusal { try await ada.rows("SELECT pgswarm.claim(ARRAY['q'], \(count))") } == "PS003")
        }
        #expect(await refusal { try await ada.rows("SELECT pgswarm.claim('{}'::text[])") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.claim(NULL::text[])") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.claim(ARRAY['q', NULL])") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.claim('no queue')") } == "PS003")
        #expect(await refusal { try await ada.claim(session: UUID()) } == "PS013")
    }
}
