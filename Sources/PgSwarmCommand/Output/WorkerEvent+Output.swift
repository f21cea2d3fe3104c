import FoundationEssentials
import PgSwarm

extension WorkerEvent {
    /// The event as `work --json` gives it.
    ///
    /// - Parameters:
    ///   - verdict: What a settled task was settled with.
    ///   - state: The state that has brought it to, if that is known.
    func json(verdict: String? = nil, state: TaskState? = nil) -> JSON {
        var members: [(String, JSON)] = [("event", .string(name)), ("at", JSON(Date()))]
        switch self {
        case .claimed(let ids): members.append(("tasks", JSON(ids.map(\.description))))
        case .started(let id), .dropped(let id): members.append(("id", .string(id.description)))
        case .settled(let id, let code):
            members += [
                ("id", .string(id.description)), ("code", .string(code.rawValue)),
                ("verdict", JSON(verdict)), ("state", JSON(state?.rawValue)),
            ]
        case .stopped(let id, let reason):
            members += [("id", .string(id.description)), ("reason", .string(reason.rawValue))]
        case .refused(let id, let error):
            members += [
                ("id", .string(id.description)), ("code", .string(error.code.rawValue)),
                ("message", .string(error.message)),
            ]
        case .renewed(let count): members.append(("count", JSON(count)))
        case .disconnected(let error): members.append(("message", .string(error.message)))
        case .ended(let ending): members.append(("reason", .string(ending.rawValue)))
        default: break
        }
        return .object(members)
    }

    private var name: String {
        switch self {
        case .opened: "opened"
        case .claimed: "claimed"
        case .started: "started"
        case .settled: "settled"
        case .refused: "refused"
        case .stopped: "stopped"
        case .dropped: "dropped"
        case .renewed: "renewed"
        case .idle: "idle"
        case .woken: "woken"
        case .disconnected: "disconnected"
        case .reconnected: "reconnected"
        case .draining: "draining"
        case .handingBack: "handing_back"
        case .ended: "ended"
        }
    }
}

extension WorkerReport {
    /// The report as the last line of `work --json`.
    var json: JSON {
        [
            "event": "summary", "at": JSON(Date()), "claimed": JSON(claimed), "completed": JSON(completed),
            "failed": JSON(failed), "released": JSON(released), "lost": JSON(lost), "refused": JSON(refused),
            "ending": JSON(ending?.rawValue),
        ]
    }
}
