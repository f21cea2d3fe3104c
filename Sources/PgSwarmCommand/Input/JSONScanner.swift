/// Checks that bytes are one JSON value and tells its shape without building a tree: a file of ten thousand tasks
/// is checked in milliseconds, and payloads travel on as they were written.
struct JSONScanner {
    /// Where the text stops being JSON.
    struct Fault: Error, Equatable {
        /// What is wrong, in words that fit behind "the JSON is broken: ".
        let message: String
        /// Bytes before the fault.
        let offset: Int
    }

    /// A member of the outermost object.
    struct Member {
        /// The key with its escapes resolved.
        let key: String
        /// The bytes of the value.
        let value: Range<Int>
    }

    /// The outermost value; what is inside it is known by its bytes.
    enum Shape {
        case object([Member])
        case array([Range<Int>])
        case string(String)
        /// A number, `true`, `false` or `null`, as it is written.
        case word(String)
    }

    /// What the value is.
    private(set) var shape = Shape.word("")

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    /// Checks `bytes`.
    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(Fault) {
        self.bytes = bytes
        try scan()
    }

    /// The shape of a value inside `bytes`, which have been checked before.
    static func shape(of range: Range<Int>, in bytes: UnsafeBufferPointer<UInt8>) throws(Fault) -> Shape {
        try JSONScanner(UnsafeBufferPointer(rebasing: bytes[range])).shape
    }

    /// Checks `text`.
    static func check(_ text: String) throws(Fault) {
        let fault: Fault? = Array(text.utf8).withUnsafeBufferPointer { bytes in
            do throws(Fault) {
                _ = try JSONScanner(bytes)
                return nil
            } catch {
                return error
            }
        }
        if let fault { throw fault }
    }

    // MARK: - The value

    /// What may come next.
    private enum Expectation { case value, valueOrEnd, key, keyOrEnd, colon, commaOrEnd }

    /// The open brackets: no recursion, so no depth of nesting can exhaust the stack.
    private var open: [UInt8] = []
    private var expected = Expectation.value
    /// Of the outermost object: the key read last and where its value begins.
    private var key = ""
    private var start = 0
    private var members: [Member] = []
    private var elements: [Range<Int>] = []

    private mutating func scan() throws(Fault) {
        skipSpace()
        let first = peek
        if let first, first != UInt8(ascii: "{"), first != UInt8(ascii: "[") {
            shape = try scalar(wanted: true)
        } else {
            repeat {
                skipSpace()
                guard let byte = peek else {
                    throw fault(bytes.isEmpty ? "it is empty" : "it ends too early")
                }
                guard try step(byte) else { continue }
                expected = .commaOrEnd
                guard open.count == 1 else { continue }
                if open[0] == UInt8(ascii: "{") {
                    members.append(Member(key: key, value: start..<position))
                } else {
                    elements.append(start..<position)
                }
            } while !open.isEmpty
            shape = first == UInt8(ascii: "{") ? .object(members) : .array(elements)
        }
        skipSpace()
        guard peek == nil else { throw fault("something follows the value") }
    }

    /// Reads one token; true when a value has just ended with it.
    private mutating func step(_ byte: UInt8) throws(Fault) -> Bool {
        switch (byte, expected) {
        case (UInt8(ascii: "{"), .value), (UInt8(ascii: "{"), .valueOrEnd):
            begin(byte, then: .keyOrEnd)
            return false
        case (UInt8(ascii: "["), .value), (UInt8(ascii: "["), .valueOrEnd):
            begin(byte, then: .valueOrEnd)
            return false
        case (UInt8(ascii: "}"), .keyOrEnd), (UInt8(ascii: "]"), .valueOrEnd),
            (UInt8(ascii: "}"), .commaOrEnd) where open.last == UInt8(ascii: "{"),
            (UInt8(ascii: "]"), .commaOrEnd) where open.last == UInt8(ascii: "["):
            open.removeLast()
            position += 1
            return true
        case (UInt8(ascii: ","), .commaOrEnd):
            position += 1
            expected = open.last == UInt8(ascii: "{") ? .key : .value
            return false
        case (UInt8(ascii: "\""), .key), (UInt8(ascii: "\""), .keyOrEnd):
            let text = try string(wanted: open.count == 1)
            if open.count == 1 { key = text }
            expected = .colon
            return false
        case (UInt8(ascii: ":"), .colon):
            position += 1
            expected = .value
            return false
        case (_, .value), (_, .valueOrEnd):
            if open.count == 1 { start = position }
            _ = try scalar(wanted: false)
            return true
        default:
            throw unexpected(expected)
        }
    }

