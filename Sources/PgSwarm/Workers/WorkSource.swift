import FoundationEssentials
import Postgres

/// What a worker asks of the database.
///
/// `Swarm` is the one in earnest; tests act it.
protocol WorkSource: HolderCalls {
    /// Opens a session, or a new one in place of one that was lost.
    ///
    /// - Returns: How long it lives without a beat.
    func open() async throws(SwarmError) -> Duration

    /// Settles and claims in one commit, and then again and again, for as long as there is a next call to make.
    ///
    /// Under load the next call is known as soon as the last one is answered. Made at once, where the answer arrives,
    /// it spares two changes of threads, which cost more than the call's own work when all processors are busy.
    ///
    /// - Parameter next: Takes an answer and may ask for another call. Runs on the connection's thread: it must be short.
    /// - Throws: What the last call asked for came to; the answers before it were taken.
    func step(
        _ first: StepCall, then next: @escaping @Sendable (StepAnswer) -> StepCall?
    ) async throws(SwarmError)

    /// Renews leases, and beats the session with it. On a connection that nothing else uses.
    func renew(_ handles: [Handle]) async throws(SwarmError) -> [Renewal]

    /// Beats the session. On the connection of ``renew(_:)``.
    func beat() async throws(SwarmError) -> Session.Status

    /// Everything the session holds: after an answer was lost, its claims are found here.
    func held() async throws(SwarmError) -> [ClaimedTask]

    /// Asks to be notified, once, when one of the queues gets work.
    ///
    /// - Returns: When the earliest scheduled task is due, if there is one.
    func register(_ queues: [QueueName]) async throws(SwarmError) -> Date?

    /// What the queues hold that could still become work.
    func backlog(of queues: [QueueName]) async throws(SwarmError) -> QueueBacklog

    /// Passes on the server's notifications until the Swift task is cancelled.
    func listen(_ hear: @escaping @Sendable (WakeUp) -> Void) async

    /// Closes the session.
    func close() async
}

/// The calls that the holder of a task makes while it works.
protocol HolderCalls: Sendable {
    /// Tells how the work goes; renews the lease with it.
    func progress(_ handle: Handle, _ progress: Progress) async throws(SwarmError) -> Renewal.Status

    /// Enqueues a task as the child of a held one.
    func enqueue(_ draft: TaskDraft, parent: Handle) async throws(SwarmError) -> EnqueueReceipt

    /// Announces an effect outside the database.
    func intent(_ handle: Handle, key: String, detail: JSONText?) async throws(SwarmError) -> Effect

    /// Puts down what the runtime has seen of the work.
    func evidence(_ handle: Handle, _ evidence: EvidenceDraft) async throws(SwarmError)

    /// Confirms an announced effect.
    func confirm(_ handle: Handle, key: String, result: JSONText?) async throws(SwarmError)
}

/// Verdicts to bring and tasks to get, in one commit.
struct StepCall: Sendable {
    var verdicts: [(handle: Handle, verdict: Verdict)]
    var queues: [QueueName]
    var count: Int
    var lease: Duration?
}

/// What came of a step: one settlement for each verdict, and the granted tasks.
struct StepAnswer: Sendable {
    var settlements: [Settlement]
    var tasks: [ClaimedTask]
}

/// How much work some queues hold, by what it waits for.
struct QueueBacklog: Sendable {
    var ready = 0
    var scheduled = 0
    var running = 0
    var blocked = 0

    /// Whether nothing is left that could come to a worker without somebody enqueueing or retrying.
    ///
    /// Blocked tasks don't count: what they wait for is in these queues and counts itself, or is out of their reach.
    var isExhausted: Bool { ready == 0 && scheduled == 0 && running == 0 }
}
