public import FoundationEssentials
public import Postgres

/// A task in the caller's hands: the body, the handle that proves the grant, and what earlier attempts left behind.
public struct ClaimedTask: Sendable {
    /// Which task it is.
    public var id: TaskID
    /// Proves the grant; every write of the holder shows it.
    public var handle: Handle
    /// Which grant this is.
    public var epoch: Int
    /// Grows with every grant of the task: hand it to systems outside, so that they can refuse an older holder.
    public var fence: Int64
    /// Which attempt this is, from 1.
    public var attempt: Int
    /// How many attempts may fail.
    public var maxAttempts: Int
    /// Where it was claimed.
    public var queue: QueueName
    /// What sort of work it is.
    public var kind: String?
    /// One line for people.
    public var title: String?
    /// What is to be done.
    public var payload: JSONText
    /// Lower goes first.
    public var priority: Int
    /// When the grant ends on the database's clock, unless it is renewed.
    public var leaseUntil: Date
    /// How long the grant lasts from now on; count it on a monotonic clock, started before the claim was sent.
    public var leaseDuration: Duration
    /// The hard limit of this attempt.
    public var deadline: Date?
    /// When the task was enqueued.
    public var createdAt: Date
    /// The W3C `traceparent` of whoever asked for the work.
    public var trace: String?
    /// The task whose holder enqueued this one.
    public var parent: TaskID?
    /// What the work depends on outside the swarm, by name.
    public var needs: [String]
    /// What the last holder saved with `progress`.
    public var checkpoint: JSONText?
    /// How earlier attempts ended, oldest first.
    public var history: JSONText?
    /// Effects that an earlier attempt announced and never confirmed: find out whether they happened.
    public var effects: JSONText?
    /// Results that superseded holders brought too late.
    public var lateResults: JSONText?
    /// What the problem log knows about such a task: an array of at most three entries.
    public var problems: JSONText?
    /// How many messages wait for the claimer and for the task's holder.
    public var unread = 0
    /// Of a governed task: its goal, its criteria, its contracts, what it builds on, what a review found.
    public var brief: JSONText?

    /// Reads the payload as a value.
    ///
    /// - Throws: `invalid_argument` when the payload doesn't have the shape of `type`.
    public func decode<Payload: Decodable>(_ type: Payload.Type = Payload.self) throws(SwarmError) -> Payload {
        try payload.decode(type)
    }
}
