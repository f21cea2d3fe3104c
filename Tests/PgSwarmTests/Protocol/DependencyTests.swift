import Postgres
import TestSupport
import Testing

@Suite("Dependencies", .database, .timeLimit(.minutes(2)))
struct DependencyTests {
    @Test("A task runs when all that it waits for are done, not before")
    func all() async throws {
        let ada = try await Caller.named()
        let ups = try await ada.enqueue("up", count: 3)
        let task = try await ada.enqueue("down", #"{"after": \#(ups + ups)}"#)
        #expect(try await ada.state(of: task) == "blocked")
        for (done, claim) in try await ada.claim("up", count: 3).enumerated() {
            #expect(try await ada.claim("down") == [])
            #expect(await refusal { _ = try await ada.claimTask(task) } == "PS006")
            let unmet = "SELECT count(*) FROM pgswarm.dependencies WHERE task_id = \(task) AND NOT met" as SQL
            #expect(try await ada.value(unmet, as: Int.self) == 3 - done)
            try await ada.complete(claim.handle)
        }
        #expect(try await ada.state(of: task) == "ready")
        #expect(try await ada.claimOne("down").id == task)
    }

    @Test("What is done already is no reason to wait; a time still is")
    func doneAndDue() async throws {
        let ada = try await Caller.named()
        let up = try await ada.enqueue("up")
        let waits = try await ada.enqueue("down", #"{"after": [\#(up)], "delay": 60}"#)
        try await ada.complete(ada.claimOne("up").handle)
        let ready = try await ada.enqueue("down", #"{"after": ["\#(up)"]}"#)
        #expect(try await ada.state(of: ready) == "ready")
        #expect(try await ada.state(of: waits) == "scheduled")
        try await letPass(.seconds(61))
        #expect(try await ada.claim("down", count: 2).map(\.id) == [ready, waits])
    }

    @Test(
        "Failure is not success: a dead or cancelled upstream keeps it blocked, until it succeeds",
        arguments: [true, false])
    func upstreamFails(dead: Bool) async throws {
        let ada = try await Caller.named()
        let up = try await ada.enqueue("up")
        let task = try await ada.enqueue("down", #"{"after": [\#(up)]}"#)
        if dead {
            try await ada.fail(ada.claimOne("up").handle, "broken", dead: true)
        } else {
            try await ada.cancel(up)
        }
        #expect(try await ada.state(of: task) == "blocked")
        #expect(try await ada.why(task) == "upstream_failed")
        try await ada.retry(up)
        #expect(try await ada.why(task) == "blocked")
        try await ada.complete(ada.claimOne("up").handle)
        #expect(try await ada.state(of: task) == "ready")
    }

    @Test("A dependant that is retried waits anew for what is not done")
    func retriedDependant() async throws {
        let ada = try await Caller.named()
        let ups = try await ada.enqueue("up", count: 2)
        let task = try await ada.enqueue("down", #"{"after": \#(ups)}"#)
        try await ada.cancel(task)
        let claims = try await ada.claim("up", count: 2)
        try await ada.complete(claims[0].handle)
        try await ada.retry(task)
        #expect(try await ada.state(of: task) == "blocked")
        try await ada.complete(claims[1].handle)
        #expect(try await ada.state(of: task) == "ready")
    }

    @Test("The last parents finish together: every child is let go exactly once", arguments: [false, true])
    func fanIn(inBatches: Bool) async throws {
        let ada = try await Caller.named()
        let crowd = try await Crowd(4)
        for round in 0..<30 {
            let queue = "up-\(round)"
            let parents = try await ada.enqueue(queue, count: 8)
            let children = try await ada.enqueue("down", count: 3, #"{"after": \#(parents)}"#)
            let handles = try await ada.claim(queue, count: 8).map(\.handle)
            _ = try await crowd.each { index, member in
                let mine = [handles[index], handles[index + 4]]
                if inBatches { return try await member.settle(mine.shuffled()) }
                for handle in mine { try await member.complete(handle) }
                return []
            }
            #expect(try await ada.claim("down", count: 10).map(\.id) == children)
        }
        #expect(try await deadlocks() == 0)
        await crowd.disperse()
    }

    @Test(
        "Enqueued while its upstream finishes, it is never stranded", arguments: ["read committed", "repeatable read"])
    func enqueueDuringCompletion(isolation: String) async throws {
        let ada = try await Caller.named()
        let crowd = try await Crowd(3)
        for member in crowd.members {
            try await member.script("SET default_transaction_isolation = '\(isolation)'")
        }
        var children: [Int] = []
        for _ in 0..<40 {
            let parents = try await ada.enqueue("up", count: 2)
            let handles = try await ada.claim("up", count: 2).map(\.handle)
            children += try await crowd.each { index, member in
                try await persistently {
                    if index < 2 { return try await member.complete(handles[index]) == "done" ? 0 : -1 }
                    return try await member.enqueue("down", #"{"after": \#(parents)}"#)
                }
            }.filter { $0 > 0 }
        }
        #expect(children.count == 40)
        #expect(
            try await ada.column("SELECT state FROM pgswarm.tasks WHERE queue = 'down'", as: String.self)
                == Array(repeating: "ready", count: 40))
        await crowd.disperse()
    }
}
