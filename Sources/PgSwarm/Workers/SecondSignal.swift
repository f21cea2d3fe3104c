public import ServiceLifecycle
public import UnixSignals

/// Hears the second signal of an impatient operator.
///
/// The first one asks a `ServiceGroup` to shut down in order, and the group ignores the rest. Put this beside a worker
/// to hand its work back at the second:
///
/// ```swift
/// let group = ServiceGroup(
///     services: [swarm, SecondSignal([.sigterm, .sigint]) { worker.handBack() }, worker],
///     gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
/// ```
public struct SecondSignal: Service {
    private let signals: [UnixSignal]
    private let action: @Sendable () -> Void

    /// Hears the second of these signals, whichever they are.
    ///
    /// - Parameter action: Called at the second signal and each further one.
    public init(_ signals: [UnixSignal], _ action: @escaping @Sendable () -> Void) {
        self.signals = signals
        self.action = action
    }

    /// Listens until the services that end before this one have ended.
    public func run() async throws {
        let signals = await UnixSignalsSequence(trapping: signals)
        await cancelWhenGracefulShutdown {
            var isFirst = true
            for await _ in signals {
                if !isFirst { action() }
                isFirst = false
            }
        }
    }
}
