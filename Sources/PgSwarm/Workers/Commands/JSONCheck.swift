/// Checks that a text is one JSON value that the database can keep.
///
/// Strictly by the grammar, which the decoder of Foundation is not (it takes `2026-01-31` for a number), and without
/// NUL and lone halves of surrogate pairs, which the database refuses.
struct JSONCheck {
    private let bytes: [UInt8]
    private var index = 0
    private static let deepest = 500

    /// Whether the text is such a value.
    static func passes(_ text: some StringProtocol) -> Bool {
        var check = JSONCheck(bytes: Array(text.utf8))
        check.skipSpace()
        guard check.value(depth: 0) else { return false }
        check.skipSpace()
        return check.index == check.bytes.count
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ character: Character) -> Bool {
        guard let byte = character.asciiValue, next == byte else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index += 1 }
    }

    private mutating func value(depth: Int) -> Bool {
        guard depth < Self.deepest else { return false }
        if take("{") { return list(until: "}") { $0.member(depth: depth) } }
        if take("[") { return list(until: "]") { $0.value(depth: depth + 1) } }
        if take("\"") { return string() }
        return ["true", "false", "null"].contains { word($0) } || number()
    }

    private mutating func member(depth: Int) -> Bool {
        guard take("\""), string() else { return false }
        skipSpace()
        guard take(":") else { return false }
        skipSpace()
        return value(depth: depth + 1)
    }

    private mutating func list(until end: Character, _ element: (inout JSONCheck) -> Bool) -> Bool {
        skipSpace()
        if take(end) { return true }
        while true {
            skipSpace()
            guard element(&self) else { return false }
            skipSpace()
            if take(end) { return true }
            guard take(",") else { return false }
        }
    }

    private mutating func word(_ word: String) -> Bool {
        guard bytes[index...].starts(with: word.utf8) else { return false }
        index += word.utf8.count
        return true
    }

    /// The rest of a string, after its opening quotation mark.
    private mutating func string() -> Bool {
        while let byte = next {
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return true
            case UInt8(ascii: "\\"): guard escape() else { return false }
            case 0..<0x20: return false
            default: break
            }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard take("u") else {
            guard let byte = next, "\"\\/bfnrt".utf8.contains(byte) else { return false }
            index += 1
            return true
        }
        guard let unit = hexadecimal() else { return false }
        switch unit {
        case 0, 0xDC00...0xDFFF: return false
        case 0xD800...0xDBFF:
            guard take("\\"), take("u"), let low = hexadecimal() else { return false }
            return (0xDC00...0xDFFF).contains(low)
        default: return true
        }
    }

    private mutating func hexadecimal() -> Int? {
        guard index + 4 <= bytes.count else { return nil }
        let digits = bytes[index..<index + 4]
        guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        index += 4
        return Int(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private mutating func number() -> Bool {
        _ = take("-")
        guard take("0") || digits() else { return false }
        if take("."), !digits() { return false }
        if take("e") || take("E") {
            _ = take("+") || take("-")
            // The database keeps numbers of up to 131072 digits: longer exponents are left to text.
            let start = index
            guard digits(), index - start < 5 else { return false }
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = index
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
        return index > start
    }
}
