import Postgres

/// Writes the small option objects that the protocol's functions take.
///
/// Quicker than an encoder, which matters for bulk enqueues. Members that are `nil` are left out. A raw value is
/// spliced in as it is: put it first, because of two members with one name the database keeps the later.
struct JSONObjectText {
    private var members = ""

    /// The object so far.
    var text: JSONText { JSONText("{\(members)}") }
    /// Whether nothing was added.
    var isEmpty: Bool { members.isEmpty }

    mutating func add(_ name: StaticString, raw value: JSONText?) {
        guard let value else { return }
        append(name, value.text)
    }

    mutating func add(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        append(name, Self.quoted(value))
    }

    mutating func add(_ name: StaticString, _ value: Int?) {
        guard let value else { return }
        append(name, String(value))
    }

    mutating func add(_ name: StaticString, _ value: Bool?) {
        guard let value else { return }
        append(name, value ? "true" : "false")
    }

    mutating func add(_ name: StaticString, _ value: Duration?) {
        guard let value else { return }
        append(name, String(value.inSeconds))
    }

    mutating func add(_ name: StaticString, list values: [String]) {
        guard !values.isEmpty else { return }
        append(name, "[\(values.joined(separator: ","))]")
    }

    private mutating func append(_ name: StaticString, _ value: String) {
        if !members.isEmpty { members += "," }
        members += "\"\(name)\":\(value)"
    }

    /// The text as a JSON string.
    static func quoted(_ text: String) -> String {
        var result = "\""
        result.reserveCapacity(text.utf8.count + 2)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\0"..<" ":
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
