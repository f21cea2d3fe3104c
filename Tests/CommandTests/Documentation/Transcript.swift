import FoundationEssentials

/// What a chapter of the documentation shows of a terminal: commands, and what they print.
///
/// A block fenced as `console` has lines that begin with `$ ` (a command; a backslash at its end continues it, and so do lines
/// that begin with `> ` where text is fed in with `<<`) and, below
/// each, the output. In the output `…` stands for any run of characters, a line of `…` alone for any number of lines.
struct Transcript {
    /// A command and what it should print.
    struct Step {
        var command: String
        var output: [String] = []
    }

    private(set) var steps: [Step] = []

    init(markdown: String) {
        var isInside = false
        var continues = false
        for line in markdown.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("```") {
                isInside = !isInside && line == "```console"
                continues = false
            } else if isInside, continues {
                steps[steps.count - 1].command += "\n" + line
                continues = line.hasSuffix("\\")
            } else if isInside, line.hasPrefix("$ ") {
                steps.append(Step(command: String(line.dropFirst(2))))
                continues = line.hasSuffix("\\")
            } else if isInside, line.hasPrefix("> "), let step = steps.last, step.output.isEmpty,
                step.command.contains("<<")
            {
                steps[steps.count - 1].command += "\n" + line.dropFirst(2)
            } else if isInside, !steps.isEmpty {
                steps[steps.count - 1].output.append(line)
            }
        }
    }

    /// A script for `sh` that runs all commands in one shell and says after each that it has ended.
    func script(marker: String) -> String {
        "exec 2>&1\n"
            + steps.map { "\($0.command)\nprintf '\\n%s\\n' '\(marker)'" }.joined(separator: "\n") + "\n"
    }

    /// What differs between the steps' outputs and those that a run of ``script(marker:)`` printed.
    func differences(from printed: String, marker: String) -> [String] {
        var outputs = printed.split(separator: "\n\(marker)\n", omittingEmptySubsequences: false)
            .map { $0.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
        if outputs.last?.allSatisfy(\.isEmpty) == true { outputs.removeLast() }
        guard outputs.count == steps.count else {
            return ["\(outputs.count) of \(steps.count) commands ran:\n\(printed)"]
        }
        return zip(steps, outputs).compactMap { step, output in
            let output = Self.trimmed(output)
            if Self.matches(Self.trimmed(step.output)[...], output[...]) { return nil }
            return """
                $ \(step.command)
                should print
                \(step.output.joined(separator: "\n"))
                but prints
                \(output.joined(separator: "\n"))
                """
        }
    }

    /// Without empty lines at the end, and with runs of spaces as one: widths of columns follow from the ids in them.
    private static func trimmed(_ lines: [String]) -> [String] {
        var lines = lines.map { $0.split(separator: " ").joined(separator: " ") }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    private static func matches(_ expected: ArraySlice<String>, _ lines: ArraySlice<String>) -> Bool {
        guard let first = expected.first else { return lines.isEmpty }
        if first == "…" {
            return (lines.startIndex...lines.endIndex).contains { matches(expected.dropFirst(), lines[$0...]) }
        }
        guard let line = lines.first, fits(line, first) else { return false }
        return matches(expected.dropFirst(), lines.dropFirst())
    }

    /// Whether a line is as expected, with any characters in place of each `…`.
    private static func fits(_ line: String, _ expected: String) -> Bool {
        let parts = expected.split(separator: "…", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return line == expected }
        guard line.hasPrefix(parts[0]) else { return false }
        var rest = line.dropFirst(parts[0].count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.hasSuffix(parts[parts.count - 1])
    }
}
