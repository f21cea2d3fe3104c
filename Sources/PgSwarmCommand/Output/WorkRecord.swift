import PgSwarm
import Postgres

/// What is known of a worker's task between its start and the database's answer.
struct WorkRecord: Sendable {
    /// How the handler ended.
    enum Ending: Sendable {
        case verdict(Verdict)
        /// It threw: a failure, unless the work had been told to stop.
        case thrown(String)
    }

    /// What the attempt was, or is to be, settled with.
    enum Kind: String { case complete, fail, release }

    var title: String?
    var started: ContinuousClock.Instant?
    var ending: Ending?
    var stopReason: StopReason?
    private var attempt = 0
    private var maxAttempts = 0

    /// A task that is handed back before its work has begun.
    static let notBegun = WorkRecord()

    private init() { ending = .verdict(.release()) }

    /// Begins with a task.
    init(_ task: ClaimedTask) {
        title = task.summary
        started = .now
        attempt = task.attempt
        maxAttempts = task.maxAttempts
    }

    /// What it is settled with; `nil` while that is open.
    var verdict: Kind? {
        switch ending {
        case .verdict(.complete): .complete
        case .verdict(.fail): .fail
        case .verdict(.release): .release
        // The worker hands back what it has stopped.
        case .thrown: stopReason == nil ? .fail : .release
        case nil: nil
        }
    }

    /// Where the database's answer has brought the task; `nil` when that is unknown.
    func state(of id: TaskID, after code: Settlement.Code, asking swarm: Swarm) async -> TaskState? {
        guard code.isAccepted, let verdict else { return nil }
        switch (verdict, ending) {
        case (.complete, _): return .done
        case (.release, .verdict(.release(_, let delay?))) where delay > .zero: return .scheduled
        case (.release, _): return .ready
        case (.fail, .verdict(.fail(_, _, true, _, _))): return .dead
        case (.fail, _) where attempt < maxAttempts: return .scheduled
        // Lost attempts count separately, so even the last number need not be the last attempt.
        case (.fail, _): return try? await swarm.task(id).state
        }
    }

    /// The line for a task that was settled and not completed.
    func report(of id: TaskID, _ code: Settlement.Code, _ state: TaskState?) -> String {
        let word =
            switch verdict {
            case _ where !code.isAccepted: "was lost (\(code.rawValue))"
            case .release: "was released"
            case .fail where state == .dead: "failed and is dead (attempt \(attempt))"
            default: "failed (attempt \(attempt) of \(maxAttempts))"
            }
        return line(id, word)
    }

    /// The line for a task that ended without a verdict.
    func reportOfLoss(of id: TaskID) -> String {
        line(id, "was lost" + (stopReason == .lost ? " (its lease ran out or was taken back)" : ""))
    }

    private func line(_ id: TaskID, _ word: String) -> String {
        let firstLine = cause?.split(whereSeparator: \.isNewline).first.map(String.init)
        return (["task \(id) \(word)"] + [title, firstLine].compactMap { $0.map { String($0.prefix(200)).printable } })
            .joined(separator: ": ")
    }

    private var cause: String? {
        switch ending {
        case .verdict(.fail(let error, _, _, _, _)): error
        case .verdict(.release(let note, _)): note
        case .thrown(let error):
            switch stopReason {
            case .drain: "the worker was about to end"
            case .cancel: "it was cancelled"
            case .lost: nil
            case nil: error
            }
        case .verdict(.complete), nil: nil
        }
    }
}

extension ClaimedTask {
    /// What a person recognises the task by: its title, or what is to be done.
    fileprivate var summary: String { title.flatMap { $0.isEmpty ? nil : $0 } ?? payload.text }
}

extension Settlement.Code {
    /// Whether the verdict stands.
    var isAccepted: Bool { self == .ok || self == .late || self == .duplicate }
}
