import Postgres
import Tracing

extension Swarm {
    /// Enqueues a task.
    ///
    /// Concurrent calls leave together.
    ///
    /// - Parameter parent: The handle under whose fence the task is created: refused when it was superseded.
    /// - Throws: `invalid_argument`, `queue_full`, `request_mismatch`, `too_large`, `lost_claim`, `unreachable`;
    ///   `outcome_unknown` when the connection broke at the wrong moment and the draft has no key.
    @discardableResult
    public func enqueue(_ draft: TaskDraft, parent: Handle? = nil) async throws(SwarmError) -> EnqueueReceipt {
        try await observed("enqueue", queue: draft.queue) { context throws(SwarmError) in
            let author = try await author(parent)
            let draft = traced(draft, in: context)
            let receipt = try await enqueues.submit(EnqueueItem(draft: draft, author: author))
            announce([draft], [receipt])
            return receipt
        }
    }

    /// Enqueues tasks in one transaction: all or none.
    ///
    /// - Parameters:
    ///   - parent: The handle under whose fence the tasks are created: refused when it was superseded.
    ///   - requestID: A repetition with the same id gets the same answer and creates nothing.
    /// - Returns: The receipts in the order of the drafts.
    /// - Throws: As for one draft; the message names the draft that was refused, counted within its queue.
    @discardableResult
    public func enqueue(
        _ drafts: [TaskDraft], parent: Handle? = nil, requestID: String? = nil
    ) async throws(SwarmError) -> [EnqueueReceipt] {
        guard !drafts.isEmpty else { return [] }
        return try await observed("enqueue", queue: drafts.first?.queue) { context throws(SwarmError) in
            let author = try await author(parent)
            let drafts = drafts.map { traced($0, in: context) }
            let chunks = EnqueueChunk.split(drafts)
            metrics.grouped("enqueue", drafts.count)
            let isRepeatable = requestID != nil || drafts.allSatisfy { $0.key != nil }
            let receipts = try await caller.call("enqueue", repeatable: isRepeatable) {
                db throws(SwarmError) in
                if chunks.count == 1 { return try db.enqueue(chunks, by: author, requestID: requestID) }
                return try db.transacted { db in
                    try db.enqueue(chunks, by: author, requestID: requestID)
                }
            }
            announce(drafts, receipts)
            return receipts
        }
    }

    /// An agent with a credential shows its session, others their name.
    func author(_ parent: Handle? = nil) async throws(SwarmError) -> EnqueueAuthor {
        guard configuration.credential != nil || configuration.joining != nil else {
            return EnqueueAuthor(agent: configuration.agent, parent: parent)
        }
        return EnqueueAuthor(session: try await sessions.open().token, parent: parent)
    }

    private func traced(_ draft: TaskDraft, in context: InstrumentationContext) -> TaskDraft {
        guard draft.trace == nil, let trace = TraceContext.write(context, with: tracer) else { return draft }
        var draft = draft
        draft.trace = trace
        return draft
    }

    /// Counts what was created and wakes those who wait for it.
    private func announce(_ drafts: [TaskDraft], _ receipts: [EnqueueReceipt]) {
        let created = zip(drafts, receipts).filter { $1.created }.map(\.0)
        for (queue, drafts) in Dictionary(grouping: created, by: \.queue) {
            metrics.enqueued(drafts.count, queue: queue)
        }
        bell.ring(created.filter(\.isReadyAtOnce).map(\.queue))
    }
}
