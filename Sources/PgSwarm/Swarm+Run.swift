import Logging
import Postgres
public import ServiceLifecycle

extension Swarm: Service {
    /// Keeps the session alive until the service group shuts down, then ends it and closes the connections.
    ///
    /// Put it before the workers in a service group, so that it ends after them.
    public func run() async throws {
        await sessions.setBeaten(true)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.pool.run() }
            group.addTask { await self.keepBeating() }
            await self.waitForShutdown()
            group.cancelAll()
        }
        await sessions.setBeaten(false)
        // In a task of its own, because this one may have been cancelled, and the session shall end all the same.
        await Task { await self.close(endingSession: true) }.value
    }

    /// Keeps the session alive once, and says what the database answers.
    @discardableResult
    public func beat() async throws(SwarmError) -> Session.Status {
        try await sessions.beat()
    }

    /// What the database answered to the last beat.
    public var sessionStatus: Session.Status {
        get async { await sessions.status }
    }

    private func waitForShutdown() async {
        // Cancellation and graceful shutdown mean the same here: whoever works has ended before.
        try? await gracefulShutdown()
    }

    private func keepBeating() async {
        while !Task.isCancelled {
            do throws(SwarmError) {
                if try await sessions.beat() == .lost {
                    logger.warning("the session was lost; the next claim opens another")
                }
            } catch {
                guard error.code != .cancelled else { return }
                logger.warning("the session could not be kept alive", metadata: ["error": "\(error)"])
            }
            let session = await sessions.current
            try? await ContinuousClock().sleep(for: Self.pause(until: session))
        }
    }

    /// A third of the session's life with jitter, so that two beats may fail; never more than a minute.
    private static func pause(until session: Session?) -> Duration {
        // Without a session there is nothing to beat; soon there may be.
        let third = session.map { $0.ttl / 3 } ?? .seconds(5)
        return min(third, .seconds(60)) * Double.random(in: 0.7...1)
    }
}
