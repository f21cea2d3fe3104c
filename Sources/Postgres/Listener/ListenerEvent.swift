/// What a ``Listener`` has to tell.
public enum ListenerEvent: Sendable {
    /// Somebody sent a `NOTIFY` to one of the channels.
    case notification(channel: String, payload: String, processID: Int32)
    /// From now on notifications arrive: what was committed before must be looked up.
    case listening
    /// The connection is lost or could not be made; the listener goes on trying.
    case interrupted(PostgresError)
    /// Notifications may have been lost, while there was no connection or because they were not read
    /// fast enough: what they would have told must be looked up.
    case mayHaveMissed
}
