import FoundationEssentials
import Postgres

extension Swarm {
    /// What taking these results back would reach, nearest first; changes nothing.
    public func previewTaint(
        _ tasks: [TaskID], _ policy: TaintPolicy = TaintPolicy()
    ) async throws(SwarmError) -> [TaintMark] {
        try await read("taint_preview") { db throws(SwarmError) in try db.previewTaint(tasks, policy) }
    }

    /// Takes accepted results back, with all that was built on them, in one transaction.
    ///
    /// - Throws: `wrong_state` for a task that is not done, `not_allowed` for anybody but a human.
    public func taint(
        _ tasks: [TaskID], reason: String, _ policy: TaintPolicy = TaintPolicy()
    ) async throws(SwarmError) -> [TaintMark] {
        let author = try await author()
        let request = UUID().uuidString  // a lost answer is asked for again, and must not taint twice
        return try await write("taint_apply") { db throws(SwarmError) in
            try db.taint(
                tasks, reason: reason, policy, requestID: request, agent: author.agent, session: author.session)
        }
    }

    /// Waives a taint of all its tasks, or of some, with a reason.
    public func clearTaint(
        _ taint: Int64, tasks: [TaskID]? = nil, reason: String
    ) async throws(SwarmError) -> [SteeringAnswer] {
        let author = try await author()
        return try await write("taint_clear") { db throws(SwarmError) in
            try db.clearTaint(taint, tasks: tasks, reason: reason, agent: author.agent, session: author.session)
        }
    }

    /// Says that a task's result has become part of the product, and where.
    @discardableResult
    public func markIntegrated(_ task: TaskID, reference: String) async throws(SwarmError) -> Bool {
        let author = try await author()
        return try await write("mark_integrated") { db throws(SwarmError) in
            try db.markIntegrated(task, reference: reference, agent: author.agent, session: author.session)
        }
    }
}
