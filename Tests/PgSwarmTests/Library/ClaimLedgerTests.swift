import FoundationEssentials
import Postgres
import Testing

@testable import PgSwarm

@Suite("The ledger of claims", .timeLimit(.minutes(5)))
struct ClaimLedgerTests {
    private func task(_ id: Int64, queue: QueueName = "q") throws -> ClaimedTask {
        ClaimedTask(
            id: TaskID(rawValue: id), handle: try Handle("\(id).1.\(String(repeating: "0", count: 32))"),
            epoch: 1,
            fence: 1, attempt: 1, maxAttempts: 3, queue: queue, payload: JSONText("{}"), priority: 0,
            leaseUntil: .now, leaseDuration: .seconds(60), createdAt: .now, needs: [])
    }

    @Test("Finds what nobody was given, of the queues asked for, no more than asked for")
    func finds() async throws {
        let ledger = ClaimLedger()
        let tasks = try [task(1), task(2), task(3, queue: "other"), task(4), task(5)]
        await ledger.begin()
        await ledger.end([tasks[0]])
        await ledger.begin()
        let found = try await ledger.recover(ClaimRequest(["q"], count: 2)) { () throws(SwarmError) in tasks }
        #expect(found.map(\.id.rawValue) == [2, 4])
        await ledger.begin()
        let rest = try await ledger.recover(ClaimRequest(["q"], count: 2)) { () throws(SwarmError) in tasks }
        #expect(rest.map(\.id.rawValue) == [5])
    }

    @Test("Waits for claims under way, because what they were granted is not lost")
    func waits() async throws {
        let ledger = ClaimLedger()
        let tasks = try [task(1), task(2)]
        await ledger.begin()
        await ledger.begin()
        async let found = ledger.recover(ClaimRequest(["q"], count: 2)) { () throws(SwarmError) in tasks }
        while await !ledger.isRecovering { await Task.yield() }
        await ledger.end([tasks[0]])
        #expect(try await found.map(\.id.rawValue) == [2])
    }

    @Test("Does not give out again what was settled while it looked")
    func settledMeanwhile() async throws {
        let ledger = ClaimLedger()
        let tasks = try [task(1), task(2)]
        await ledger.begin()
        await ledger.end([tasks[0]])
        await ledger.begin()
        let found = try await ledger.recover(ClaimRequest(["q"], count: 2)) { () throws(SwarmError) in
            // The look was taken before the settlement, and comes back after it.
            await ledger.forget([tasks[0].handle])
            return tasks
        }
        #expect(found.map(\.id.rawValue) == [2])
    }

    @Test("A look that fails leaves room for the next")
    func failure() async throws {
        let ledger = ClaimLedger()
        await ledger.begin()
        let error = await #expect(throws: SwarmError.self) {
            try await ledger.recover(ClaimRequest(["q"])) { () throws(SwarmError) in
                throw SwarmError(.unreachable, "gone")
            }
        }
        #expect(error?.code == .unreachable)
        await ledger.begin()
        let task = try task(1)
        let found = try await ledger.recover(ClaimRequest(["q"])) { () throws(SwarmError) in [task] }
        #expect(found.count == 1)
    }
}
