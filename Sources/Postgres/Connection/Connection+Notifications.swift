internal import CLibPQ

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// A message that some session sent with `NOTIFY` to a channel that this one listens to.
struct Notification: Sendable, Hashable {
    let channel: String
    let payload: String
    /// The sender's server process.
    let processID: Int32
}

extension Connection {
    /// The notifications that have arrived and were not taken yet.
    func takeNotifications() -> [Notification] {
        guard let link else { return [] }
        var notifications: [Notification] = []
        while let notification = PQnotifies(link.pointer) {
            defer { PQfreemem(notification) }
            notifications.append(
                Notification(
                    channel: String(cString: notification.pointee.relname),
                    payload: String(cString: notification.pointee.extra),
                    processID: notification.pointee.be_pid
                )
            )
        }
        return notifications
    }

    /// Waits for notifications; empty when none came in time.
    func awaitNotifications(until limit: ContinuousClock.Instant) throws(PostgresError) -> [Notification] {
        let isCancelled = interruption.beginStatement()
        defer { interruption.endStatement() }
        if isCancelled { throw .cancelled }
        while true {
            let arrived = takeNotifications()
            if !arrived.isEmpty { return arrived }
            guard let link else { throw .connectionLost(lossReason) }
            if interruption.isCancelled { throw .cancelled }
            if limit <= .now { return [] }
            if pollSocket(link, POLLIN, until: limit) != 0 { try consumeWhileIdle(link) }
        }
    }

    /// Reads what the server sends unasked; throws when that is the end of the session.
    func consumeWhileIdle(_ link: Link) throws(PostgresError) {
        if PQconsumeInput(link.pointer) != 0, !link.isBroken {
            // The server's last words may arrive before the end of the stream does: libpq looks at them now.
            _ = PQisBusy(link.pointer)
            if link.farewell == nil { return }
        }
        disconnect(link.farewell ?? link.errorMessage)
        throw .connectionLost(lossReason)
    }

    /// Makes sure that the server answers and that this session is the one that listens.
    func checkListening(to channels: [String]) throws(PostgresError) {
        let rows = try query(
            "SELECT count(DISTINCT c) FROM pg_listening_channels() AS c WHERE c = ANY(\(channels))"
        )
        if try rows[0][0, as: Int.self] < Set(channels).count {
            throw .connectionLost("the session does not listen any more; is there a pooler in between?")
        }
    }
}
