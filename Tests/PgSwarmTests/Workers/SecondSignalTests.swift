import Glibc
import Testing
import UnixSignals

@testable import PgSwarm

@Suite("The second signal", .timeLimit(.minutes(1)))
struct SecondSignalTests {
    @Test("is heard, and the first is not")
    func second() async throws {
        let (calls, continuation) = AsyncStream.makeStream(of: Void.self)
        // Of all signals the one that does nothing by default, so that it may be sent before anybody listens.
        let service = SecondSignal([.sigwinch]) { continuation.finish() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            group.addTask {
                while !Task.isCancelled {
                    kill(getpid(), SIGWINCH)
                    await Task.yield()
                }
            }
            for await _ in calls {}
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
