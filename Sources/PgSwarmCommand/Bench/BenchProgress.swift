import SystemPackage

/// Tells people at a terminal what is being measured; programs hear nothing.
struct BenchProgress: Sendable {
    private let console: Console
    private let isShown: Bool

    init(_ console: Console) {
        self.console = console
        isShown = Terminal.isTerminal(.standardError) && Environment["TERM"] != "dumb"
    }

    /// Replaces the line.
    func tell(_ text: String) {
        guard isShown else { return }
        // Back to the first column, and clear what was there.
        let width = Terminal.width(of: .standardError) - 1
        console.report("\r\u{1b}[2K\(text.printable.cut(to: max(10, width)))")
    }

    /// Takes the line away.
    func clear() {
        guard isShown else { return }
        console.report("\r\u{1b}[2K")
    }
}
