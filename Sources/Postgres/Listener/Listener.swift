/// Receives what others send with `NOTIFY`, on a connection of its own.
///
/// It stays: when the connection is lost, or the peer stops answering, it connects and listens again.
/// Notifications are no messages, though: those sent while it was away are gone. So treat each as a hint
/// to look, and look also after ``ListenerEvent/listening`` and ``ListenerEvent/mayHaveMissed``.
///
/// ```swift
/// try await Listener(options).withNotifications(on: ["orders"]) { events in
///     for await event in events {
///         switch event {
///         case .notification, .listening, .mayHaveMissed: try await lookForOrders()
///         case .interrupted(let error): report(error)
///         }
///     }
/// }
/// ```
///
/// It needs a session of its own, so a pooler that lends sessions by transaction must be bypassed; behind
/// one, every attempt ends in ``ListenerEvent/interrupted(_:)``.
public struct Listener: Sendable {
    /// How patient the listener is.
    public struct Configuration: Sendable {
        /// How long nothing may arrive before the server is asked whether it is still there.
        public var heartbeat: Duration = .seconds(10)
        /// How long the server may take to answer that.
        public var patience: Duration = .seconds(5)
        /// The first pause before connecting again.
        public var firstPause: Duration = .milliseconds(100)
        /// The longest pause; each is up to twice as long as the one before.
        public var longestPause: Duration = .seconds(10)
        /// How many events may wait to be read; more are dropped and make a ``ListenerEvent/mayHaveMissed``.
        public var capacity = 4_096

        /// The configuration for a server that is expected to be there.
        public init() {}
    }

    private let options: ConnectionOptions
    private let configuration: Configuration

    /// A listener; nothing is connected before ``withNotifications(on:isolation:_:)``.
    public init(_ options: ConnectionOptions, configuration: Configuration = Configuration()) {
        self.options = options
        self.configuration = configuration
    }

    /// Listens while `body` runs.
    ///
    /// - Parameters:
    ///   - channels: Names as in `NOTIFY "name"`, exact in case, up to 63 bytes.
    ///   - body: Reads the events; when it returns or throws, the listener stops.
    /// - Throws: What `body` throws, or ``PostgresError/invalidOptions(_:)``. A server that isn't there is
    ///   an event and no error.
    public func withNotifications<T>(
        on channels: [String], isolation: isolated (any Actor)? = #isolation,
        _ body: (AsyncStream<ListenerEvent>) async throws -> T
    ) async throws -> T {
        for channel in channels where channel.isEmpty || channel.utf8.count > 63 || channel.utf8.contains(0) {
            throw PostgresError.invalidOptions("a channel's name has 1 to 63 bytes, none of them NUL")
        }
        let (stream, continuation) = AsyncStream.makeStream(
            of: ListenerEvent.self, bufferingPolicy: .bufferingOldest(configuration.capacity)
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await listen(to: channels, ListenerOutlet(continuation)) }
            defer { group.cancelAll() }
            return try await body(stream)
        }
    }

    private func listen(to channels: [String], _ outlet: ListenerOutlet) async {
        var outlet = outlet
        var backoff = Backoff(first: configuration.firstPause, longest: configuration.longestPause)
        var wasListening = false
        while !Task.isCancelled {
            do throws(PostgresError) {
                let connection = try await Connection.connect(options)
                do throws(PostgresError) {
                    try await subscribe(connection, to: channels)
                    backoff.reset()
                    outlet.send(.listening)
                    if wasListening { outlet.send(.mayHaveMissed) }
                    wasListening = true
                    try await forward(connection, channels, to: &outlet)
                } catch {
                    await connection.close()
                    throw error
                }
            } catch {
                if Task.isCancelled { break }
                outlet.send(.interrupted(error))
                try? await Task.sleep(for: backoff.pause(), clock: .continuous)
            }
        }
        outlet.finish()
    }

    private func subscribe(_ connection: Connection, to channels: [String]) async throws(PostgresError) {
        try await connection.run(deadline: .now + configuration.patience) { db throws(PostgresError) in
            for channel in channels { try db.control(.harmless, "LISTEN \(SQL.quoted(identifier: channel))") }
            try db.checkListening(to: channels)
        }
    }

    /// Passes on notifications until the connection is lost, which it always is in the end.
    private func forward(
        _ connection: Connection, _ channels: [String], to outlet: inout ListenerOutlet
    ) async throws(PostgresError) {
        while true {
            let silence = ContinuousClock.now + configuration.heartbeat
            let arrived = try await connection.run { db throws(PostgresError) in
                try db.awaitNotifications(until: silence)
            }
            for one in arrived {
                outlet.send(
                    .notification(channel: one.channel, payload: one.payload, processID: one.processID)
                )
            }
            outlet.confess()
            guard arrived.isEmpty else { continue }
            try await connection.run(deadline: .now + configuration.patience) { db throws(PostgresError) in
                try db.checkListening(to: channels)
            }
        }
    }
}