    private mutating func begin(_ bracket: UInt8, then next: Expectation) {
        if open.count == 1 { start = position }
        open.append(bracket)
        position += 1
        expected = next
    }

    private mutating func scalar(wanted: Bool) throws(Fault) -> Shape {
        let start = position
        switch peek ?? 0 {
        case UInt8(ascii: "\""): return .string(try string(wanted: wanted))
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        default: throw unexpected(.value)
        }
        return .word(wanted ? String(decoding: bytes[start..<position], as: UTF8.self) : "")
    }

    private mutating func word(_ word: StaticString) throws(Fault) {
        let matches = word.withUTF8Buffer { word in
            position + word.count <= bytes.count
                && word.indices.allSatisfy { word[$0] == bytes[position + $0] }
        }
        guard matches else { throw unexpected(.value) }
        position += word.utf8CodeUnitCount
    }

    private mutating func number() throws(Fault) {
        take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { take("-") }
            try digits()
        }
    }

    private mutating func digits() throws(Fault) {
        let start = position
        while let byte = peek, (0x30...0x39).contains(byte) { position += 1 }
        guard position > start else { throw fault("a number lacks digits") }
    }

    // MARK: - Strings

    /// Passes over a string; returns it with its escapes resolved when it is wanted.
    private mutating func string(wanted: Bool) throws(Fault) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return wanted ? String(decoding: text, as: UTF8.self) : ""
            case UInt8(ascii: "\\"):
                let scalar = try escape()
                if wanted { text.append(contentsOf: String(scalar).utf8) }
            case 0..<0x20:
                position -= 1
                throw fault("a control character stands in a string")
            default: if wanted { text.append(byte) }
            }
        }
        throw fault("a string has no end")
    }

    private mutating func escape() throws(Fault) -> Unicode.Scalar {
        guard let byte = peek else { throw fault("a string has no end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw fault("a string has an unknown escape")
        }
    }

    private mutating func unicodeEscape() throws(Fault) -> Unicode.Scalar {
        let first = try hex()
        guard (0xd800..<0xdc00).contains(first), take("\\"), take("u") else {
            // The database has no place for NUL in text, nor for half of a surrogate pair.
            guard first != 0 else { throw fault("\\u0000 cannot be stored") }
            guard let scalar = Unicode.Scalar(first) else {
                throw fault("half of a surrogate pair stands alone")
            }
            return scalar
        }
        let second = try hex()
        guard (0xdc00..<0xe000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
        else { throw fault("half of a surrogate pair stands alone") }
        return scalar
    }

    private mutating func hex() throws(Fault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw fault("\\u needs four hex digits")
            }
            value = value << 4 + UInt32(digit)
            position += 1
        }
        return value
    }

    // MARK: - Bytes

    private var peek: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    @discardableResult
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private func fault(_ message: String) -> Fault {
        Fault(message: message, offset: position)
    }

    private func unexpected(_ expected: Expectation) -> Fault {
        let wanted =
            switch expected {
            case .value: "a value"
            case .valueOrEnd: "a value or ]"
            case .key: "a key in quotes"
            case .keyOrEnd: "a key in quotes or }"
            case .colon: ": after the key"
            case .commaOrEnd: "a comma or the closing bracket"
            }
        guard let byte = peek else { return fault("it ends where \(wanted) should stand") }
        let found = byte < 0x80 ? "'\(String(Character(Unicode.Scalar(byte))).printable)'" : "a character"
        return fault("\(found) stands where \(wanted) should")
    }
}
