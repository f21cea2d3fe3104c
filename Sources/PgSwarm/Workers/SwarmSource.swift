import FoundationEssentials
import Logging
import Postgres
import Synchronization

/// A worker's own session on a swarm, over its own connections.
///
/// Its own, because the worker knows which of the session's claims have reached it, and because calls that handlers
/// make must not stand before a settlement or a renewal in the queue for a connection.
final class SwarmSource: WorkSource {
    private let swarm: Swarm
    private let queues: [QueueName]
    private let kind: Session.Kind
    private let stepping: ConnectionPool
    /// For beats and renewals alone.
    private let keeping: ConnectionPool
    private let session = Mutex<Session?>(nil)

    private static let stepTimeout = Duration.seconds(30)
    /// Short, so that a renewal on a connection that has silently died can be repeated before the lease is over.
    private static let keepTimeout = Duration.seconds(10)

    init(_ swarm: Swarm, queues: [QueueName], calls: Int, kind: Session.Kind = .runtime) {
        self.swarm = swarm
        self.queues = queues
        self.kind = kind
        stepping = ConnectionPool(
            swarm.options, configuration: .init(maximum: calls, acquireTimeout: Self.stepTimeout))
        keeping = ConnectionPool(
            swarm.options, configuration: .init(maximum: 1, acquireTimeout: Self.keepTimeout))
    }

    func open() async throws(SwarmError) -> Duration {
        // A sidecar only keeps a session, for whatever role.
        if !queues.isEmpty { try swarm.check(.executing) }
        var introduction = Introduction(swarm.configuration)
        introduction.kind = kind
        let filled = introduction
        let opened = try await call(stepping, Self.stepTimeout) { db throws(SwarmError) in
            try db.openSession(filled)
        }
        session.withLock { $0 = opened }
        return opened.ttl
    }

    func step(
        _ first: StepCall, then next: @escaping @Sendable (StepAnswer) -> StepCall?
    ) async throws(SwarmError) {
        let session = try token()
        let metrics = swarm.metrics
        try await call(stepping, Self.stepTimeout) { db throws(SwarmError) in
            var following: StepCall? = first
            while let call = following {
                db.deadline = .now + Self.stepTimeout
                let answer = try db.step(call, session: session)
                if !call.verdicts.isEmpty { metrics.settled(call.verdicts, answer.settlements) }
                if !answer.tasks.isEmpty { metrics.claimed(answer.tasks) }
                following = next(answer)
            }
        }
    }

    func renew(_ handles: [Handle]) async throws(SwarmError) -> [Renewal] {
        let session = try token()
        return try await call(keeping, Self.keepTimeout) { db throws(SwarmError) in
            try db.renew(handles, session: session)
        }
    }

    func beat() async throws(SwarmError) -> Session.Status {
        let session = try token()
        return try await call(keeping, Self.keepTimeout) { db throws(SwarmError) in try db.beat(session) }
    }

    func held() async throws(SwarmError) -> [ClaimedTask] {
        let session = try token()
        return try await call(stepping, Self.stepTimeout) { db throws(SwarmError) in
            try db.held(session: session)
        }
    }

    func register(_ queues: [QueueName]) async throws(SwarmError) -> Date? {
        // Without a listener the notification would be sent for nothing, to nobody.
        guard swarm.wakeUps.isListening else { return nil }
        let session = try token()
        return try await call(stepping, Self.stepTimeout) { db throws(SwarmError) in
            try db.waitFor(queues, session: session)
        }
    }

    func backlog(of queues: [QueueName]) async throws(SwarmError) -> QueueBacklog {
        let session = try token()
        return try await call(stepping, Self.stepTimeout) { db throws(SwarmError) in
            let answers = try db.whyEmpty(queues, session: session)
            // Whatever there is, an agent that drains gets nothing of it.
            if answers.allSatisfy({ $0.reason == "draining" }) { return QueueBacklog() }
            return answers.reduce(into: QueueBacklog()) { backlog, queue in
                backlog.ready += queue.ready
                backlog.scheduled += queue.scheduled + queue.held
                backlog.running += queue.running
                backlog.blocked += queue.blocked
            }
        }
    }

    func listen(_ hear: @escaping @Sendable (WakeUp) -> Void) async {
        await swarm.wakeUps.listen(for: queues, hear)
    }

    func close() async {
        if let ending = session.withLock({ $0 }) {
            do throws(SwarmError) {
                _ = try await call(stepping, .seconds(5)) { db throws(SwarmError) in
                    try db.closeSession(ending.token)
                }
            } catch {
                swarm.logger.info(
                    "the worker's session was not ended; it expires by itself",
                    metadata: ["error": "\(error)"])
            }
        }
        await stepping.close()
        await keeping.close()
    }

    /// The secret that proves the session.
    func token() throws(SwarmError) -> UUID {
        guard let session = session.withLock({ $0 }) else {
            throw SwarmError(.sessionLost, "the worker has no session yet")
        }
        return session.token
    }

    private func call<Answer: Sendable>(
        _ pool: ConnectionPool, _ timeout: Duration,
        _ body: @escaping @Sendable (isolated Connection) throws(SwarmError) -> Answer
    ) async throws(SwarmError) -> Answer {
        do {
            return try await pool.withConnection(deadline: .now + timeout) { db in try body(db) }
        } catch {
            throw SwarmError(any: error)
        }
    }
}

// A holder's calls travel like everybody's, grouped with others on the swarm's own connections.
extension SwarmSource {
    func progress(_ handle: Handle, _ progress: Progress) async throws(SwarmError) -> Renewal.Status {
        try await swarm.progress(handle, progress).status
    }

    func enqueue(_ draft: TaskDraft, parent: Handle) async throws(SwarmError) -> EnqueueReceipt {
        try await swarm.enqueue(draft, parent: parent)
    }

    func evidence(_ handle: Handle, _ evidence: EvidenceDraft) async throws(SwarmError) {
        let session = try token()
        _ = try await swarm.write("evidence_put", repeatable: false) { db throws(SwarmError) in
            try db.putEvidence(handle, evidence, session: session)
        }
    }

    func intent(_ handle: Handle, key: String, detail: JSONText?) async throws(SwarmError) -> Effect {
        try await swarm.intent(handle, key: key, detail: detail)
    }

    func confirm(_ handle: Handle, key: String, result: JSONText?) async throws(SwarmError) {
        try await swarm.confirm(handle, key: key, result: result)
    }
}

extension Connection {
    /// Makes the call of the protocol that does just what a step asks for.
    fileprivate func step(_ call: StepCall, session: UUID) throws(SwarmError) -> StepAnswer {
        let request = ClaimRequest(call.queues, count: call.count, lease: call.lease)
        if call.verdicts.isEmpty {
            return StepAnswer(settlements: [], tasks: try claim(request, session: session))
        }
        guard call.count > 0 else {
            return StepAnswer(settlements: try settle(call.verdicts, session: session), tasks: [])
        }
        let (settled, claimed) = try step(call.verdicts, claiming: request, session: session)
        return StepAnswer(settlements: settled, tasks: claimed)
    }
}
