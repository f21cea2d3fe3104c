import FoundationEssentials
import PgSwarm
import Postgres

/// A member of a line's object beside the payload.
struct TaskOption {
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
        case "needs": draft.needs = try strings()
        case "after": draft.after = try list(edge)
        default: try applyTerm(to: &draft)
        }
    }

    private func applyTerm(to draft: inout TaskDraft) throws(TaskLine.Fault) {
        var terms = draft.terms ?? TaskTerms()
        switch key {
        case "goal": terms.goal = try string()
        case "criteria": terms.criteria = try strings()
        case "size": terms.size = try string()
        case "paths": terms.paths = try strings()
        case "produces": terms.produces = try strings()
        case "consumes": terms.consumes = try strings()
        case "capabilities": terms.capabilities = try strings()
        case "prefer": terms.prefer = try strings()
        case "prefer_for": terms.preferFor = try duration()
        case "review": terms.review = try raw()
        case "estimate": terms.estimate = try raw()
        case "redundancy": terms.redundancy = try raw()
        default: throw TaskLine.Fault(message: "\"\(key.printable)\" is no option of a task")
        }
        draft.terms = terms
    }

    private func raw() throws(TaskLine.Fault) -> JSONText {
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw TaskLine.Fault(message: "it is not UTF-8")
        }
        return JSONText(text)
    }

    private func strings() throws(TaskLine.Fault) -> [String] {
        try list { shape in if case .string(let text) = shape { text } else { nil } }
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
                throw wrong(
                    Element.self == TaskEdge.self
                        ? "a list of task ids, or of texts such as \"12:finished\"" : "a list of strings")
            }
            list.append(value)
        }
        return list
    }

    /// An id, or a text as `--after` takes it.
    private func edge(_ shape: JSONScanner.Shape) -> TaskEdge? {
        switch shape {
        case .string(let text), .word(let text): try? EdgeArgument.parse(text)
        default: nil
        }
    }

    private func wrong(_ wanted: String) -> TaskLine.Fault {
        TaskLine.Fault(message: "\"\(key)\" must be \(wanted)")
    }
}
