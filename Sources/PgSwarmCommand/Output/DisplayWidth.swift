extension String {
    /// Terminal columns the text takes: East Asian wide characters and emoji take two, combining marks none.
    var displayWidth: Int {
        // Nearly all text is ASCII, where a byte is a column.
        utf8.allSatisfy { $0 < 0x80 } ? utf8.count : reduce(0) { $0 + $1.displayWidth }
    }

    /// The text cut to at most `columns`, its end replaced by `…` when something is missing.
    func cut(to columns: Int) -> String {
        guard displayWidth > columns else { return self }
        guard columns > 0 else { return "" }
        var text = ""
        var used = 0
        for character in self {
            let width = character.displayWidth
            guard used + width <= columns - 1 else { break }
            text.append(character)
            used += width
        }
        return text + "…"
    }
}

extension Character {
    fileprivate var displayWidth: Int {
        // A family of emoji joined by U+200D is one emoji wide; U+FE0F asks for the emoji form of another character.
        if unicodeScalars.contains(where: { $0 == "\u{200d}" || $0 == "\u{fe0f}" }) { return 2 }
        return unicodeScalars.reduce(0) { $0 + $1.displayWidth }
    }
}

extension Unicode.Scalar {
    fileprivate var displayWidth: Int {
        if value < 0x300 { return 1 }
        // Vowels and finals of Hangul that join the consonant before them.
        if (0x1160...0x11ff).contains(value) { return 0 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return isWide || properties.isEmojiPresentation ? 2 : 1
        }
    }

    /// The blocks of UAX #11 that are wide or full-width throughout.
    private var isWide: Bool {
        switch value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff,
            0xa000...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
            0xff00...0xff60, 0xffe0...0xffe6, 0x17000...0x18aff, 0x1b000...0x1b2ff, 0x1f200...0x1f2ff,
            0x20000...0x3fffd:
            true
        default: false
        }
    }
}
