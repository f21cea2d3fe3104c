public import FoundationEssentials
public import Postgres

/// A task to be enqueued.
///
/// Whatever is left `nil` follows the settings of the queue.
public struct TaskDraft: Sendable {
    /// The queue it goes to.
    public var queue: QueueName
    /// What the worker gets, any JSON.
    public var payload: JSONText
    /// What sort of work it is; a worker picks its handler by it.
    public var kind: String?
    /// One line for people.
    public var title: String?
    /// Lower goes first; 0 when absent.
    public var priority: Int?
    /// Not before this time.
    ///
    /// Exclusive with ``delay``.
    public var at: Date?
    /// Not before so much time has passed on the database's clock.
    ///
    /// Exclusive with ``at``.
    public var delay: Duration?
    /// Idempotency: a second task of the queue with the same key and body is the first one, with another body is refused.
    public var key: String?
    /// After so many failed attempts the task goes to the dead letters.
    public var maxAttempts: Int?
    /// After so many lost leases without progress the task goes to the dead letters.
    public var maxLost: Int?
    /// How long one grant lasts unless it is renewed.
    public var lease: Duration?
    /// The hard limit of one attempt, renewed or not; a longer one has failed.
    ///
    /// A worker stops its work a tenth earlier, at most two seconds, so that it has ended by then.
    public var deadline: Duration?
    /// Blocked until all of these are facts.
    public var after: [TaskEdge]
    /// What the work depends on outside the swarm, by name.
    public var needs: [String]
    /// The W3C `traceparent` of whoever asked for the work; filled in when a tracer is at work.
    public var trace: String?
    /// What is agreed beforehand: goal, criteria, contracts, review.
    public var terms: TaskTerms?

    /// Drafts a task with a payload in JSON.
    public init(queue: QueueName, payload: JSONText = JSONText("{}")) {
        self.queue = queue
        self.payload = payload
        self.after = []
        self.needs = []
    }

    /// Drafts a task with a typed payload.
    ///
    /// - Throws: `invalid_argument` when the payload can't be written as JSON.
    public init(queue: QueueName, _ payload: some Encodable) throws(SwarmError) {
        self.init(queue: queue, payload: try JSONText(encoding: payload))
    }
}
