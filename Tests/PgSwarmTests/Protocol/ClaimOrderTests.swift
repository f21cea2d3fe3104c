import Postgres
import TestSupport
import Testing

@Suite("The order of claims", .database, .timeLimit(.minutes(5)))
struct ClaimOrderTests {
    @Test("Lower priority numbers first, then first come")
    func priority() async throws {
        let ada = try await Caller.named()
        var expected: [Int: [Int]] = [:]
        for priority in [0, 5, -5, 0, 32_767, -32_768, 5] {
            expected[priority, default: []].append(try await ada.enqueue("q", #"{"priority": \#(priority)}"#))
        }
        let order = expected.keys.sorted().flatMap { expected[$0] ?? [] }
        #expect(try await ada.claim(count: 3).map(\.id) == Array(order.prefix(3)))
        #expect(try await ada.claim(count: 9).map(\.id) == Array(order.dropFirst(3)))
    }

    @Test("Queues in the order of the list, the first one emptied first")
    func queues() async throws {
        let ada = try await Caller.named()
        let low = try await ada.enqueue("low", count: 3)
        let high = try await ada.enqueue("high", count: 2)
        #expect(try await ada.claim("high", "low", count: 4).map(\.id) == high + low.prefix(2))
        #expect(try await ada.claim("high", "low", "high", count: 4).map(\.id) == [low[2]])
    }

    @Test("What comes back stands behind what is there")
    func comesBack() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 3)
        let first = try await ada.claimOne()
        try await ada.release(first.handle)
        let second = try await ada.claimOne()
        try await ada.fail(second.handle, retryIn: .zero)
        #expect(try await ada.claim(count: 3).map(\.id) == [tasks[2], tasks[0], tasks[1]])
    }

    @Test("More urgent work that arrives later is claimed next, whatever the connection remembers")
    func urgent() async throws {
        let ada = try await Caller.named()
        let tasks = try await ada.enqueue(count: 20)
        #expect(try await ada.claim(count: 3).map(\.id) == Array(tasks[0..<3]))
        let urgent = try await ada.enqueue("q", #"{"priority": -1}"#)
        #expect(try await ada.claim(count: 2).map(\.id) == [urgent, tasks[3]])
        #expect(try await ada.claim(count: 2).map(\.id) == Array(tasks[4..<6]))
    }

    @Test("What another transaction took and gave back is found again, in its place")
    func rolledBack() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        let tasks = try await ada.enqueue(count: 600)
        try await bob.script("BEGIN")
        #expect(try await bob.claim(count: 2).map(\.id) == Array(tasks[0..<2]))
        // Far enough that the connection remembers a head beyond them.
        #expect(try await ada.claim(count: 300).map(\.id) == Array(tasks[2..<302]))
        #expect(try await ada.claim().map(\.id) == [tasks[302]])
        try await bob.script("ROLLBACK")
        // Within a fifth of a second at the latest.
        try await letPass(.seconds(1))
        #expect(try await ada.claim(count: 3).map(\.id) == [tasks[0], tasks[1], tasks[303]])
    }

    @Test("What was committed late, under a lower number, is found when the rest runs out")
    func committedLate() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        // The first use of a queue makes it, which others would have to wait for.
        try await ada.setQueue("q", "{}")
        try await bob.script("BEGIN")
        let late = try await bob.enqueue()
        let tasks = try await ada.enqueue(count: 2)
        #expect(try await ada.claim().map(\.id) == [tasks[0]])
        try await bob.script("COMMIT")
        #expect(Set(try await ada.claim(count: 2).map(\.id)) == [late, tasks[1]])
    }

    @Test("A clock that was set back leaves nothing behind")
    func clockSetBack() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        let tasks = try await ada.enqueue(count: 600)
        try await bob.script("BEGIN")
        try await bob.claim(count: 2)
        try await ada.claim(count: 300)
        try await bob.script("ROLLBACK")
        try await letPass(.seconds(-3600))
        #expect(try await ada.claim().map(\.id) == [tasks[0]])
    }

    @Test("Claimers pass over what others are taking; nobody waits, nothing is lost")
    func skips() async throws {
        let (ada, bob) = (try await Caller.named(), try await Caller.named("bob"))
        let tasks = try await ada.enqueue(count: 4)
        try await bob.script("BEGIN")
        #expect(try await bob.claim(count: 2).map(\.id) == Array(tasks[0..<2]))
        #expect(try await ada.claim(count: 4).map(\.id) == Array(tasks[2..<4]))
        try await bob.script("COMMIT")
        #expect(try await ada.claim() == [])
    }
}
