import Logging
import Postgres
internal import Synchronization

/// Passes the database's rings on to the claims of this process that wait, over one listening connection.
///
/// Rings only save time. With the listener broken, claims look by themselves once within the poll interval.
final class WakeUps: Sendable {
    private struct Subscriber {
        var queues: Set<String>
        var hear: @Sendable (WakeUp) -> Void
    }

    private struct State {
        var subscribers: [UInt64: Subscriber] = [:]
        var lastID: UInt64 = 0
        var isListening = false
        var isClosed = false
        var listening: Task<Void, Never>?
    }

    private static let channel = "pgswarm"
    private let options: ConnectionOptions
    private let logger: Logger
    private let state = Mutex(State())

    init(_ options: ConnectionOptions, logger: Logger) {
        self.options = options
        self.logger = logger
    }

    deinit {
        state.withLock { $0.listening?.cancel() }
    }

    /// Whether rings arrive at this moment: only then is it worth asking for one.
    var isListening: Bool { state.withLock { $0.isListening } }

    /// Subscribes to the rings for some queues; the first subscription starts the listener.
    func subscribe(_ queues: [QueueName], _ call: WakeUpCall) -> UInt64 {
        subscribe(queues) { wakeUp in
            switch wakeUp {
            case .work, .listening: call.ring()
            case .interrupted, .cancelled: break
            }
        }
    }

    /// Subscribes to the rings for some mailboxes, by their addresses.
    ///
    /// No queue's name begins like their payload.
    func subscribe(mail recipients: [String], _ call: WakeUpCall) -> UInt64 {
        subscribe(Set(recipients.map { "@\($0)" })) { wakeUp in
            switch wakeUp {
            case .work, .listening: call.ring()
            case .interrupted, .cancelled: break
            }
        }
    }

    /// Passes on what concerns some queues until the Swift task is cancelled.
    func listen(for queues: [QueueName], _ hear: @escaping @Sendable (WakeUp) -> Void) async {
        let subscription = subscribe(queues, hear)
        defer { unsubscribe(subscription) }
        let (nothing, continuation) = AsyncStream.makeStream(of: Never.self)
        for await _ in nothing {}
        continuation.finish()
    }

    private func subscribe(_ queues: [QueueName], _ hear: @escaping @Sendable (WakeUp) -> Void) -> UInt64 {
        subscribe(Set(queues.map(\.rawValue)), hear)
    }

    private func subscribe(_ names: Set<String>, _ hear: @escaping @Sendable (WakeUp) -> Void) -> UInt64 {
        state.withLock { state in
            state.lastID += 1
            state.subscribers[state.lastID] = Subscriber(queues: names, hear: hear)
            if state.listening == nil, !state.isClosed {
                // Lives as long as the swarm and not as its first waiter; `close` and `deinit` end it.
                state.listening = Task.detached { [weak self, options] in
                    await Self.listen(options, for: self)
                }
            }
            return state.lastID
        }
    }

    func unsubscribe(_ id: UInt64) {
        state.withLock { $0.subscribers[id] = nil }
    }

    /// Ends the listener for good.
    func close() {
        let listening = state.withLock { state in
            state.isClosed = true
            return state.listening
        }
        listening?.cancel()
    }

    /// Holds the swarm weakly, so that a swarm that nobody closed can go.
    private static func listen(_ options: ConnectionOptions, for wakeUps: @autoclosure () -> WakeUps?) async {
        let listener = Listener(options)
        do {
            try await listener.withNotifications(on: [channel]) { events in
                for await event in events {
                    guard let wakeUps = wakeUps() else { return }
                    wakeUps.take(event)
                }
            }
        } catch {
            wakeUps()?.give(up: error)
        }
    }

    private func take(_ event: ListenerEvent) {
        switch event {
        case .notification(_, let payload, _):
            // No queue's name begins like this.
            if payload.hasPrefix("!") {
                if let id = Int64(payload.dropFirst()) { tell(.cancelled(TaskID(rawValue: id))) }
            } else {
                tell(.work, to: payload)
            }
        case .listening:
            state.withLock { $0.isListening = true }
            tell(.listening)
        case .mayHaveMissed:
            tell(.work)
        case .interrupted(let error):
            state.withLock { $0.isListening = false }
            tell(.interrupted)
            logger.info(
                "rings don't arrive for the moment; waiting claims poll", metadata: ["error": "\(error)"])
        }
    }

    private func give(up error: any Error) {
        state.withLock { $0.isListening = false }
        tell(.interrupted)
        if !(error is CancellationError) {
            logger.warning(
                "rings don't arrive any more; waiting claims poll", metadata: ["error": "\(error)"])
        }
    }

    /// Tells those who wait for a queue, or everybody.
    private func tell(_ wakeUp: WakeUp, to queue: String? = nil) {
        let listeners = state.withLock { state in
            state.subscribers.values.filter { queue.map($0.queues.contains) ?? true }.map(\.hear)
        }
        for hear in listeners { hear(wakeUp) }
    }
}
