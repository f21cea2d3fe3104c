public import Postgres

extension Connection {
    /// Enqueues a task in the caller's own transaction: it exists if and only if that transaction commits.
    ///
    /// ```swift
    /// try await swarm.withConnection { db in
    ///     try db.transaction { db in
    ///         try db.execute("INSERT INTO invoice (id) VALUES (\(id))")
    ///         try db.enqueue(TaskDraft(queue: "invoices", Invoice(id: id)))
    ///     }
    /// }
    /// ```
    ///
    /// - Throws: `invalid_argument`, `queue_full`, `request_mismatch`, `too_large`, `lost_claim`, …
    @discardableResult
    public func enqueue(
        _ draft: TaskDraft, by author: EnqueueAuthor = EnqueueAuthor()
    ) throws(SwarmError) -> EnqueueReceipt {
        guard let receipt = try enqueue([draft], by: author).first else {
            throw SwarmError(.internal, "enqueue answered no row")
        }
        return receipt
    }

    /// Enqueues tasks in the caller's own transaction, with one call for each queue and thousand.
    ///
    /// Outside a transaction each call commits by itself; `Swarm.enqueue` makes it all or nothing.
    ///
    /// - Parameter requestID: A repetition with the same id gets the same answer and creates nothing.
    /// - Returns: The receipts in the order of the drafts.
    @discardableResult
    public func enqueue(
        _ drafts: [TaskDraft], by author: EnqueueAuthor = EnqueueAuthor(), requestID: String? = nil
    ) throws(SwarmError) -> [EnqueueReceipt] {
        try enqueue(EnqueueChunk.split(drafts), by: author, requestID: requestID)
    }

    /// Enqueues what ``EnqueueChunk/split(_:)`` made of the drafts.
    func enqueue(
        _ chunks: [EnqueueChunk], by author: EnqueueAuthor, requestID: String?
    ) throws(SwarmError) -> [EnqueueReceipt] {
        var receipts: [EnqueueReceipt?] = Array(
            repeating: nil, count: chunks.reduce(0) { $0 + $1.indices.count })
        for (number, chunk) in chunks.enumerated() {
            let id = requestID.map { number == 0 ? $0 : "\($0)#\(number)" }
            let sql = EnqueueSQL.enqueueMany(chunk, by: author, requestID: id)
            let answer = try rows(sql, count: chunk.indices.count) { row throws(PostgresError) in
                let (id, created) = try row.decode((TaskID, Bool).self)
                return EnqueueReceipt(id: id, created: created)
            }
            for (index, receipt) in zip(chunk.indices, answer) { receipts[index] = receipt }
        }
        return receipts.compactMap(\.self)
    }

    /// Wakes the workers that wait for these queues.
    ///
    /// Call it after the commit; without it they find the task at their next poll, within a second.
    ///
    /// - Returns: How many queues had somebody waiting.
    @discardableResult
    public func ring(_ queues: [QueueName]) throws(SwarmError) -> Int {
        try row(EnqueueSQL.ring(queues)) { row throws(PostgresError) in try row[0, as: Int?.self] ?? 0 }
    }
}
