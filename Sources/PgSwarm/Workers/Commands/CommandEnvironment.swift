import FoundationEssentials
import Postgres
import Subprocess

/// The environment of the commands of a worker: its own, and what the task is.
struct CommandEnvironment: Sendable {
    /// What is inherited and set for all tasks.
    private let base: [String: String]

    /// The system refuses to start a program with a longer one.
    private static let longestVariable = 100_000

    /// - Parameters:
    ///   - inherited: The worker's own. What it says of a task is another task's.
    ///   - databaseURL: Where the command's own calls of `pgswarm` should go.
    ///   - extra: Further variables; they win.
    init(inherited: [String: String], databaseURL: String?, extra: [String: String]) {
        var base = inherited.filter { !Self.taskVariables.contains($0.key) }
        if let databaseURL { base["PGSWARM_DATABASE_URL"] = databaseURL }
        base.merge(extra) { _, extra in extra }
        self.base = base
    }

    private static let taskVariables: Set<String> = [
        "PGSWARM_TASK_ID", "PGSWARM_HANDLE", "PGSWARM_FENCE", "PGSWARM_EPOCH", "PGSWARM_ATTEMPT",
        "PGSWARM_QUEUE",
        "PGSWARM_KIND", "PGSWARM_TITLE", "PGSWARM_LEASE_UNTIL", "PGSWARM_CHECKPOINT", "PGSWARM_BRIEF",
        "TRACEPARENT",
    ]

    /// The environment of the command for a task.
    func variables(for task: ClaimedTask) -> [String: String] {
        let ofTask = [
            "PGSWARM_TASK_ID": task.id.description,
            "PGSWARM_HANDLE": task.handle.text,
            "PGSWARM_FENCE": String(task.fence),
            "PGSWARM_EPOCH": String(task.epoch),
            "PGSWARM_ATTEMPT": String(task.attempt),
            "PGSWARM_QUEUE": task.queue.rawValue,
            "PGSWARM_KIND": task.kind,
            "PGSWARM_TITLE": task.title,
            "PGSWARM_LEASE_UNTIL": task.leaseUntil.rfc3339,
            "PGSWARM_CHECKPOINT": task.checkpoint?.text,
            "PGSWARM_BRIEF": task.brief?.text,
            "TRACEPARENT": task.trace,
        ]
        let short = ofTask.compactMapValues { $0 }.filter { $0.value.utf8.count <= Self.longestVariable }
        return base.merging(short) { _, new in new }
    }

    /// The same as ``variables(for:)``, in the form in which a process is started with it.
    func environment(for task: ClaimedTask) -> Environment {
        .custom(variables(for: task).map { Array("\($0.key)=\($0.value)\0".utf8) })
    }
}
