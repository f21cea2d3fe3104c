import Foundation
import Synchronization
import Testing

/// Holds a connection's thread until a test lets it go.
final class Gate: Sendable {
    private let state = Mutex((isWaiting: false, isOpen: false))

    /// Blocks the calling thread, which must be a connection's own.
    func wait() {
        state.withLock { $0.isWaiting = true }
        while state.withLock({ !$0.isOpen }) { usleep(200) }
    }

    /// Returns when somebody waits at the gate.
    func waiting() async throws {
        let limit = ContinuousClock.now + .seconds(30)
        while state.withLock({ !$0.isWaiting }) {
            try #require(ContinuousClock.now < limit, "nobody came to the gate")
            await Task.yield()
        }
    }

    func open() {
        state.withLock { $0.isOpen = true }
    }
}
