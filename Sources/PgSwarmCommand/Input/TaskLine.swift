import PgSwarm
import Postgres

/// One line of a file of tasks.
///
/// An object with the member `payload` is a task with options, and every other member must be an option. Anything else
/// is the payload itself. (So an object that has a `payload` of its own must be wrapped: `{"payload":{"payload":1}}`.)
enum TaskLine {
    /// Why a line is no task.
    struct Fault: Error, Equatable {
        let message: String
    }

    /// The task that a line describes; what the line leaves open comes from `template`.
    static func draft(
        from bytes: UnsafeBufferPointer<UInt8>, template: TaskDraft
    ) throws(Fault) -> TaskDraft {
        var draft = template
        let scanner = try scan(bytes)
        guard case .object(let members) = scanner.shape, members.contains(where: { $0.key == "payload" })
        else {
            draft.payload = try text(bytes)
            return draft
        }
        for member in members {
            if member.key == "payload" {
                draft.payload = try text(UnsafeBufferPointer(rebasing: bytes[member.value]))
            } else {
                let value = TaskOption(key: member.key, range: member.value, bytes: bytes)
                try value.apply(to: &draft)
            }
        }
        return draft
    }

    /// The task whose payload is the line itself as a JSON string.
    static func text(from bytes: UnsafeBufferPointer<UInt8>, template: TaskDraft) throws(Fault) -> TaskDraft {
        guard let line = String(validating: bytes, as: UTF8.self) else {
            throw Fault(message: "it is not UTF-8")
        }
        guard !line.utf8.contains(0) else { throw Fault(message: "it contains a NUL, which can't be stored") }
        var draft = template
        draft.payload = JSONText(JSON.string(line).text)
        return draft
    }

    private static func scan(_ bytes: UnsafeBufferPointer<UInt8>) throws(Fault) -> JSONScanner {
        do {
            return try JSONScanner(bytes)
        } catch {
            throw Fault(message: "the JSON is broken at column \(error.offset + 1): \(error.message)")
        }
    }

    private static func text(_ bytes: UnsafeBufferPointer<UInt8>) throws(Fault) -> JSONText {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Fault(message: "it is not UTF-8")
        }
        return JSONText(text)
    }
}
