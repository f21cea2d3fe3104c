import ArgumentParser
import PgSwarm

/// An edge on the command line: a task's id, and behind colons what differs from the usual.
enum EdgeArgument {
    /// Reads `12`, `12:finished`, `12:score=4`, `12:score=4:cancel`.
    static func parse(_ text: String) throws -> TaskEdge {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard let id = TaskID(parts[0]) else {
            throw ValidationError("'\(text)' names no task: --after takes the id that enqueue printed, such as 12")
        }
        var edge = TaskEdge(id)
        for part in parts.dropFirst() {
            if let fact = TaskEdge.Fact(rawValue: part) {
                edge.until = fact
            } else if let failure = TaskEdge.Failure(rawValue: part) {
                edge.onFailure = failure
            } else if part.hasPrefix("score="), let score = Int(part.dropFirst(6)), (1...5).contains(score) {
                edge.minScore = score
            } else {
                throw ValidationError(
                    "'\(part)' in '\(text)' says nothing about waiting: it is finished, accepted, score=1 to score=5, "
                        + "wait, cancel or continue")
            }
        }
        guard edge.minScore == nil || edge.until == .accepted else {
            throw ValidationError(
                "'\(text)' asks for a score of something that need not be accepted: leave out one of them")
        }
        return edge
    }
}
