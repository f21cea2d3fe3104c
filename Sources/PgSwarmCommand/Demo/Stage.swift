import Synchronization

/// Where the demo is shown: a line for each event, and beneath them on a terminal a bar that moves.
final class Stage: Sendable {
    /// What sort of event a line tells of.
    enum Cue: String, Sendable {
        case step
        case kill
        case freeze
        case thaw
        case takeover
        case refused
        case done

        fileprivate var symbol: String {
            switch self {
            case .step: "●"
            case .kill: "✗"
            case .freeze: "❄"
            case .thaw: "☀"
            case .takeover: "↻"
            case .refused: "⊘"
            case .done: "✓"
            }
        }

        fileprivate var tone: Style.Tone {
            switch self {
            case .step: .quiet
            case .kill: .bad
            case .freeze: .active
            case .thaw, .refused: .warning
            case .takeover, .done: .good
            }
        }
    }

    /// What the bar shows.
    struct Progress: Sendable {
        var done = 0
        var total = 0
        var workers: [WorkerProcess.Condition] = []
    }

    private struct State {
        var progress: Progress?
        var events: [JSON] = []
    }

    private let console: Console
    private let json: Bool
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    init(_ console: Console, json: Bool) {
        self.console = console
        self.json = json
    }

    /// How long the show has lasted.
    var elapsed: Duration { .now - start }

    /// What has been told, for programs.
    var events: JSON { .array(state.withLock { $0.events }) }

    /// Shows a line without a time, above everything else.
    func title(_ text: String, _ detail: String) {
        guard !json else { return }
        let style = console.style
        console.lines([
            "", "  \(style.apply(.heading, to: text))  \(style.apply(.quiet, to: detail.printable))", "",
        ])
        console.flush()
    }

    /// Tells what has just happened.
    func say(_ cue: Cue, _ text: String) {
        let seconds = elapsed.inSeconds
        state.withLock { state in
            state.events.append([
                "seconds": .number(Self.rounded(seconds)), "event": .string(cue.rawValue),
                "text": .string(text),
            ])
            guard !json else { return }
            let style = console.style
            let time = Self.tenths(seconds)
            let padding = String(repeating: " ", count: max(0, 6 - time.count))
            let lead =
                "\(padding)\(style.apply(.quiet, to: time + "s"))  \(style.apply(cue.tone, to: cue.symbol))  "
            erase(state)
            for (index, line) in wrapped(text.printable, after: 12).enumerated() {
                let tone: Style.Tone? = cue == .step ? nil : cue.tone
                console.line(
                    (index == 0 ? lead : String(repeating: " ", count: 12))
                        + style.apply(index == 0 ? tone : nil, to: line))
            }
            draw(state)
        }
    }

    /// Moves the bar; `nil` takes it away.
    func update(_ progress: Progress?) {
        guard !json, console.width != nil else { return }
        state.withLock { state in
            erase(state)
            state.progress = progress
            draw(state)
        }
    }

    private func erase(_ state: State) {
        if state.progress != nil { console.text("\r\u{1b}[K") }
    }

    private func draw(_ state: State) {
        if let progress = state.progress, let width = console.width {
            console.text(bar(progress, width: width))
        }
        console.flush()
    }

    private func bar(_ progress: Progress, width: Int) -> String {
        let count = " \(progress.done.grouped)/\(progress.total.grouped) "
        let symbols = progress.workers.map(symbol)
        let room = max(8, min(44, width - 14 - count.displayWidth - 2 * symbols.count))
        let filled = progress.total == 0 ? room : room * progress.done / progress.total
        let style = console.style
        return String(repeating: " ", count: 9)
            + style.apply(.good, to: String(repeating: "━", count: filled))
            + style.apply(.quiet, to: String(repeating: "─", count: room - filled)) + count
            + symbols.joined(separator: " ")
    }

    private func symbol(_ condition: WorkerProcess.Condition) -> String {
        switch condition {
        case .starting: console.style.apply(.quiet, to: "○")
        case .working: console.style.apply(.good, to: "●")
        case .frozen: console.style.apply(.active, to: "❄")
        case .killed, .failed: console.style.apply(.bad, to: "✗")
        case .dismissed, .ended: console.style.apply(.quiet, to: "●")
        }
    }

    /// Lines that fit the terminal.
    private func wrapped(_ text: String, after indent: Int) -> [String] {
        guard let width = console.width.map({ max(20, $0 - indent) }), text.displayWidth > width else {
            return [text]
        }
        var lines = [""]
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            let longer = lines[lines.count - 1] + (lines[lines.count - 1].isEmpty ? "" : " ") + word
            if longer.displayWidth <= width || lines[lines.count - 1].isEmpty {
                lines[lines.count - 1] = longer.cut(to: width)
            } else {
                lines.append(String(word).cut(to: width))
            }
        }
        return lines
    }

    private static func tenths(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func rounded(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }
}
