import Postgres
import TestSupport
import Testing

@Suite("Breakers", .database, .timeLimit(.minutes(3)))
struct BreakerTests {
    @Test("Failures in a row open it; what needs it waits at no cost, and the rest goes on")
    func opens() async throws {
        let ada = try await Caller.named()
        try await ada.setQueue("q", #"{"retry_base": 500, "retry_cap": 500}"#)
        try await ada.enqueue(count: 20, #"{"needs": ["api"]}"#)
        let free = try await ada.enqueue()
        try await ada.failing(5, with: "503")
        #expect(try await ada.breaker("api") == "open")
        #expect(try await ada.claim(count: 30).map(\.id) == [free])
        let waiting: Int = try await ada.value(
            "SELECT count(*) FROM pgswarm.tasks WHERE state = 'held' AND reason = 'breaker'")
        #expect(waiting == 15)
        let charged: Int = try await ada.value(
            "SELECT count(*) FROM pgswarm.tasks WHERE state = 'held' AND attempts > 0")
        #expect(charged == 0)
        let why = try await ada.rows("SELECT reason, message FROM pgswarm.why_empty(ARRAY['q'], agent => 'ada')")[0]
        #expect(try why[0, as: String.self] == "breaker")
        #expect(try why[1, as: String.self].contains("503"))
        let task: Int = try await ada.value("SELECT max(task) FROM pgswarm.ready")
        #expect(try await ada.why(task) == "breaker")
        #expect(await refusal { _ = try await ada.claimTask(task) } == "PS018")
    }

    @Test(
        "After its time one probe is out at once, over all callers; enough successes close it, a failure opens it longer"
    )
    func halfOpen() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        try await ada.enqueue(count: 20, #"{"needs": ["api"]}"#)
        try await ada.failing(5)
        try await letPass(.seconds(40))
        let probe = try await ada.claim(count: 30)
        #expect(probe.count == 1)
        #expect(try await bob.claim(count: 30).isEmpty)
        #expect(try await ada.breaker("api") == "half_open")
        let before = try #require(probe.first)
        // A probe that fails costs its task nothing.
        try await ada.fail(before.handle, "503")
        #expect(try await ada.breaker("api") == "open")
        let openFor: Double = try await ada.value(
            "SELECT extract(epoch FROM open_until - pgswarm.clock())::float8 FROM pgswarm.breakers WHERE breaker = 'api'"
        )
        #expect((45...75).contains(openFor))
        #expect(try await ada.value("SELECT attempts FROM pgswarm.tasks WHERE id = \(before.id)", as: Int.self) == 0)
        try await letPass(.seconds(80))
        for _ in 1...3 { try await bob.complete(try await bob.claimOne().handle) }
        #expect(try await ada.breaker("api") == "recovering")
    }

    @Test("What it lets through after closing doubles in each step")
    func ramp() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 100, #"{"needs": ["api"]}"#)
        try await ada.failing(5)
        try await letPass(.seconds(40))
        for _ in 1...3 { try await ada.complete(try await ada.claimOne().handle) }
        var running: [Int] = []
        for _ in 0..<5 {
            try await ada.claim(count: 100)
            running.append(try await ada.value("SELECT count(*) FROM pgswarm.lease"))
            try await letPass(.seconds(5))
        }
        #expect(running == [1, 2, 4, 8, 16])
        try await letPass(.seconds(40))
        #expect(try await ada.claim(count: 100).count > 50)
        #expect(try await ada.breaker("api") == "closed")
    }

    @Test("A probe that is lost with its worker, or takes too long, makes room for another")
    func lostProbe() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        try await ada.enqueue(count: 20, #"{"needs": ["api"]}"#)
        try await ada.failing(5)
        try await letPass(.seconds(40))
        let session = try await ada.openSession(ttl: .seconds(10))
        _ = try await ada.claimOne(session: session)
        #expect(try await bob.claim().isEmpty)
        try await letPass(.seconds(11))
        try await bob.sweep()
        // The next probe takes longer than a probe may.
        let slow = try await bob.claimOne()
        #expect(try await ada.claim().isEmpty)
        try await letPass(.seconds(121))
        let next = try await ada.claimOne()
        // Its end is no news any more.
        try await bob.fail(slow.handle)
        #expect(try await ada.breaker("api") == "half_open")
        try await ada.complete(next.handle)
        #expect(try await ada.breaker("api") == "half_open")
    }

    @Test("One agent alone does not open what wants two principals")
    func principals() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        try await ada.rows("SELECT pgswarm.breaker_set('api', '{\"min_principals\": 2}')")
        try await ada.enqueue(count: 60, #"{"needs": ["api"]}"#)
        try await ada.failing(30)
        #expect(try await ada.breaker("api") == "closed")
        try await bob.failing(1)
        #expect(try await ada.breaker("api") == "open")
    }

    @Test("A part of enough outcomes opens it; each claim counts once, and an earlier state's results say nothing")
    func rate() async throws {
        let ada = try await Caller.named()
        try await ada.rows("SELECT pgswarm.breaker_set('api', '{\"consecutive\": \"off\"}')")
        try await ada.enqueue(count: 60, #"{"needs": ["api"]}"#)
        let claims = try await ada.claim(count: 25)
        for claim in claims[0..<10] { try await ada.complete(claim.handle) }
        for claim in claims[10..<19] { try await ada.fail(claim.handle) }
        #expect(try await ada.breaker("api") == "closed")
        // The same outcome again is none.
        try await ada.settle(claims[18].handle, "fail")
        #expect(try await ada.breaker("api") == "closed")
        try await ada.fail(claims[19].handle)
        #expect(try await ada.breaker("api") == "open")
        let version: Int = try await ada.value("SELECT version FROM pgswarm.breakers WHERE breaker = 'api'")
        try await ada.complete(claims[20].handle)
        try await ada.fail(claims[21].handle)
        #expect(
            try await ada.value("SELECT version FROM pgswarm.breakers WHERE breaker = 'api'", as: Int.self) == version)
    }

    @Test("A failure may be the task's own, or name which of its needs was to blame")
    func cause() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 30, #"{"needs": ["api", "disk"]}"#)
        for claim in try await ada.claim(count: 6) { try await ada.settle(claim.handle, "fail", #"{"cause": "task"}"#) }
        #expect(try await ada.breaker("api") == "closed")
        for claim in try await ada.claim(count: 5) { try await ada.settle(claim.handle, "fail", #"{"cause": "disk"}"#) }
        #expect(try await ada.breaker("api") == "closed")
        #expect(try await ada.breaker("disk") == "open")
        #expect(try await ada.claim().isEmpty)
    }

    @Test("What one was told by Retry-After holds for all, and jitter only adds")
    func retryAfter() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        try await ada.enqueue(count: 30, #"{"needs": ["api"]}"#)
        let claim = try await ada.claimOne()
        try await ada.rows(
            "SELECT pgswarm.breaker_report('api', 'failed', handle => \(claim.handle), retry_after => '60 seconds')")
        #expect(try await ada.breaker("api") == "waiting")
        try await letPass(.seconds(59))
        #expect(try await bob.claim(count: 9).isEmpty)
        try await letPass(.seconds(8))
        #expect((1...3).contains(try await bob.claim(count: 9).count))
        // The report was this claim's outcome: the end of the task is not counted again.
        try await ada.fail(claim.handle)
        #expect(try await ada.value("SELECT failed FROM pgswarm.breakers WHERE breaker = 'api'", as: Int.self) <= 1)
    }

    @Test("A human's force wins until it is taken back or its time is over")
    func force() async throws {
        let ada = try await Caller.named()
        try await ada.enqueue(count: 30, #"{"needs": ["api"]}"#)
        try await ada.rows("SELECT pgswarm.breaker_force('api', 'open', 'maintenance', '1 hour')")
        #expect(try await ada.claim().isEmpty)
        try await letPass(.seconds(3601))
        #expect(try await ada.claim(count: 3).count == 3)
        try await ada.rows("SELECT pgswarm.breaker_force('api', 'closed')")
        try await ada.failing(8)
        #expect(try await ada.breaker("api") == "forced_closed")
        try await ada.rows("SELECT pgswarm.breaker_force('api', 'reset')")
        #expect(try await ada.breaker("api") == "closed")
        try await ada.failing(5)
        #expect(try await ada.breaker("api") == "open")
        try await ada.rows("SELECT pgswarm.breaker_force('api', 'reset')")
        #expect(try await ada.claim(count: 4).count == 4)
    }

    @Test("A rate and a number of permits let only so many through")
    func limits() async throws {
        let ada = try await Caller.named()
        try await ada.rows("SELECT pgswarm.breaker_set('api', '{\"rate\": 2, \"burst\": 4, \"concurrency\": 5}')")
        try await ada.enqueue(count: 30, #"{"needs": ["api"]}"#)
        let first = try await ada.claim(count: 10)
        #expect(first.count == 4)
        try await letPass(.seconds(10))
        #expect(try await ada.claim(count: 10).count == 1)
        try await ada.complete(first[0].handle)
        try await ada.release(first[1].handle)
        #expect(try await ada.claim(count: 10).count == 2)
    }

    @Test("An agent that keeps crashing gets nothing more for a while, and is told why; others go on")
    func crashingAgent() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        try await ada.enqueue(count: 30)
        for _ in 1...5 {
            try await ada.claimOne(lease: .seconds(2))
            try await letPass(.seconds(3))
            try await bob.sweep()
        }
        #expect(try await ada.breaker("agent:ada") == "open")
        #expect(try await ada.claim().isEmpty)
        let why: String = try await ada.value("SELECT reason FROM pgswarm.why_empty(ARRAY['q'], agent => 'ada')")
        #expect(why == "agent_breaker")
        #expect(try await bob.claim().count == 1)
        try await letPass(.seconds(40))
        let probe = try await ada.claim(count: 5)
        #expect(probe.count == 1)
        for _ in 1...3 {
            let claim = try await ada.claim()
            try await ada.complete((claim.first ?? probe[0]).handle)
        }
        #expect(try await ada.breaker("agent:ada") != "open")
    }

    @Test("With a policy for kinds, an agent that fails at one kind gets the others")
    func kinds() async throws {
        let ada = try await Caller.named()
        let bob = try await Caller.named("bob")
        try await ada.rows("SELECT pgswarm.breaker_set('kind:*', '{\"enabled\": true, \"consecutive\": 3}')")
        try await ada.enqueue(count: 20, #"{"kind": "odd"}"#)
        let even = try await ada.enqueue("q", #"{"kind": "even"}"#)
        try await ada.failing(3)
        #expect(try await ada.breaker("kind:ada/odd") == "open")
        #expect(try await ada.claim(count: 30).map(\.id) == [even])
        #expect(try await bob.claim(count: 5).count == 5)
    }

    @Test("A queue with a budget of retries spreads them")
    func retryRate() async throws {
        let ada = try await Caller.named()
        try await ada.setQueue("q", #"{"retry_rate": 6, "retry_base": 0}"#)
        try await ada.enqueue(count: 4)
        for claim in try await ada.claim(count: 4) { try await ada.fail(claim.handle) }
        let due: [Double] = try await ada.column(
            "SELECT extract(epoch FROM due_at - pgswarm.clock())::float8 FROM pgswarm.tasks ORDER BY due_at")
        #expect(zip(due, [10.0, 20, 30, 40]).allSatisfy { abs($0 - $1) < 2 }, "\(due)")
    }

    @Test("Bad names and values are refused and change nothing")
    func refusals() async throws {
        let ada = try await Caller.named()
        #expect(await refusal { try await ada.rows("SELECT pgswarm.breaker_force('api', 'ajar')") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.breaker_force('nothing', 'reset')") } == "PS002")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.breaker_set('api', '{\"probes\": 0}')") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.breaker_set('api', '{\"colour\": 0}')") } == "PS003")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.breaker_set('agent:nobody', '{}')") } == "PS002")
        #expect(await refusal { try await ada.rows("SELECT pgswarm.breaker_report('api', 'fine')") } == "PS003")
        for rate in ["NaN", "Infinity", "1e300", "1e-300", "0"] {
            let settings = JSONText("{\"rate\": \"\(rate)\"}")
            #expect(await refusal { try await ada.rows("SELECT pgswarm.breaker_set('api', \(settings))") } == "PS003")
        }
        for name in ["kind:ada", "kind:", "agent:nobody", "queue:nothing", "kind:ada/"] {
            #expect(
                await refusal { try await ada.rows("SELECT pgswarm.breaker_force(\(name), 'open')") }.hasPrefix("PS00"))
        }
        let claim = try await {
            try await ada.enqueue("q", #"{"needs": ["mail"]}"#); return try await ada.claimOne()
        }()
        #expect(await refusal { try await ada.settle(claim.handle, "fail", #"{"cause": "typo"}"#) } == "PS003")
        #expect(try await ada.settle(claim.handle, "fail", #"{"cause": "mail"}"#).code == "ok")
        #expect(
            await refusal {
                try await ada.rows("SELECT pgswarm.breaker_report('api', 'failed', retry_after => '-1 s')")
            }
                == "PS003")
        #expect(await refusal { try await ada.enqueue("q", #"{"needs": ["a\nb"]}"#) } == "PS003")
        #expect(await refusal { try await ada.enqueue("q", #"{"needs": [""]}"#) } == "PS003")
        let known: [String] = try await ada.column("SELECT breaker FROM pgswarm.breakers WHERE name <> '*'")
        #expect(known == ["mail"])
    }
}

extension Caller {
    /// Claims so many tasks one after the other and fails them.
    func failing(_ count: Int, with error: String = "boom") async throws {
        for _ in 1...count { try await fail(try await claimOne().handle, error) }
    }

    /// The state of a breaker.
    func breaker(_ name: String) async throws -> String {
        try await value("SELECT state FROM pgswarm.breakers WHERE breaker = \(name)")
    }
}
