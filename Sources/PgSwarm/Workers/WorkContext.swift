public import Logging
public import Postgres

/// What a handler gets beside its task: the way to tell how it goes, and to hear that it has to stop.
public struct WorkContext: Sendable {
    let holding: Holding
    let calls: any HolderCalls
    let timekeeper: any Timekeeper
    let baseLogger: Logger

    /// The task the handler works on.
    public var task: ClaimedTask { holding.task }

    /// Why the work has to stop, or `nil` while it may go on.
    ///
    /// The Swift task of the handler is cancelled at the same time. Whatever the handler returns after that is still
    /// sent: the database accepts it if nobody has superseded the attempt, and otherwise keeps it aside.
    public var stopReason: StopReason? { holding.stopReason }

    /// Whether the work has to stop.
    public var isCancelled: Bool { stopReason != nil }

    /// A logger that names the task, its queue and the attempt.
    public var logger: Logger {
        var logger = baseLogger
        logger[metadataKey: "task"] = "\(task.id)"
        logger[metadataKey: "queue"] = "\(task.queue)"
        logger[metadataKey: "attempt"] = "\(task.attempt)"
        return logger
    }

    /// Throws if the work has to stop.
    ///
    /// - Throws: `CancellationError`.
    public func checkStopped() throws {
        if isCancelled { throw CancellationError() }
    }

    /// Tells how the work goes.
    ///
    /// The next attempt gets the checkpoint and the note, should this one not finish.
    ///
    /// - Parameters:
    ///   - note: One line for people and for the next holder.
    ///   - checkpoint: Where to go on, any JSON.
    ///   - percent: How much is done, from 0 to 100.
    /// - Throws: `lost_claim` when the task is no longer this holder's; the work is then stopped.
    public func progress(
        note: String? = nil, checkpoint: JSONText? = nil, percent: Double? = nil
    ) async throws(SwarmError) {
        let progress = Progress(note: note, checkpoint: checkpoint, percent: percent)
        let status = try await stoppingWhenLost { () async throws(SwarmError) in
            try await calls.progress(task.handle, progress)
        }
        if status == .cancel { holding.stop(.cancel)?() }
    }

    /// Announces an effect outside the database before it is done, so that an interrupted attempt leaves word of it.
    ///
    /// - Parameters:
    ///   - key: Names the effect within the task, for example `mail`.
    ///   - detail: What whoever looks after it needs to know.
    /// - Returns: Whether the effect is new, may have happened, or has happened in an earlier attempt.
    /// - Throws: `lost_claim` when the task is no longer this holder's; the work is then stopped.
    public func intent(_ key: String, detail: JSONText? = nil) async throws(SwarmError) -> Effect {
        try await stoppingWhenLost { () async throws(SwarmError) in
            try await calls.intent(task.handle, key: key, detail: detail)
        }
    }

    /// Puts down what speaks for the result, or against it.
    ///
    /// What the handler itself has run, and seen the exit status of, is ``EvidenceDraft/Tier/captured``.
    ///
    /// - Throws: `lost_claim` when the task is no longer this holder's; the work is then stopped.
    public func evidence(_ evidence: EvidenceDraft) async throws(SwarmError) {
        try await stoppingWhenLost { () async throws(SwarmError) in
            try await calls.evidence(task.handle, evidence)
        }
    }

    /// Confirms that an announced effect has happened.
    ///
    /// - Throws: `lost_claim` when the task is no longer this holder's; the work is then stopped.
    public func confirm(_ key: String, result: JSONText? = nil) async throws(SwarmError) {
        try await stoppingWhenLost { () async throws(SwarmError) in
            try await calls.confirm(task.handle, key: key, result: result)
        }
    }

    /// Enqueues a task as a child of this one.
    ///
    /// Refused once the task is no longer this holder's.
    ///
    /// - Throws: `lost_claim`, `queue_full` and the other refusals of an enqueue.
    @discardableResult
    public func enqueue(_ draft: TaskDraft) async throws(SwarmError) -> EnqueueReceipt {
        try await stoppingWhenLost { () async throws(SwarmError) in
            try await calls.enqueue(draft, parent: task.handle)
        }
    }

    /// Runs an action as soon as the work has to stop, on a thread that no handler can occupy: for work that
    /// doesn't watch its Swift task, for example another process.
    ///
    /// The action must be short. A later one replaces it.
    public func whenStopped(_ action: (@Sendable (StopReason) -> Void)?) {
        guard let action else { return holding.whenStopped(nil) }
        holding.whenStopped { reason in
            action(reason)
            return true
        }
    }

    /// A holder that is refused once will be refused ever after: whatever it still does is in vain.
    private func stoppingWhenLost<Answer>(
        _ call: () async throws(SwarmError) -> Answer
    ) async throws(SwarmError) -> Answer {
        do {
            return try await call()
        } catch {
            if error.code == .lostClaim { holding.stop(.lost)?() }
            throw error
        }
    }
}
