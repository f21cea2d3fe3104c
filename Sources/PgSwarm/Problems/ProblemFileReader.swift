/// Reads a Markdown file line by line into entries.
struct ProblemFileReader {
    private(set) var file = ProblemFile([])
    private let outline: ProblemOutline

    /// To which part of an entry the text that comes belongs.
    enum Part { case none, symptom, environment, solution, evidence }

    private struct Fence {
        var marker: Character
        var length: Int
        var isEscaped: Bool
        var lines: [String] = []
    }

    private var entry: ProblemEntry?
    private var start = 0
    private var level = 0
    private var heading = ""
    private var hasText = false
    private var part = Part.none
    private var fence: Fence?
    private var isInComment = false

    init(_ outline: ProblemOutline) { self.outline = outline }

    /// Reads the next line, without its end.
    mutating func read(_ raw: String, _ number: Int) {
        if let open = fence {
            if isEnd(of: open, raw) {
                take(open)
            } else {
                fence?.lines.append(raw)
            }
            return
        }
        let line = raw.trimmed
        if isInComment || line.hasPrefix("<!--") {
            isInComment = !line.hasSuffix("-->")
            return
        }
        if let opened = Self.opening(line) {
            guard entry != nil else { return skip(raw, number, "it stands below no problem's heading") }
            fence = opened
        } else if let (level, text) = Self.heading(line) {
            begin(level, text, raw, number)
        } else if line.isEmpty || line.allSatisfy({ $0 == "-" || $0 == "*" || $0 == "_" }) {
            if hasText { append("", isParagraph: true) }
        } else if line.hasPrefix("|") {
            skip(raw, number, "tables are not read")
        } else {
            readText(line, raw, number)
        }
    }

    /// After the last line.
    mutating func end() {
        if let open = fence { take(open) }
        finish()
    }

    private mutating func readText(_ line: String, _ raw: String, _ number: Int) {
        let isBullet = line.hasPrefix("- ") || line.hasPrefix("* ") || line.hasPrefix("+ ")
        let text = isBullet ? String(line.dropFirst(2)).trimmed : line
        if let (name, value) = ProblemLabel.split(text), entry != nil {
            if let label = ProblemLabel.parts[name] {
                if part != .none, isBullet, part == .solution || part == .evidence, label == .symptom { hasText = true }
                enter(label)
                if !value.isEmpty { append(value) }
                return
            }
            if part == .none || !hasText || isBullet, setField(name, value) { return }
        }
        if isBullet, let (title, rest) = ProblemLabel.boldLead(text), entry == nil || !hasText || level == 99,
            raw.first != " "
        {
            finish()
            entry = ProblemEntry(title: title)
            (level, start, heading, part, hasText) = (99, number, raw, .none, true)
            if !rest.isEmpty { append(rest) }
            return
        }
        guard entry != nil else { return skip(raw, number, "it stands below no problem's heading") }
        append(isBullet && part != .none ? raw : line)
    }

    private mutating func begin(_ newLevel: Int, _ text: String, _ raw: String, _ number: Int) {
        if let (id, status) = Self.ownSolution(text), entry != nil {
            startSolution()
            editSolution {
                $0.id = id
                $0.status = status
            }
            return
        }
        let (name, _) = ProblemLabel.split(text) ?? (text.lowercased(), "")
        if entry != nil, newLevel > level, let label = ProblemLabel.parts[name] {
            enter(label)
            return
        }
        let own = Self.ownProblem(text)
        if own == nil, entry != nil, newLevel > level, outline.level.map({ level >= $0 }) ?? hasText {
            return append(text)
        }
        finish()
        if number == 1, raw == "# Problems" { return }
        if own == nil, let entries = outline.level, newLevel < entries, !outline.labelled.contains(number) {
            return skip(raw, number, "no problem is described directly below this heading")
        }
        var begun = ProblemEntry(title: text)
        if let (id, title) = own {
            begun = ProblemEntry(title: title.contains("\\u{") ? ProblemFileText.unescaped(title) : title)
            begun.id = id
        }
        entry = begun
        (level, start, heading, part, hasText) = (newLevel, number, raw, .none, begun.id != nil)
    }

    private mutating func enter(_ label: Part) {
        hasText = true
        if label == .solution {
            // A solution heading of our own has its texts below it.
            let isBegun = entry?.solutions?.last.map { $0.solution.isEmpty } ?? false
            if !isBegun { startSolution() }
        }
        part = label == .evidence && entry?.solutions == nil ? .symptom : label
    }

    private mutating func startSolution() {
        hasText = true
        part = .none
        let before = entry?.solutions ?? []
        entry?.solutions = before + [ProblemEntry.Solution()]
    }

    private mutating func editSolution(_ change: (inout ProblemEntry.Solution) -> Void) {
        guard var solutions = entry?.solutions, !solutions.isEmpty else { return }
        change(&solutions[solutions.count - 1])
        entry?.solutions = solutions
    }

