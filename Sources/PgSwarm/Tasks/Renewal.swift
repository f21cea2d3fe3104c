public import FoundationEssentials

/// The database's answer to a renewed lease: the control channel to a holder.
public struct Renewal: Sendable {
    /// What the holder should do now.
    public struct Status: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        /// The word the database uses.
        public let rawValue: String

        /// Names a status by the database's word.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The word the database uses.
        public var description: String { rawValue }

        /// Go on.
        public static let ok = Status(rawValue: "ok")
        /// No longer the holder: stop, nothing it writes takes effect.
        public static let lost = Status(rawValue: "lost")
        /// The task was cancelled: stop and release.
        public static let cancel = Status(rawValue: "cancel")
        /// The queue was paused: finish, but claim nothing more from it.
        public static let pause = Status(rawValue: "pause")
        /// The agent is to finish what it holds and claim nothing more.
        public static let drain = Status(rawValue: "drain")
        /// Another transaction was at work on the lease; it was not renewed this time, try again soon.
        public static let busy = Status(rawValue: "busy")
    }

    /// The attempt.
    public var handle: Handle
    /// What the holder should do now.
    public var status: Status
    /// When the lease ends on the database's clock, if it is still held.
    public var leaseUntil: Date?
    /// How long the lease lasts from now on; count it on a monotonic clock, started before the renewal was sent.
    public var leaseDuration: Duration?
    /// How many messages wait for the holder and for its task.
    public var unread: Int?
}
