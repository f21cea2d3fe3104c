import FoundationEssentials
import Postgres

@testable import PgSwarm

extension ClaimedTask {
    /// A granted task, as the database would answer it.
    static func sample(
        _ id: Int64, epoch: Int = 1, kind: String? = nil, payload: String = "{}",
        lease: Duration = .seconds(60),
        deadline: Duration? = nil
    ) throws -> ClaimedTask {
        let digits = String(id, radix: 16)
        let claim = String(repeating: "0", count: 32 - digits.count) + digits
        let leaseUntil = Date(timeIntervalSince1970: 1_000_000) + lease.inSeconds
        return ClaimedTask(
            id: TaskID(rawValue: id), handle: try Handle("\(id).\(epoch).\(claim)"), epoch: epoch,
            fence: Int64(epoch),
            attempt: 1, maxAttempts: 3, queue: "q", kind: kind, title: nil, payload: JSONText(payload),
            priority: 0,
            leaseUntil: leaseUntil, leaseDuration: lease,
            deadline: deadline.map { Date(timeIntervalSince1970: 1_000_000) + $0.inSeconds },
            createdAt: Date(timeIntervalSince1970: 1_000_000), trace: nil, parent: nil, needs: [])
    }

    static func samples(_ ids: ClosedRange<Int64>, lease: Duration = .seconds(60)) throws -> [ClaimedTask] {
        try ids.map { try sample($0, lease: lease) }
    }
}

/// A handler made of a closure.
struct ClosureHandler: WorkHandler {
    let body: @Sendable (ClaimedTask, WorkContext) async throws -> Verdict

    init(_ body: @escaping @Sendable (ClaimedTask, WorkContext) async throws -> Verdict) {
        self.body = body
    }

    func handle(_ task: ClaimedTask, _ context: WorkContext) async throws -> Verdict {
        try await body(task, context)
    }
}
