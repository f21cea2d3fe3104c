import Logging
import PgSwarm
import Postgres
import Testing

import struct FoundationEssentials.UUID

@Suite("Roles in the library", .timeLimit(.minutes(2)))
struct SwarmRoleTests {
    /// A swarm without a server: what is refused is refused before one is asked.
    private func swarm(_ configure: (inout SwarmConfiguration) -> Void) throws -> Swarm {
        var configuration = SwarmConfiguration(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        configuration.agent = "chief"
        configuration.reconnectWindow = .zero
        configure(&configuration)
        return Swarm(
            try ConnectionOptions(url: "postgresql://nobody@/x?host=/nonexistent"), configuration: configuration)
    }

    private func code(_ body: () async throws -> Void) async -> SwarmError.Code? {
        do {
            try await body()
            return nil
        } catch { return (error as? SwarmError)?.code }
    }

    @Test("A coordinator's calls that execute are refused before they are sent", arguments: 0..<3)
    func coordinator(how: Int) async throws {
        let swarm = try swarm { configuration in
            switch how {
            case 0: configuration.role = .coordinator
            case 1: configuration.sessionKind = .coordinator
            default: configuration.credential = "pgs_coordinator_00"
            }
        }
        let handle = try Handle("1.1.00000000000000000000000000000000")
        let task = try #require(TaskID("1"))
        let calls: [@Sendable () async throws -> Void] = [
            { _ = try await swarm.claim(["q"]) }, { _ = try await swarm.claim(["q"], count: 5) },
            { _ = try await swarm.claim(task: task) }, { _ = try await swarm.renew(handle) },
            { _ = try await swarm.renew([handle]) }, { try await swarm.complete(handle) },
            { try await swarm.fail(handle, error: "e") }, { try await swarm.release(handle) },
            { _ = try await swarm.settle([(handle, .complete(nil))]) },
            { _ = try await swarm.step([], claiming: ["q"], count: 1) },
            { try await swarm.progress(handle, Progress()) }, { _ = try await swarm.intent(handle, key: "k") },
            { try await swarm.confirm(handle, key: "k") },
            { try await Worker(swarm, queues: ["q"], handler: Nothing()).run() },
        ]
        for (number, call) in calls.enumerated() { #expect(await code(call) == .notAllowed, "call \(number)") }
        #expect(await code { try await swarm.pause("q") } != .notAllowed)
        #expect(await code { try await swarm.enqueue(TaskDraft(queue: "q")) } != .notAllowed)
        if how == 0 { #expect(await code { try await swarm.configure("q", JSONText("{}")) } == .notAllowed) }
        await swarm.close()
    }

    private struct Nothing: WorkHandler {
        func handle(_ task: ClaimedTask, _ context: WorkContext) async throws -> Verdict { .complete(nil) }
    }

    @Test("Only a credential that registration made says a role")
    func credentials() {
        #expect(AgentRole(credential: "pgs_reviewer_12ab") == .reviewer)
        for text in ["", "pgs_12ab", "pgs_king_12ab", "pgs_worker", "x_worker_1", "pgs_worker_1_2"] {
            #expect(AgentRole(credential: text) == nil, "\(text)")
        }
    }
}
