import Postgres

/// Single enqueues that leave together.
typealias EnqueueGroup = CallGroup<EnqueueItem, EnqueueReceipt, EnqueueLane>

/// A single enqueue on its way.
struct EnqueueItem: Sendable {
    var draft: TaskDraft
    var author: EnqueueAuthor
}

/// What single enqueues must have in common to travel together.
struct EnqueueLane: Hashable, Sendable {
    var queue: QueueName
    var author: EnqueueAuthor
    /// Drafts with a key may be sent again when the outcome is unknown; others may not.
    var isRepeatable: Bool
}

/// The bounds of grouped calls.
struct GroupLimits: Sendable {
    /// How many calls of a kind may be under way.
    var slots: Int
    /// How many items one call may carry.
    var count: Int
    /// How many bytes of payload one call may carry, give or take an item.
    var bytes = 4 << 20
}

extension CallGroup where Item == EnqueueItem, Answer == EnqueueReceipt, Lane == EnqueueLane {
    /// The group of a swarm's single enqueues.
    static func enqueues(caller: Caller, limits: GroupLimits) -> EnqueueGroup {
        EnqueueGroup(
            slots: limits.slots,
            limits: CallLimits(count: limits.count, weight: limits.bytes) {
                $0.draft.payload.text.utf8.count
            },
            lane: { item in
                EnqueueLane(
                    queue: item.draft.queue, author: item.author, isRepeatable: item.draft.key != nil)
            },
            call: { items throws(SwarmError) in
                guard let first = items.first else { return [] }
                caller.metrics.grouped("enqueue", items.count)
                let chunks = EnqueueChunk.split(items.map(\.draft))
                let receipts = try await caller.call("enqueue", repeatable: first.draft.key != nil) {
                    db throws(SwarmError) in
                    try db.enqueue(chunks, by: first.author, requestID: nil)
                }
                return receipts.map { .success($0) }
            })
    }
}
