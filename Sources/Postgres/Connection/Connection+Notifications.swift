internal import CLibPQ

/// A message that some session sent with `NOTIFY` to a channel that this one listens to.
public struct Notification: Sendable, Hashable {
    /// The channel.
    public let channel: String
    /// The text that was sent along; often empty.
    public let payload: String
    /// The sender's server process.
    public let processID: Int32
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
}
