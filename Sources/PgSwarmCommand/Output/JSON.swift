import FoundationEssentials
import Postgres

/// A JSON value to be printed on one line.
///
/// Keys keep their order.
enum JSON: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    /// Text that is JSON already, for example a payload as the database wrote it.
    case raw(String)
    case array([JSON])
    case object([(String, JSON)])

    /// The value as text without line breaks.
    var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += JSON.format(value)
        case .string(let value): JSON.quote(value, to: &text)
        case .raw(let value): text += value
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                JSON.quote(member.0, to: &text)
                text += ":"
                member.1.write(to: &text)
            }
            text += "}"
        }
    }

    /// Whole numbers without a fraction; what JSON cannot say is null.
    private static func format(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return "\(value)"
    }

    private static func quote(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar.value {
            case 0x22: text += "\\\""
            case 0x5c: text += "\\\\"
            case 0x0a: text += "\\n"
            case 0x0d: text += "\\r"
            case 0x09: text += "\\t"
            // Also DEL and the C1 controls, which JSON allows and terminals obey.
            case 0..<0x20, 0x7f..<0xa0:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
    ExpressibleByBooleanLiteral
{
    init(stringLiteral value: String) { self = .string(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements) }
    init(arrayLiteral elements: JSON...) { self = .array(elements) }
}

extension JSON {
    /// A text, or null.
    init(_ value: String?) { self = value.map(JSON.string) ?? .null }
    /// A number, or null.
    init(_ value: (some BinaryInteger)?) { self = value.map { .integer(Int64(clamping: $0)) } ?? .null }
    /// A number, or null.
    init(_ value: Double?) { self = value.map(JSON.number) ?? .null }
    /// A truth value, or null.
    init(_ value: Bool?) { self = value.map(JSON.bool) ?? .null }
    /// A moment in RFC 3339, UTC, or null.
    init(_ value: Date?) { self = value.map { .string(Timestamp.format($0)) } ?? .null }
    /// Seconds as a number, or null.
    init(_ value: Duration?) { self = value.map { .number($0.inSeconds) } ?? .null }
    /// JSON that comes from the database, or null.
    init(_ value: JSONText?) { self = value.map { .raw($0.text) } ?? .null }
    /// A list of texts.
    init(_ values: [String]) { self = .array(values.map(JSON.string)) }
}

extension Duration {
    /// The whole duration in seconds.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
