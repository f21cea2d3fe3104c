/// At which level of headings a file has its problems: where labels such as `**Solution:**` stand directly below.
struct ProblemOutline {
    /// The level, if the file has any labels.
    private(set) var level: Int?
    /// The numbers of the lines whose headings have labels below them.
    private(set) var labelled: Set<Int> = []

    init(_ lines: [String]) {
        var counts: [Int: Int] = [:]
        var heading: (level: Int, line: Int)?
        var fence: String?
        for (index, raw) in lines.enumerated() {
            let line = raw.trimmed
            if let open = fence {
                if line == open { fence = nil }
            } else if line.hasPrefix("```") || line.hasPrefix("~~~") {
                fence = String(line.prefix { $0 == line.first })
            } else if let (level, text) = ProblemFileReader.heading(line) {
                if let open = heading, level > open.level, Self.isLabel(text) {
                    labelled.insert(open.line)
                } else {
                    heading = (level, index + 1)
                }
            } else if let open = heading,
                Self.isLabel(line.hasPrefix("- ") || line.hasPrefix("* ") ? String(line.dropFirst(2)) : line)
            {
                if labelled.insert(open.line).inserted { counts[open.level, default: 0] += 1 }
            }
            if let open = heading, labelled.contains(open.line), counts[open.level] == nil { counts[open.level] = 1 }
        }
        level = counts.max { ($0.value, -$0.key) < ($1.value, -$1.key) }?.key
    }

    private static func isLabel(_ text: String) -> Bool {
        let name = ProblemLabel.split(text)?.name ?? text.lowercased()
        return ProblemLabel.parts[name] != nil
    }
}
