import Postgres

/// What a command left behind: the ends of its two outputs.
struct CommandOutput: Sendable {
    var output: TailBuffer
    var errors: TailBuffer

    /// The last line, if it is JSON; otherwise everything as a JSON string; nothing if nothing was written.
    var result: JSONText? {
        let text = output.text
        guard
            let lastLine = text.split(whereSeparator: \.isNewline).last(where: {
                !$0.allSatisfy(\.isWhitespace)
            })
        else { return nil }
        let isWhole = !output.isTruncated || text.contains(where: \.isNewline)
        if isWhole, JSONCheck.passes(lastLine) { return JSONText(String(lastLine)) }
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
