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

/// A member of a line's object beside the payload.
private struct TaskOption {
    let key: String
    let range: Range<Int>
    let bytes: UnsafeBufferPointer<UInt8>

    func apply(to draft: inout TaskDraft) throws(TaskLine.Fault) {
        // An option that is null is one that is not there.
        if case .word("null") = try shape() { return }
        switch key {
        case "title": draft.title = try string()
        case "kind": draft.kind = try string()
        case "key": draft.key = try string()
        case "trace": draft.trace = try string()
        case "priority": draft.priority = try integer()
        case "max_attempts": draft.maxAttempts = try integer()
        case "max_lost": draft.maxLost = try integer()
        case "delay": draft.delay = try duration()
        case "lease": draft.lease = try duration()
        case "deadline": draft.deadline = try duration()
        case "at":
            guard let date = Timestamp.parse(try string()) else {
                throw wrong("a time such as 2026-03-01T12:00:00Z")
            }
            draft.at = date
        case "needs":
            draft.needs = try list { (shape) in if case .string(let text) = shape { text } else { nil } }
        case "after": draft.after = try list(taskID)
        default: throw TaskLine.Fault(message: "\"\(key.printable)\" is no option of a task")
        }
    }

    private func shape() throws(TaskLine.Fault) -> JSONScanner.Shape {
        do {
            return try JSONScanner.shape(of: range, in: bytes)
        } catch {
            throw TaskLine.Fault(message: error.message)
        }
    }

    private func string() throws(TaskLine.Fault) -> String {
        guard case .string(let text) = try shape() else { throw wrong("a string") }
        return text
    }

    private func integer() throws(TaskLine.Fault) -> Int {
        guard case .word(let text) = try shape(), let number = Int(text) else {
            throw wrong("a whole number")
        }
        return number
    }

    /// Seconds as a number, or a duration as on the command line.
    private func duration() throws(TaskLine.Fault) -> Duration {
        let shape = try shape()
        if case .word(let text) = shape, let seconds = Double(text), seconds >= 0, seconds < 9e9 {
            return .nanoseconds(Int64(seconds * 1e9))
        }
        if case .string(let text) = shape, let duration = try? DurationArgument.parse(text) {
            return duration
        }
        throw wrong("seconds, or a duration such as \"15m\", and not negative")
    }

    private func list<Element>(
        _ convert: (JSONScanner.Shape) -> Element?
    ) throws(TaskLine.Fault) -> [Element] {
        guard case .array(let elements) = try shape() else { throw wrong("a list") }
        var list: [Element] = []
        for element in elements {
            let place = range.lowerBound + element.lowerBound..<range.lowerBound + element.upperBound
            guard let shape = try? JSONScanner.shape(of: place, in: bytes), let value = convert(shape) else {
                throw wrong(Element.self == TaskID.self ? "a list of task ids" : "a list of strings")
            }
            list.append(value)
        }
        return list
    }

    private func taskID(_ shape: JSONScanner.Shape) -> TaskID? {
        switch shape {
        case .string(let text), .word(let text): TaskID(text)
        default: nil
        }
    }

    private func wrong(_ wanted: String) -> TaskLine.Fault {
        TaskLine.Fault(message: "\"\(key)\" must be \(wanted)")
    }
}
