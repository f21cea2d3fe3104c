import FoundationEssentials
import PgSwarm
import Postgres

/// How events are shown: a line for each.
struct EventOutput: Sendable {
    /// Columns of the longest kinds, such as `effect_confirmed`.
    private static let kindWidth = 16

    private let console: Console
    private let json: Bool

    init(_ context: CommandContext) {
        console = context.console
        json = context.json
    }

    /// Shows events.
    func show(_ events: [EventInfo]) {
        for event in events {
            if json { console.json(event.json) } else { console.line(line(event)) }
        }
        console.flush()
    }

    /// Says that there was nothing to show.
    func showNothing() {
        if !json { console.line("no events") }
    }

    private func line(_ event: EventInfo) -> String {
        let style = console.style
        let kind = event.kind.printable
        let padded = kind + String(repeating: " ", count: max(0, Self.kindWidth - kind.displayWidth))
        let task = event.taskID.map { "task \($0)" }
        let parts = [task, event.queue?.printable, event.agent?.printable, event.detail?.text.printable]
        let lead = "\(Timestamp.format(event.at))  \(padded)  "
        let rest = parts.compactMap(\.self).joined(separator: "  ")
        let fitting = console.width.map { rest.cut(to: max(20, $0 - lead.displayWidth)) } ?? rest
        return style.apply(.quiet, to: Timestamp.format(event.at)) + "  "
            + style.apply(Style.Tone(state: kind), to: padded) + "  " + fitting
    }
}
