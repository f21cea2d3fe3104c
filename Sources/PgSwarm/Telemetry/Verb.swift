/// What a call is for, in logs, metrics and traces.
struct Verb: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
    let rawValue: String

    init(rawValue: String) { self.rawValue = rawValue }
    init(stringLiteral value: String) { rawValue = value }
}

extension Verb {
    /// Whose call it is; `nil` when everybody may make it.
    var duty: Duty? { Self.duties[rawValue] }

    /// The rule is the database's; this only saves the way to it.
    private static let duties: [String: Duty] = {
        var duties: [String: Duty] = [:]
        for verb in [
            "claim", "step", "complete", "intent", "confirm", "reserve_take", "reserve_extend", "reserve_free",
            "reserve_leave", "breaker_report", "breaker_permit", "problem_begin", "problem_abandon", "park_on_problem",
            "finding_answer",
        ] { duties[verb] = .executing }
        for verb in ["held", "renew", "progress", "settle", "fail", "release"] { duties[verb] = .holding }
        for verb in [
            "enqueue", "problem_report", "problem_solve", "problem_confirm", "problem_flag", "reserve_check",
        ] { duties[verb] = .proposing }
        for verb in [
            "cancel", "retry", "pause", "resume", "control", "sweep", "promote", "maintain", "take_seat", "leave_seat",
            "breaker_set", "drain",
        ] { duties[verb] = .steering }
        for verb in [
            "breaker_force", "set_queue", "register_agent", "set_agent", "retire_agent", "set_registration",
            "set_review", "review_decide", "reopen",
        ] { duties[verb] = .deciding }
        duties["mint_agent"] = .holding
        for verb in ["review_next", "review_submit"] { duties[verb] = .judging }
        return duties
    }()
}
