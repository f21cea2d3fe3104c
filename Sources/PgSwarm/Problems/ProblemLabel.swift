/// The words by which people name the parts of a problem.
enum ProblemLabel {
    static let parts: [String: ProblemFileReader.Part] = [
        "symptom": .symptom, "symptoms": .symptom, "problem": .symptom, "error": .symptom, "error message": .symptom,
        "issue": .symptom, "description": .symptom, "cause": .symptom, "root cause": .symptom, "context": .symptom,
        "solution": .solution, "fix": .solution, "workaround": .solution, "resolution": .solution, "answer": .solution,
        "fixed by": .solution, "how to fix": .solution, "evidence": .evidence, "verified": .evidence,
        "verification": .evidence, "proof": .evidence, "environment": .environment, "versions": .environment,
        "affects": .environment,
    ]

    /// A label and what follows it: `**Solution:** text`, `Solution: text`, `**Solution**`.
    static func split(_ text: String) -> (name: String, value: String)? {
        var rest = text[...]
        let mark = ["**", "__"].first { rest.hasPrefix($0) }
        if let mark {
            rest = rest.dropFirst(2)
            guard let end = rest.firstRange(of: mark) else { return nil }
            var name = rest[..<end.lowerBound]
            var value = String(rest[end.upperBound...]).trimmed
            if name.hasSuffix(":") { name = name.dropLast() }
            if value.hasPrefix(":") { value = String(value.dropFirst()).trimmed }
            return named(name, value)
        }
        guard let colon = rest.firstIndex(of: ":") else { return nil }
        let after = rest[rest.index(after: colon)...]
        guard after.isEmpty || after.first == " " else { return nil }
        return named(rest[..<colon], String(after).trimmed)
    }

    /// `**Title**: the rest`, as lists of problems have it.
    static func boldLead(_ text: String) -> (title: String, rest: String)? {
        guard text.hasPrefix("**") else { return nil }
        let inner = text.dropFirst(2)
        guard let end = inner.firstRange(of: "**") else { return nil }
        var title = String(inner[..<end.lowerBound]).trimmed
        if title.hasSuffix(":") { title.removeLast() }
        let rest = inner[end.upperBound...].drop { ":—–- ".contains($0) }
        return title.isEmpty ? nil : (title, String(rest).trimmed)
    }

    private static func named(_ name: Substring, _ value: String) -> (String, String)? {
        let name = String(name).trimmed.lowercased()
        // A sentence with a colon in it is no label.
        guard !name.isEmpty, name.count <= 24, name.allSatisfy({ $0.isLetter || $0 == " " || $0 == "_" }) else {
            return nil
        }
        return (name, value)
    }
}

extension String {
    /// Without blanks at both ends.
    var trimmed: String {
        var part = self[...]
        while let first = part.first, first.isWhitespace { part.removeFirst() }
        while let last = part.last, last.isWhitespace { part.removeLast() }
        return String(part)
    }

    /// Without empty lines before and blanks behind, as the database keeps texts.
    var withoutBlankEnds: String {
        var part = unicodeScalars[...]
        while let first = part.first, first == "\n" || first == "\r" { part.removeFirst() }
        while let last = part.last, last == "\n" || last == "\r" || last == "\t" || last == " " { part.removeLast() }
        return String(part)
    }
}
