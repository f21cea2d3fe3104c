/// What a listener has heard.
enum WakeUp: Sendable {
    /// There may be work: a notification came, or may have been missed.
    case work
    /// Notifications arrive from now on.
    case listening
    /// Notifications don't arrive; only the poll finds work.
    case interrupted
}
