import Postgres
import TestSupport
import Testing

/// Two parents finish at the same instant, over two connections; each child is released exactly once.
///
/// 10,000 rounds in four ways, three children a round.
@Suite("Fan-in", .database, .timeLimit(.minutes(15)))
struct FanInTests {
    private static let children = 3

    @Test("Single completions of governed tasks, 4,000 times")
    func single() async throws {
        try await rounds(4_000, options: #"{"goal": "g"}"#) { left, right, family in
            for index in 0..<family.left.count {
                async let one = left.settle(family.left[index].handle)
                async let other = right.settle(family.right[index].handle)
                let codes = try await [one.code, other.code]
                #expect(codes == ["ok", "ok"])
            }
        }
    }

    @Test("Single completions of plain tasks, 2,000 times")
    func plain() async throws {
        try await rounds(2_000, options: "{}") { left, right, family in
            for index in 0..<family.left.count {
                async let one = left.complete(family.left[index].handle)
                async let other = right.complete(family.right[index].handle)
                let states = try await [one, other]
                #expect(states == ["done", "done"])
            }
        }
    }

    @Test("Batches of five that meet in the middle, 2,000 times")
    func batches() async throws {
        try await rounds(2_000, options: "{}") { left, right, family in
            for start in stride(from: 0, to: family.left.count, by: 5) {
                let range = start..<min(start + 5, family.left.count)
                async let one = left.settle(family.left[range].map(\.handle))
                async let other = right.settle(family.right[range].reversed().map(\.handle))
                let codes = try await one + other
                #expect(codes.allSatisfy { $0 == "ok" })
            }
        }
    }

    @Test("Acceptances of reviewed results, 2,000 times")
    func acceptances() async throws {
        try await rounds(2_000, options: #"{"review": "peers"}"#) { left, right, family in
            try await left.settle(family.left.map(\.handle))
            try await right.settle(family.right.map(\.handle))
            let open: [Int] = try await left.column(
                "SELECT id FROM pgswarm.submission WHERE state = 'open' ORDER BY task")
            let half = open.count / 2
            for index in 0..<half {
                async let one = left.rows(
                    "SELECT pgswarm._accept(\(open[index]), 'human', 4, NULL, NULL, pgswarm.clock())")
                async let other = right.rows(
                    "SELECT pgswarm._accept(\(open[half + index]), 'human', 5, NULL, NULL, pgswarm.clock())")
                _ = try await (one, other)
            }
        }
    }

    private struct Family: Sendable {
        let left: [Claim]
        let right: [Claim]
    }

    /// Makes families of two parents and three children in lots, lets `finish` end the parents, and counts releases.
    private func rounds(
        _ count: Int, options: String, finish: @Sendable (Caller, Caller, Family) async throws -> Void
    ) async throws {
        let (left, right) = (try await Caller.named("left"), try await Caller.named("right"))
        let clock = ContinuousClock.now
        for start in stride(from: 0, to: count, by: 500) {
            let size = min(500, count - start)
            let lefts = try await left.enqueue("left", count: size, options)
            let rights = try await left.enqueue("right", count: size, options)
            let each = (0..<size).flatMap { index in
                (0..<Self.children).map { _ in JSONText(#"{"after": [\#(lefts[index]), \#(rights[index])]}"#) }
            }
            try await left.rows(
                "SELECT pgswarm.enqueue_many('kids', \(each.map { _ in JSONText("{}") }), \"each\" => \(each))")
            let family = Family(
                left: try await left.claim("left", count: size).sorted { $0.id < $1.id },
                right: try await right.claim("right", count: size).sorted { $0.id < $1.id })
            #expect(family.left.map(\.id) == lefts && family.right.map(\.id) == rights)
            try await finish(left, right, family)
        }
        let kids = count * Self.children
        let released = try await left.rows(
            """
            SELECT count(*), count(DISTINCT k.id) FROM pgswarm.event e, unnest(e.tasks) k (id)
            JOIN pgswarm.task t ON t.id = k.id JOIN pgswarm.queue q ON q.id = t.queue AND q.name = 'kids'
            WHERE e.kind = 'ready'
            """)[0].decode((Int, Int).self)
        #expect(released == (kids, kids))
        #expect(try await left.value("SELECT count(*) FROM pgswarm.dependency WHERE NOT met", as: Int.self) == 0)
        #expect(try await left.value("SELECT count(*) FROM pgswarm.waiting", as: Int.self) == 0)
        var claimed: [Int] = []
        while case let some = try await left.claim("kids", count: 1000), !some.isEmpty { claimed += some.map(\.id) }
        #expect(claimed.count == kids && Set(claimed).count == kids)
        #expect(try await deadlocks() == 0)
        print("fan-in: \(count) rounds, \(kids) children released once each, in \(ContinuousClock.now - clock)")
    }
}
