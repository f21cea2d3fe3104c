import Postgres
import TestSupport
import Testing

@Suite("Callers in REPEATABLE READ", .database, .timeLimit(.minutes(2)))
struct RepeatableReadTests {
    /// A transaction whose snapshot is taken, and older than all that happens next.
    private func oldSnapshot(_ caller: Caller) async throws {
        try await caller.script("BEGIN ISOLATION LEVEL REPEATABLE READ")
        try await caller.rows("SELECT count(*) FROM pgswarm.task")
    }

    @Test("A completion that can not see a new dependant fails to serialise instead of stranding it")
    func dependant() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        for place in ["running", "ready", "scheduled"] {
            let up = try await ada.enqueue("up-\(place)", place == "scheduled" ? #"{"delay": 1}"# : "{}")
            let handle = place == "running" ? try await ada.claimOne("up-\(place)").handle : ""
            try await letPass(.seconds(2))
            try await oldSnapshot(ada)
            let task = try await bob.enqueue("down", #"{"after": [\#(up)]}"#)
            let code = await refusal {
                try await ada.complete(place == "running" ? handle : ada.claimTask(up).handle)
            }
            #expect(code == "40001", "\(place)")
            try await ada.script("ROLLBACK")
            try await ada.complete(place == "running" ? handle : ada.claimTask(up).handle)
            #expect(try await bob.state(of: task) == "ready")
        }
    }

    @Test("Limits hold although the snapshot is older")
    func limits() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        try await ada.setQueue("q", #"{"max_running": 1, "backlog_limit": 2}"#)
        try await ada.enqueue(count: 2)
        try await oldSnapshot(ada)
        try await bob.claimOne()
        #expect(await refusal { try await ada.claim() } == "40001")
        try await ada.script("ROLLBACK")
        #expect(try await ada.claim() == [])
        try await oldSnapshot(ada)
        try await bob.enqueue()
        #expect(await refusal { try await ada.enqueue() } == "40001")
        try await ada.script("ROLLBACK")
        #expect(await refusal { try await ada.enqueue() } == "PS007")
    }

    @Test("A superseded holder is refused or fails to serialise, and changes nothing")
    func superseded() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        try await ada.enqueue("q", #"{"max_lost": 100}"#)
        let handle = try await ada.claimOne().handle
        for (verb, write) in ada.writes(of: handle) {
            try await oldSnapshot(ada)
            if verb == "complete" { try await bob.lose() }
            if verb == "complete" { try await bob.claimOne() }
            let code = await refusal { try await ada.rows(write) }
            #expect(["40001", "PS001"].contains(code), "\(verb): \(code)")
            try await ada.script("ROLLBACK")
        }
        #expect(try await bob.value("SELECT count(*) FROM pgswarm.tasks WHERE state = 'running'", as: Int.self) == 1)
    }

    @Test("Workers that repeat what failed to serialise do all the work once")
    func workers() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 200)
        let crowd = try await Crowd(6)
        let done = try await crowd.each { _, member in
            try await member.script("SET default_transaction_isolation = 'repeatable read'")
            var done: [Int] = []
            while true {
                let claims = try await persistently { try await member.claim(count: 5) }
                if claims.isEmpty { return done }
                let codes = try await persistently { try await member.settle(claims.map(\.handle)) }
                #expect(codes.allSatisfy { $0 == "ok" })
                done += claims.map(\.id)
            }
        }.flatMap { $0 }
        #expect(done.count == 200)
        #expect(Set(done) == Set(tasks))
        await crowd.disperse()
    }
}
