/// Colours and weights for a terminal; plain text everywhere else.
struct Style: Sendable {
    /// False leaves all text as it is.
    let enabled: Bool

    /// What a piece of text means, independent of how it looks.
    enum Tone: String, Sendable {
        case heading = "1"
        case quiet = "2"
        case bad = "31"
        case good = "32"
        case warning = "33"
        case active = "36"
    }

    /// The text in a tone.
    func apply(_ tone: Tone?, to text: String) -> String {
        guard enabled, let tone, !text.isEmpty else { return text }
        return "\u{1b}[\(tone.rawValue)m\(text)\u{1b}[0m"
    }
}

extension Style.Tone {
    /// The tone of a task's state or an attempt's outcome.
    init?(state: String) {
        switch state {
        case "running": self = .active
        case "done", "completed", "ok": self = .good
        case "dead", "failed", "lost", "lost_claim": self = .bad
        case "blocked", "held", "parked", "scheduled", "review", "late": self = .warning
        case "cancelled", "released": self = .quiet
        default: return nil
        }
    }
}
