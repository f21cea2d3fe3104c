extension String {
    /// The text on one line, with everything that could steer a terminal written out: `\n`, `\x1b`, `\u{202e}`.
    ///
    /// Titles, errors and payloads come from strangers. A backslash is left alone, so this is for eyes, not for parsing.
    var printable: String {
        guard unicodeScalars.contains(where: \.steersTerminal) else { return self }
        var text = ""
        for scalar in unicodeScalars {
            if scalar.steersTerminal {
                text += scalar.written
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension Unicode.Scalar {
    /// Control characters, line separators, and those that reverse the direction of writing.
    fileprivate var steersTerminal: Bool {
        switch value {
        case 0..<0x20, 0x7f..<0xa0, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }

    fileprivate var written: String {
        switch value {
        case 0x0a: "\\n"
        case 0x0d: "\\r"
        case 0x09: "\\t"
        case 0..<0x10: "\\x0" + String(value, radix: 16)
        case 0..<0x100: "\\x" + String(value, radix: 16)
        default: "\\u{" + String(value, radix: 16) + "}"
        }
    }
}
