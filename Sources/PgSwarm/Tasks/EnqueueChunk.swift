import Postgres

/// Drafts of one queue that travel in one call.
struct EnqueueChunk: Sendable {
    /// How many drafts one call carries.
    static let maximum = 1000

    let queue: QueueName
    /// Where the drafts stand in the caller's list.
    let indices: [Int]
    let payloads: [JSONText]
    /// The wishes that all drafts have in common; the database has a quick way for drafts that are alike.
    let shared: JSONText?
    /// Each draft's own wishes, when they differ.
    let each: [JSONText?]?

    init(queue: QueueName, indices: [Int], of drafts: [TaskDraft]) {
        self.queue = queue
        self.indices = indices
        payloads = indices.map { drafts[$0].payload }
        let options = indices.map { drafts[$0].options }
        let first = options.first ?? nil
        let alike = options.allSatisfy { $0 == first } && indices.allSatisfy { drafts[$0].isAnonymous }
        shared = alike ? first : nil
        each = alike ? nil : options
    }

    /// Orders the calls by queue, so that two callers never lock the keys of two queues crosswise.
    static func split(_ drafts: [TaskDraft]) -> [EnqueueChunk] {
        Dictionary(grouping: drafts.indices) { drafts[$0].queue }
            .sorted { $0.key < $1.key }
            .flatMap { queue, indices in
                stride(from: 0, to: indices.count, by: maximum).map { start in
                    let part = indices[start..<min(start + maximum, indices.count)]
                    return EnqueueChunk(queue: queue, indices: Array(part), of: drafts)
                }
            }
    }
}

extension TaskDraft {
    /// Whether nothing but the payload tells it from its neighbours: a key and a dependency are always one's own.
    fileprivate var isAnonymous: Bool { key == nil && after.isEmpty }
}
