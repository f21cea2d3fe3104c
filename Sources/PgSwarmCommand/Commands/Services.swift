import Logging
import PgSwarm
import ServiceLifecycle
import UnixSignals

/// Runs a long-lived service with the session it works under, until it ends or a signal ends it.
struct Services {
    let logger: Logger

    /// Returns when `service` has ended.
    ///
    /// A first SIGTERM, SIGINT or SIGHUP asks it to; `onSecondSignal` hears of the next. What runs `beside` it ends with it.
    func run(
        swarm: Swarm, _ service: some Service, beside others: [any Service] = [],
        onSecondSignal: @escaping @Sendable () -> Void
    ) async throws {
        typealias Item = ServiceGroupConfiguration.ServiceConfiguration
        // Under nohup the end of the terminal is no reason to end.
        let signals: [UnixSignal] = [.sigterm, .sigint] + (Terminal.outlivesHangUp ? [] : [.sighup])
        // Ended in reverse order: the session is kept until the service has handed everything in.
        let items =
            [
                Item(service: swarm, successTerminationBehavior: .gracefullyShutdownGroup),
                Item(
                    service: SecondSignal(signals, onSecondSignal),
                    successTerminationBehavior: .ignore),
            ]
            + others.map { Item(service: $0, successTerminationBehavior: .ignore) }
            + [
                Item(
                    service: service, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            ]
        var configuration = ServiceGroupConfiguration(
            services: items, gracefulShutdownSignals: signals, logger: logger)
        configuration.cancellationSignals = []
        try await ServiceGroup(configuration: configuration).run()
    }
}
