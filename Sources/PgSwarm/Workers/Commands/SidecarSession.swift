import FoundationEssentials
import Logging
import Postgres
import Synchronization

/// The session that a sidecar keeps alive, with all leases that its process has taken.
final class SidecarSession: Sendable {
    private let source: SwarmSource
    private let timekeeper: any Timekeeper
    private let logger: Logger
    private let waker = Waker()
    private let hasEnded = Mutex(false)
    /// A coordinator's session holds nothing, ever.
    private let mayHold: Bool

    /// Short leases that the process takes between two rounds must live until the next one.
    private static let round = Duration.seconds(5)

    init(_ swarm: Swarm, timekeeper: any Timekeeper) {
        source = SwarmSource(swarm, queues: [], calls: 1, kind: swarm.configuration.sessionKind ?? .runtime)
        self.timekeeper = timekeeper
        logger = swarm.logger
        mayHold = swarm.configuration.sessionKind != .coordinator
    }

    /// Opens the session.
    ///
    /// - Returns: The token by which others join it.
    func open() async throws(SwarmError) -> UUID {
        _ = try await source.open()
        return try source.token()
    }

    /// Beats, and renews what is held, until it is ended.
    func keep() async {
        var isTroubled = false
        while !hasEnded.withLock({ $0 }) {
            do throws(SwarmError) {
                let handles = mayHold ? try await source.held().map(\.handle) : []
                if handles.isEmpty {
                    guard try await source.beat() != .lost else { return report("the session was lost") }
                } else {
                    _ = try await source.renew(handles)
                }
                isTroubled = false
            } catch {
                guard !hasEnded.withLock({ $0 }) else { return }
                guard error.code != .sessionLost else { return report("the session was lost") }
                if !isTroubled { logger.warning("leases can't be renewed", metadata: ["error": "\(error)"]) }
                isTroubled = true
            }
            let pause = Self.round * Jitter.random.fraction(0.6...1)
            await waker.wait(until: timekeeper.now + pause, by: timekeeper)
        }
    }

    /// Ends ``keep()``.
    func end() {
        hasEnded.withLock { $0 = true }
        waker.wake()
    }

    /// Closes the session; what it still holds goes back.
    func close() async {
        await source.close()
    }

    /// The process can't be moved to another session: its environment names this one.
    private func report(_ message: Logger.Message) {
        logger.error(
            message, metadata: ["hint": "what the process claims from now on is refused; start it again"])
    }
}
