import FoundationEssentials
import Postgres
import Synchronization

@testable import PgSwarm

/// A database in memory with one queue: grants, settles, and fails on demand.
final class FakeSource: WorkSource {
    struct State {
        var ready: [ClaimedTask] = []
        var held: [Handle: ClaimedTask] = [:]
        /// In the order in which they took effect.
        var settled: [(handle: Handle, verdict: Verdict)] = []
        var steps: [StepCall] = []
        var renewals: [[Handle]] = []
        var opened = 0
        var closed = 0
        var children: [TaskDraft] = []
        /// What the next calls throw before they have any effect.
        var stepTrouble: [SwarmError] = []
        var renewalTrouble: [SwarmError] = []
        /// The next steps take effect, and their answer gets lost.
        var lostAnswers = 0
        /// What renewals say of certain tasks.
        var statuses: [TaskID: Renewal.Status] = [:]
        var sessionStatus = Session.Status.ok
        /// Refuses verdicts, as the database refuses results that are too large.
        var refusal: (@Sendable (Verdict) -> SwarmError?)?
        var backlog = QueueBacklog()
        var isRegistered = false
        var hear: (@Sendable (WakeUp) -> Void)?
    }

    let state = Mutex(State())

    init(_ tasks: [ClaimedTask] = []) {
        state.withLock { $0.ready = tasks }
    }

    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    var settled: [(handle: Handle, verdict: Verdict)] { state.withLock { $0.settled } }

    /// Enqueues, and notifies whoever registered.
    func add(_ tasks: [ClaimedTask]) {
        let hear = state.withLock { state -> (@Sendable (WakeUp) -> Void)? in
            state.ready += tasks
            guard state.isRegistered else { return nil }
            state.isRegistered = false
            return state.hear
        }
        hear?(.work)
    }

    func open() async throws(SwarmError) -> Duration {
        state.withLock { state in
            state.opened += 1
            state.sessionStatus = .ok
            return .seconds(180)
        }
    }

    func step(
        _ first: StepCall, then next: @escaping @Sendable (StepAnswer) -> StepCall?
    ) async throws(SwarmError) {
        var following: StepCall? = first
        while let call = following { following = next(try answer(call)) }
    }

    private func answer(_ call: StepCall) throws(SwarmError) -> StepAnswer {
        let result = state.withLock { state -> Result<StepAnswer, SwarmError> in
            state.steps.append(call)
            if !state.stepTrouble.isEmpty { return .failure(state.stepTrouble.removeFirst()) }
            if state.sessionStatus == .lost {
                return .failure(SwarmError(.sessionLost, "the session is over"))
            }
            for item in call.verdicts {
                if let error = state.refusal?(item.verdict) { return .failure(error) }
            }
            let settlements = call.verdicts.map { item in
                Settlement(
                    handle: item.handle, code: Self.settle(item, &state), state: nil, message: nil, dueAt: nil
                )
            }
            let tasks = Array(state.ready.prefix(call.count))
            state.ready.removeFirst(tasks.count)
            for task in tasks { state.held[task.handle] = task }
            guard state.lostAnswers == 0 else {
                state.lostAnswers -= 1
                return .failure(SwarmError(.outcomeUnknown, "the connection broke"))
            }
            return .success(StepAnswer(settlements: settlements, tasks: tasks))
        }
        return try result.get()
    }

    private static func settle(
        _ item: (handle: Handle, verdict: Verdict), _ state: inout State
    ) -> Settlement.Code {
        if state.settled.contains(where: { $0.handle == item.handle }) { return .duplicate }
        guard state.held.removeValue(forKey: item.handle) != nil else { return .lostClaim }
        state.settled.append(item)
        return .ok
    }

    func renew(_ handles: [Handle]) async throws(SwarmError) -> [Renewal] {
        let result = state.withLock { state -> Result<[Renewal], SwarmError> in
            if !state.renewalTrouble.isEmpty { return .failure(state.renewalTrouble.removeFirst()) }
            state.renewals.append(handles)
            return .success(
                handles.map { handle in
                    let lease = state.held[handle]?.leaseDuration
                    let status = state.statuses[handle.taskID] ?? (lease == nil ? .lost : .ok)
                    return Renewal(handle: handle, status: status, leaseUntil: nil, leaseDuration: lease, unread: nil)
                })
        }
        return try result.get()
    }

    func beat() async throws(SwarmError) -> Session.Status { state.withLock { $0.sessionStatus } }

    func held() async throws(SwarmError) -> [ClaimedTask] { state.withLock { Array($0.held.values) } }

    func register(_ queues: [QueueName]) async throws(SwarmError) -> Date? {
        state.withLock { $0.isRegistered = true }
        return nil
    }

    func backlog(of queues: [QueueName]) async throws(SwarmError) -> QueueBacklog {
        state.withLock { state in
            var backlog = state.backlog
            backlog.ready += state.ready.count
            backlog.running += state.held.count
            return backlog
        }
    }

    func listen(_ hear: @escaping @Sendable (WakeUp) -> Void) async {
        state.withLock { $0.hear = hear }
        hear(.listening)
    }

    func close() async { state.withLock { $0.closed += 1 } }

    func progress(_ handle: Handle, _ progress: Progress) async throws(SwarmError) -> Renewal.Status {
        guard state.withLock({ $0.held[handle] != nil }) else { throw SwarmError(.lostClaim, "superseded") }
        return state.withLock { $0.statuses[handle.taskID] ?? .ok }
    }

    func enqueue(_ draft: TaskDraft, parent: Handle) async throws(SwarmError) -> EnqueueReceipt {
        guard state.withLock({ $0.held[parent] != nil }) else { throw SwarmError(.lostClaim, "superseded") }
        state.withLock { $0.children.append(draft) }
        return EnqueueReceipt(id: TaskID(rawValue: 1_000_000), created: true)
    }

    func evidence(_ handle: Handle, _ evidence: EvidenceDraft) async throws(SwarmError) {}

    func intent(_ handle: Handle, key: String, detail: JSONText?) async throws(SwarmError) -> Effect {
        throw SwarmError(.notFound, "no effects here")
    }

    func confirm(_ handle: Handle, key: String, result: JSONText?) async throws(SwarmError) {
        throw SwarmError(.notFound, "no effects here")
    }
}
