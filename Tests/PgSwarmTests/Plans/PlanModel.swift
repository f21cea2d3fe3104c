/// What a plan's tasks must be after anything that can happen to them: the rules in their shortest form.
struct PlanModel {
    struct Edge {
        var up: Int
        var down: Int
        var finished: Bool
        var minScore: Int?
        var onFailure: String
        var met = false
    }

    var states: [String]
    var scores: [Int?]
    var edges: [Edge]
    let reviewed: [Bool]

    init(reviewed: [Bool], edges: [Edge]) {
        self.reviewed = reviewed
        self.edges = edges
        states = reviewed.indices.map { task in edges.contains { $0.down == task } ? "blocked" : "ready" }
        scores = reviewed.map { _ in nil }
    }

    private func isMet(_ edge: Edge) -> Bool {
        switch states[edge.up] {
        case "done": edge.minScore.map { (scores[edge.up] ?? 0) >= $0 } ?? true
        case "review": edge.finished
        case "dead", "cancelled": edge.onFailure == "continue"
        default: false
        }
    }

    /// Looks again at what waits for a task.
    private mutating func tell(_ task: Int) {
        for index in edges.indices where edges[index].up == task && !edges[index].met && isMet(edges[index]) {
            edges[index].met = true
            let down = edges[index].down
            if states[down] == "blocked", !edges.contains(where: { $0.down == down && !$0.met }) {
                states[down] = "ready"
            }
        }
    }

    private mutating func fail(_ task: Int, _ state: String) {
        states[task] = state
        for edge in edges where edge.up == task && !edge.met && edge.onFailure == "cancel" {
            if !["done", "dead", "cancelled"].contains(states[edge.down]) { fail(edge.down, "cancelled") }
        }
        tell(task)
    }

    mutating func complete(_ task: Int) {
        states[task] = reviewed[task] ? "review" : "done"
        scores[task] = nil
        tell(task)
    }

    mutating func accept(_ task: Int, _ score: Int) {
        states[task] = "done"
        scores[task] = score
        tell(task)
    }

    mutating func sendBack(_ task: Int) { states[task] = "ready" }

    mutating func die(_ task: Int) { fail(task, "dead") }

    mutating func cancel(_ task: Int) { fail(task, "cancelled") }

    mutating func retry(_ task: Int) {
        for index in edges.indices where edges[index].down == task && !edges[index].met {
            edges[index].met = isMet(edges[index])
        }
        states[task] = edges.contains { $0.down == task && !$0.met } ? "blocked" : "ready"
    }

    mutating func reopen(_ task: Int) {
        states[task] = "ready"
        for index in edges.indices where edges[index].up == task && edges[index].met {
            guard ["ready", "blocked"].contains(states[edges[index].down]) else { continue }
            edges[index].met = false
            states[edges[index].down] = "blocked"
        }
    }
}
