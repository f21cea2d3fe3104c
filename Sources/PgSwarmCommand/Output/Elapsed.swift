import FoundationEssentials

/// Time as people say it: `3m ago`, `in 20s`, `2h 5m`.
enum Elapsed {
    /// A moment that is to come, and may have passed meanwhile: `in 20s`, `3m ago`.
    static func expected(_ date: Date, at now: Date) -> String {
        // However near it is, it has not been yet.
        date > now && date.timeIntervalSince(now) < 1 ? "in 1s" : relative(date, to: now)
    }

    /// When something is due: `due in 20s`, `due now`.
    static func due(_ date: Date, at now: Date) -> String {
        date > now ? "due \(expected(date, at: now))" : "due now"
    }

    /// How much is left of a time: `for 20s more`, `overdue for 3m`.
    static func remaining(until end: Date, at now: Date) -> String {
        let seconds = end.timeIntervalSince(now)
        return seconds > 0 ? "for \(brief(seconds.rounded(.up))) more" : "overdue for \(brief(-seconds))"
    }

    /// A moment seen from now, most likely a past one: `just now`, `3m ago`, `in 20s`.
    ///
    /// The database's clock may be a little ahead: less than a second from now is now.
    static func relative(_ date: Date, to now: Date) -> String {
        let seconds = date.timeIntervalSince(now)
        guard abs(seconds) < 3e9 else { return seconds < 0 ? "never" : "forever" }
        if abs(seconds) < 1 { return "just now" }
        // What lies ahead is rounded up: "in 0s" would be a lie.
        return seconds < 0
            ? "\(brief(-seconds)) ago"
            : "in \(brief(seconds.rounded(.up)))"
    }

    /// A length in one or two units: `250ms`, `1.5s`, `90s`, `15m`, `2h 5m`, `3d 4h`.
    static func brief(_ seconds: Double) -> String {
        switch seconds {
        case ..<1: return "\(Int((seconds * 1000).rounded()))ms"
        case ..<10 where seconds != seconds.rounded():
            let tenths = Int((seconds * 10).rounded())
            return tenths % 10 == 0 ? "\(tenths / 10)s" : "\(tenths / 10).\(tenths % 10)s"
        case ..<120: return "\(Int(seconds.rounded()))s"
        case ..<7200: return pair(Int(seconds), 60, "m", "s")
        case ..<172_800: return pair(Int(seconds), 3600, "h", "m")
        case ..<3e9: return pair(Int(seconds), 86_400, "d", "h")
        default: return "forever"
        }
    }

    /// A length in one or two units.
    static func brief(_ duration: Duration) -> String {
        brief(duration.inSeconds)
    }

    private static func pair(_ seconds: Int, _ unit: Int, _ name: String, _ smaller: String) -> String {
        let rest = seconds % unit / (unit == 86_400 ? 3600 : unit == 3600 ? 60 : 1)
        // Ten and more of a unit say enough by themselves.
        return rest == 0 || seconds / unit >= 10
            ? "\(seconds / unit)\(name)" : "\(seconds / unit)\(name) \(rest)\(smaller)"
    }
}
