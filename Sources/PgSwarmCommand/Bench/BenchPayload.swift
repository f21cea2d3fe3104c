import PgSwarm
import Postgres

/// The bodies of measured tasks: about 200 bytes, as a small real one has.
enum BenchPayload {
    static let textLength = 160

    private static let text = JSONText(
        #"{"number": 1, "text": ""# + String(repeating: "x", count: textLength) + #""}"#)

    static func texts(_ count: Int) -> [JSONText] {
        Array(repeating: text, count: count)
    }

    static func drafts(_ count: Int, for queue: QueueName) -> [TaskDraft] {
        Array(repeating: TaskDraft(queue: queue, payload: text), count: count)
    }
}
