import Foundation
import Synchronization
import Testing

/// Holds a connection's thread until a test lets it go.
final class Gate: Sendable {
    private let isWaiting = Mutex(false)
    private let opened = DispatchSemaphore(value: 0)

    /// Blocks the calling thread, which must be a connection's own.
    func wait() {
        isWaiting.withLock { $0 = true }
        opened.wait()
        // An open gate stays open.
        opened.signal()
    }

    /// Returns when somebody waits at the gate.
    func waiting() async throws {
        let limit = ContinuousClock.now + .seconds(30)
        while isWaiting.withLock({ !$0 }) {
            try #require(ContinuousClock.now < limit, "nobody came to the gate")
            await Task.yield()
        }
    }

    func open() {
        opened.signal()
    }
}