    private mutating func append(_ text: String, isParagraph: Bool = false) {
        if !isParagraph { hasText = true }
        func joined(_ old: String?) -> String? {
            guard let old, !old.isEmpty else { return isParagraph ? old : text }
            return old + "\n" + text
        }
        let (symptom, environment) = (entry?.symptom, entry?.environment)
        switch part {
        case .none:
            if isParagraph, symptom == nil { return }
            if entry?.solutions == nil { entry?.symptom = joined(symptom) }
        case .symptom: entry?.symptom = joined(symptom)
        case .environment: entry?.environment = joined(environment)
        case .solution: editSolution { $0.solution = joined($0.solution) ?? "" }
        case .evidence: editSolution { $0.evidence = joined($0.evidence) }
        }
    }

    private mutating func setField(_ name: String, _ value: String) -> Bool {
        let text = value.contains("\\u{") ? ProblemFileText.unescaped(value) : value
        let isSolution = entry?.solutions != nil
        let tags = entry?.tags ?? []
        switch name {
        case "status" where !isSolution:
            entry?.status = ["open", "solved", "closed"].contains(text.lowercased()) ? text.lowercased() : nil
        case "closed as" where !isSolution: entry?.resolution = text
        case "duplicate of" where !isSolution: entry?.duplicateOf = Int64(text.drop { !$0.isNumber })
        case "scope" where !isSolution: entry?.scope = text
        case "kind" where !isSolution: entry?.kind = text
        case "tag" where !isSolution: entry?.tags = tags + [text]
        case "tags" where !isSolution:
            entry?.tags =
                tags
                + text.split(separator: ",").map { $0.filter { $0 != "`" }.description.trimmed }.filter { !$0.isEmpty }
        case "reporter" where !isSolution: entry?.reporter = text
        case "reported" where !isSolution: entry?.reported = text
        case "occurrences" where !isSolution: entry?.occurrences = Int64(text)
        case "superseded by" where isSolution: editSolution { $0.supersededBy = Int64(text.drop { !$0.isNumber }) }
        case "author" where isSolution: editSolution { $0.author = text }
        case "written" where isSolution: editSolution { $0.written = text }
        case "confirmed by" where isSolution: editSolution { $0.confirmedBy = ($0.confirmedBy ?? []) + [text] }
        default: return false
        }
        return true
    }

    private mutating func take(_ open: Fence) {
        fence = nil
        let text = open.lines.joined(separator: "\n")
        append(open.isEscaped ? ProblemFileText.unescaped(text) : text)
    }

    private mutating func skip(_ raw: String, _ number: Int, _ reason: String) {
        file.skipped.append(.init(line: number, reason: reason, text: String(raw.trimmed.prefix(80))))
    }

    private mutating func skipHeading() {
        guard entry != nil else { return }
        skip(heading, start, "nothing is said below this heading")
        entry = nil
    }

    private mutating func finish() {
        defer { entry = nil }
        guard var done = entry else { return }
        guard hasText || done.id != nil else { return skipHeading() }
        done.symptom = done.symptom?.withoutBlankEnds
        done.environment = done.environment?.withoutBlankEnds
        done.solutions = done.solutions?.compactMap { solution in
            var solution = solution
            solution.solution = solution.solution.withoutBlankEnds
            solution.evidence = solution.evidence?.withoutBlankEnds
            return solution.solution.isEmpty ? nil : solution
        }
        file.entries.append(done)
        file.lines.append(start)
    }

    private func isEnd(of open: Fence, _ raw: String) -> Bool {
        let line = raw.trimmed
        return line.count >= open.length && line.allSatisfy { $0 == open.marker }
    }

    private static func opening(_ line: String) -> Fence? {
        guard let marker = line.first, marker == "`" || marker == "~" else { return nil }
        let length = line.prefix { $0 == marker }.count
        guard length >= 3, !line.dropFirst(length).contains("`") else { return nil }
        return Fence(marker: marker, length: length, isEscaped: line.dropFirst(length).hasSuffix(" escaped"))
    }

    static func heading(_ line: String) -> (Int, String)? {
        let level = line.prefix { $0 == "#" }.count
        guard (1...6).contains(level), line.dropFirst(level).first == " " else { return nil }
        return (level, String(line.dropFirst(level + 1)).trimmed)
    }

    private static func ownProblem(_ text: String) -> (Int64, String)? {
        guard text.hasPrefix("P"), let range = text.firstRange(of: " · "),
            let id = Int64(text[text.index(after: text.startIndex)..<range.lowerBound])
        else { return nil }
        return (id, String(text[range.upperBound...]))
    }

    private static func ownSolution(_ text: String) -> (Int64?, String)? {
        guard text.hasPrefix("S"), let range = text.firstRange(of: " · solution, ") else { return nil }
        return (
            Int64(text[text.index(after: text.startIndex)..<range.lowerBound]), String(text[range.upperBound...])
        )
    }
}
