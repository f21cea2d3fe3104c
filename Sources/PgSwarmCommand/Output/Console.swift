import Synchronization
import SystemPackage

/// The one door to standard output and standard error.
///
/// Output is collected and written in large pieces; whoever shows things live calls ``flush()`` after each of them.
/// When the reader has gone away (`pgswarm tasks | head`), the program ends quietly, unless ``keepsGoing`` is set:
/// a worker must still hand its tasks in when nobody watches.
final class Console: Sendable {
    /// How the text on standard output may be decorated.
    let style: Style
    /// Columns of the terminal; `nil` when standard output is not a terminal and lines may be as long as they like.
    let width: Int?
    /// True when a vanished reader must not end the program.
    let keepsGoing: Bool
    private let pending = Mutex<[UInt8]>([])

    init(style: Style = Style(enabled: false), width: Int? = nil, keepsGoing: Bool = false) {
        self.style = style
        self.width = width
        self.keepsGoing = keepsGoing
    }

    /// The console of this process.
    static func standard(keepsGoing: Bool = false) -> Console {
        if keepsGoing { Terminal.ignoreBrokenPipes() }
        let isTerminal = Terminal.isTerminal(.standardOutput)
        return Console(
            style: Style(enabled: isTerminal && Terminal.allowsColour),
            width: isTerminal ? Terminal.width(of: .standardOutput) : nil,
            keepsGoing: keepsGoing
        )
    }

    /// Adds one line to the output.
    func line(_ text: String) {
        let full = pending.withLock { bytes in
            bytes.append(contentsOf: text.utf8)
            bytes.append(UInt8(ascii: "\n"))
            return bytes.count >= 1 << 16
        }
        if full { flush() }
    }

    /// Adds text that is no whole line, such as a progress bar that the next text replaces.
    func text(_ text: String) {
        pending.withLock { $0.append(contentsOf: text.utf8) }
    }

    /// Adds bytes as they are, for a reader that is no terminal.
    func bytes(_ bytes: [UInt8]) {
        pending.withLock { $0.append(contentsOf: bytes) }
    }

    /// Adds several lines.
    func lines(_ texts: [String]) {
        for text in texts { line(text) }
    }

    /// Adds one JSON value as a line.
    func json(_ value: JSON) {
        line(value.text)
    }

    /// Writes everything that is collected.
    func flush() {
        // The lock is held while writing so that two lines never mix.
        pending.withLock { bytes in
            Console.write(bytes, to: .standardOutput, keepsGoing: keepsGoing)
            bytes.removeAll(keepingCapacity: true)
        }
    }

    /// Writes text to standard error at once, after what was said on standard output.
    func report(_ text: String) {
        flush()
        Console.write(Array(text.utf8), to: .standardError, keepsGoing: true)
    }

    private static func write(_ bytes: [UInt8], to file: FileDescriptor, keepsGoing: Bool) {
        guard !bytes.isEmpty else { return }
        do {
            try file.writeAll(bytes)
        } catch {
            guard !keepsGoing else { return }
            // Nobody reads: end as a program that was stopped by SIGPIPE.
            if error as? Errno == .brokenPipe { Terminal.exitNow(141) }
            // Other errors (a full disk) must not pass for success either.
            let failure = CommandFailure(
                "failed", "the output can't be written: \(error)",
                hint: "What the command was to do is done; only its answer is lost.")
            let text = failure.text(json: RootCommand.wantsJSON(Array(CommandLine.arguments.dropFirst())))
            Console.write(Array(text.utf8), to: .standardError, keepsGoing: true)
            Terminal.exitNow(failure.exitCode)
        }
    }
}
