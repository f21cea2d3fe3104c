public import Postgres

/// How the holder ends its attempt.
public enum Verdict: Sendable {
    /// The work is done.
    case complete(JSONText? = nil)
    /// The attempt failed: tried again later, or dead when `dead` is set or the attempts are used up.
    ///
    /// `cause` says which of the task's needs was to blame, or `task` when none was; breakers count it by that.
    case fail(
        error: String, retryIn: Duration? = nil, dead: Bool = false, result: JSONText? = nil, cause: String? = nil)
    /// Handed back without costing an attempt, with a note for the next holder.
    case release(note: String? = nil, delay: Duration? = nil)

    /// Completes with a typed result.
    ///
    /// - Throws: `invalid_argument` when the result can't be written as JSON.
    public static func complete(_ result: some Encodable) throws(SwarmError) -> Verdict {
        .complete(try JSONText(encoding: result))
    }
}

extension Verdict {
    /// The database's word for the verdict.
    var verb: String {
        switch self {
        case .complete: "complete"
        case .fail: "fail"
        case .release: "release"
        }
    }

    /// The details in the form in which `settle` takes them.
    var body: JSONText? {
        switch self {
        case .complete(let result):
            return result
        case .fail(let error, let retryIn, let dead, let result, let cause):
            var object = JSONObjectText()
            object.add("result", raw: result)
            object.add("error", error)
            object.add("retry_in", retryIn)
            object.add("dead", dead)
            object.add("cause", cause)
            return object.text
        case .release(let note, let delay):
            var object = JSONObjectText()
            object.add("note", note)
            object.add("delay", delay)
            return object.text
        }
    }
}
