import Postgres

/// What a command left behind: the ends of its two outputs.
struct CommandOutput: Sendable {
    var output: TailBuffer
    var errors: TailBuffer

    /// Everything, if it is JSON; otherwise the last line, if that is JSON, or the last one that is an object or an
    /// array; otherwise everything as a JSON string; nothing if nothing was written.
    ///
    /// A line further up that is only a number or a word may be a part of a text.
    var result: JSONText? {
        let text = output.text
        // Lines end with the ASCII character alone: JSON strings may have the others of Unicode in them.
        var lines = text.utf8.split(separator: UInt8(ascii: "\n")).compactMap { Substring($0) }
            .filter { !$0.allSatisfy(\.isWhitespace) }
        if !output.isTruncated, lines.count > 1, JSONCheck.passes(text) { return JSONText(text) }
        // The beginning of the first one may be missing.
        if output.isTruncated, !lines.isEmpty { lines.removeFirst() }
        if let last = lines.last, JSONCheck.passes(last) { return JSONText(String(last)) }
        let structured = lines.last { line in
            (line.first { !$0.isWhitespace }).map { "{[".contains($0) } ?? false && JSONCheck.passes(line)
        }
        if let structured { return JSONText(String(structured)) }
        guard !text.allSatisfy(\.isWhitespace) else { return nil }
        let note =
            output.isTruncated ? "[the first \(output.total - text.utf8.count) bytes are left out]\n" : ""
        return JSONText(JSONObjectText.quoted(note + text))
    }

    /// What to tell of a failure.
    func failure(_ status: String) -> String {
        let text = String(errors.text.trimming(while: \.isWhitespace))
        return text.isEmpty ? status : "\(status): \(errors.isTruncated ? "[…]\n" : "")\(text)"
    }
}

extension StringProtocol {
    /// The text without such characters at its ends.
    fileprivate func trimming(while isUnwanted: (Character) -> Bool) -> SubSequence {
        guard let first = firstIndex(where: { !isUnwanted($0) }),
            let last = lastIndex(where: { !isUnwanted($0) })
        else { return self[endIndex...] }
        return self[first...last]
    }
}
