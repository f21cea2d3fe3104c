/// A statement and its parameters.
///
/// Written as a string literal, every interpolated value becomes a parameter and never part of the
/// text, so values cannot be mistaken for SQL:
///
/// ```swift
/// let sql: SQL = "SELECT id FROM person WHERE name = \(name) AND born > \(date)"
/// // sql.text == "SELECT id FROM person WHERE name = $1 AND born > $2"
/// ```
///
/// What has to be text is said explicitly: `\(raw: fragment)`, `\(identifier: tableName)`.
public struct SQL: Sendable, Hashable {
    /// The text, with `$1`, `$2`, … where the parameters go.
    public var text: String
    /// The parameters in the form in which they are sent.
    var parameters: Parameters

    /// A statement with its parameters given apart.
    public init(_ text: String, _ bindings: [any PostgresEncodable]) {
        self.text = text
        parameters = Parameters()
        for binding in bindings { parameters.append(binding) }
    }

    /// A statement without parameters from text made at run time.
    ///
    /// Nothing in it is escaped.
    public init(unsafe text: String) {
        self.text = text
        parameters = Parameters()
    }

    /// The parameters, one value each.
    public var bindings: [PostgresValue] {
        get { parameters.values }
        set {
            parameters = Parameters()
            for value in newValue { parameters.append(value) }
        }
    }
}

extension SQL: ExpressibleByStringInterpolation {
    /// A statement without parameters.
    public init(stringLiteral value: String) {
        self.init(unsafe: value)
    }

    /// A statement whose interpolated values are parameters.
    public init(stringInterpolation: StringInterpolation) {
        text = stringInterpolation.text
        parameters = stringInterpolation.parameters
    }

    /// Collects the pieces of an interpolated literal.
    public struct StringInterpolation: StringInterpolationProtocol {
        var text = ""
        var parameters = Parameters()

        /// Reserves room for the text.
        public init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + 3 * interpolationCount)
        }

        /// Appends text of the literal.
        public mutating func appendLiteral(_ literal: String) {
            text += literal
        }

        /// Appends a parameter.
        public mutating func appendInterpolation<T: PostgresEncodable>(_ value: T) {
            parameters.append(value)
            appendPlaceholder()
        }

        /// Appends a parameter that may be NULL.
        ///
        /// An overload of its own, because the compiler warns of optionals in interpolations otherwise.
        public mutating func appendInterpolation<T: PostgresEncodable>(_ value: T?) {
            parameters.append(value)
            appendPlaceholder()
        }

        /// Appends a parameter that is already in the server's form.
        public mutating func appendInterpolation(_ value: PostgresValue) {
            parameters.append(value)
            appendPlaceholder()
        }

        /// Appends text as it is.
        ///
        /// Never pass anything that came from outside.
        public mutating func appendInterpolation(raw fragment: String) {
            text += fragment
        }

        /// Appends a name, quoted, so that any characters are safe in it.
        public mutating func appendInterpolation(identifier name: String) {
            text += SQL.quoted(identifier: name)
        }

        private mutating func appendPlaceholder() {
            text += "$"
            text += String(parameters.count)
        }
    }

    /// A name in double quotes, each of its own doubled.
    static func quoted(identifier name: String) -> String {
        var quoted = "\""
        for character in name.unicodeScalars {
            if character == "\"" { quoted.unicodeScalars.append("\"") }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }
}
